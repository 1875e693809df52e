// What the brokers of a simulated cluster share: topics with their logs, transactions, who is
// alive, and who leads what. Nothing of it is lost with a broker, as if everything was replicated
// at once. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/simulated/broker_faults.h"
#include "connect/kafka/simulated/cluster_options.h"
#include "connect/kafka/simulated/fetch_sessions.h"
#include "connect/kafka/simulated/group_offsets.h"
#include "connect/kafka/simulated/server_session.h"
#include "connect/kafka/simulated/simulated_acls.h"
#include "connect/kafka/simulated/simulated_loop.h"
#include "connect/kafka/simulated/topic_table.h"
#include "connect/kafka/simulated/transactions/transaction_coordinator.h"

namespace penstock::connect::kafka {

struct BrokerNode {
  HostAndPort address;
  bool alive = true;
};

enum class CoordinatorKind : int8_t { kGroup = 0, kTransaction = 1 };

class ClusterState {
 public:
  ClusterState(SimulatedLoop& event_loop, SimulatedClusterOptions cluster_options);
  ClusterState(const ClusterState&) = delete;
  ClusterState& operator=(const ClusterState&) = delete;

  // A fault of a broker; counted if it is drawn (SimulatedLoop::fault_counts).
  bool drawn(uint64_t one_in, std::string_view fault, ProtocolStep step) {
    return loop.drawn(one_in, fault, step);
  }
  // What a request is for, as far as the logs and coordinators know.
  ProtocolStep step_of(const ReceivedRequest& request) const;
  std::chrono::milliseconds any_time_up_to(std::chrono::milliseconds most);

  const BrokerNode& node(int32_t broker) const { return nodes[static_cast<size_t>(broker)]; }
  // Any of those that live; kNobody if none does.
  int32_t any_alive();
  // The one that was elected, or the first alive while that is dead.
  int32_t controller() const;
  void elect_controller(int32_t broker) { elected_controller_ = broker; }

  SimulatedTopic& create_topic(const std::string& name, int32_t num_partitions);
  void add_partitions(SimulatedTopic& topic, int32_t num_partitions);
  Uuid new_uuid();

  int32_t coordinator(CoordinatorKind kind, std::string_view key) const;
  // kNone, NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS; for the broker that is asked.
  ErrorCode coordinator_error(CoordinatorKind kind, std::string_view key, int32_t broker) const;
  // Whether the coordinator can be asked by another broker.
  bool coordinator_serves(CoordinatorKind kind, std::string_view key) const;
  void move_coordinator(CoordinatorKind kind, std::string_view key, int32_t broker);
  // The coordinators in one place or the other; and a leader.
  void move_any_coordinator();
  void move_any_leader();

  // Gives away what it leads, or lets it have what nobody leads.
  void set_alive(int32_t broker, bool alive);

  SimulatedLoop& loop;
  const SimulatedClusterOptions options;
  BrokerFaults faults;
  std::array<uint64_t, 128> num_requests = {};  // By API key.
  std::vector<BrokerNode> nodes;
  TopicTable topics;
  TransactionCoordinator transactions;
  OffsetsOfGroups group_offsets;
  FetchSessions fetch_sessions;
  SimulatedAcls acls;
  // What was set dynamically: by broker, kNobody being all of them.
  std::map<int32_t, std::map<std::string, std::string>> broker_configs;

 private:
  // A partition of __consumer_offsets or __transaction_state.
  struct Place {
    int32_t broker = 0;
    EventLoop::Time loaded = {};
  };
  static constexpr size_t kPlaces = 8;

  static size_t place_of(std::string_view key);
  const Place& place(CoordinatorKind kind, std::string_view key) const {
    return places_[static_cast<size_t>(kind)][place_of(key)];
  }
  void move_place(Place& place, int32_t broker);
  void elect_leader(SimulatedPartition& partition);

  std::array<std::array<Place, kPlaces>, 2> places_;
  std::vector<SimulatedPartition*> partitions_;
  int32_t next_leader_ = 0;
  int32_t elected_controller_ = 0;
};

}  // namespace penstock::connect::kafka
