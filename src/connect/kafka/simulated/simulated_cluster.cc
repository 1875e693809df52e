// The cluster's brokers, and the truth about it.
#include "connect/kafka/simulated/simulated_cluster.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "connect/kafka/simulated/simulated_broker.h"

namespace penstock::connect::kafka {

SimulatedCluster::SimulatedCluster(SimulatedLoop& loop, SimulatedClusterOptions options)
    : state_(loop, std::move(options)) {
  for (int32_t i = 0; i < state_.options.num_brokers; ++i)
    brokers_.push_back(std::make_unique<SimulatedBroker>(state_, i));
}

SimulatedCluster::~SimulatedCluster() = default;

void SimulatedCluster::kill(int32_t broker, std::chrono::milliseconds down) {
  brokers_[static_cast<size_t>(broker)]->die(down);
}

void SimulatedCluster::move_leader(std::string_view topic, int32_t partition, int32_t broker) {
  find(topic, partition).lead(broker);
}

void SimulatedCluster::elect_uncleanly(std::string_view topic, int32_t partition,
                                       int64_t end_offset) {
  SimulatedPartition& found = find(topic, partition);
  found.log.lose_from(end_offset);
  found.lead((found.leader + 1) % static_cast<int32_t>(state_.nodes.size()));
}

SimulatedPartition& SimulatedCluster::find(std::string_view topic, int32_t partition) const {
  const SimulatedTopic* const known = state_.topics.find(topic);
  SimulatedPartition* const found = known ? known->partition(partition) : nullptr;
  CHECK(found != nullptr);
  return *found;
}

bool SimulatedCluster::is_hanging(const SimulatedPartition& partition,
                                  const ProducerIdAndEpoch& producer) const {
  for (const SimulatedTransaction& transaction : state_.transactions.all()) {
    const bool has =
        std::ranges::find(transaction.partitions, &partition) != transaction.partitions.end();
    if (transaction.producer.id == producer.id && has) return false;
  }
  return true;
}

std::vector<OpenTransaction> SimulatedCluster::open_transactions() const {
  std::vector<OpenTransaction> open;
  for (const SimulatedTopic* topic : state_.topics.all()) {
    for (const auto& partition : topic->partitions) {
      const size_t first = open.size();
      for (const auto& [id, producer] : partition->log.producers().all()) {
        if (!producer.open_since) continue;
        const ProducerIdAndEpoch identity{id, producer.epoch};
        open.push_back({topic->name, partition->index, identity, *producer.open_since,
                        is_hanging(*partition, identity)});
      }
      std::ranges::sort(open.begin() + static_cast<std::ptrdiff_t>(first), open.end(), {},
                        &OpenTransaction::first_offset);
    }
  }
  return open;
}

}  // namespace penstock::connect::kafka
