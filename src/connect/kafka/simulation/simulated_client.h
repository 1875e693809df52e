// A KafkaClient of a simulated process: the product's producer, reader and admin, each with a loop
// and a cluster to itself as in native_client.cc, on a network and a clock that are simulated.
//
// What it makes must not outlive the process. One thread.
#pragma once

#include <functional>
#include <memory>

#include "connect/kafka/client/client_options.h"
#include "connect/kafka/kafka_client.h"
#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/simulated/owner_loop.h"
#include "connect/kafka/simulated/simulated_cluster.h"

namespace penstock::connect::kafka {

class SimulatedClient final : public KafkaClient {
 public:
  struct Options {
    ClientOptions client;
    std::chrono::milliseconds metadata_timeout{10'000};
    std::chrono::milliseconds admin_timeout{5'000};
    NativeProducer::Rules rules = {};
    // What the owner asks for, made fit for the simulation.
    std::function<void(ProducerOptions&)> adjust_producer = [](ProducerOptions&) {};
    std::function<void(ReaderOptions&)> adjust_reader = [](ReaderOptions&) {};
  };

  SimulatedClient(SimulatedProcess& process, Options options)
      : process_(process), options_(std::move(options)) {}

  KafkaResult<std::unique_ptr<TransactionalProducer>> make_producer(
      const ProducerOptions& options) override;
  KafkaResult<std::unique_ptr<TopicReader>> make_reader(const ReaderOptions& options) override;
  KafkaResult<std::unique_ptr<ClusterAdmin>> make_admin() override;

 private:
  SimulatedProcess& process_;
  const Options options_;
};

// All brokers as bootstrap, and less patience than the product has: the shorter the timeouts, the
// more of them a simulated hour contains.
ClientOptions impatient_client(const SimulatedCluster& cluster);

// Faults of all kinds at rates at which work still gets done. One seed has many of some and few of
// others.
void let_fail(uint64_t seed, SimulatedLoop& loop, SimulatedCluster& cluster);
// No faults from now on, and time enough for what is under way to end.
void calm_down(SimulatedLoop& loop, SimulatedCluster& cluster);

}  // namespace penstock::connect::kafka
