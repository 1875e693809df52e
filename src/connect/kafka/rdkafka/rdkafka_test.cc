// librdkafka behind our three interfaces, against its own mock cluster: what each error of a broker
// becomes, what stays pending, what the byte budget refuses.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <thread>

#include "connect/kafka/rdkafka/rdkafka_handle.h"

namespace penstock::connect {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using rdkafka::Call;
using rdkafka::classify;

constexpr int16_t kProduce = 0;
constexpr int16_t kInitProducerId = 22;
constexpr int16_t kAddPartitionsToTxn = 24;
constexpr int16_t kEndTxn = 26;

TEST(KafkaClassification, SaysWhatIsKnownAboutTheTransaction) {
  using enum KafkaFault;
  EXPECT_EQ(classify(Call::kCommit, RD_KAFKA_RESP_ERR__TIMED_OUT), kOutcomeUnknown);
  EXPECT_EQ(classify(Call::kCommit, RD_KAFKA_RESP_ERR__TRANSPORT), kOutcomeUnknown);
  EXPECT_EQ(classify(Call::kCommit, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE), kOutcomeUnknown);
  EXPECT_EQ(classify(Call::kCommit, RD_KAFKA_RESP_ERR_UNKNOWN), kOutcomeUnknown);
  // Even a refusal: an earlier try of the same request may have been applied.
  EXPECT_EQ(classify(Call::kCommit, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
            kOutcomeUnknown);
  for (int code : {static_cast<int>(RD_KAFKA_RESP_ERR__FENCED),
                   static_cast<int>(RD_KAFKA_RESP_ERR_PRODUCER_FENCED),
                   static_cast<int>(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)}) {
    for (Call call :
         {Call::kFence, Call::kBegin, Call::kSend, Call::kDelivery, Call::kCommit, Call::kAbort}) {
      EXPECT_EQ(classify(call, code), kFenced);
    }
  }
  EXPECT_EQ(classify(Call::kDelivery, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT), kAbort);
  EXPECT_EQ(classify(Call::kDelivery, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), kFatal);
  EXPECT_EQ(classify(Call::kFence, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
            kFatal);
  EXPECT_EQ(classify(Call::kFence, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE), kRetriable);
  EXPECT_EQ(classify(Call::kAbort, RD_KAFKA_RESP_ERR__TIMED_OUT), kOutcomeUnknown);
  EXPECT_EQ(classify(Call::kAdmin, RD_KAFKA_RESP_ERR_INVALID_CONFIG), kFatal);
  for (int code : {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION}) {
    EXPECT_EQ(classify(Call::kRead, code), kRetriable);
    EXPECT_EQ(classify(Call::kDelivery, code), kAbort);
  }
  EXPECT_EQ(classify(Call::kRead, RD_KAFKA_RESP_ERR__TRANSPORT), kRetriable);
}

class MockCluster : public ::testing::Test {
 protected:
  MockCluster() {
    char text[256];
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    cluster_ = rd_kafka_mock_cluster_new(owner_, 1);
    rd_kafka_mock_topic_create(cluster_, "data", 2, 1);
    client_ = make_kafka_client({.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(cluster_),
                                 .client_id = "test",
                                 .metadata_timeout = 5'000ms});
  }
  ~MockCluster() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }

  std::unique_ptr<TransactionalProducer> producer(size_t budget_bytes,
                                                  std::chrono::milliseconds commit_timeout) {
    auto made = client_->make_producer({.transactional_id = "txn",
                                        .fence_timeout = 20'000ms,
                                        .commit_timeout = commit_timeout,
                                        .budget_bytes = budget_bytes});
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  std::unique_ptr<TransactionalProducer> fenced_producer() {
    auto made = producer(1 << 20, 20'000ms);
    EXPECT_TRUE(finish([&] { return made->fence(50ms); }));
    topic_ = made->open_topic("data");
    return made;
  }
  template <typename Step>
  static KafkaResult<CallState> finish(Step step) {
    while (true) {
      auto state = step();
      if (!state || *state == CallState::kDone) return state;
    }
  }
  OutgoingMessage message(std::string_view value) const {
    return {.topic = topic_, .partition = 0, .key = "k", .value = value, .headers = {}};
  }
  void fail_next(int16_t api, rd_kafka_resp_err_t code) {
    rd_kafka_mock_push_request_errors(cluster_, api, 1, code);
  }

  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<KafkaClient> client_;
  int topic_ = 0;
  StopToken stop_;
};

TEST(InSlices, NoSliceKeepsAStopWaitingForLong) {
  StopToken stop;
  int calls = 0;
  int longest = 0;
  auto done = rdkafka::in_slices(60s, stop, "asking", [&](int slice_ms) {
    longest = std::max(longest, slice_ms);
    if (++calls == 6) stop.stop();
    return static_cast<int>(RD_KAFKA_RESP_ERR__TIMED_OUT);
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(calls, 6);
  EXPECT_LE(longest, 500);
}

TEST_F(MockCluster, CommitsAndReportsTheMarkedOffset) {
  auto made = fenced_producer();
  for (int64_t round = 0; round < 3; ++round) {
    ASSERT_TRUE(made->begin());
    EXPECT_EQ(made->marked_offset(), std::nullopt);
    ASSERT_TRUE(made->send(message("a")));
    OutgoingMessage last = message("b");
    last.marked = true;
    ASSERT_TRUE(made->send(last));
    ASSERT_TRUE(finish([&] { return made->commit(50ms); }));
    EXPECT_EQ(made->marked_offset(), 2 * round + 1);
    EXPECT_EQ(made->unacknowledged_bytes(), 0u);
  }
}

// An error of one of the two answers must not become the other's offset.
TEST_F(MockCluster, WatermarksAreBothTrueOrAnError) {
  constexpr int16_t kListOffsets = 2;
  auto made = fenced_producer();
  ASSERT_TRUE(made->begin());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(made->send(message("a")));
  ASSERT_TRUE(finish([&] { return made->commit(50ms); }));
  auto reader =
      client_->make_reader({.topic = "data", .isolation = KafkaIsolation::kReadUncommitted});
  ASSERT_TRUE(reader);
  for (rd_kafka_resp_err_t code :
       {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR}) {
    for (size_t good : {0, 1}) {
      rd_kafka_mock_clear_request_errors(cluster_, kListOffsets);
      if (good > 0) fail_next(kListOffsets, RD_KAFKA_RESP_ERR_NO_ERROR);
      fail_next(kListOffsets, code);
      auto marks = (*reader)->watermarks(0, stop_);
      if (!marks) continue;
      EXPECT_EQ(marks->low, 0) << rd_kafka_err2name(code) << " after " << good;
      EXPECT_EQ(marks->high, 3) << rd_kafka_err2name(code) << " after " << good;
    }
  }
}

TEST_F(MockCluster, KeepsNullEmptyAndHeadersApart) {
  auto made = fenced_producer();
  ASSERT_TRUE(made->begin());
  std::vector<KafkaHeader> headers = {{"t", "7"}, {"none", std::nullopt}, {"empty", ""}};
  OutgoingMessage tombstone = {
      .topic = topic_, .key = "", .value = std::nullopt, .headers = headers};
  ASSERT_TRUE(made->send(tombstone));
  OutgoingMessage empty = {.topic = topic_, .key = std::nullopt, .value = "", .headers = {}};
  ASSERT_TRUE(made->send(empty));
  ASSERT_TRUE(finish([&] { return made->commit(50ms); }));

  auto reader =
      client_->make_reader({.topic = "data", .isolation = KafkaIsolation::kReadUncommitted});
  ASSERT_TRUE(reader);
  auto marks = (*reader)->watermarks(0, stop_);
  ASSERT_TRUE(marks) << marks.error().message;
  EXPECT_EQ(marks->high, 2);
  ASSERT_TRUE((*reader)->assign(0, marks->low));
  int seen = 0;
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while ((*reader)->position(0) < marks->high && std::chrono::steady_clock::now() < deadline) {
    auto record = (*reader)->poll(100ms);
    ASSERT_TRUE(record) << record.error().message;
    if (!*record) continue;
    const IncomingMessage& got = **record;
    if (got.offset == 0) {
      EXPECT_EQ(got.key, "");
      EXPECT_EQ(got.value, std::nullopt);
      ASSERT_EQ(got.headers.size(), 3u);
      EXPECT_EQ(got.headers[0].value, "7");
      EXPECT_EQ(got.headers[1].value, std::nullopt);
      EXPECT_EQ(got.headers[2].value, "");
    } else {
      EXPECT_EQ(got.key, std::nullopt);
      EXPECT_EQ(got.value, "");
    }
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

TEST_F(MockCluster, FullIsAnAnswerAndPassesWithAcknowledgements) {
  auto made = producer(2'000, 20'000ms);
  ASSERT_TRUE(finish([&] { return made->fence(50ms); }));
  topic_ = made->open_topic("data");
  ASSERT_TRUE(made->begin());
  std::string large(5'000, 'x');
  auto first = made->send(message(large));  // Larger than the budget, but alone.
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, SendState::kAccepted);
  auto second = made->send(message(large));
  auto deadline = std::chrono::steady_clock::now() + 20s;
  bool was_full = *second == SendState::kFull;
  while (*second == SendState::kFull && std::chrono::steady_clock::now() < deadline) {
    made->serve(10ms);
    second = made->send(message(large));
    ASSERT_TRUE(second);
  }
  EXPECT_TRUE(was_full);
  EXPECT_EQ(*second, SendState::kAccepted);
  ASSERT_TRUE(finish([&] { return made->abort(50ms); }));
}

TEST_F(MockCluster, RefusesAMessageThatIsTooLarge) {
  auto made = client_->make_producer({.transactional_id = "txn", .message_max_bytes = 2'000});
  ASSERT_TRUE(made);
  ASSERT_TRUE(finish([&] { return (*made)->fence(50ms); }));
  topic_ = (*made)->open_topic("data");
  ASSERT_TRUE((*made)->begin());
  std::string large(3'000, 'x');
  auto sent = (*made)->send(message(large));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(sent.error().code, "MSG_SIZE_TOO_LARGE");
  EXPECT_NE(sent.error().message.find("3001 bytes"), std::string::npos) << sent.error().message;
}

TEST_F(MockCluster, AFailedDeliveryIsCertainNotToHaveCommitted) {
  auto made = fenced_producer();
  ASSERT_TRUE(made->begin());
  fail_next(kProduce, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
  ASSERT_TRUE(made->send(message("a")));
  auto committed = finish([&] { return made->commit(50ms); });
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, KafkaFault::kAbort);
  EXPECT_EQ(committed.error().code, "INVALID_TIMESTAMP");
}

TEST_F(MockCluster, GoesOnAfterAnAbort) {
  auto made = fenced_producer();
  ASSERT_TRUE(made->begin());
  ASSERT_TRUE(made->send(message("a")));
  ASSERT_TRUE(finish([&] { return made->abort(50ms); }));
  EXPECT_EQ(made->unacknowledged_bytes(), 0u);
  ASSERT_TRUE(made->begin());
  ASSERT_TRUE(made->send(message("a")));
  auto committed = finish([&] { return made->commit(50ms); });
  EXPECT_TRUE(committed) << committed.error().code << " " << committed.error().message;
}

TEST_F(MockCluster, ARefusedDeliveryIsFatal) {
  auto made = fenced_producer();
  ASSERT_TRUE(made->begin());
  fail_next(kProduce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  ASSERT_TRUE(made->send(message("a")));
  auto committed = finish([&] { return made->commit(50ms); });
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(committed.error().code, "TOPIC_AUTHORIZATION_FAILED");
}

TEST_F(MockCluster, CommitErrorsAreUnknownOrFenced) {
  struct Case {
    int16_t api;
    rd_kafka_resp_err_t code;
    KafkaFault fault;
  };
  for (const Case& c :
       {Case{kEndTxn, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, KafkaFault::kOutcomeUnknown},
        Case{kEndTxn, RD_KAFKA_RESP_ERR_UNKNOWN, KafkaFault::kOutcomeUnknown},
        Case{kEndTxn, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, KafkaFault::kFenced},
        Case{kEndTxn, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, KafkaFault::kFenced}}) {
    auto made = fenced_producer();
    ASSERT_TRUE(made->begin());
    ASSERT_TRUE(made->send(message("a")));
    fail_next(c.api, c.code);
    auto committed = finish([&] { return made->commit(50ms); });
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().fault, c.fault) << committed.error().message;
  }
}

TEST_F(MockCluster, ACommitWithoutAnswerStaysPendingAndThenIsUnknown) {
  auto made = producer(1 << 20, 1'500ms);
  ASSERT_TRUE(finish([&] { return made->fence(50ms); }));
  topic_ = made->open_topic("data");
  ASSERT_TRUE(made->begin());
  ASSERT_TRUE(made->send(message("a")));
  while (made->unacknowledged_bytes() > 0) made->serve(10ms);
  rd_kafka_mock_broker_set_down(cluster_, 1);
  auto first = made->commit(20ms);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, CallState::kPending);
  auto committed = finish([&] { return made->commit(50ms); });
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, KafkaFault::kOutcomeUnknown);
}

TEST_F(MockCluster, FencingErrorsAreSortedOut) {
  fail_next(kInitProducerId, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  auto made = producer(1 << 20, 20'000ms);
  auto fenced = finish([&] { return made->fence(50ms); });
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(fenced.error().code, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
}

TEST_F(MockCluster, BeingFencedInTheMiddleIsFenced) {
  auto made = fenced_producer();
  ASSERT_TRUE(made->begin());
  fail_next(kAddPartitionsToTxn, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
  ASSERT_TRUE(made->send(message("a")));
  auto committed = finish([&] { return made->commit(50ms); });
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, KafkaFault::kFenced) << committed.error().message;
}

TEST_F(MockCluster, AdminSeesBrokersAndTopicsAndCreatesNoneByAsking) {
  auto admin = client_->make_admin();
  ASSERT_TRUE(admin);
  auto brokers = (*admin)->brokers(stop_);
  ASSERT_TRUE(brokers) << brokers.error().message;
  EXPECT_EQ(brokers->size(), 1u);
  auto count = (*admin)->partition_count("data", stop_);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 2);
  rd_kafka_mock_topic_set_error(cluster_, "missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  auto missing = (*admin)->partition_count("missing", stop_);
  ASSERT_TRUE(missing) << missing.error().message;
  EXPECT_EQ(*missing, std::nullopt);
}

TEST_F(MockCluster, AnUnreachableClusterIsRetriableAndNamesTheCause) {
  auto client = make_kafka_client(
      {.bootstrap_servers = "127.0.0.1:1", .client_id = "test", .metadata_timeout = 1'500ms});
  auto admin = client->make_admin();
  ASSERT_TRUE(admin);
  auto brokers = (*admin)->brokers(stop_);
  ASSERT_FALSE(brokers);
  EXPECT_EQ(brokers.error().fault, KafkaFault::kRetriable);
  EXPECT_NE(brokers.error().message.find("refused"), std::string::npos) << brokers.error().message;
  stop_.stop();
  auto stopped = (*admin)->brokers(stop_);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().message, "stopped");
}

}  // namespace
}  // namespace penstock::connect
