// The producer against a simulated cluster, one situation at a time; simulation_test.cc has the
// rest.
#include "connect/kafka/producer/native_producer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "connect/kafka/simulated/simulated_cluster.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

class NativeProducerTest : public testing::TestWithParam<int16_t> {
 protected:
  void start(SimulatedClusterOptions options, milliseconds commit_timeout) {
    options.transaction_version = GetParam();
    simulated_ = std::make_unique<SimulatedCluster>(loop_, options);
    simulated_->create_topic("data", 1);
    ClientOptions client;
    client.bootstrap = {simulated_->address(0)};
    cluster_ = std::make_unique<Cluster>(loop_, client, nullptr, 1);
    producer_ =
        std::make_unique<NativeProducer>(*cluster_,
                                         ProducerOptions{.transactional_id = "w",
                                                         .commit_timeout = commit_timeout,
                                                         .compression = KafkaCompression::kNone,
                                                         .linger = milliseconds(0)},
                                         NativeProducer::Rules{});
    data_ = producer_->open_topic("data");
    ASSERT_TRUE(finish([&] { return producer_->fence(milliseconds(100)); }));
    ASSERT_TRUE(producer_->begin());
  }
  template <typename Call>
  KafkaResult<CallState> finish(Call call) {
    auto state = call();
    while (state && *state == CallState::kPending) state = call();
    return state;
  }
  KafkaResult<CallState> commit() {
    return finish([&] { return producer_->commit(milliseconds(100)); });
  }
  void send(const std::string& value, bool marked) {
    ASSERT_TRUE(producer_->send({.topic = data_, .value = value, .marked = marked}));
  }
  // Of all that was committed, once the markers have come.
  std::string committed() {
    for (int i = 0; i < 20; ++i) loop_.run(milliseconds(10));
    std::string all;
    for (const CommittedRecord& record : simulated_->committed_records("data", 0))
      all += record.value->substr(0, 1);
    return all;
  }

  SimulatedLoop loop_{1};
  std::unique_ptr<SimulatedCluster> simulated_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<NativeProducer> producer_;
  int data_ = 0;
};

TEST_P(NativeProducerTest, BatchesTooLargeForTheTopicAreDivided) {
  start({.max_message_bytes = 2'000}, milliseconds(60'000));
  const std::string letters = "abcdefghijklmnopqrstuvwxyz";
  for (char letter : letters) send(std::string(300, letter), letter == 'k');
  ASSERT_TRUE(commit());
  EXPECT_EQ(producer_->marked_offset(), 10);
  EXPECT_EQ(committed(), letters);
  // What was learnt is kept.
  const uint64_t requests = simulated_->num_requests(ApiKey::kProduce);
  ASSERT_TRUE(producer_->begin());
  for (char letter : letters) send(std::string(300, letter), false);
  ASSERT_TRUE(commit());
  EXPECT_EQ(committed(), letters + letters);
  EXPECT_LT(simulated_->num_requests(ApiKey::kProduce) - requests, requests);
}

TEST_P(NativeProducerTest, ARecordTooLargeForTheTopicIsRefusedByName) {
  start({.max_message_bytes = 2'000}, milliseconds(60'000));
  send("small", false);
  send(std::string(3'000, 'x'), false);
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(done.error().code, "MESSAGE_TOO_LARGE");
  EXPECT_NE(done.error().message.find("data"), std::string::npos) << done.error().message;
  EXPECT_EQ(committed(), "");
}

TEST_P(NativeProducerTest, ACommitThatWasNeverAskedForEndsAtItsDeadline) {
  start({}, milliseconds(3'000));
  send("a", false);
  // Nobody is there to add the partition, or to take the batch.
  for (int32_t broker = 0; broker < 3; ++broker) simulated_->kill(broker, milliseconds(60'000));
  const auto begin = loop_.now();
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kAbort) << done.error().message;
  EXPECT_NE(done.error().message.find("broker"), std::string::npos) << done.error().message;
  EXPECT_LT(loop_.now() - begin, milliseconds(4'000));
}

INSTANTIATE_TEST_SUITE_P(Versions, NativeProducerTest, testing::Values(0, 2),
                         [](const auto& test) { return "V" + std::to_string(test.param ? 2 : 1); });

}  // namespace
}  // namespace penstock::connect::kafka
