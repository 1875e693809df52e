// Finding the coordinator and asking it until it has answered.
#include "connect/kafka/producer/coordinator_errands.h"

#include <algorithm>

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

// A coordinator that is busy with the markers of the last transaction is so for a millisecond or
// two: asking again at once costs little and is what makes short transactions short.
constexpr milliseconds kBusyPause(1);
constexpr milliseconds kBusyPauseMost(50);

constexpr int8_t kTransactionCoordinator = 1;

}  // namespace

Judgement judge_coordinator_error(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNone:
      return {Verdict::kDone, code};
    case ErrorCode::kNotCoordinator:
    case ErrorCode::kCoordinatorNotAvailable:
      return {Verdict::kMoved, code};
    case ErrorCode::kConcurrentTransactions:
    case ErrorCode::kCoordinatorLoadInProgress:
      return {Verdict::kBusy, code};
    default:
      return {is_retriable(code) ? Verdict::kBusy : Verdict::kFailed, code};
  }
}

Judgement judge_identity(ErrorCode code, int64_t producer_id, int16_t producer_epoch) {
  // Batches of nobody would be appended as if there were no transaction.
  if (code == ErrorCode::kNone && (producer_id < 0 || producer_epoch < 0))
    return {Verdict::kFailed, ErrorCode::kUnknownServerError, "its answer names no producer id"};
  return judge_coordinator_error(code);
}

Judgement judge_partitions(const AddPartitionsToTxnRequest& request,
                           const AddPartitionsToTxnResponse& response) {
  size_t unspoken = 0;
  for (const auto& topic : request.v3_and_below_topics) unspoken += topic.partitions.size();
  Judgement worst;
  for (const auto& topic : response.results_by_topic_v3_and_below) {
    for (const auto& partition : topic.results_by_partition) {
      unspoken -= std::min(unspoken, size_t{1});
      const ErrorCode code = partition.partition_error_code;
      // Nothing was done because of another partition's error, which tells more.
      if (code == ErrorCode::kNone ||
          (code == ErrorCode::kOperationNotAttempted && worst.code != ErrorCode::kNone))
        continue;
      Judgement judgement = judge_coordinator_error(code);
      judgement.said = "topic " + topic.name;
      const bool worse = worst.verdict == Verdict::kDone ||
                         worst.code == ErrorCode::kOperationNotAttempted ||
                         judgement.verdict == Verdict::kFailed;
      if (worse) worst = std::move(judgement);
    }
  }
  // Before KIP-890 a leader takes batches of a partition that was not added: they stay open.
  if (worst.verdict == Verdict::kDone && unspoken > 0)
    return {Verdict::kFailed, ErrorCode::kUnknownServerError, "its answer leaves out partitions"};
  return worst;
}

CoordinatorErrands::CoordinatorErrands(Cluster& cluster, std::string transactional_id)
    : cluster_(cluster),
      transactional_id_(std::move(transactional_id)),
      backoff_(kBusyPause, kBusyPauseMost) {}

CoordinatorErrands::~CoordinatorErrands() {
  if (timer_) cluster_.loop().cancel(*timer_);
}

const BrokerFeatures* CoordinatorErrands::features() const {
  return coordinator_ ? &coordinator_->features() : nullptr;
}

void CoordinatorErrands::step() {
  if (cluster_.loop().now() >= rules_.deadline) {
    return finish(unknown_ ? ErrandEnd::Kind::kUnknown : ErrandEnd::Kind::kTimedOut,
                  ErrorCode::kNone);
  }
  coordinator_ ? attempt_() : find();
}

void CoordinatorErrands::find() {
  if (transactional_id_.empty()) {
    coordinator_ = &cluster_.any_broker();
    return attempt_();
  }
  FindCoordinatorRequest request;
  request.key = transactional_id_;
  request.key_type = kTransactionCoordinator;
  const auto deadline = std::min(rules_.deadline, cluster_.request_deadline());
  // From version 4 on it asks for several at once, which nobody here has.
  cluster_.any_broker().call(
      std::move(request), CallOptions{deadline, {1, 3}},
      [this](CallResult<FindCoordinatorResponse> result) { on_found(std::move(result)); });
}

void CoordinatorErrands::on_found(CallResult<FindCoordinatorResponse> result) {
  if (!result) {
    trouble_ = question_error(result.error());
    if (trouble_.fault == KafkaFault::kFatal)
      return finish(ErrandEnd::Kind::kRefused, ErrorCode::kNone);
    return again(cluster_.options().retry_backoff);
  }
  FindCoordinatorResponse& found = result->response;
  if (found.error_code != ErrorCode::kNone) {
    trouble_ = question_error(found.error_code, found.error_message.value_or(""));
    if (judge_coordinator_error(found.error_code).verdict == Verdict::kFailed)
      return finish(ErrandEnd::Kind::kFailed, found.error_code);
    return again(cluster_.options().retry_backoff);
  }
  cluster_.learn_broker(found.node_id, {found.host, static_cast<uint16_t>(found.port)});
  coordinator_ = cluster_.broker(found.node_id, Lane::kQuestions);
  step();
}

void CoordinatorErrands::on_judgement(Judgement judgement) {
  if (judgement.verdict == Verdict::kDone) return finish(ErrandEnd::Kind::kDone, ErrorCode::kNone);
  trouble_ = question_error(judgement.code, judgement.said);
  switch (judgement.verdict) {
    case Verdict::kBusy:
      return again(backoff_.next());
    case Verdict::kMoved:
      coordinator_ = nullptr;
      return again(cluster_.options().retry_backoff);
    default:
      return finish(ErrandEnd::Kind::kFailed, judgement.code);
  }
}

void CoordinatorErrands::on_failure(const CallFailure& failure) {
  trouble_ = question_error(failure);
  // It may have moved because this broker died.
  coordinator_ = nullptr;
  switch (failure.fate) {
    case CallFate::kNotSent:
      return again(cluster_.options().retry_backoff);
    case CallFate::kUnknown:
      unknown_ = true;
      if (!rules_.repeatable) return finish(ErrandEnd::Kind::kUnknown, ErrorCode::kNone);
      return again(cluster_.options().retry_backoff);
    case CallFate::kUnsupported:
    case CallFate::kRefused:
      return finish(ErrandEnd::Kind::kRefused, ErrorCode::kNone);
  }
}

void CoordinatorErrands::again(milliseconds pause) {
  const auto time = std::min(cluster_.loop().now() + pause, rules_.deadline);
  timer_ = cluster_.loop().at(time, [this] {
    timer_.reset();
    step();
  });
}

void CoordinatorErrands::finish(ErrandEnd::Kind kind, ErrorCode code) {
  ErrandEnd end{kind, code};
  if (kind == ErrandEnd::Kind::kDone) {
    trouble_ = {KafkaFault::kRetriable, "", ""};
  } else {
    end.message = trouble_.message.empty() ? "timed out" : trouble_.message;
    end.name = trouble_.code;
  }
  // Whoever is told may begin the next one.
  attempt_ = nullptr;
  auto finished = std::exchange(finished_, nullptr);
  finished(std::move(end));
}

}  // namespace penstock::connect::kafka
