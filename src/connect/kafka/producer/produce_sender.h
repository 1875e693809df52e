// Delivers a transaction's records: sorts them into batches by partition, sends batches to the
// leaders, and sends again what did not arrive.
//
// One Produce request takes one batch of each of a leader's partitions. What comes back for a
// reason that passes (a leader moved, a connection broke, replicas are missing) is sent again with
// the sequence it had, which the broker recognises if it has it already; anything else is the
// transaction's failure, and nothing more is sent.
//
// Owned and called by the loop's thread. `on_change` runs inside EventLoop::run() only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connect/kafka/client/cluster.h"
#include "connect/kafka/client/faults.h"
#include "connect/kafka/producer/partition_queue.h"
#include "connect/kafka/transactional_producer.h"

namespace penstock::connect::kafka {

// KIP-890: with version 2 the leader adds a partition to the transaction when its first batch
// comes.
enum class TransactionVersion { kV1 = 1, kV2 = 2 };

struct ProducerIdentity {
  int64_t id = -1;
  int16_t epoch = -1;

  bool operator==(const ProducerIdentity&) const = default;
};

struct TopicPartition {
  std::string topic;
  int32_t partition;
};

class ProduceSender {
 public:
  struct Settings {
    std::string transactional_id;  // Empty: batches are part of no transaction.
    Codec codec = Codec::kNone;
    size_t batch_bytes = 0;
    std::chrono::milliseconds linger{0};
    int32_t first_sequence = 0;  // Of an epoch; only tests begin elsewhere.
  };

  ProduceSender(Cluster& cluster, Settings settings);
  ~ProduceSender();

  // The number of a topic; its leaders are learned. Any number of times.
  int open_topic(const std::string& name);
  const std::string& topic_name(int topic) const {
    return topics_[static_cast<size_t>(topic)].name;
  }

  // A new identity numbers its batches from 0. REQUIRES: nothing is under way.
  void set_identity(const ProducerIdentity& identity, TransactionVersion version);
  // The next transaction. Nothing is sent before `not_before`.
  void begin(EventLoop::Time not_before);
  // Moves that time.
  void hold_until(EventLoop::Time not_before);
  void append(int topic, int32_t partition, const RecordFields& record, bool marked);
  // What was appended need not wait for more.
  void flush();
  // Sends what may be sent.
  void pump();
  // Forgets what was not delivered. True: no more can be sent under this identity, see
  // PartitionQueue::drop_all(). REQUIRES: nothing is under way.
  bool drop_all();
  // Nothing new is sent until the next begin(); answers are still taken in.
  void halt() { halted_ = true; }

  // Nothing is left to be delivered.
  bool delivered() const { return undelivered_bytes_ == 0; }
  bool under_way() const { return under_way_ > 0; }
  size_t undelivered_bytes() const { return undelivered_bytes_; }
  // Whether a batch was sent since begin().
  bool sent_something() const { return sent_something_; }
  // A request since begin() got lost, or its answer did: a copy may still arrive at the broker.
  bool unknown() const { return unknown_; }
  // From sending the transaction's first batch to its acknowledgement; none before that.
  std::optional<std::chrono::microseconds> first_batch_took() const { return first_took_; }
  // Why the transaction cannot be committed.
  const std::optional<KafkaError>& failure() const { return failure_; }
  std::optional<int64_t> marked_offset() const { return marked_offset_; }
  std::vector<WrittenPartition> written(int topic) const;
  // What delivery waits for; may be empty.
  std::string trouble() const;

  // Version 1: partitions with batches that are not part of the transaction yet.
  std::vector<TopicPartition> to_be_added() const;
  void added(const std::vector<TopicPartition>& partitions);

  // Answers came in.
  std::function<void()> on_change = [] {};

 private:
  struct Partition {
    PartitionQueue queue;
    bool added = false;  // To the transaction.
    // Since begin().
    std::optional<int64_t> last_offset = {};
    uint64_t acknowledged = 0;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };
  struct Item {
    size_t topic;
    int32_t partition;
    std::shared_ptr<Batch> batch;
  };
  using Items = std::vector<Item>;

  bool pump_once(EventLoop::Time now);
  void send(BrokerConnection& leader, std::shared_ptr<Items> items);
  void count(const Batch& batch, bool again);
  void on_answer(const Items& items, CallResult<ProduceResponse> result);
  void on_partition(const Item& item, const ProduceResponse::PartitionProduceResponse& answer);
  void acknowledge(const Item& item, int64_t base_offset);
  void send_again(const Item& item, ErrorCode code);
  void look_for_leader(size_t topic, size_t partition);
  // What delivery waits for is that this passes.
  void set_trouble(size_t topic, ErrorCode code);
  void fail(size_t topic, ErrorCode code, const std::string& said);
  bool transactional() const { return !settings_.transactional_id.empty(); }
  bool may_be_sent(const Partition& partition) const {
    return !transactional() || version_ == TransactionVersion::kV2 || partition.added;
  }
  PartitionQueue& queue_of(const Item& item) {
    return topics_[item.topic].partitions[static_cast<size_t>(item.partition)].queue;
  }
  void arm(EventLoop::Time now);

  Cluster& cluster_;
  const Settings settings_;
  BatchPool pool_;
  Compression compression_;
  std::vector<Topic> topics_;
  ProducerIdentity identity_;
  TransactionVersion version_ = TransactionVersion::kV1;
  EventLoop::Time not_before_ = {};
  size_t undelivered_bytes_ = 0;
  size_t under_way_ = 0;
  bool halted_ = true;
  bool sent_something_ = false;
  bool unknown_ = false;
  std::optional<KafkaError> failure_;
  std::optional<int64_t> marked_offset_;
  EventLoop::Time first_sent_at_ = {};
  std::optional<std::chrono::microseconds> first_took_;
  std::optional<EventLoop::TimerId> timer_;
  EventLoop::Time timer_time_ = {};
  std::string trouble_;
};

}  // namespace penstock::connect::kafka
