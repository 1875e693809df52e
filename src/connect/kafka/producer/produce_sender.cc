// Produce requests: made of batches, and what their answers mean.
#include "connect/kafka/producer/produce_sender.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

// Requests on their way to one leader. It serves them one after the other; more would only wait
// there.
constexpr size_t kMostRequestsUnderWay = 5;
// The leader holds a batch back while the last transaction's markers are being written, and lets go
// of it after some milliseconds (KIP-890).
constexpr milliseconds kConcurrentPause(1);
// A leader that has just become it, or a topic's that was just made, refuses for some milliseconds.
constexpr milliseconds kFirstPause(5);

const ProduceResponse::PartitionProduceResponse* find_answer(const ProduceResponse& response,
                                                             const std::string& topic,
                                                             const Uuid& id, int32_t partition) {
  for (const auto& answered : response.responses) {
    const bool same = answered.name.empty() ? answered.topic_id == id : answered.name == topic;
    if (!same) continue;
    for (const auto& answer : answered.partition_responses)
      if (answer.index == partition) return &answer;
  }
  return nullptr;
}

KafkaFault fault_of(ErrorCode code) {
  if (is_fencing(code)) return KafkaFault::kFenced;
  return is_refusal(code) ? KafkaFault::kFatal : KafkaFault::kAbort;
}

}  // namespace

ProduceSender::ProduceSender(Cluster& cluster, Settings settings)
    : cluster_(cluster),
      settings_(std::move(settings)),
      pool_(settings_.batch_bytes, settings_.codec) {}

ProduceSender::~ProduceSender() {
  if (timer_) cluster_.loop().cancel(*timer_);
}

int ProduceSender::open_topic(const std::string& name) {
  const auto found = std::find_if(topics_.begin(), topics_.end(),
                                  [&](const Topic& topic) { return topic.name == name; });
  if (found != topics_.end()) {
    // It may have grown.
    cluster_.refresh();
    return static_cast<int>(found - topics_.begin());
  }
  cluster_.watch(name);
  topics_.push_back({name, {}});
  return static_cast<int>(topics_.size() - 1);
}

void ProduceSender::set_identity(const ProducerIdentity& identity, TransactionVersion version) {
  CHECK(!under_way());
  version_ = version;
  if (identity == identity_) return;
  identity_ = identity;
  for (Topic& topic : topics_)
    for (Partition& partition : topic.partitions)
      partition.queue.restart_sequences(settings_.first_sequence);
}

void ProduceSender::begin(EventLoop::Time not_before) {
  not_before_ = not_before;
  pool_.trim();
  halted_ = false;
  sent_something_ = false;
  unknown_ = false;
  failure_.reset();
  marked_offset_.reset();
  first_took_.reset();
  for (Topic& topic : topics_)
    for (Partition& partition : topic.partitions) {
      partition.added = false;
      partition.last_offset.reset();
      partition.acknowledged = 0;
    }
}

void ProduceSender::hold_until(EventLoop::Time not_before) {
  not_before_ = not_before;
  pump();
}

void ProduceSender::append(int topic, int32_t partition, const RecordFields& record, bool marked) {
  auto& partitions = topics_[static_cast<size_t>(topic)].partitions;
  const auto index = static_cast<size_t>(partition);
  while (index >= partitions.size())
    partitions.emplace_back().queue.restart_sequences(settings_.first_sequence);
  PartitionQueue& queue = partitions[index].queue;
  const size_t before = queue.open_bytes();
  // Asking for the time costs as much as a small record: only a new batch needs it.
  const auto now = queue.has_open() ? EventLoop::Time() : cluster_.loop().now();
  if (queue.append(record, marked, pool_, now)) {
    undelivered_bytes_ += queue.open_bytes() - before;
    return;
  }
  queue.close();
  CHECK(queue.append(record, marked, pool_, cluster_.loop().now()));
  undelivered_bytes_ += queue.open_bytes();
  pump();
}

void ProduceSender::flush() {
  for (Topic& topic : topics_)
    for (Partition& partition : topic.partitions) partition.queue.close();
  pump();
}

void ProduceSender::pump() {
  // One time for all: what becomes due meanwhile would else be neither sent nor waited for.
  const auto now = cluster_.loop().now();
  if (!halted_ && !failure_ && now >= not_before_) {
    while (pump_once(now)) continue;
  }
  arm(now);
}

// One batch of each partition that has one to send. False: there was none.
bool ProduceSender::pump_once(EventLoop::Time now) {
  std::map<BrokerConnection*, std::shared_ptr<Items>, ByAddress> by_leader;
  for (size_t t = 0; t < topics_.size(); ++t) {
    for (size_t p = 0; p < topics_[t].partitions.size(); ++p) {
      Partition& partition = topics_[t].partitions[p];
      PartitionQueue& queue = partition.queue;
      if (queue.has_open() && now >= queue.opened_at() + settings_.linger) queue.close();
      queue.divide(pool_, compression_);
      auto batch = queue.next(now);
      if (!batch || !may_be_sent(partition)) continue;
      const auto index = static_cast<int32_t>(p);
      BrokerConnection* leader = cluster_.leader(topics_[t].name, index, Lane::kQuestions);
      if (!leader) {
        look_for_leader(t, p);
      } else if (leader->in_flight() < kMostRequestsUnderWay) {
        auto& items = by_leader[leader];
        if (!items) items = std::make_shared<Items>();
        items->push_back({t, index, std::move(batch)});
      }
    }
  }
  for (auto& [leader, items] : by_leader) send(*leader, std::move(items));
  return !by_leader.empty();
}

void ProduceSender::send(BrokerConnection& leader, std::shared_ptr<Items> items) {
  const bool v2 = version_ == TransactionVersion::kV2;
  ProduceRequest request;
  request.transactional_id.reset();
  if (transactional()) request.transactional_id = settings_.transactional_id;
  request.acks = -1;
  request.timeout_ms = static_cast<int32_t>(cluster_.options().request_timeout.count());
  bool ids = true;
  std::optional<size_t> last_topic;
  for (const Item& item : *items) {
    const Topic& topic = topics_[item.topic];
    const bool again = !item.batch->bytes.empty();
    queue_of(item).sent(item.batch, {identity_.id, identity_.epoch, -1, transactional()},
                        compression_);
    count(*item.batch, again);
    if (last_topic != item.topic) {
      auto& data = request.topic_data.emplace_back();
      data.name = topic.name;
      data.topic_id = cluster_.topic(topic.name)->id;
      ids = ids && !data.topic_id.is_zero();
      last_topic = item.topic;
    }
    request.topic_data.back().partition_data.push_back({item.partition, {item.batch->bytes}});
    ++under_way_;
  }
  if (!sent_something_) first_sent_at_ = cluster_.loop().now();
  sent_something_ = true;
  // Version 12 is the first that adds partitions by itself; from 13 on topics go by their ids.
  const VersionRange versions =
      v2 ? VersionRange{12, ids ? kLastVersion : int16_t{12}} : VersionRange{3, 11};
  // The broker may take as long as we have told it; the answer has to travel, too.
  const auto deadline = cluster_.request_deadline() + cluster_.options().request_timeout / 2;
  leader.call(
      std::move(request), CallOptions{deadline, versions, items},
      [this, items](CallResult<ProduceResponse> result) { on_answer(*items, std::move(result)); });
}

void ProduceSender::count(const Batch& batch, bool again) {
  ClientMetrics& metrics = *cluster_.options().connection.metrics;
  again ? metrics.batch_again()
        : metrics.batch({batch.builder.count(), batch.content_bytes, batch.bytes.size()});
}

void ProduceSender::on_answer(const Items& items, CallResult<ProduceResponse> result) {
  under_way_ -= items.size();
  if (!result) {
    const CallFailure& failure = result.error();
    trouble_ = failure.cause;
    if (failure.fate == CallFate::kUnknown) unknown_ = true;
    if (failure.fate == CallFate::kUnsupported && !failure_)
      failure_ = {KafkaFault::kFatal, failure.cause, error_name(ErrorCode::kUnsupportedVersion)};
    if (failure.fate == CallFate::kRefused && !failure_)
      failure_ = {KafkaFault::kFatal, failure.cause, failure.code};
    for (const Item& item : items) send_again(item, ErrorCode::kNetworkException);
  } else {
    trouble_.clear();
    const ProduceResponse& response = result->response;
    for (const auto& node : response.node_endpoints)
      cluster_.learn_broker(node.node_id, {node.host, static_cast<uint16_t>(node.port)});
    for (const Item& item : items) {
      const std::string& topic = topics_[item.topic].name;
      const TopicInfo* info = cluster_.topic(topic);
      const auto* answer = find_answer(response, topic, info ? info->id : Uuid(), item.partition);
      answer ? on_partition(item, *answer) : send_again(item, ErrorCode::kUnknownTopicOrPartition);
    }
  }
  pump();
  on_change();
}

void ProduceSender::on_partition(const Item& item,
                                 const ProduceResponse::PartitionProduceResponse& answer) {
  const ErrorCode code = answer.error_code;
  if (answer.current_leader.leader_id >= 0) {
    cluster_.learn_leader(topics_[item.topic].name, item.partition,
                          {answer.current_leader.leader_id, answer.current_leader.leader_epoch});
  }
  // An earlier copy was taken, too long ago for the broker to know its offset.
  if (code == ErrorCode::kDuplicateSequenceNumber) return acknowledge(item, -1);
  if (code == ErrorCode::kNone) return acknowledge(item, answer.base_offset);
  // A batch before it was not taken and will be sent again, and this one after it.
  const bool behind =
      code == ErrorCode::kOutOfOrderSequenceNumber && !queue_of(item).is_first(item.batch);
  if (behind || is_retriable(code)) return send_again(item, code);
  if (code == ErrorCode::kMessageTooLarge && item.batch->builder.count() > 1)
    return queue_of(item).too_large(item.batch, cluster_.loop().now());
  fail(item.topic, code, answer.error_message.value_or(""));
  send_again(item, code);
}

void ProduceSender::acknowledge(const Item& item, int64_t base_offset) {
  if (item.batch->marked) marked_offset_ = item.batch->marked_offset(base_offset);
  if (!first_took_) {
    first_took_ = std::chrono::duration_cast<std::chrono::microseconds>(cluster_.loop().now() -
                                                                        first_sent_at_);
  }
  Partition& partition = topics_[item.topic].partitions[static_cast<size_t>(item.partition)];
  partition.last_offset = item.batch->last_offset(base_offset);
  partition.acknowledged += static_cast<uint64_t>(item.batch->builder.count());
  undelivered_bytes_ -= item.batch->content_bytes;
  queue_of(item).acknowledged(item.batch, pool_);
}

std::vector<WrittenPartition> ProduceSender::written(int topic) const {
  CHECK_OP(<, static_cast<size_t>(topic), topics_.size());
  std::vector<WrittenPartition> out;
  const std::vector<Partition>& partitions = topics_[static_cast<size_t>(topic)].partitions;
  for (size_t p = 0; p < partitions.size(); ++p) {
    if (partitions[p].acknowledged == 0) continue;
    out.push_back({static_cast<int32_t>(p), partitions[p].last_offset, partitions[p].acknowledged});
  }
  return out;
}

void ProduceSender::send_again(const Item& item, ErrorCode code) {
  PartitionQueue& queue = queue_of(item);
  const int doublings = std::min(queue.returns(), 10);
  const auto pause = std::min(cluster_.options().retry_backoff, kFirstPause * (1 << doublings));
  const bool concurrent = code == ErrorCode::kConcurrentTransactions;
  queue.came_back(cluster_.loop().now() + (concurrent ? kConcurrentPause : pause));
  if (is_stale_metadata(code)) cluster_.refresh();
  if (is_retriable(code) && code != ErrorCode::kNetworkException) set_trouble(item.topic, code);
}

// A broker shows no leaders of a topic that may not be described.
void ProduceSender::look_for_leader(size_t topic, size_t partition) {
  const TopicInfo* info = cluster_.topic(topics_[topic].name);
  if (info && is_refusal(info->error)) return fail(topic, info->error, "");
  if (info) {
    const bool exists = partition < info->partitions.size();
    const ErrorCode lacking =
        exists ? ErrorCode::kLeaderNotAvailable : ErrorCode::kUnknownTopicOrPartition;
    set_trouble(topic, info->error == ErrorCode::kNone ? lacking : info->error);
  }
  cluster_.refresh();
}

void ProduceSender::set_trouble(size_t topic, ErrorCode code) {
  trouble_ = topics_[topic].name + ": " + error_text(code);
}

void ProduceSender::fail(size_t topic, ErrorCode code, const std::string& said) {
  if (failure_) return;
  std::string message = "Broker: " + error_text(code) + " (topic " + topics_[topic].name + ")";
  if (!said.empty()) message += ": " + said;
  failure_ = {fault_of(code), std::move(message), error_name(code)};
}

bool ProduceSender::drop_all() {
  bool leaves_gap = false;
  for (Topic& topic : topics_)
    for (Partition& partition : topic.partitions)
      leaves_gap = partition.queue.drop_all(pool_) || leaves_gap;
  undelivered_bytes_ = 0;
  return leaves_gap;
}

std::vector<TopicPartition> ProduceSender::to_be_added() const {
  std::vector<TopicPartition> found;
  if (version_ == TransactionVersion::kV2 || !transactional()) return found;
  for (const Topic& topic : topics_)
    for (size_t p = 0; p < topic.partitions.size(); ++p)
      if (!topic.partitions[p].added && !topic.partitions[p].queue.empty())
        found.push_back({topic.name, static_cast<int32_t>(p)});
  return found;
}

void ProduceSender::added(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& each : partitions) {
    const auto topic = std::find_if(topics_.begin(), topics_.end(),
                                    [&](const Topic& t) { return t.name == each.topic; });
    topic->partitions[static_cast<size_t>(each.partition)].added = true;
  }
  pump();
}

std::string ProduceSender::trouble() const {
  if (delivered()) return "";
  return trouble_.empty() ? cluster_.trouble() : trouble_;
}

// For what waits for a time to come. What waits for an answer or for metadata is pumped with it.
void ProduceSender::arm(EventLoop::Time now) {
  auto next = EventLoop::Time::max();
  const auto wait_for = [&](EventLoop::Time time) {
    // What is due already was not sent for another reason.
    if (std::max(time, not_before_) > now) next = std::min(next, std::max(time, not_before_));
  };
  if (!halted_ && !failure_) {
    for (const Topic& topic : topics_) {
      for (const Partition& partition : topic.partitions) {
        wait_for(partition.queue.due());
        if (partition.queue.has_open()) wait_for(partition.queue.opened_at() + settings_.linger);
      }
    }
  }
  if (timer_ && timer_time_ == next) return;
  if (timer_) cluster_.loop().cancel(*timer_);
  timer_.reset();
  timer_time_ = next;
  if (next == EventLoop::Time::max()) return;
  timer_ = cluster_.loop().at(next, [this] {
    timer_.reset();
    pump();
    on_change();
  });
}

}  // namespace penstock::connect::kafka
