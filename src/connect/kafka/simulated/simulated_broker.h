// One broker: it listens, serves its connections, dies and comes back. What it knows is the
// cluster's (cluster_state.h). Must outlive the loop's last run. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "connect/kafka/simulated/broker_session.h"
#include "connect/kafka/simulated/cluster_state.h"

namespace penstock::connect::kafka {

class SimulatedBroker {
 public:
  // Listens from now on.
  SimulatedBroker(ClusterState& cluster, int32_t id);
  SimulatedBroker(const SimulatedBroker&) = delete;
  SimulatedBroker& operator=(const SimulatedBroker&) = delete;

  // Nothing if it is dead already.
  void die(std::chrono::milliseconds down);

  ClusterState& cluster() { return cluster_; }
  int32_t id() const { return id_; }
  uint64_t num_lives() const { return num_lives_; }

 private:
  void listen();
  void come_back();

  ClusterState& cluster_;
  int32_t id_;
  uint64_t num_lives_ = 1;
  std::vector<std::weak_ptr<BrokerSession>> sessions_;
};

}  // namespace penstock::connect::kafka
