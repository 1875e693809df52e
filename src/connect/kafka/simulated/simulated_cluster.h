// A Kafka cluster in one thread, on a SimulatedLoop: everything that it does follows from the
// loop's seed. What it is asked over connections it answers as Kafka does; what tests want to know
// beyond that they ask here.
//
// Replication is not simulated: a log has one copy, which no broker's death takes away. Must
// outlive the loop's last run, and be made before what speaks to it. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/simulated/cluster_state.h"
#include "connect/kafka/simulated/log/committed_records.h"

namespace penstock::connect::kafka {

class SimulatedBroker;

// A transaction that is open in a partition's log.
struct OpenTransaction {
  std::string topic;
  int32_t partition = 0;
  ProducerIdAndEpoch producer;
  int64_t first_offset = 0;
  // No coordinator has it as ongoing or as decided with a marker to come: nobody will end it.
  bool hanging = false;
};

class SimulatedCluster {
 public:
  SimulatedCluster(SimulatedLoop& loop, SimulatedClusterOptions options);
  ~SimulatedCluster();
  SimulatedCluster(const SimulatedCluster&) = delete;
  SimulatedCluster& operator=(const SimulatedCluster&) = delete;

  const HostAndPort& address(int32_t broker) const { return state_.node(broker).address; }
  // REQUIRES: there is no topic of that name.
  const SimulatedTopic& create_topic(const std::string& name, int32_t num_partitions) {
    return state_.create_topic(name, num_partitions);
  }
  // May be changed at any time.
  BrokerFaults& faults() { return state_.faults; }
  uint64_t num_requests(ApiKey api) const { return state_.num_requests[static_cast<size_t>(api)]; }

  // What faults do, done at will.
  void kill(int32_t broker, std::chrono::milliseconds down);
  void move_leader(std::string_view topic, int32_t partition, int32_t broker);
  void move_coordinator(CoordinatorKind kind, std::string_view key, int32_t broker) {
    state_.move_coordinator(kind, key, broker);
  }
  // A partition's log loses its end, and another broker leads.
  void elect_uncleanly(std::string_view topic, int32_t partition, int64_t end_offset);
  void elect_controller(int32_t broker) { state_.elect_controller(broker); }
  void forbid(AclOperation operation, const AclResource& resource) {
    state_.acls.forbid(operation, resource);
  }
  int32_t leader(std::string_view topic, int32_t partition) const {
    return find(topic, partition).leader;
  }
  int32_t coordinator(CoordinatorKind kind, std::string_view key) const {
    return state_.coordinator(kind, key);
  }

  // The truth, for comparing. REQUIRES, of a topic and partition: they exist.
  const PartitionLog& log(std::string_view topic, int32_t partition) const {
    return find(topic, partition).log;
  }
  // What a read_committed reader must see, worked out from the log's bytes.
  std::vector<CommittedRecord> committed_records(std::string_view topic, int32_t partition) const {
    return kafka::committed_records(log(topic, partition));
  }
  // By topic and partition. Empty once all is decided and all markers are written.
  std::vector<OpenTransaction> open_transactions() const;
  // In the order of decision.
  const std::vector<DecidedTransaction>& decided_transactions() const {
    return state_.transactions.decided();
  }
  // None: the id was never used.
  const SimulatedTransaction* transaction(std::string_view transactional_id) const {
    return state_.transactions.find(transactional_id);
  }

 private:
  SimulatedPartition& find(std::string_view topic, int32_t partition) const;
  bool is_hanging(const SimulatedPartition& partition, const ProducerIdAndEpoch& producer) const;

  ClusterState state_;
  std::vector<std::unique_ptr<SimulatedBroker>> brokers_;
};

}  // namespace penstock::connect::kafka
