// The producer against a simulated cluster, one situation at a time; simulation_test.cc has the
// rest.
#include "connect/kafka/producer/native_producer.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "connect/kafka/simulated/simulated_cluster.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

// Time passes also while the client looks at the clock, as on a busy machine.
class PassingLoop final : public EventLoop {
 public:
  explicit PassingLoop(EventLoop& inner) : inner_(inner) {}

  Time now() const override {
    passed_ += step;
    return inner_.now() + passed_;
  }
  int64_t unix_ms() const override { return inner_.unix_ms(); }
  TimerId at(Time time, Task task) override { return inner_.at(time - passed_, std::move(task)); }
  void cancel(TimerId timer) override { inner_.cancel(timer); }
  std::unique_ptr<Link> connect(const LinkOptions& options, LinkEvents& events) override {
    return inner_.connect(options, events);
  }
  void run(std::chrono::microseconds wait) override { inner_.run(wait); }

  std::chrono::microseconds step{0};

 private:
  EventLoop& inner_;
  mutable std::chrono::microseconds passed_{0};
};

class NativeProducerTest : public testing::TestWithParam<int16_t> {
 protected:
  void start(SimulatedClusterOptions options, milliseconds commit_timeout) {
    options.transaction_version = GetParam();
    simulated_ = std::make_unique<SimulatedCluster>(loop_, options);
    simulated_->create_topic("data", 1);
    commit_timeout_ = commit_timeout;
    renew();
    ASSERT_TRUE(producer_->begin());
  }
  // Another producer takes over; the one before, if somebody has it, knows nothing of that.
  void renew() {
    ClientOptions client;
    client.bootstrap = {simulated_->address(0)};
    client.request_timeout = milliseconds(2'000);
    clusters_.push_back(std::make_unique<Cluster>(passing_, client, nullptr, 1));
    producer_ =
        std::make_unique<NativeProducer>(*clusters_.back(),
                                         ProducerOptions{.transactional_id = transactional_id_,
                                                         .commit_timeout = commit_timeout_,
                                                         .compression = KafkaCompression::kNone,
                                                         .linger = milliseconds(0)},
                                         rules_);
    data_ = producer_->open_topic("data");
    ASSERT_TRUE(finish([&] { return producer_->fence(milliseconds(100)); }));
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
  // Until all is acknowledged.
  void deliver() {
    producer_->serve(milliseconds(0));
    while (producer_->unacknowledged_bytes() > 0) producer_->serve(milliseconds(10));
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
  PassingLoop passing_{loop_};
  std::unique_ptr<SimulatedCluster> simulated_;
  std::vector<std::unique_ptr<Cluster>> clusters_;
  milliseconds commit_timeout_{0};
  NativeProducer::Rules rules_;
  std::string transactional_id_ = "w";
  std::unique_ptr<NativeProducer> producer_;
  int data_ = 0;
};

class NativeProducerOfVersion1Test : public NativeProducerTest {};

TEST_P(NativeProducerTest, WithoutTransactionsWhatIsAcknowledgedCanBeRead) {
  transactional_id_.clear();
  start({}, milliseconds(60'000));
  send("a", false);
  send("b", true);
  deliver();
  EXPECT_EQ(committed(), "ab");
  ASSERT_TRUE(commit());
  EXPECT_EQ(producer_->marked_offset(), 1);
  ASSERT_TRUE(producer_->begin());
  send("c", true);
  ASSERT_TRUE(commit());
  EXPECT_EQ(producer_->marked_offset(), 2);  // No markers in between.
  EXPECT_EQ(committed(), "abc");
  EXPECT_EQ(simulated_->num_requests(ApiKey::kFindCoordinator), 0u);
  EXPECT_EQ(simulated_->num_requests(ApiKey::kAddPartitionsToTxn), 0u);
  EXPECT_EQ(simulated_->num_requests(ApiKey::kEndTxn), 0u);
}

TEST_P(NativeProducerTest, WithoutTransactionsALostAnswerRepeatsNothing) {
  transactional_id_.clear();
  start({}, milliseconds(60'000));
  for (const char* letter : {"a", "b", "c"}) {
    simulated_->faults().lose_next_answers[ApiKey::kProduce] = 1;
    send(letter, true);
    ASSERT_TRUE(commit());
    ASSERT_TRUE(producer_->begin());
  }
  EXPECT_EQ(committed(), "abc");
}

TEST_P(NativeProducerTest, WithoutTransactionsAnAbortDropsWhatWasNotSentOnly) {
  transactional_id_.clear();
  start({}, milliseconds(60'000));
  send("a", false);
  deliver();
  send("b", false);
  ASSERT_TRUE(finish([&] { return producer_->abort(milliseconds(100)); }));
  ASSERT_TRUE(producer_->begin());
  send("c", false);
  ASSERT_TRUE(commit());
  EXPECT_EQ(committed(), "ac");
}

TEST_P(NativeProducerTest, BatchesTooLargeForTheTopicAreDivided) {
  start({.max_message_bytes = 2'000}, milliseconds(60'000));
  const std::string letters = "abcdefghijklmnopqrstuvwxyz";
  for (char letter : letters) send(std::string(300, letter), letter == 'k');
  ASSERT_TRUE(commit());
  EXPECT_EQ(producer_->marked_offset(), 10);
  EXPECT_EQ(producer_->written(data_), (std::vector<WrittenPartition>{{0, 25, 26}}));
  EXPECT_EQ(committed(), letters);
  // What was learnt is kept.
  const uint64_t requests = simulated_->num_requests(ApiKey::kProduce);
  ASSERT_TRUE(producer_->begin());
  for (char letter : letters) send(std::string(300, letter), false);
  ASSERT_TRUE(commit());
  EXPECT_EQ(committed(), letters + letters);
  EXPECT_LT(simulated_->num_requests(ApiKey::kProduce) - requests, requests);
}

// Markers of the transaction before keep the partition busy for a while. A batch that comes back
// may become due between two looks at the clock.
TEST_P(NativeProducerTest, ABatchThatBecomesDueMeanwhileIsSentAgain) {
  start({.marker_least = milliseconds(150), .marker_most = milliseconds(150)},
        milliseconds(20'000));
  send("a", false);
  ASSERT_TRUE(commit());
  for (int step_us = 200; step_us < 1'000; step_us += 50) {
    passing_.step = std::chrono::microseconds(step_us);
    ASSERT_TRUE(producer_->begin());
    send("b", false);
    const auto begin = loop_.now();
    const auto done = commit();
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_LT(loop_.now() - begin, milliseconds(2'000)) << step_us;
  }
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

TEST_P(NativeProducerTest, ATopicThatIsNotThereIsNamed) {
  start({}, milliseconds(3'000));
  const int nowhere = producer_->open_topic("nowhere");
  ASSERT_TRUE(producer_->send({.topic = nowhere, .value = "a"}));
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kAbort);
  EXPECT_NE(done.error().message.find("nowhere"), std::string::npos) << done.error().message;
}

// The coordinator's log did not acknowledge the end in time, so the coordinator does not know; and
// then its markers keep it busy until the client's time is over. It is committed all the same.
TEST_P(NativeProducerTest, AnUnsureAnswerToACommitLeavesItUnknown) {
  start({.marker_least = std::chrono::seconds(5), .marker_most = std::chrono::seconds(5)},
        milliseconds(1'000));
  send("a", false);
  deliver();
  simulated_->faults().unsure_answer_one_in = 1;
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kOutcomeUnknown) << done.error().message;
  for (int i = 0; i < 10; ++i) loop_.run(milliseconds(1'000));
  EXPECT_EQ(committed(), "a");
}

// A coordinator that was elected anew after it had written the decision says that it is loading, as
// one does that knows nothing of the request.
TEST_P(NativeProducerTest, ACommitThatIsOnlyPutOffIsOfUnknownOutcome) {
  start({}, milliseconds(1'000));
  send("a", false);
  deliver();
  simulated_->faults().load_most = std::chrono::hours(1);
  const int32_t place = simulated_->coordinator(CoordinatorKind::kTransaction, "w");
  for (const int32_t next : {(place + 1) % 3, place})
    simulated_->move_coordinator(CoordinatorKind::kTransaction, "w", next);
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kOutcomeUnknown) << done.error().message;
  EXPECT_EQ(done.error().code, "COORDINATOR_LOAD_IN_PROGRESS");
}

// Each EndTxn is carried out and nobody hears of it. Version 1 must not ask a second time.
TEST_P(NativeProducerTest, ACommitWhoseAnswersAreLostIsOfUnknownOutcome) {
  start({}, milliseconds(1'000));
  send("a", false);
  deliver();
  simulated_->faults().lose_next_answers[ApiKey::kEndTxn] = 1'000'000;
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kOutcomeUnknown) << done.error().message;
  const bool repeats = GetParam() >= 2;
  EXPECT_EQ(simulated_->num_requests(ApiKey::kEndTxn) > 1, repeats);
  EXPECT_EQ(committed(), "a");
}

// It left, it may be anywhere, and the time is over.
TEST_P(NativeProducerTest, ACommitThatNobodyAnswersInTimeIsOfUnknownOutcome) {
  start({}, milliseconds(1'000));
  send("a", false);
  deliver();
  loop_.faults.black_hole_one_in = 1;
  const auto begin = loop_.now();
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kOutcomeUnknown) << done.error().message;
  EXPECT_NE(done.error().message.find("EndTxn"), std::string::npos) << done.error().message;
  EXPECT_LT(loop_.now() - begin, milliseconds(2'000));
  EXPECT_EQ(simulated_->num_requests(ApiKey::kEndTxn), 0u);
  EXPECT_EQ(committed(), "");
}

// A batch was refused by a leader that is none any more, and is not sent again: its sequence is
// missing. Version 2 numbers each transaction anew.
TEST_P(NativeProducerTest, WhatAnAbortDroppedIsNotMissingInTheNextTransaction) {
  start({}, milliseconds(20'000));
  simulated_->create_topic("other", 1);
  const int other = producer_->open_topic("other");  // Where nothing is missing.
  ASSERT_TRUE(producer_->send({.topic = other, .value = "x"}));
  send("a", false);
  deliver();
  simulated_->move_leader("data", 0, (simulated_->leader("data", 0) + 1) % 3);
  send("b", false);
  producer_->serve(milliseconds(0));
  const auto aborted = finish([&] { return producer_->abort(milliseconds(100)); });
  EXPECT_EQ(aborted.has_value(), GetParam() >= 2);
  std::unique_ptr<NativeProducer> dead;
  if (!aborted) {
    EXPECT_EQ(aborted.error().fault, KafkaFault::kAbort);
    dead = std::move(producer_);
    renew();
  }
  ASSERT_TRUE(producer_->begin());
  send("c", false);
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(committed(), "c");
}

// A code that brokers give for what they may have taken is no acknowledgement: here they have not.
TEST_P(NativeProducerTest, WhatABrokerIsNotSureToHaveIsSentAgain) {
  start({}, milliseconds(60'000));
  simulated_->faults().unsure_refusal_one_in = 1;
  send("a", false);
  for (int i = 0; i < 1'000 && simulated_->num_requests(ApiKey::kProduce) < 5; ++i)
    producer_->serve(milliseconds(10));
  EXPECT_GE(simulated_->num_requests(ApiKey::kProduce), 5u);
  EXPECT_GT(producer_->unacknowledged_bytes(), 0u);
  simulated_->faults() = {};
  deliver();
  simulated_->faults().unsure_refusal_one_in = 1;
  for (int i = 0; i < 1'000 && simulated_->num_requests(ApiKey::kEndTxn) < 2; ++i)
    (void)producer_->commit(milliseconds(10));
  EXPECT_GE(simulated_->num_requests(ApiKey::kEndTxn), 2u);
  EXPECT_EQ(committed(), "");
  simulated_->faults() = {};
  const auto done = commit();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(committed(), "a");
}

// Before KIP-360 a renewal would fence whoever is there, the successor of a fenced producer too.
TEST_P(NativeProducerOfVersion1Test, AFencedProducerNeverFencesItsSuccessor) {
  start({.preset = &broker_preset("2.1")}, milliseconds(20'000));
  send("a", false);
  simulated_->faults().lose_answer_one_in = 1;
  while (simulated_->num_requests(ApiKey::kAddPartitionsToTxn) == 0)
    producer_->serve(milliseconds(1));
  simulated_->faults() = {};
  ASSERT_TRUE(commit());
  auto old = std::move(producer_);
  renew();
  ASSERT_TRUE(producer_->begin());
  send("b", false);
  const auto begun = old->begin();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().fault, KafkaFault::kAbort);
  EXPECT_TRUE(commit());
  EXPECT_EQ(committed(), "ab");
}

// Its owner would else ask a dead producer again and again.
TEST_P(NativeProducerOfVersion1Test, ARenewalThatFailsIsAnAbort) {
  start({}, milliseconds(200'000));
  send("a", false);
  simulated_->faults().lose_next_answers[ApiKey::kAddPartitionsToTxn] = 1;
  ASSERT_TRUE(commit());
  for (int32_t broker = 0; broker < 3; ++broker) simulated_->kill(broker, milliseconds(300'000));
  ASSERT_TRUE(producer_->begin());
  send("b", false);
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kAbort) << done.error().message;
}

TEST_P(NativeProducerOfVersion1Test, SequencesBeginAnewInTheMiddleOfATransaction) {
  constexpr int kBatches = 26;
  rules_.first_sequence = std::numeric_limits<int32_t>::max() - kBatches / 2;
  start({}, milliseconds(20'000));
  const std::string letters = "abcdefghijklmnopqrstuvwxyz";
  simulated_->faults().lose_answer_one_in = 3;
  for (const char letter : letters) {
    send(std::string(1, letter), false);
    producer_->serve(milliseconds(1));
  }
  deliver();
  simulated_->faults() = {};
  ASSERT_TRUE(commit());
  EXPECT_EQ(committed(), letters);
  const auto& state = simulated_->log("data", 0).producers().all().begin()->second;
  EXPECT_LT(state.last_sequence(), kBatches);
}

// Somebody ended the transaction under our epoch: a copy of a request of the past.
TEST_P(NativeProducerOfVersion1Test, ATransactionThatIsNoLongerThereIsOfUnknownOutcome) {
  start({}, milliseconds(20'000));
  send("a", false);
  deliver();
  EndTxnRequest request;
  request.transactional_id = "w";
  request.producer_id = producer_->identity().id;
  request.producer_epoch = producer_->identity().epoch;
  CoordinatorErrands errands(*clusters_.back(), "w");
  errands.send<EndTxnRequest>(
      request, {.versions = {0, 4}},
      [](const EndTxnResponse& response) { return judge_coordinator_error(response.error_code); },
      [](const ErrandEnd& end) { EXPECT_EQ(end.kind, ErrandEnd::Kind::kDone); });
  while (errands.busy()) loop_.run(milliseconds(1));
  for (int i = 0; i < 20; ++i) loop_.run(milliseconds(10));
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kOutcomeUnknown);
  EXPECT_EQ(done.error().code, "INVALID_TXN_STATE");
  EXPECT_EQ(committed(), "");
}

// Its process stood still, and the coordinator gave it up.
TEST_P(NativeProducerTest, AProducerWhoseTransactionExpiredIsFenced) {
  start({}, milliseconds(20'000));
  send("a", false);
  deliver();
  const auto wakes = loop_.now() + std::chrono::minutes(2);
  while (loop_.now() < wakes) loop_.run(milliseconds(1'000));
  send("b", false);
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kFenced) << done.error().message;
  EXPECT_EQ(committed(), "");
  EXPECT_TRUE(simulated_->open_transactions().empty());
}

TEST_P(NativeProducerTest, ACoordinatorThatLoadsIsWaitedFor) {
  start({}, milliseconds(20'000));
  send("a", false);
  deliver();
  simulated_->faults().load_most = milliseconds(10'000);
  const auto place = [&] { return simulated_->coordinator(CoordinatorKind::kTransaction, "w"); };
  simulated_->move_coordinator(CoordinatorKind::kTransaction, "w", (place() + 1) % 3);
  ASSERT_TRUE(commit());
  EXPECT_EQ(committed(), "a");
}

// Every transaction of version 2 takes an epoch; after the last one comes a new producer id.
TEST(NativeProducerEpochs, RunOutAndTheProducerGoesOn) {
  SimulatedLoop loop(1);
  SimulatedCluster simulated(loop, {});
  simulated.create_topic("data", 1);
  ClientOptions client;
  client.bootstrap = {simulated.address(0)};
  Cluster cluster(loop, client, nullptr, 1);
  NativeProducer producer(cluster,
                          {.transactional_id = "w", .compression = KafkaCompression::kNone}, {});
  const int data = producer.open_topic("data");
  const auto finish = [](auto call) {
    auto state = call();
    while (state && *state == CallState::kPending) state = call();
    return state.has_value();
  };
  ASSERT_TRUE(finish([&] { return producer.fence(milliseconds(100)); }));
  const ProducerIdentity first = producer.identity();
  constexpr size_t kTransactions = 33'000;
  for (size_t i = 0; i < kTransactions; ++i) {
    ASSERT_TRUE(producer.begin());
    ASSERT_TRUE(producer.send({.topic = data, .value = "x"}));
    ASSERT_TRUE(finish([&] { return producer.commit(milliseconds(100)); })) << i;
  }
  EXPECT_NE(producer.identity().id, first.id);
  EXPECT_LT(producer.identity().epoch, 500);
  for (int i = 0; i < 20; ++i) loop.run(milliseconds(10));
  EXPECT_EQ(simulated.committed_records("data", 0).size(), kTransactions);
}

INSTANTIATE_TEST_SUITE_P(Versions, NativeProducerOfVersion1Test, testing::Values(0),
                         [](const auto&) { return "V1"; });
INSTANTIATE_TEST_SUITE_P(Versions, NativeProducerTest, testing::Values(0, 2),
                         [](const auto& test) { return "V" + std::to_string(test.param ? 2 : 1); });

}  // namespace
}  // namespace penstock::connect::kafka
