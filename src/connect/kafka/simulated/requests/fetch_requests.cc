// Fetch: answered when there is enough, when something is wrong, or when its time is over.
#include <algorithm>
#include <memory>

#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

constexpr int16_t kByTopicId = 13;
constexpr int16_t kHasSessions = 7;
constexpr int16_t kTellsLeader = 12;
constexpr int16_t kTellsEndpoints = 16;

using Answered = FetchResponse::PartitionData;

class PendingFetch final : public LogWatcher, public std::enable_shared_from_this<PendingFetch> {
 public:
  explicit PendingFetch(BrokerExchange exchange)
      : exchange_(std::move(exchange)),
        request_(exchange_.request().as<FetchRequest>()),
        asked_{exchange_.cluster(), exchange_.broker(), exchange_.request().version} {}

  void start() {
    if (asked_.version >= kHasSessions) {
      ClusterState& cluster = asked_.cluster;
      if (cluster.drawn(cluster.faults.forget_fetch_session_one_in, "forget session",
                        ProtocolStep::kFetch))
        cluster.fetch_sessions.forget_one(asked_.broker);
      session_ = cluster.fetch_sessions.open(asked_.broker, request_);
      if (session_.error != ErrorCode::kNone) {
        FetchResponse response;
        response.error_code = session_.error;
        return exchange_.answer(std::move(response));
      }
    }
    if (request_.max_wait_ms <= 0 || enough()) return answer();
    for (const auto& topic : request_.topics) {
      for (const auto& wanted : topic.partitions)
        find(topic, wanted).partition->watch(shared_from_this());
    }
    EventLoop& loop = asked_.cluster.loop;
    timer_ = loop.at(loop.now() + std::chrono::milliseconds(request_.max_wait_ms),
                     [self = shared_from_this()] { self->answer(); });
  }

  bool look() override {
    if (answered_) return false;
    if (!enough()) return true;
    asked_.cluster.loop.cancel(timer_);
    answer();
    return false;
  }

 private:
  LogIsolation isolation() const { return LogIsolation{request_.isolation_level}; }

  LedPartition find(const FetchRequest::FetchTopic& topic,
                    const FetchRequest::FetchPartition& wanted) const {
    const SimulatedTopic* const known = asked_.cluster.topics.find(topic.topic, topic.topic_id);
    if (!known && asked_.version >= kByTopicId) return {nullptr, ErrorCode::kUnknownTopicId};
    return find_led(asked_, known, wanted.partition, wanted.current_leader_epoch);
  }

  // Errors are enough too.
  bool enough() const {
    int64_t bytes = 0;
    for (const auto& topic : request_.topics) {
      for (const auto& wanted : topic.partitions) {
        const LedPartition found = find(topic, wanted);
        if (found.error != ErrorCode::kNone) return true;
        const PartitionLog& log = found.partition->log;
        if (wanted.fetch_offset < log.start_offset() || wanted.fetch_offset > log.end_offset())
          return true;
        bytes += std::min<int64_t>(log.readable_bytes(wanted.fetch_offset, isolation()),
                                   wanted.partition_max_bytes);
      }
    }
    return bytes >= request_.min_bytes;
  }

  void answer() {
    if (answered_ || exchange_.broker_died()) return;
    answered_ = true;
    FetchResponse response;
    response.session_id = session_.id;
    int64_t room = request_.max_bytes;
    bool empty = true;
    for (const auto& topic : request_.topics) {
      auto& answers = response.responses.emplace_back();
      answers.topic = topic.topic;
      answers.topic_id = topic.topic_id;
      for (const auto& wanted : topic.partitions) {
        const PartitionLog::ReadLimits limits{std::min<int64_t>(room, wanted.partition_max_bytes),
                                              empty};
        answers.partitions.push_back(read(find(topic, wanted), wanted, limits));
        const bool told = !asked_.cluster.fetch_sessions.tell(asked_.broker, session_.id, answers,
                                                              answers.partitions.back());
        if (session_.incremental && told) {
          answers.partitions.pop_back();
          continue;
        }
        const size_t bytes = answers.partitions.back().records.bytes->size();
        room -= static_cast<int64_t>(bytes);
        empty = empty && bytes == 0;
        if (asked_.version >= kTellsEndpoints) add_endpoint(answers.partitions.back(), response);
      }
    }
    exchange_.answer(std::move(response));
  }

  Answered read(const LedPartition& found, const FetchRequest::FetchPartition& wanted,
                PartitionLog::ReadLimits limits) const {
    Answered answer;
    answer.partition_index = wanted.partition;
    answer.error_code = found.error;
    answer.high_watermark = -1;
    answer.records.bytes = std::string_view();
    if (found.error != ErrorCode::kNone) {
      if (found.error == ErrorCode::kNotLeaderOrFollower && asked_.version >= kTellsLeader)
        answer.current_leader = {found.partition->leader, found.partition->leader_epoch};
      return answer;
    }
    const PartitionLog& log = found.partition->log;
    const bool beyond = wanted.last_fetched_epoch < 0 && wanted.fetch_offset > log.end_offset();
    if (wanted.fetch_offset < log.start_offset() || beyond) {
      answer.error_code = ErrorCode::kOffsetOutOfRange;
      return answer;
    }
    const PartitionLog::EpochEnd known = log.end_of_epoch(wanted.last_fetched_epoch);
    const bool diverged = known.epoch < wanted.last_fetched_epoch ||
                          (known.offset >= 0 && known.offset < wanted.fetch_offset);
    if (wanted.last_fetched_epoch >= 0 && diverged) {
      answer.diverging_epoch = {known.epoch, known.offset};
      return answer;
    }
    answer.high_watermark = log.end_offset();
    answer.last_stable_offset = log.last_stable_offset();
    answer.log_start_offset = log.start_offset();
    answer.records.bytes = log.read(wanted.fetch_offset, isolation(), limits);
    if (isolation() == LogIsolation::kReadCommitted) {
      add_aborted(log, wanted.fetch_offset, answer);
    } else {
      answer.aborted_transactions.reset();
    }
    return answer;
  }

  // Up to the end of what can be read, so more than these bytes may need: a broker's upper bound is
  // as coarse.
  static void add_aborted(const PartitionLog& log, int64_t offset, Answered& answer) {
    if (answer.records.bytes->empty()) return;
    for (const PartitionLog::Aborted& each : log.aborted_in(offset, log.last_stable_offset()))
      answer.aborted_transactions->push_back({each.producer_id, each.first_offset});
  }

  void add_endpoint(const Answered& answer, FetchResponse& response) const {
    const int32_t leader = answer.current_leader.leader_id;
    const bool told = std::ranges::any_of(response.node_endpoints, [leader](const auto& endpoint) {
      return endpoint.node_id == leader;
    });
    if (leader < 0 || told) return;
    const HostAndPort& address = asked_.cluster.node(leader).address;
    response.node_endpoints.push_back({leader, address.host, address.port, std::nullopt});
  }

  BrokerExchange exchange_;
  FetchRequest request_;
  Asked asked_;
  FetchSessions::Opened session_;
  EventLoop::TimerId timer_ = 0;
  bool answered_ = false;
};

}  // namespace

void serve_fetch(BrokerExchange exchange) {
  std::make_shared<PendingFetch>(std::move(exchange))->start();
}

}  // namespace penstock::connect::kafka
