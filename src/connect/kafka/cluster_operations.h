// All that is asked of a cluster by those who operate it: more than ClusterAdmin, which is what the
// engine itself needs.
//
// A question takes at most the client's metadata or admin timeout. A call is one question;
// list_transactions() one more for each broker, and what has to be recognised as ours one more.
// They give up soon after a stop, and wait out what passes by itself (a controller, leader or
// coordinator that moves, a broker that dies). What gave up may have been carried out all the same,
// and may be called again. An operation that is not allowed is kFatal; message and remedy name it
// and its resource. One owner thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/acl.h"
#include "connect/kafka/cluster_admin.h"

namespace penstock::connect {

using TopicId = std::array<uint8_t, 16>;

struct ClusterNode {
  BrokerAddress address;
  std::optional<std::string> rack;
  bool fenced = false;  // Registered, and not serving (KIP-1073).
};

struct DescribeClusterOptions {
  bool authorized_operations = false;
  bool fenced_brokers = false;  // Brokers before 4.0 do not name them.
};

struct ClusterDescription {
  std::string cluster_id;
  std::optional<int32_t> controller;
  std::vector<ClusterNode> brokers;
  AuthorizedOperations authorized;
};

struct PartitionDescription {
  std::optional<int32_t> leader;
  int32_t leader_epoch = -1;  // -1 = the broker is too old to say.
  std::vector<int32_t> replicas;
  std::vector<int32_t> in_sync;
  std::vector<int32_t> offline;
};

struct TopicDescription {
  std::string name;
  TopicId id = {};  // Zero before Kafka 2.8.
  bool internal = false;
  std::vector<PartitionDescription> partitions;
  AuthorizedOperations authorized;
};

enum class ChangeMode { kApply, kValidate };

// kMissing: also what an earlier attempt of the same call deleted, its answer being lost.
enum class DeleteTopicState { kDeleted, kMissing };

struct ConfigResource {
  enum class Kind { kTopic, kBroker };
  Kind kind = Kind::kTopic;
  std::string name;  // Of a broker its id, or empty: the dynamic default of all brokers.
};

// Where a value comes from, the protocol's codes; those that we do not know are kept as they are.
enum class ConfigSource : int8_t {
  kUnknown = 0,
  kTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kDynamicBrokerLogger = 6,
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;  // None: not set, or sensitive.
  ConfigSource source = ConfigSource::kUnknown;
  bool read_only = false;
  bool sensitive = false;

  bool is_default() const { return source == ConfigSource::kDefault; }
};

// Appending and subtracting are for lists. A repetition of any of them changes nothing.
struct ConfigChange {
  enum class Kind : int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };
  Kind kind = Kind::kSet;
  std::string name;
  std::string value = {};  // Of kDelete it is ignored.
};

// "Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead",
// "PrepareEpochFence".
using TransactionState = std::string;

// Nothing given: all.
struct TransactionFilter {
  std::vector<TransactionState> states = {};
  std::vector<int64_t> producer_ids = {};
  std::optional<std::chrono::milliseconds> running_longer_than = {};  // KIP-994, Kafka 3.8.
  std::optional<std::string> id_pattern = {};  // KIP-1152, Kafka 4.1: an RE2 of the whole id.
};

struct ListedTransaction {
  std::string transactional_id;
  int64_t producer_id = -1;
  TransactionState state;
  int32_t coordinator = -1;  // The broker.
};

struct TransactionDescription {
  TransactionState state;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  std::chrono::milliseconds timeout{0};
  std::optional<int64_t> started_unix_ms;                  // None: there is no transaction.
  std::map<std::string, std::vector<int32_t>> partitions;  // By topic.
};

// What a partition's leader knows of a producer, for as long as it remembers one: those that were
// fenced meanwhile too, with the epoch of their last batch or marker.
struct ActiveProducer {
  int64_t producer_id = -1;
  int32_t producer_epoch = -1;
  int32_t last_sequence = -1;
  int64_t last_timestamp_ms = -1;
  int32_t coordinator_epoch = -1;
  std::optional<int64_t> open_since;  // Offset of its open transaction's first record.
};

class ClusterOperations : public ClusterAdmin {
 public:
  // Brokers before 2.8 are asked by Metadata (KIP-700).
  virtual KafkaResult<ClusterDescription> describe_cluster(const DescribeClusterOptions& options,
                                                           const StopToken& stop) = 0;
  // None: there is no such topic.
  virtual KafkaResult<std::optional<TopicDescription>> describe_topic(const std::string& topic,
                                                                      const StopToken& stop) = 0;

  // Whether the topic could be created now (KIP-4); that it exists is an error.
  virtual KafkaResult<void> validate_topic(const NewTopic& topic, const StopToken& stop) = 0;
  // `total`: with those that are there. That there are so many already is an error, unless an
  // earlier attempt of this call may have made them.
  virtual KafkaResult<void> create_partitions(const std::string& topic, int32_t total,
                                              ChangeMode mode, const StopToken& stop) = 0;
  virtual KafkaResult<DeleteTopicState> delete_topic(const std::string& topic,
                                                     const StopToken& stop) = 0;
  // KIP-516, brokers from 2.8 on: never deletes another topic of the same name.
  virtual KafkaResult<DeleteTopicState> delete_topic(const TopicId& topic,
                                                     const StopToken& stop) = 0;
  // Of a partition all before the offset (-1: all that there is), KIP-107. Returns the offset at
  // which it begins now.
  virtual KafkaResult<int64_t> delete_records(const std::string& topic, int32_t partition,
                                              int64_t before_offset, const StopToken& stop) = 0;

  // KIP-133, KIP-226.
  virtual KafkaResult<std::vector<ConfigEntry>> describe_config(const ConfigResource& resource,
                                                                const StopToken& stop) = 0;
  // KIP-339, brokers from 2.3 on. All changes or none.
  virtual KafkaResult<void> alter_config(const ConfigResource& resource,
                                         const std::vector<ConfigChange>& changes, ChangeMode mode,
                                         const StopToken& stop) = 0;

  // KIP-664, brokers from 3.0 on. Of all coordinators, or it fails: a part would be a wrong answer.
  // What we may not describe is left out by brokers.
  virtual KafkaResult<std::vector<ListedTransaction>> list_transactions(
      const TransactionFilter& filter, const StopToken& stop) = 0;
  // None: the id is not known to its coordinator.
  virtual KafkaResult<std::optional<TransactionDescription>> describe_transaction(
      const std::string& transactional_id, const StopToken& stop) = 0;
  // Whether transactions of this id may be begun and ended by us. Nobody's transaction is touched:
  // what is asked is to end one of a producer that there cannot be, and why that was refused.
  virtual KafkaResult<void> check_transactional_id(const std::string& transactional_id,
                                                   const StopToken& stop) = 0;
  // Brokers from 2.8 on. By producer id.
  virtual KafkaResult<std::vector<ActiveProducer>> describe_producers(const std::string& topic,
                                                                      int32_t partition,
                                                                      const StopToken& stop) = 0;
};

}  // namespace penstock::connect
