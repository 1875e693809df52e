// Cases that chance hardly ever brings about, put together step by step.
//
// After a transaction of version 1 in which something got lost, the rule
// NativeProducer::Rules::renews_after_loss ends the producer at an abort. Without it a batch can
// arrive in the next transaction and fit there. It has to arrive before anything else is sent to
// its partition, and brokers before KIP-890 have to believe it: so seldom that the simulation of
// the whole client (simulation_test.cc) does not notice that the rule is off.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connect/kafka/client/cluster.h"
#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/simulated/simulated_cluster.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

constexpr char kData[] = "data";

// A batch that got lost, was aborted, and arrives while the next transaction is open: what a
// read_committed reader sees of its partition in the end.
std::vector<std::string> after_a_late_batch(uint64_t seed, const NativeProducer::Rules& rules) {
  SimulatedLoop loop(seed);
  SimulatedClusterOptions options;
  options.transaction_version = 0;
  options.verifies_partitions = false;
  SimulatedCluster simulated(loop, options);
  simulated.create_topic(kData, 1);
  ClientOptions client;
  client.bootstrap = {simulated.address(0)};
  client.request_timeout = milliseconds(400);
  Cluster cluster(loop, client, nullptr, 1);
  const ProducerOptions options_of_producer{.transactional_id = "w", .linger = milliseconds(0)};
  NativeProducer producer(cluster, options_of_producer, rules);
  const int data = producer.open_topic(kData);
  const auto finish = [](auto call) {
    auto done = call(milliseconds(100));
    while (done && *done == CallState::kPending) done = call(milliseconds(100));
    EXPECT_TRUE(done) << done.error().message;
  };
  finish([&](auto wait) { return producer.fence(wait); });
  // The partition has become part of the transaction before the network turns bad.
  EXPECT_TRUE(producer.begin());
  EXPECT_TRUE(producer.send({.topic = data, .value = "first"}));
  finish([&](auto wait) { return producer.commit(wait); });
  EXPECT_TRUE(producer.begin());
  EXPECT_TRUE(producer.send({.topic = data, .value = "aborted"}));
  while (simulated.num_requests(ApiKey::kAddPartitionsToTxn) < 2) producer.serve(milliseconds(1));
  loop.faults.delay_one_in = 1;
  loop.faults.delay_most = milliseconds(5'000);
  const auto sent = simulated.num_requests(ApiKey::kProduce);
  producer.serve(milliseconds(1));
  producer.serve(milliseconds(1));
  loop.faults = {};
  EXPECT_EQ(simulated.num_requests(ApiKey::kProduce), sent);
  NativeProducer* next = &producer;
  auto aborted = producer.abort(milliseconds(3'000));
  NativeProducer another(cluster, options_of_producer, rules);
  if (!aborted) {
    EXPECT_EQ(aborted.error().fault, KafkaFault::kAbort);
    next = &another;
    EXPECT_EQ(another.open_topic(kData), data);
    finish([&](auto wait) { return another.fence(wait); });
  }
  EXPECT_TRUE(next->begin());
  const auto end = loop.now() + milliseconds(6'000);
  while (loop.now() < end) next->serve(milliseconds(100));
  EXPECT_TRUE(next->send({.topic = data, .value = "second"}));
  finish([&](auto wait) { return next->commit(wait); });
  // The markers follow.
  for (int i = 0; i < 20; ++i) loop.run(milliseconds(10));
  std::vector<std::string> values;
  for (const CommittedRecord& record : simulated.committed_records(kData, 0))
    values.push_back(*record.value);
  return values;
}

TEST(ProducerSimulation, ALateBatchOfAnAbortedTransactionIsNotPartOfTheNext) {
  const std::vector<std::string> whole{"first", "second"};
  bool torn = false;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(after_a_late_batch(seed, {}), whole) << "seed " << seed;
    torn = torn || after_a_late_batch(seed, {.renews_after_loss = false}) != whole;
  }
  EXPECT_TRUE(torn) << "the rule prevents nothing here";
}

}  // namespace
}  // namespace penstock::connect::kafka
