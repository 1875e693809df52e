// Fetch requests and what becomes of their answers.
#include "connect/kafka/reader/native_reader.h"

#include <algorithm>
#include <utility>

#include "connect/kafka/client/permission.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// How long a broker keeps a fetch that finds nothing.
constexpr milliseconds kFetchWait(500);
// What comes is verified and read while it is still in the processor's cache: so answers are small.
constexpr int32_t kMostBytesOfPartition = 512 << 10;
constexpr size_t kMostBytes = 1 << 20;
// Answers are bounded by what the queue has room for, but useful ones are not small.
constexpr size_t kLeastFetch = 64 << 10;
// Between two turns of the loop while records are given out: the next answer is on its way
// meanwhile.
constexpr size_t kServeBytes = 256 << 10;

constexpr int32_t kConsumer = -1;
constexpr int64_t kLatest = -1;
constexpr int64_t kEarliest = -2;

int8_t level(KafkaIsolation isolation) {
  return isolation == KafkaIsolation::kReadCommitted ? 1 : 0;
}

}  // namespace

NativeReader::NativeReader(Cluster& cluster, ReaderOptions options, milliseconds timeout)
    : cluster_(cluster), options_(std::move(options)), timeout_(timeout) {
  cluster_.watch(options_.topic);
  cluster_.on_metadata = [this] { pump(); };
}

NativeReader::~NativeReader() {
  if (timer_) cluster_.loop().cancel(*timer_);
}

KafkaResult<void> NativeReader::assign(int32_t partition, int64_t offset) {
  auto found = assigned_.find(partition);
  if (found == assigned_.end()) {
    found = assigned_
                .emplace(partition,
                         Assigned(PartitionStream(partition, options_.isolation, compression_)))
                .first;
  }
  found->second.stream.seek(offset);
  found->second.epoch = next_epoch_++;
  found->second.not_before = {};
  error_.reset();
  return {};
}

int64_t NativeReader::position(int32_t partition) const {
  const auto found = assigned_.find(partition);
  return found == assigned_.end() ? 0 : found->second.stream.position();
}

KafkaResult<std::optional<IncomingMessage>> NativeReader::poll(milliseconds wait) {
  EventLoop& loop = cluster_.loop();
  if (given_bytes_ >= kServeBytes) {
    given_bytes_ = 0;
    pump();
    loop.run(microseconds(0));
  }
  if (current_) {
    if (const RecordView* record = current_->next_in_batch()) {
      if (record->value) given_bytes_ += record->value->size();
      return message_of(turn_, *record);
    }
  }
  // Asking for the time costs as much as a record: only who has to wait does it.
  std::optional<EventLoop::Time> end;
  while (true) {
    auto record = next();
    if (!record || *record) return record;
    if (error_) return told(*std::exchange(error_, std::nullopt));
    if (std::exchange(moved_, false)) return std::nullopt;
    const auto now = loop.now();
    if (end && now >= *end) return std::nullopt;
    if (!end) end = now + wait;
    pump();
    loop.run(std::chrono::ceil<microseconds>(*end - now));
  }
}

// One partition's records as long as there are any, then the next one's.
KafkaResult<std::optional<IncomingMessage>> NativeReader::next() {
  auto at = assigned_.lower_bound(turn_);
  for (size_t i = 0; i < assigned_.size(); ++i) {
    if (at == assigned_.end()) at = assigned_.begin();
    PartitionStream& stream = at->second.stream;
    const int64_t before = stream.position();
    auto record = stream.next();
    if (!record || *record) {
      turn_ = at->first;
      current_ = &stream;
      if (record && (*record)->value) given_bytes_ += (*record)->value->size();
      return record;
    }
    moved_ = moved_ || stream.position() != before;
    ++at;
  }
  return std::nullopt;
}

size_t NativeReader::queued_bytes() const {
  size_t bytes = 0;
  for (const auto& [partition, assigned] : assigned_) bytes += assigned.stream.queued_bytes();
  return bytes;
}

std::optional<KafkaError> NativeReader::refusal() const {
  const TopicInfo* topic = cluster_.topic(options_.topic);
  if (!topic || !is_refusal(topic->error)) return std::nullopt;
  return question_error(topic->error, options_.topic);
}

// Whoever comes back afterwards wants to know whether it still stands.
std::unexpected<KafkaError> NativeReader::told(KafkaError error) {
  if (refusal()) cluster_.forget(options_.topic);
  return std::unexpected(std::move(error));
}

void NativeReader::pump() {
  if (queued_bytes() >= options_.queue_bytes || !is_same_topic()) return;
  const auto now = cluster_.loop().now();
  std::map<BrokerConnection*, std::vector<int32_t>, ByAddress> by_leader;
  auto wake = EventLoop::Time::max();
  for (const auto& [partition, assigned] : assigned_) {
    BrokerConnection* leader = cluster_.leader(options_.topic, partition, Lane::kFetches);
    if (!leader) {
      if (!error_) error_ = refusal();
      cluster_.refresh();
    } else if (now < assigned.not_before) {
      wake = std::min(wake, assigned.not_before);
    } else if (!fetching_[leader].under_way) {
      by_leader[leader].push_back(partition);
    }
  }
  for (const auto& [leader, partitions] : by_leader) fetch(*leader, fetching_[leader], partitions);
  if (timer_) cluster_.loop().cancel(*timer_);
  timer_.reset();
  if (wake == EventLoop::Time::max()) return;
  timer_ = cluster_.loop().at(wake, [this] {
    timer_.reset();
    pump();
  });
}

bool NativeReader::is_same_topic() {
  const TopicInfo* topic = cluster_.topic(options_.topic);
  if (!topic || topic->id.is_zero()) return true;
  if (topic_id_.is_zero()) topic_id_ = topic->id;
  if (topic->id == topic_id_) return true;
  error_ = {KafkaFault::kFatal,
            "topic " + options_.topic + " was deleted and created anew while it was being read",
            error_name(ErrorCode::kInconsistentTopicId)};
  return false;
}

void NativeReader::fetch(BrokerConnection& leader, Fetching& fetching,
                         const std::vector<int32_t>& partitions) {
  const TopicInfo& topic = *cluster_.topic(options_.topic);
  const size_t room = std::max(kLeastFetch, options_.queue_bytes - queued_bytes());
  FetchRequest request;
  request.max_wait_ms = static_cast<int32_t>(kFetchWait.count());
  request.min_bytes = 1;
  request.max_bytes = static_cast<int32_t>(std::min(room, kMostBytes));
  request.isolation_level = level(options_.isolation);
  FetchSession::Partitions wanted;
  std::vector<Asked> asked;
  for (int32_t partition : partitions) {
    const Assigned& assigned = assigned_.at(partition);
    auto& part = wanted[partition];
    part.partition = partition;
    part.current_leader_epoch = topic.partitions[static_cast<size_t>(partition)].epoch;
    part.fetch_offset = assigned.stream.fetch_offset();
    // The leader says if its log has another history than the one that we have read.
    part.last_fetched_epoch = assigned.stream.fetched_epoch();
    part.partition_max_bytes = kMostBytesOfPartition;
    asked.push_back({partition, assigned.epoch});
  }
  fetching.session.fill(request, options_.topic, topic.id, wanted);
  fetching.under_way = true;
  // From version 13 on topics go by their ids.
  const VersionRange versions{4, topic.id.is_zero() ? int16_t{12} : kLastVersion};
  leader.call(std::move(request), CallOptions{cluster_.request_deadline(), versions},
              [this, &leader, asked = std::move(asked)](CallResult<FetchResponse> result) {
                on_answer(leader, asked, std::move(result));
              });
}

void NativeReader::on_answer(BrokerConnection& leader, const std::vector<Asked>& asked,
                             CallResult<FetchResponse> result) {
  Fetching& fetching = fetching_[&leader];
  fetching.under_way = false;
  if (!result) {
    fetching.session.lost();
    const KafkaError error = question_error(result.error());
    if (error.fault == KafkaFault::kFatal) error_ = error;
    cluster_.refresh();
    for (const Asked& each : asked) pause(assigned_.at(each.partition));
    return pump();
  }
  if (!fetching.session.take(result->response)) return pump();
  if (const ErrorCode code = result->response.error_code; code != ErrorCode::kNone) {
    error_ = question_error(code, fetching_from(leader));
    for (const Asked& each : asked) pause(assigned_.at(each.partition));
    return pump();
  }
  for (const auto& node : result->response.node_endpoints)
    cluster_.learn_broker(node.node_id, {node.host, static_cast<uint16_t>(node.port)});
  for (const auto& topic : result->response.responses) {
    for (const auto& data : topic.partitions) {
      const auto one = std::find_if(asked.begin(), asked.end(), [&](const Asked& each) {
        return each.partition == data.partition_index;
      });
      if (one == asked.end()) continue;
      Assigned& assigned = assigned_.at(one->partition);
      if (assigned.epoch == one->epoch) on_partition(assigned, data, result->frame);
    }
  }
  pump();
}

void NativeReader::on_partition(Assigned& assigned, const FetchResponse::PartitionData& data,
                                const std::shared_ptr<const Frame>& frame) {
  if (data.current_leader.leader_id >= 0) {
    cluster_.learn_leader(options_.topic, data.partition_index,
                          {data.current_leader.leader_id, data.current_leader.leader_epoch});
  }
  const ErrorCode code = data.error_code;
  if (is_retriable(code)) {
    if (is_stale_metadata(code)) cluster_.refresh();
    return pause(assigned);
  }
  if (code != ErrorCode::kNone) {
    error_ =
        question_error(code, options_.topic + " partition " + std::to_string(data.partition_index));
    return pause(assigned);
  }
  if (data.diverging_epoch.end_offset >= 0) {
    error_ = {KafkaFault::kFatal,
              options_.topic + " partition " + std::to_string(data.partition_index) +
                  ": records up to offset " + std::to_string(assigned.stream.fetch_offset()) +
                  " were read, and the log was cut off at offset " +
                  std::to_string(data.diverging_epoch.end_offset) +
                  " since (unclean leader election)",
              error_name(ErrorCode::kOffsetOutOfRange)};
    return pause(assigned);
  }
  FetchedPiece piece{frame, data.records.bytes.value_or(std::string_view()), {}};
  if (data.aborted_transactions) {
    for (const auto& aborted : *data.aborted_transactions)
      piece.aborted.push_back({aborted.producer_id, aborted.first_offset});
  }
  if (auto added = assigned.stream.add(std::move(piece)); !added) {
    error_ = added.error();
    pause(assigned);
  }
}

std::string NativeReader::fetching_from(const BrokerConnection& leader) const {
  return "fetching topic " + options_.topic + " from broker " + leader.address().host + ":" +
         std::to_string(leader.address().port);
}

void NativeReader::pause(Assigned& assigned) {
  assigned.not_before = cluster_.loop().now() + cluster_.options().retry_backoff;
}

KafkaResult<int64_t> NativeReader::list_offset(int32_t partition, int64_t timestamp,
                                               const StopToken& stop) {
  ListOffsetsRequest request;
  request.replica_id = kConsumer;
  // The true end, whatever the records' isolation is.
  request.isolation_level = level(KafkaIsolation::kReadUncommitted);
  auto& topic = request.topics.emplace_back();
  topic.name = options_.topic;
  auto& wanted = topic.partitions.emplace_back();
  wanted.partition_index = partition;
  wanted.timestamp = timestamp;
  const auto find = [](const ListOffsetsResponse& response)
      -> const ListOffsetsResponse::ListOffsetsPartitionResponse* {
    if (response.topics.empty() || response.topics[0].partitions.empty()) return nullptr;
    return &response.topics[0].partitions[0];
  };
  const auto whom = [this, partition]() -> BrokerConnection* {
    BrokerConnection* leader = cluster_.leader(options_.topic, partition, Lane::kQuestions);
    if (!leader) cluster_.refresh();
    return leader;
  };
  Questions questions(
      cluster_, timeout_, stop,
      "offsets of topic " + options_.topic + " partition " + std::to_string(partition));
  std::optional<KafkaError> refused;
  const bool known = questions.run_until([&] {
    refused = refusal();
    return refused || whom();
  });
  if (!known) return std::unexpected(questions.gave_up());
  if (refused) return told(*refused);
  auto answer = questions.ask<ListOffsetsRequest>(whom, request, [&](const auto& response) {
    const auto* found = find(response);
    return found ? found->error_code : ErrorCode::kUnknownTopicOrPartition;
  });
  if (!answer) return std::unexpected(answer.error());
  const auto* found = find(answer->response);
  if (found->error_code != ErrorCode::kNone) {
    return std::unexpected(questions.answered(
        question_error(found->error_code, "",
                       {AclOperation::kDescribe, {AclResource::Kind::kTopic, options_.topic}})));
  }
  return found->offset;
}

KafkaResult<Watermarks> NativeReader::watermarks(int32_t partition, const StopToken& stop) {
  auto low = list_offset(partition, kEarliest, stop);
  if (!low) return std::unexpected(low.error());
  auto high = list_offset(partition, kLatest, stop);
  if (!high) return std::unexpected(high.error());
  return Watermarks{*low, *high};
}

KafkaResult<int64_t> NativeReader::offset_at(int32_t partition, int64_t timestamp_ms,
                                             const StopToken& stop) {
  // Below zero the protocol means something else: the end, the beginning.
  auto found = list_offset(partition, std::max<int64_t>(timestamp_ms, 0), stop);
  // No record is that late.
  if (!found || *found >= 0) return found;
  return list_offset(partition, kLatest, stop);
}

}  // namespace penstock::connect::kafka
