// The sink's transitions one by one, against a simulated Kafka and directory; rules K1 to K10 by
// name.
#include "sinks/kafka_sink.h"

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "expr/seahash.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

using connect::KafkaError;
using connect::KafkaFault;
using simulated::Change;
using simulated::Fate;
using Texts = std::vector<std::string>;

class KafkaSinkTest : public ::testing::Test {
 protected:
  KafkaSinkTest() {
    configure_log(LogLevel::kError, LogFormat::kText);
    directory_.while_waiting = [this] {
      if (syncs_by_itself_) directory_.sync();
    };
    config_ = simulated::config();
    directory_.memory.place = SinkPlace::first({1}, true);
  }
  ~KafkaSinkTest() override { arm_failpoints(""); }

  void tick(uint64_t time, const std::vector<Change>& rows) { tick(time, rows, 0); }
  void tick(uint64_t time, const std::vector<Change>& rows, int errors) {
    directory_.memory.ticks.push_back(
        {.time = time, .rows = rows, .errors = errors, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  // A process begins over the directory as it lies on disk.
  // In the progress topic, which is read once, somebody has a transaction open.
  void leave_progress_open() {
    config_.limits.transaction_timeout = std::chrono::seconds(-30);  // Read once, then give up.
    config_.limits.stalled_after = std::chrono::milliseconds(0);
    config_.limits.retry_first = std::chrono::milliseconds(1);
    config_.limits.retry_most = std::chrono::milliseconds(1);
    tick(1, {{"a", 1, 1}});
    cluster_.create("progress", 1);
    cluster_.append("somebody", 0, cluster_.partition("progress", 0),
                    {"key", "value", {}, 0, false});
  }
  void start() {
    sink_.reset();
    directory_.memory.lives.push_back({{next_life_++, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    stop_ = std::make_unique<StopToken>();
    report_ = std::make_unique<SinkReport>(
        [this](const SinkStatus& status) { statuses_.push_back(status.health); });
    sink_ = std::make_unique<KafkaSink>(
        config_, SinkWorld{client_, directory_, directory_, *report_, clock_, *stop_});
  }
  void crash() {
    sink_.reset();
    directory_.crash();
  }
  bool run_to(SinkState state) {
    for (int i = 0; i < 50 && sink_->state() != state; ++i) sink_->step();
    return sink_->state() == state;
  }
  void settle() {
    for (int i = 0; i < 30; ++i) sink_->step();
  }
  // "key=value@time", a tombstone without value.
  Texts messages() const {
    Texts out;
    for (const simulated::Record& record : cluster_.committed("data")) {
      std::string text = record.key.value_or("") + "=" + record.value.value_or("");
      for (const auto& [name, value] : record.headers) {
        if (name == "materialize-timestamp") text += "@" + value;
      }
      out.push_back(text);
    }
    return out;
  }
  static std::string upsert(const std::string& key, int64_t value, uint64_t time) {
    return R"({"k":")" + key + R"("}={"k":")" + key + R"(","v":)" + std::to_string(value) + "}@" +
           std::to_string(time);
  }
  static std::string tombstone(const std::string& key, uint64_t time) {
    return R"({"k":")" + key + R"("}=@)" + std::to_string(time);
  }
  Texts progress() const {
    Texts out;
    for (const simulated::Record& record : cluster_.committed("progress")) {
      out.push_back(*record.key + " " + record.value->substr(0, record.value->find(",\"version")));
    }
    return out;
  }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  std::unique_ptr<StopToken> stop_;
  std::unique_ptr<SinkReport> report_;
  std::unique_ptr<KafkaSink> sink_;
  std::vector<SinkHealth> statuses_;
  uint64_t next_life_ = 1;
  bool syncs_by_itself_ = true;
};

TEST_F(KafkaSinkTest, StartingLooksThenResumingFencesThenRuns) {
  tick(1, {{"a", 1, 1}});
  start();
  EXPECT_EQ(sink_->state(), SinkState::kStarting);
  sink_->step();
  EXPECT_EQ(sink_->state(), SinkState::kResuming);
  EXPECT_EQ(cluster_.fences, 0u);
  sink_->step();
  EXPECT_EQ(sink_->state(), SinkState::kRunning);
  EXPECT_EQ(cluster_.fences, 1u);
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 1)}));
  EXPECT_EQ(statuses_, (std::vector{SinkHealth::kStarting, SinkHealth::kRunning}));
}

TEST_F(KafkaSinkTest, K1WholeTicksThenProgressThenKAndR) {
  tick(1, {});
  start();
  settle();
  tick(5, {{"b", 2, 1}, {"a", 1, 1}});
  tick(7, {{"a", 1, -1}, {"a", 3, 1}, {"b", 2, -1}});
  settle();
  EXPECT_EQ(messages(),
            (Texts{upsert("a", 1, 5), upsert("b", 2, 5), upsert("a", 3, 7), tombstone("b", 7)}));
  EXPECT_EQ(progress(),
            (Texts{R"(mz-sink-u7 {"frontier":[8])", R"(penstock-sink-u7 {"frontier":[8])"}));
  ASSERT_TRUE(directory_.memory.place.k);
  EXPECT_EQ(directory_.memory.place.k->offset, 1);
  EXPECT_EQ(directory_.memory.place.k->claim.frontier, Timestamp{8});
  EXPECT_EQ(directory_.memory.place.next, Timestamp{8});
  SinkStatistics statistics = report_->statistics();
  EXPECT_EQ(statistics.messages_committed, 4u);
  EXPECT_EQ(statistics.messages_staged, 4u);
  EXPECT_EQ(statistics.transactions, 1u);
  EXPECT_EQ(report_->frontier(), Timestamp{8});
}

TEST_F(KafkaSinkTest, K1EndTxnWaitsForD) {
  tick(1, {});
  start();
  settle();
  syncs_by_itself_ = false;
  bool waited = false;
  tick(5, {{"a", 1, 1}});
  int calls = 0;
  directory_.while_waiting = [&] {
    EXPECT_TRUE(waited || messages().empty());
    if (++calls < 5) return;
    waited = true;
    directory_.sync();
  };
  settle();
  EXPECT_TRUE(waited);
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 5)}));
}

TEST_F(KafkaSinkTest, K3LooksWithoutFencingWhenSomebodyElseWrote) {
  cluster_.create("progress", 1);
  cluster_.write_committed("progress", "penstock-sink-u7",
                           own_record({{9}, std::nullopt}, 0, {77, 77}));
  tick(1, {{"a", 1, 1}});
  start();
  ASSERT_TRUE(run_to(SinkState::kStalled));
  settle();
  EXPECT_EQ(cluster_.fences, 0u);
  EXPECT_EQ(report_->status().health, SinkHealth::kStalled);
  EXPECT_EQ(report_->status().hints.size(), 1u);
  // Nor does a later start, until somebody has decided.
  EXPECT_TRUE(directory_.disk.place.halted);
  crash();
  start();
  ASSERT_TRUE(run_to(SinkState::kStalled));
  EXPECT_EQ(cluster_.fences, 0u);
}

TEST_F(KafkaSinkTest, K3AdoptsWhatALostAcknowledgementCommitted) {
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, 1}});
  arm_failpoints("sink.after_commit_ack=error@1");
  for (int i = 0; i < 20 && messages().empty(); ++i) sink_->step();
  ASSERT_EQ(messages().size(), 1u);
  EXPECT_FALSE(directory_.memory.place.k);
  crash();
  start();
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 5)}));
  EXPECT_EQ(directory_.memory.place.k->claim.frontier, Timestamp{6});
}

TEST_F(KafkaSinkTest, K3LostProgressIsNeverASecondSnapshot) {
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  directory_.sync();
  crash();
  cluster_.partition("progress", 0).log.clear();
  start();
  ASSERT_TRUE(run_to(SinkState::kStalled));
  EXPECT_EQ(messages().size(), 1u);
  EXPECT_NE(report_->status().error.find("is gone"), std::string::npos);
}

TEST_F(KafkaSinkTest, K4EveryFateOfACommitEndsWithTheChangeOnce) {
  for (Fate fate : {Fate::kAnswerLost, Fate::kRequestLost, Fate::kDelayed, Fate::kDeliveryFailed}) {
    cluster_ = {};
    directory_.memory = {};
    directory_.memory.place = SinkPlace::first({1}, true);
    tick(1, {});
    start();
    settle();
    bool drawn = false;
    cluster_.next_fate = [&] { return std::exchange(drawn, true) ? Fate::kApplied : fate; };
    size_t fences = cluster_.fences;
    tick(5, {{"a", 1, 1}});
    settle();
    EXPECT_EQ(messages(), (Texts{upsert("a", 1, 5)}));
    EXPECT_EQ(cluster_.fences, fences + 1);
    while (!cluster_.network.empty()) cluster_.deliver(0);
    tick(6, {{"b", 1, 1}});
    settle();
    EXPECT_EQ(messages(), (Texts{upsert("a", 1, 5), upsert("b", 1, 6)}));
    EXPECT_EQ(report_->statistics().messages_staged, 2u);
    EXPECT_EQ(report_->statistics().messages_committed, 2u);
  }
}

TEST_F(KafkaSinkTest, K4AnExpiredTransactionIsSentAgain) {
  tick(1, {});
  start();
  settle();
  syncs_by_itself_ = false;
  tick(5, {{"a", 1, 1}});
  directory_.while_waiting = [&] {
    directory_.while_waiting = [&] { directory_.sync(); };
    cluster_.expire("txn");
  };
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 5)}));
}

TEST_F(KafkaSinkTest, K4FencedByAnotherWriterStalls) {
  tick(1, {});
  start();
  settle();
  cluster_.fence("txn");
  cluster_.write_committed("progress", "penstock-sink-u7",
                           own_record({{9}, std::nullopt}, 0, {77, 77}));
  size_t fences = cluster_.fences;
  tick(5, {{"a", 1, 1}});
  ASSERT_TRUE(run_to(SinkState::kStalled));
  EXPECT_EQ(cluster_.fences, fences);
  EXPECT_EQ(messages(), Texts{});
}

class SnapshotCrash : public KafkaSinkTest, public ::testing::WithParamInterface<int> {};

TEST_P(SnapshotCrash, K5AContinuedSnapshotHasEveryRowOnce) {
  std::vector<Change> rows;
  Texts expected;
  for (char c = 'a'; c < 'k'; ++c) {
    rows.push_back({std::string(1, c), c, c == 'd' ? 3 : 1});
    for (int copy = 0; copy < (c == 'd' ? 3 : 1); ++copy) {
      expected.push_back(upsert(std::string(1, c), c, 1));
    }
  }
  config_.def.key_is_proven = false;
  config_.limits.part_bytes = 50;  // About two rows.
  config_.limits.ahead_bytes = GetParam() % 3 == 1 ? 100 : 0;
  tick(1, rows);
  tick(2, {{"z", 26, 1}});
  expected.push_back(upsert("z", 26, 2));
  start();
  for (int step = 0; step < GetParam(); ++step) sink_->step();
  // The compatible record first appears when the snapshot is complete.
  bool complete = messages().size() >= 12;
  Texts records = progress();
  bool told = std::any_of(records.begin(), records.end(),
                          [](const std::string& text) { return text.starts_with("mz-sink"); });
  EXPECT_TRUE(complete || !told);
  if (GetParam() % 2 == 0) directory_.sync();
  crash();
  start();
  settle();
  EXPECT_EQ(messages(), expected);
  EXPECT_FALSE(directory_.memory.place.snapshot_due);
}

INSTANTIATE_TEST_SUITE_P(AfterSteps, SnapshotCrash, ::testing::Range(0, 10));

TEST_F(KafkaSinkTest, K5ASmallSnapshotIsOneTransaction) {
  tick(1, {{"a", 1, 1}, {"b", 2, 1}, {"c", 3, 1}, {"d", 4, 1}});
  start();
  settle();
  EXPECT_EQ(messages().size(), 4u);
  EXPECT_EQ(report_->statistics().transactions, 1u);
  EXPECT_EQ(progress().size(), 2u);
}

TEST_F(KafkaSinkTest, K5ALargeTickIsPairedAndMovesItsFrontierWithItsLastPart) {
  tick(1, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}});
  directory_.memory.place = SinkPlace::first({1}, false);
  start();
  settle();
  directory_.tick_limit_rows = 4;
  config_.limits.part_bytes = 1;
  tick(3, {{"d", 2, 1}, {"c", 1, -1}, {"a", 2, 1}, {"b", 2, 1}, {"a", 1, -1}, {"b", 1, -1}});
  tick(4, {{"e", 1, 1}});
  start();
  sink_->step();
  sink_->step();
  sink_->step();
  sink_->step();
  EXPECT_EQ(messages(), (Texts{upsert("a", 2, 3)}));
  ASSERT_TRUE(directory_.memory.place.k);
  EXPECT_EQ(directory_.memory.place.k->claim.bulk->kind, BulkKind::kTick);
  EXPECT_LE(directory_.memory.place.next, Timestamp{3});
  directory_.sync();
  crash();
  start();
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 2, 3), upsert("b", 2, 3), tombstone("c", 3),
                               upsert("d", 2, 3), upsert("e", 1, 4)}));
}

TEST_F(KafkaSinkTest, K5AReadThatFailsHalfWayDoublesNothing) {
  tick(1, {});
  start();
  settle();
  directory_.tick_limit_rows = 4;
  directory_.break_once_at = 3;
  tick(3, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}, {"d", 1, 1}, {"e", 1, 1}});
  settle();
  EXPECT_FALSE(directory_.break_once_at);
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 3), upsert("b", 1, 3), upsert("c", 1, 3),
                               upsert("d", 1, 3), upsert("e", 1, 3)}));
}

TEST_F(KafkaSinkTest, K5NoSnapshotIsKeptOpenWhileTheBrokerIsAway) {
  config_.limits.part_bytes = 1;
  tick(1, {{"a", 1, 1}, {"b", 2, 1}, {"c", 3, 1}, {"d", 4, 1}, {"e", 5, 1}});
  start();
  for (int i = 0; i < 3; ++i) sink_->step();
  ASSERT_EQ(directory_.open_rows, 1u);
  cluster_.before_call = [](const std::string&) {
    return KafkaError{KafkaFault::kRetriable, "Connection refused", "_TRANSPORT"};
  };
  settle();
  EXPECT_EQ(directory_.open_rows, 0u);
  cluster_.before_call = nullptr;
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 1), upsert("b", 2, 1), upsert("c", 3, 1),
                               upsert("d", 4, 1), upsert("e", 5, 1)}));
}

TEST_F(KafkaSinkTest, K5RowsThatAreNotTheSameAnyMoreStopIt) {
  config_.limits.part_bytes = 1;
  tick(1, {{"a", 1, 1}, {"b", 2, 1}, {"c", 3, 1}});
  start();
  for (int i = 0; i < 3; ++i) sink_->step();
  ASSERT_EQ(messages().size(), 1u);
  directory_.sync();
  crash();
  directory_.memory.ticks[0].rows[0].value = 9;
  start();
  ASSERT_TRUE(run_to(SinkState::kStalled));
  EXPECT_EQ(messages().size(), 1u);
}

TEST_F(KafkaSinkTest, K6AProvenKeyThatChangesTwiceStallsBeforeTheTick) {
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, 1}});
  tick(6, {{"b", 1, 1}, {"c", 1, 1}, {"c", 2, 1}});
  ASSERT_TRUE(run_to(SinkState::kStalled));
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 5)}));
  const std::string error = report_->status().error;
  EXPECT_NE(error.find(R"({"k":"c"})"), std::string::npos) << error;
  EXPECT_NE(error.find(R"({"k":"c","v":1})"), std::string::npos) << error;
  EXPECT_NE(error.find(R"({"k":"c","v":2})"), std::string::npos) << error;
}

TEST_F(KafkaSinkTest, K6AKeyThatIsNotEnforcedIsCounted) {
  config_.def.key_is_proven = false;
  tick(1, {});
  start();
  settle();
  tick(6, {{"c", 2, 1}, {"c", 1, 1}, {"d", 1, 1}});
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("c", 1, 6), upsert("c", 2, 6), upsert("d", 1, 6)}));
  EXPECT_EQ(report_->statistics().key_violations, 1u);
}

TEST_F(KafkaSinkTest, K6AKeyThatJsonCannotTellApartIsCounted) {
  using types::SqlType;
  using types::TypeId;
  for (const SqlType& type :
       {SqlType::of(TypeId::kFloat8), SqlType::array_of(SqlType::of(TypeId::kFloat4))}) {
    config_.def.relation.columns[0].type.type = type;
    EXPECT_FALSE(ChangeEncoder(config_).key_is_proven());
    SinkConfig natural = config_;
    natural.def.natural_key = natural.def.key;
    natural.def.key.reset();
    EXPECT_FALSE(ChangeEncoder(natural).key_is_proven());
  }
  config_.def.relation.columns[0].type.type = SqlType::of(TypeId::kNumeric);
  EXPECT_TRUE(ChangeEncoder(config_).key_is_proven());
}

TEST_F(KafkaSinkTest, K7ErrorsHoldBackAndTheNetChangeFollows) {
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  tick(5, {{"b", 1, 1}});
  tick(6, {{"b", 1, -1}, {"b", 2, 1}}, 1);
  tick(7, {{"a", 1, -1}, {"c", 3, 1}});
  ASSERT_TRUE(run_to(SinkState::kStalled));
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 1), upsert("b", 1, 5)}));
  EXPECT_EQ(report_->status().error, "internal: the collection has errors: division by zero");
  EXPECT_EQ(directory_.memory.place.oldest_needed(), Timestamp{5});
  tick(8, {{"c", 3, -1}, {"d", 4, 1}}, -1);
  tick(9, {{"e", 5, 1}});
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 1), upsert("b", 1, 5), tombstone("a", 8),
                               upsert("b", 2, 8), upsert("d", 4, 8), upsert("e", 5, 9)}));
  EXPECT_EQ(report_->status().health, SinkHealth::kRunning);
}

TEST_F(KafkaSinkTest, K7SurvivesARestartWhileTheErrorsLast) {
  tick(1, {});
  start();
  settle();
  tick(6, {{"b", 2, 1}}, 1);
  ASSERT_TRUE(run_to(SinkState::kStalled));
  directory_.sync();
  crash();
  tick(8, {{"d", 4, 1}}, -1);
  start();
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("b", 2, 8), upsert("d", 4, 8)}));
}

TEST_F(KafkaSinkTest, K7ErrorsAtTheBeginningMoveIt) {
  for (bool with_snapshot : {true, false}) {
    cluster_ = {};
    directory_.memory = {};
    directory_.memory.place = SinkPlace::first({1}, with_snapshot);
    tick(1, {{"a", 1, 1}}, 1);
    tick(2, {{"b", 2, 1}}, -1);
    tick(3, {{"c", 3, 1}});
    start();
    settle();
    Texts expected = {upsert("c", 3, 3)};
    if (with_snapshot) expected = {upsert("a", 1, 2), upsert("b", 2, 2), upsert("c", 3, 3)};
    EXPECT_EQ(messages(), expected);
  }
}

TEST_F(KafkaSinkTest, K8NothingToSendIsNoTransaction) {
  tick(1, {});
  start();
  settle();
  EXPECT_FALSE(directory_.memory.place.snapshot_due);
  for (uint64_t time = 2; time < 20; ++time) tick(time, {});
  tick(20, {{"a", 1, 1}, {"a", 1, -1}});
  settle();
  EXPECT_EQ(cluster_.begun, 0u);
  EXPECT_EQ(directory_.memory.place.next, Timestamp{21});
  EXPECT_FALSE(directory_.memory.place.k);
}

TEST_F(KafkaSinkTest, K8RDoesNotPassWhatIsDurable) {
  tick(1, {});
  start();
  settle();
  syncs_by_itself_ = false;
  tick(9, {});
  settle();
  EXPECT_EQ(directory_.memory.place.next, Timestamp{2});
  syncs_by_itself_ = true;
  settle();
  EXPECT_EQ(directory_.memory.place.next, Timestamp{10});
}

TEST_F(KafkaSinkTest, K9AStopAbortsWhatIsOpen) {
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, 1}});
  syncs_by_itself_ = false;
  directory_.while_waiting = [&] {
    if (cluster_.begun > 0) stop_->stop();
  };
  settle();
  EXPECT_EQ(cluster_.begun, 1u);
  sink_->close();
  EXPECT_EQ(messages(), Texts{});
  EXPECT_EQ(cluster_.transactions.back().state, simulated::TransactionState::kAborted);
  EXPECT_EQ(report_->statistics().messages_staged, 0u);
}

TEST_F(KafkaSinkTest, K10StaysStartingThenStallsWithTheCauseAndReturns) {
  tick(1, {{"a", 1, 1}});
  bool away = true;
  cluster_.before_call = [&](const std::string&) -> std::optional<KafkaError> {
    if (!away) return std::nullopt;
    return KafkaError{KafkaFault::kRetriable, "Connection refused", "_TRANSPORT"};
  };
  config_.limits.retry_first = std::chrono::milliseconds(1);
  config_.limits.retry_most = std::chrono::milliseconds(1);
  start();
  for (int i = 0; i < 5; ++i) sink_->step();
  EXPECT_EQ(report_->status().health, SinkHealth::kStarting);
  clock_.advance(11'000'000);
  for (int i = 0; i < 5; ++i) sink_->step();
  EXPECT_EQ(report_->status().health, SinkHealth::kStalled);
  EXPECT_NE(report_->status().error.find("Connection refused"), std::string::npos);
  away = false;
  settle();
  EXPECT_EQ(report_->status().health, SinkHealth::kRunning);
  EXPECT_EQ(messages().size(), 1u);
  // Running is kept through the first 10 s of a later trouble.
  statuses_.clear();
  away = true;
  tick(5, {{"b", 1, 1}});
  for (int i = 0; i < 20; ++i) sink_->step();
  EXPECT_EQ(statuses_, std::vector<SinkHealth>{});
  clock_.advance(11'000'000);
  for (int i = 0; i < 5; ++i) sink_->step();
  EXPECT_EQ(statuses_, std::vector{SinkHealth::kStalled});
}

TEST_F(KafkaSinkTest, K10SaysWhatIsWaitedFor) {
  tick(1, {});
  start();
  Texts said;
  auto listen = [&] {
    std::string error = report_->status().error;
    if (!error.empty() && (said.empty() || said.back() != error)) said.push_back(error);
  };
  cluster_.fence_turns = 4;
  cluster_.before_call = [&](const std::string&) -> std::optional<KafkaError> {
    if (cluster_.fence_turns > 0) clock_.advance(6'000'000);
    listen();
    return std::nullopt;
  };
  settle();
  EXPECT_EQ(said, Texts{"kafka: waiting for the transaction coordinator"});
  EXPECT_EQ(report_->status().health, SinkHealth::kRunning);
  said.clear();
  cluster_.before_call = nullptr;
  syncs_by_itself_ = false;
  tick(5, {{"a", 1, 1}});
  int waits = 0;
  directory_.while_waiting = [&] {
    if (cluster_.begun == 0) return;
    clock_.advance(6'000'000);
    listen();
    if (++waits > 8) directory_.sync();
  };
  settle();
  EXPECT_EQ(said, Texts{"internal: waiting for the log's sync"});
  EXPECT_EQ(messages().size(), 1u);
}

TEST_F(KafkaSinkTest, K10ATransactionThatNobodyEndsInTheProgressTopicIsNamed) {
  leave_progress_open();
  start();
  for (int i = 0; i < 10; ++i) sink_->step();
  EXPECT_EQ(report_->status().health, SinkHealth::kStalled);
  EXPECT_NE(report_->status().error.find("topic progress:0, lo/hi: 0/1, current position: 0"),
            std::string::npos)
      << report_->status().error;
  ASSERT_EQ(report_->status().hints.size(), 1u);
  EXPECT_NE(report_->status().hints[0].find("find-hanging"), std::string::npos);
  cluster_.expire("somebody");
  settle();
  EXPECT_EQ(report_->status().health, SinkHealth::kRunning);
  EXPECT_EQ(messages().size(), 1u);
}

TEST_F(KafkaSinkTest, K10ABrokerThatWentWhileProgressIsReadIsNamed) {
  leave_progress_open();
  cluster_.trouble = "broker b:9092: Connection refused";
  start();
  for (int i = 0; i < 10; ++i) {
    sink_->step();
    EXPECT_EQ(report_->status().error.find("waiting for open transactions"), std::string::npos);
  }
  EXPECT_EQ(report_->status().health, SinkHealth::kStalled);
  EXPECT_NE(report_->status().error.find(cluster_.trouble), std::string::npos)
      << report_->status().error;
}

TEST_F(KafkaSinkTest, K10ARefusalIsSaidAtOnceAndDoesNotFlap) {
  config_.limits.message_max_bytes = 20;
  tick(1, {});
  start();
  settle();
  statuses_.clear();
  tick(5, {{"a long key that makes a long row", 1, 1}});
  settle();
  EXPECT_EQ(statuses_, std::vector{SinkHealth::kStalled});
  EXPECT_NE(report_->status().error.find("MESSAGE_TOO_LARGE"), std::string::npos);
  EXPECT_EQ(report_->status().hints.size(), 1u);
  EXPECT_EQ(report_->statistics().messages_staged, 0u);
}

TEST_F(KafkaSinkTest, K10WhatComesBeforeARefusedMessageIsCommitted) {
  config_.limits.message_max_bytes = 200;
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, 1}});
  tick(6, {{"b", 1, 1}});
  tick(7, {{"c", 1, 1}, {std::string(300, 'x'), 1, 1}});
  tick(8, {{"d", 1, 1}});
  settle();
  EXPECT_EQ(messages(), (Texts{upsert("a", 1, 5), upsert("b", 1, 6)}));
  EXPECT_EQ(report_->status().health, SinkHealth::kStalled);
  EXPECT_EQ(directory_.memory.place.next, Timestamp{7});
  ASSERT_EQ(report_->status().hints.size(), 1u);
  EXPECT_NE(report_->status().hints[0].find("MAX MESSAGE BYTES"), std::string::npos);
}

TEST_F(KafkaSinkTest, TopicsAreMadeAsAskedAndOnlyAtTheFirstStart) {
  config_.def.topic_options.partition_count = 3;
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  EXPECT_EQ(cluster_.topics.at("data").size(), 3u);
  EXPECT_EQ(cluster_.topics.at("progress").size(), 1u);
  directory_.sync();
  crash();
  cluster_.topics.erase("data");
  config_.limits.retry_first = std::chrono::milliseconds(1);
  config_.limits.retry_most = std::chrono::milliseconds(1);
  start();
  settle();
  EXPECT_FALSE(cluster_.topics.contains("data"));
  EXPECT_NE(report_->status().health, SinkHealth::kStalled);  // The broker may not know it yet.
  clock_.advance(11'000'000);
  settle();
  EXPECT_EQ(report_->status().error, "kafka: topic data does not exist");
}

TEST_F(KafkaSinkTest, ATopicThatCannotBeMadeIsRefused) {
  config_.def.topic_options.config = {{"nonsense", "1"}};
  tick(1, {});
  start();
  settle();
  EXPECT_EQ(report_->status().error,
            "kafka: Error creating topic data for sink: Admin operation error: INVALID_CONFIG "
            "(Broker: Configuration is invalid)");
}

TEST_F(KafkaSinkTest, KeysArePlacedBySeaHash) {
  config_.def.topic_options.partition_count = 4;
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}, {"d", 1, 1}});
  settle();
  for (int32_t partition = 0; partition < 4; ++partition) {
    for (const simulated::Record& record : cluster_.partition("data", partition).log) {
      if (record.marker) continue;
      EXPECT_EQ(expr::seahash(*record.key) % 4, static_cast<uint64_t>(partition));
    }
  }
  EXPECT_EQ(messages().size(), 4u);
}

TEST_F(KafkaSinkTest, PartitionByPlacesByTheRowAfterElseBefore) {
  config_.def.topic_options.partition_count = 4;
  config_.partition_by = expr::column_ref(1, {types::SqlType::of(types::TypeId::kUInt8), true});
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, 1}, {"b", 6, 1}});
  tick(6, {{"a", 1, -1}, {"a", 3, 1}, {"b", 6, -1}});
  settle();
  auto values = [&](int32_t partition) {
    Texts out;
    for (const simulated::Record& record : cluster_.partition("data", partition).log) {
      if (!record.marker) out.push_back(*record.key + record.value.value_or(""));
    }
    return out;
  };
  EXPECT_EQ(values(0), Texts{});
  EXPECT_EQ(values(1), (Texts{R"({"k":"a"}{"k":"a","v":1})"}));
  EXPECT_EQ(values(2), (Texts{R"({"k":"b"}{"k":"b","v":6})", R"({"k":"b"})"}));
  EXPECT_EQ(values(3), (Texts{R"({"k":"a"}{"k":"a","v":3})"}));
}

TEST_F(KafkaSinkTest, AGrownTopicIsUsedWithoutARestart) {
  config_.def.metadata_refresh_ms = 1'000;
  config_.partition_by = expr::column_ref(1, {types::SqlType::of(types::TypeId::kUInt8), true});
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 3, 1}});
  settle();
  EXPECT_EQ(cluster_.partition("data", 0).log.front().value, R"({"k":"a","v":3})");
  cluster_.create("data", 4);
  clock_.advance(2'000'000);
  tick(6, {{"b", 7, 1}});
  settle();
  ASSERT_FALSE(cluster_.partition("data", 3).log.empty());
  EXPECT_EQ(cluster_.partition("data", 3).log.front().value, R"({"k":"b","v":7})");
}

TEST_F(KafkaSinkTest, AGrownTopicIsUsedInTheMiddleOfABulkAndOfABacklog) {
  config_.def.metadata_refresh_ms = 1'000;
  config_.partition_by = expr::column_ref(1, {types::SqlType::of(types::TypeId::kUInt8), true});
  config_.limits.part_bytes = 1;
  config_.limits.transaction_bytes = 1;
  tick(1, {{"a", 1, 1}, {"b", 1, 1}});
  tick(2, {{"c", 1, 1}});
  tick(3, {{"d", 3, 1}});
  tick(4, {{"e", 3, 1}});
  start();
  for (int i = 0; i < 20 && messages().empty(); ++i) sink_->step();
  cluster_.create("data", 2);
  clock_.advance(2'000'000);
  for (int i = 0; i < 20 && messages().size() < 2; ++i) sink_->step();
  EXPECT_EQ(cluster_.partition("data", 1).log.size(), 2u);  // "b" and a marker.
  cluster_.before_call = [&](const std::string&) -> std::optional<KafkaError> {
    if (messages().size() == 3) cluster_.create("data", 4);
    clock_.advance(2'000'000);
    return std::nullopt;
  };
  settle();
  EXPECT_EQ(messages().size(), 5u);
  EXPECT_FALSE(cluster_.partition("data", 3).log.empty());
}

TEST_F(KafkaSinkTest, DebeziumPairsBeforeAndAfter) {
  config_.def.envelope = defs::SinkEnvelope::kDebezium;
  tick(1, {{"a", 1, 1}});
  start();
  settle();
  tick(5, {{"a", 1, -1}, {"a", 2, 1}});
  tick(6, {{"a", 2, -1}});
  settle();
  EXPECT_EQ(messages(), (Texts{R"({"k":"a"}={"before":null,"after":{"k":"a","v":1}}@1)",
                               R"({"k":"a"}={"before":{"k":"a","v":1},"after":{"k":"a","v":2}}@5)",
                               R"({"k":"a"}={"before":{"k":"a","v":2},"after":null}@6)"}));
}

TEST_F(KafkaSinkTest, WithoutAKeyRowsStandAlone) {
  config_.def.envelope = defs::SinkEnvelope::kDebezium;
  config_.def.key.reset();
  config_.def.key_is_proven = false;
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, -1}, {"a", 2, 2}});
  settle();
  EXPECT_EQ(messages(), (Texts{R"(={"before":{"k":"a","v":1},"after":null}@5)",
                               R"(={"before":null,"after":{"k":"a","v":2}}@5)",
                               R"(={"before":null,"after":{"k":"a","v":2}}@5)"}));
  EXPECT_EQ(report_->statistics().key_violations, 0u);
}

TEST_F(KafkaSinkTest, EveryFailpointLeavesTheChangeOnce) {
  for (std::string name : {"before_fence", "after_send", "before_commit", "after_commit_sent",
                           "after_commit_ack", "after_ledger_write", "snapshot_part"}) {
    cluster_ = {};
    directory_.memory = {};
    directory_.memory.place = SinkPlace::first({1}, true);
    tick(1, {{"a", 1, 1}});
    arm_failpoints("sink." + name + "=error@1");
    start();
    settle();
    tick(5, {{"b", 1, 1}});
    settle();
    EXPECT_EQ(messages(), (Texts{upsert("a", 1, 1), upsert("b", 1, 5)})) << name;
  }
}

}  // namespace
}  // namespace penstock::sinks
