// The three seams on simulated ground.
#include "connect/kafka/simulation/simulated_client.h"

#include <utility>

#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/client/cluster.h"
#include "connect/kafka/reader/native_reader.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

struct Ground {
  Ground(SimulatedProcess& process, const ClientOptions& options)
      : loop(process), cluster(loop, options, nullptr, process.network().rng().next()) {}

  OwnerLoop loop;
  Cluster cluster;
};

// The ground is a base, so that it is made before what stands on it, and goes after it.
template <typename Native>
class Grounded final : private Ground, public Native {
 public:
  template <typename... Arguments>
  Grounded(SimulatedProcess& process, const ClientOptions& options, Arguments&&... arguments)
      : Ground(process, options), Native(Ground::cluster, std::forward<Arguments>(arguments)...) {}
};

}  // namespace

KafkaResult<std::unique_ptr<TransactionalProducer>> SimulatedClient::make_producer(
    const ProducerOptions& options) {
  ProducerOptions adjusted = options;
  options_.adjust_producer(adjusted);
  return std::make_unique<Grounded<NativeProducer>>(process_, options_.client, adjusted,
                                                    options_.rules);
}

KafkaResult<std::unique_ptr<TopicReader>> SimulatedClient::make_reader(
    const ReaderOptions& options) {
  ReaderOptions adjusted = options;
  options_.adjust_reader(adjusted);
  return std::make_unique<Grounded<NativeReader>>(process_, options_.client, adjusted,
                                                  options_.metadata_timeout);
}

KafkaResult<std::unique_ptr<ClusterAdmin>> SimulatedClient::make_admin() {
  const NativeAdmin::Timeouts timeouts{options_.metadata_timeout, options_.admin_timeout};
  return std::make_unique<Grounded<NativeAdmin>>(process_, options_.client, timeouts);
}

ClientOptions impatient_client(const SimulatedCluster& cluster) {
  ClientOptions options;
  options.connection.client_id = "simulated";
  options.connection.setup_timeout = milliseconds(2'000);
  options.connection.backoff_most = milliseconds(1'000);
  options.request_timeout = milliseconds(1'500);
  // Leaders move in seconds here.
  options.metadata_max_age = milliseconds(20'000);
  constexpr int32_t kBrokers = 3;
  for (int32_t broker = 0; broker < kBrokers; ++broker)
    options.bootstrap.push_back(cluster.address(broker));
  return options;
}

void let_fail(uint64_t seed, SimulatedLoop& loop, SimulatedCluster& cluster) {
  Rng rng(seed * 11 + 3);
  // Between a third of the usual rate and three times as much.
  const auto about = [&rng](uint64_t one_in) { return one_in / 3 + rng.below(one_in * 8 / 3 + 1); };
  loop.faults.delay_one_in = about(200);
  loop.faults.cut_one_in = about(400);
  loop.faults.black_hole_one_in = about(2'000);
  loop.faults.refuse_one_in = about(50);
  BrokerFaults& faults = cluster.faults();
  faults.die_one_in = about(600);
  faults.down_most = milliseconds(2'000);
  faults.election_most = milliseconds(rng.one_in(2) ? 0 : 400);
  faults.move_leader_one_in = about(300);
  faults.move_coordinator_one_in = about(300);
  faults.drop_request_one_in = about(300);
  faults.lose_answer_one_in = about(200);
  faults.slow_request_one_in = about(200);
  faults.slow_answer_one_in = about(250);
  faults.unsure_answer_one_in = about(200);
  faults.throttle_one_in = about(500);
  faults.stale_metadata_one_in = about(20);
  faults.forget_fetch_session_one_in = about(50);
  faults.slow_marker_one_in = about(50);
  faults.unsure_refusal_one_in = about(200);
}

void calm_down(SimulatedLoop& loop, SimulatedCluster& cluster) {
  loop.faults = {};
  cluster.faults() = {};
  const auto end = loop.now() + std::chrono::minutes(5);
  while (loop.now() < end) loop.run(milliseconds(1'000));
}

}  // namespace penstock::connect::kafka
