// Transactions of both versions over the wire: what is decided, what readers see, and who is
// fenced.
#include "connect/kafka/simulated/transactions/transaction_coordinator.h"

#include "connect/kafka/simulated/cluster_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr int16_t kV1Produce = 10;
constexpr int16_t kV2Produce = 12;

struct Ended {
  ErrorCode error;
  ProducerIdAndEpoch next;
};

// One producer of transactions to partition 0 of topics "t" and "u".
class SimulatedTransactionTest : public SimulatedClusterTest {
 protected:
  explicit SimulatedTransactionTest(SimulatedClusterOptions options)
      : SimulatedClusterTest(std::move(options)) {
    cluster_.create_topic("t", 1);
    cluster_.create_topic("u", 1);
  }
  SimulatedTransactionTest() : SimulatedTransactionTest(SimulatedClusterOptions{}) {}

  int32_t coordinator() const { return cluster_.coordinator(CoordinatorKind::kTransaction, "id"); }

  InitProducerIdResponse init_once(ProducerIdAndEpoch expected) {
    InitProducerIdRequest request;
    request.transactional_id = "id";
    request.transaction_timeout_ms = 60'000;
    request.producer_id = expected.id;
    request.producer_epoch = expected.epoch;
    return client_.ask(coordinator(), request).response;
  }
  ProducerIdAndEpoch init(ProducerIdAndEpoch expected = {}) {
    while (true) {
      const InitProducerIdResponse response = init_once(expected);
      if (response.error_code == ErrorCode::kConcurrentTransactions) {
        run_for(milliseconds(1));
        continue;
      }
      EXPECT_EQ(response.error_code, ErrorCode::kNone);
      return {response.producer_id, response.producer_epoch};
    }
  }

  static std::string batch(ProducerIdAndEpoch producer, int32_t sequence,
                           const std::string& value) {
    return test_batch({producer.id, producer.epoch, sequence, true}, {value});
  }
  ErrorCode write(const std::string& topic, ProducerIdAndEpoch producer, int32_t sequence,
                  const std::string& value, int16_t version) {
    return produce(topic, batch(producer, sequence, value), "id", version).error_code;
  }

  AddPartitionsToTxnRequest add_request(ProducerIdAndEpoch producer,
                                        const std::string& topic) const {
    AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = "id";
    request.v3_and_below_producer_id = producer.id;
    request.v3_and_below_producer_epoch = producer.epoch;
    request.v3_and_below_topics.push_back({topic, {0}});
    return request;
  }
  ErrorCode add(ProducerIdAndEpoch producer, const std::string& topic) {
    while (true) {
      const auto answer = client_.ask(coordinator(), add_request(producer, topic), {0, 3});
      const ErrorCode error = answer.response.results_by_topic_v3_and_below.at(0)
                                  .results_by_partition.at(0)
                                  .partition_error_code;
      if (error != ErrorCode::kConcurrentTransactions) return error;
      run_for(milliseconds(1));
    }
  }

  static EndTxnRequest end_request(ProducerIdAndEpoch producer, bool commit) {
    EndTxnRequest request;
    request.transactional_id = "id";
    request.producer_id = producer.id;
    request.producer_epoch = producer.epoch;
    request.committed = commit;
    return request;
  }
  Ended end_v1(ProducerIdAndEpoch producer, bool commit) {
    const auto answer = client_.ask(coordinator(), end_request(producer, commit), {0, 4});
    return {answer.response.error_code, producer};
  }
  Ended end_v2(ProducerIdAndEpoch producer, bool commit) {
    const auto answer = client_.ask(coordinator(), end_request(producer, commit), {5, 5});
    return {answer.response.error_code,
            {answer.response.producer_id, answer.response.producer_epoch}};
  }
  void settle() {
    run_for(milliseconds(100));
    EXPECT_THAT(cluster_.open_transactions(), IsEmpty());
  }
};

TEST_F(SimulatedTransactionTest, Version1KeepsItsEpochAndNumbersOn) {
  const ProducerIdAndEpoch me = init();
  EXPECT_EQ(me.epoch, 0);
  for (int32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(add(me, "t"), ErrorCode::kNone);
    EXPECT_EQ(write("t", me, i, std::to_string(i), kV1Produce), ErrorCode::kNone);
    EXPECT_EQ(end_v1(me, i != 1).error, ErrorCode::kNone);
  }
  settle();
  EXPECT_THAT(committed_values("t"), ElementsAre("0", "2"));
  const auto& decided = cluster_.decided_transactions();
  ASSERT_EQ(decided.size(), 3u);
  EXPECT_EQ(decided[1], (DecidedTransaction{2, "id", me, false, Decider::kClient, 1}));
  EXPECT_THAT(log_markers(cluster_.log("t", 0)),
              ElementsAre(LogMarker{1, me, true}, LogMarker{3, me, false}, LogMarker{5, me, true}));
}

TEST_F(SimulatedTransactionTest, Version2BumpsTheEpochOfEachTransaction) {
  ProducerIdAndEpoch me = init();
  for (int32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(write("t", me, 0, std::to_string(i), kV2Produce), ErrorCode::kNone);
    EXPECT_EQ(write("u", me, 0, std::to_string(i), kV2Produce), ErrorCode::kNone);
    const Ended ended = end_v2(me, i != 1);
    EXPECT_EQ(ended.error, ErrorCode::kNone);
    EXPECT_EQ(ended.next, (ProducerIdAndEpoch{me.id, static_cast<int16_t>(me.epoch + 1)}));
    me = ended.next;
  }
  settle();
  EXPECT_THAT(committed_values("t"), ElementsAre("0", "2"));
  EXPECT_THAT(committed_values("u"), ElementsAre("0", "2"));
  EXPECT_EQ(log_markers(cluster_.log("t", 0))[0].producer.epoch, 1);
}

TEST_F(SimulatedTransactionTest, ReadersWaitForTheDecisionAndDoNotSeeWhatWasAborted) {
  const ProducerIdAndEpoch me = init();
  write("t", me, 0, "mine", kV2Produce);
  produce("t", test_batch({}, {"theirs"}));
  const auto open = fetch("t", 0, LogIsolation::kReadCommitted);
  EXPECT_EQ(first(open).last_stable_offset, 0);
  EXPECT_EQ(first(open).high_watermark, 2);
  EXPECT_TRUE(first(open).records.bytes->empty());
  EXPECT_FALSE(first(fetch("t", 0, LogIsolation::kReadUncommitted)).records.bytes->empty());
  ASSERT_EQ(cluster_.open_transactions().size(), 1u);
  EXPECT_FALSE(cluster_.open_transactions()[0].hanging);
  end_v2(me, false);
  settle();
  const auto closed = fetch("t", 0, LogIsolation::kReadCommitted);
  EXPECT_EQ(first(closed).last_stable_offset, 3);
  ASSERT_EQ(first(closed).aborted_transactions->size(), 1u);
  EXPECT_EQ(first(closed).aborted_transactions->at(0).producer_id, me.id);
  EXPECT_THAT(read_committed("t"), ElementsAre("theirs"));
  EXPECT_THAT(committed_values("t"), ElementsAre("theirs"));
}

TEST_F(SimulatedTransactionTest, AMarkerWakesAWaitingReader) {
  const ProducerIdAndEpoch me = init();
  write("t", me, 0, "v", kV2Produce);
  ClusterTestClient reader(loop_, cluster_, nullptr);
  FetchRequest request = fetch_request("t", 0, LogIsolation::kReadCommitted);
  request.max_wait_ms = 5'000;
  request.min_bytes = 1;
  std::optional<CallResult<FetchResponse>> fetched;
  reader.connection(0).call(request, CallOptions{loop_.now() + milliseconds(9'000), {4, 12}, {}},
                            [&fetched](auto result) { fetched = std::move(result); });
  run_for(milliseconds(100));
  EXPECT_FALSE(fetched);
  end_v2(me, true);
  run_for(milliseconds(10));
  ASSERT_TRUE(fetched);
  EXPECT_FALSE(first(**fetched).records.bytes->empty());
}

// What the whole matter is about: nothing tells a broker which transaction an old EndTxn meant.
TEST_F(SimulatedTransactionTest, ADelayedEndOfVersion1EndsALaterTransaction) {
  const ProducerIdAndEpoch me = init();
  add(me, "t");
  write("t", me, 0, "first", kV1Produce);
  // The answer does not come in time, and another connection is made; the request is under way.
  ClusterTestClient old(loop_, cluster_, nullptr);
  old.ask(coordinator(), DescribeClusterRequest{});
  loop_.faults.delay_one_in = 1;
  loop_.faults.delay_most = milliseconds(2'000);
  old.connection(coordinator())
      .call(end_request(me, true), CallOptions{loop_.now() + milliseconds(1), {0, 4}, {}},
            [](const auto&) {});
  loop_.faults.delay_one_in = 0;
  EXPECT_EQ(end_v1(me, true).error, ErrorCode::kNone);
  add(me, "t");
  EXPECT_EQ(write("t", me, 1, "half", kV1Produce), ErrorCode::kNone);
  ASSERT_EQ(cluster_.transaction("id")->status, TransactionStatus::kOngoing);
  run_for(milliseconds(2'100));
  EXPECT_EQ(cluster_.transaction("id")->status, TransactionStatus::kCompleteCommit);
  EXPECT_THAT(committed_values("t"), ElementsAre("first", "half"));
  EXPECT_EQ(cluster_.decided_transactions().size(), 2u);
}

TEST_F(SimulatedTransactionTest, ADelayedEndOfVersion2DoesNotTouchALaterTransaction) {
  const ProducerIdAndEpoch me = init();
  write("t", me, 0, "first", kV2Produce);
  const ProducerIdAndEpoch next = end_v2(me, true).next;
  run_for(milliseconds(10));
  // The answer was lost: the same again, while nothing newer is open, gets the same answer.
  EXPECT_EQ(end_v2(me, true).next, next);
  EXPECT_EQ(end_v2(me, false).error, ErrorCode::kInvalidTxnState);
  write("t", next, 0, "half", kV2Produce);
  EXPECT_EQ(end_v2(me, true).error, ErrorCode::kProducerFenced);
  EXPECT_EQ(cluster_.transaction("id")->status, TransactionStatus::kOngoing);
  EXPECT_THAT(committed_values("t"), ElementsAre("first"));
}

TEST_F(SimulatedTransactionTest, WrongStates) {
  const ProducerIdAndEpoch me = init();
  EXPECT_EQ(end_v1(me, true).error, ErrorCode::kInvalidTxnState);
  EXPECT_EQ(end_v2(me, true).error, ErrorCode::kInvalidTxnState);
  EXPECT_EQ(end_v2({me.id + 1, 0}, true).error, ErrorCode::kInvalidProducerIdMapping);
  // The abort of nothing is a way to be sure, and bumps the epoch.
  const Ended ended = end_v2(me, false);
  EXPECT_EQ(ended.error, ErrorCode::kNone);
  EXPECT_EQ(ended.next.epoch, me.epoch + 1);
  EXPECT_THAT(cluster_.decided_transactions(), IsEmpty());
  EXPECT_EQ(end_v1(ended.next, true).error, ErrorCode::kInvalidTxnState);
  EXPECT_EQ(end_v1(ended.next, false).error, ErrorCode::kNone);
}

class SlowMarkersTest : public SimulatedTransactionTest {
 protected:
  static SimulatedClusterOptions slow() {
    SimulatedClusterOptions options;
    options.marker_least = std::chrono::microseconds(50'000);
    options.marker_most = std::chrono::microseconds(50'000);
    return options;
  }
  SlowMarkersTest() : SimulatedTransactionTest(slow()) {}
};

TEST_F(SlowMarkersTest, TheNextTransactionWaitsForTheMarkersOfTheLast) {
  const ProducerIdAndEpoch me = init();
  write("t", me, 0, "a", kV2Produce);
  const auto begun = loop_.now();
  const ProducerIdAndEpoch next = end_v2(me, true).next;
  EXPECT_LT(loop_.now() - begun, milliseconds(5));
  EXPECT_EQ(end_v2(me, true).error, ErrorCode::kConcurrentTransactions);
  EXPECT_EQ(init_once({}).error_code, ErrorCode::kConcurrentTransactions);
  // Held back inside the broker, in steps of 20 ms.
  EXPECT_EQ(write("t", next, 0, "b", kV2Produce), ErrorCode::kNone);
  EXPECT_GE(loop_.now() - begun, milliseconds(50));
  EXPECT_EQ(end_v2(next, true).error, ErrorCode::kNone);
}

TEST_F(SlowMarkersTest, Version1IsToldToComeAgain) {
  const ProducerIdAndEpoch me = init();
  add(me, "t");
  write("t", me, 0, "a", kV1Produce);
  end_v1(me, true);
  const auto answer = client_.ask(coordinator(), add_request(me, "t"), {0, 3});
  EXPECT_EQ(answer.response.results_by_topic_v3_and_below.at(0)
                .results_by_partition.at(0)
                .partition_error_code,
            ErrorCode::kConcurrentTransactions);
  EXPECT_EQ(add(me, "t"), ErrorCode::kNone);
}

class VerySlowMarkersTest : public SimulatedTransactionTest {
 protected:
  static SimulatedClusterOptions very_slow() {
    SimulatedClusterOptions options;
    options.marker_least = std::chrono::microseconds(500'000);
    options.marker_most = std::chrono::microseconds(500'000);
    return options;
  }
  VerySlowMarkersTest() : SimulatedTransactionTest(very_slow()) {}
};

TEST_F(VerySlowMarkersTest, TheBrokerGivesUpHoldingBack) {
  const ProducerIdAndEpoch me = init();
  write("t", me, 0, "a", kV2Produce);
  const ProducerIdAndEpoch next = end_v2(me, true).next;
  const auto begun = loop_.now();
  EXPECT_EQ(write("t", next, 0, "b", kV2Produce), ErrorCode::kConcurrentTransactions);
  EXPECT_GE(loop_.now() - begun, milliseconds(100));
  EXPECT_LT(loop_.now() - begun, milliseconds(130));
}

TEST_F(SimulatedTransactionTest, ANewProducerFencesTheOldAndAbortsItsTransaction) {
  const ProducerIdAndEpoch old = init();
  write("t", old, 0, "lost", kV2Produce);
  EXPECT_EQ(init_once({}).error_code, ErrorCode::kConcurrentTransactions);
  const ProducerIdAndEpoch me = init();
  EXPECT_EQ(me, (ProducerIdAndEpoch{old.id, static_cast<int16_t>(old.epoch + 2)}));
  EXPECT_EQ(write("t", old, 1, "late", kV2Produce), ErrorCode::kInvalidProducerEpoch);
  EXPECT_EQ(end_v2(old, true).error, ErrorCode::kProducerFenced);
  const auto answer = client_.ask(coordinator(), end_request(old, true), {1, 1});
  EXPECT_EQ(answer.response.error_code, ErrorCode::kInvalidProducerEpoch);
  settle();
  EXPECT_THAT(committed_values("t"), IsEmpty());
  EXPECT_EQ(cluster_.decided_transactions().at(0).decider, Decider::kNewProducer);
}

TEST_F(SimulatedTransactionTest, AProducerBumpsItsOwnEpoch) {
  const ProducerIdAndEpoch old = init();
  const ProducerIdAndEpoch me = init(old);
  EXPECT_EQ(me.epoch, old.epoch + 1);
  // The same again, whose answer was lost.
  EXPECT_EQ(init(old), me);
  const ProducerIdAndEpoch next = init(me);
  EXPECT_EQ(next.epoch, me.epoch + 1);
  EXPECT_EQ(init_once(old).error_code, ErrorCode::kProducerFenced);
  EXPECT_EQ(init_once({old.id + 7, 0}).error_code, ErrorCode::kProducerFenced);
}

class FewEpochsTest : public SimulatedTransactionTest {
 protected:
  static SimulatedClusterOptions few() {
    SimulatedClusterOptions options;
    options.last_epoch = 4;
    return options;
  }
  FewEpochsTest() : SimulatedTransactionTest(few()) {}
};

TEST_F(FewEpochsTest, ANewIdFollowsTheLastEpoch) {
  ProducerIdAndEpoch me = init();
  const int64_t first_id = me.id;
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(write("t", me, 0, std::to_string(i), kV2Produce), ErrorCode::kNone);
    const Ended ended = end_v2(me, true);
    ASSERT_EQ(ended.error, ErrorCode::kNone);
    run_for(milliseconds(10));
    EXPECT_EQ(end_v2(me, true).next, ended.next);
    EXPECT_LE(ended.next.epoch, 3);
    me = ended.next;
  }
  EXPECT_NE(me.id, first_id);
  settle();
  EXPECT_EQ(committed_values("t").size(), 12u);
}

TEST_F(FewEpochsTest, InitGivesANewIdToo) {
  const ProducerIdAndEpoch first_producer = init();
  ProducerIdAndEpoch me = first_producer;
  for (int i = 0; i < 4; ++i) me = init();
  EXPECT_NE(me.id, first_producer.id);
  EXPECT_EQ(me.epoch, 0);
}

TEST_F(SimulatedTransactionTest, ATransactionThatIsOpenForTooLongIsAborted) {
  const ProducerIdAndEpoch me = init();
  write("t", me, 0, "v", kV2Produce);
  run_for(std::chrono::seconds(59));
  EXPECT_EQ(cluster_.transaction("id")->status, TransactionStatus::kOngoing);
  run_for(std::chrono::seconds(12));
  EXPECT_EQ(cluster_.transaction("id")->status, TransactionStatus::kCompleteAbort);
  EXPECT_EQ(end_v2(me, true).error, ErrorCode::kInvalidTxnState);
  EXPECT_EQ(cluster_.decided_transactions().at(0).decider, Decider::kTimeout);
  EXPECT_THAT(committed_values("t"), IsEmpty());
}

TEST_F(SimulatedTransactionTest, ABatchOutsideOfItsTransactionIsRefusedSincePart1OfKip890) {
  const ProducerIdAndEpoch me = init();
  EXPECT_EQ(write("t", me, 0, "v", kV1Produce), ErrorCode::kInvalidTxnState);
  EXPECT_EQ(write("t", me, 0, "v", 11), ErrorCode::kTransactionAbortable);
  add(me, "u");
  EXPECT_EQ(write("t", me, 0, "v", kV1Produce), ErrorCode::kInvalidTxnState);
  EXPECT_EQ(write("u", me, 0, "v", kV1Produce), ErrorCode::kNone);
}

class UnverifiedTest : public SimulatedTransactionTest {
 protected:
  static SimulatedClusterOptions unverified() {
    SimulatedClusterOptions options;
    options.preset = &broker_preset("2.8");
    return options;
  }
  UnverifiedTest() : SimulatedTransactionTest(unverified()) {}
};

TEST_F(UnverifiedTest, ALateBatchHangsForEver) {
  const ProducerIdAndEpoch me = init();
  add(me, "t");
  EXPECT_EQ(write("t", me, 0, "v", 9), ErrorCode::kNone);
  EXPECT_EQ(end_v1(me, true).error, ErrorCode::kNone);
  run_for(milliseconds(10));
  EXPECT_EQ(write("t", me, 1, "late", 9), ErrorCode::kNone);
  run_for(std::chrono::minutes(5));
  const auto open = cluster_.open_transactions();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(open[0].hanging);
  EXPECT_EQ(cluster_.log("t", 0).last_stable_offset(), 2);
}

TEST_F(UnverifiedTest, ALateBatchBecomesPartOfTheNextTransaction) {
  const ProducerIdAndEpoch me = init();
  add(me, "t");
  write("t", me, 0, "v", 9);
  end_v1(me, false);
  run_for(milliseconds(10));
  write("t", me, 1, "late, and aborted", 9);
  add(me, "t");
  write("t", me, 2, "next", 9);
  end_v1(me, true);
  settle();
  EXPECT_THAT(committed_values("t"), ElementsAre("late, and aborted", "next"));
}

TEST_F(SimulatedTransactionTest, UnknownPartitionsAreNotAdded) {
  const ProducerIdAndEpoch me = init();
  AddPartitionsToTxnRequest request = add_request(me, "t");
  request.v3_and_below_topics.push_back({"none", {0}});
  const auto answer = client_.ask(coordinator(), request, {0, 3});
  const auto& results = answer.response.results_by_topic_v3_and_below;
  EXPECT_EQ(results.at(0).results_by_partition.at(0).partition_error_code,
            ErrorCode::kOperationNotAttempted);
  EXPECT_EQ(results.at(1).results_by_partition.at(0).partition_error_code,
            ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(cluster_.transaction("id")->status, TransactionStatus::kEmpty);
}

TEST_F(SimulatedTransactionTest, AreDescribedAndListed) {
  const ProducerIdAndEpoch me = init();
  write("t", me, 0, "v", kV2Produce);
  DescribeTransactionsRequest describe;
  describe.transactional_ids = {"id"};
  const auto state = client_.ask(coordinator(), describe).response.transaction_states.at(0);
  EXPECT_EQ(state.transaction_state, "Ongoing");
  EXPECT_EQ(state.producer_id, me.id);
  EXPECT_EQ(state.topics.at(0).topic, "t");
  ListTransactionsRequest list;
  list.state_filters = {"Ongoing", "Sleeping"};
  const auto listed = client_.ask(coordinator(), list).response;
  EXPECT_EQ(listed.transaction_states.at(0).transactional_id, "id");
  EXPECT_THAT(listed.unknown_state_filters, ElementsAre("Sleeping"));
  EXPECT_THAT(client_.ask((coordinator() + 1) % 3, list).response.transaction_states, IsEmpty());
  DescribeProducersRequest producers;
  producers.topics.push_back({"t", {0}});
  const auto active = client_.ask(0, producers).response.topics.at(0).partitions.at(0);
  ASSERT_EQ(active.active_producers.size(), 1u);
  EXPECT_EQ(active.active_producers[0].producer_id, me.id);
  EXPECT_EQ(active.active_producers[0].current_txn_start_offset, 0);
}

TEST_F(SimulatedTransactionTest, AProducerWithoutAnIdIsGivenOne) {
  InitProducerIdRequest request;
  request.transactional_id.reset();
  const auto one = client_.ask(0, request).response;
  const auto two = client_.ask(1, request).response;
  EXPECT_NE(one.producer_id, two.producer_id);
  EXPECT_EQ(one.producer_epoch, 0);
}

}  // namespace
}  // namespace penstock::connect::kafka
