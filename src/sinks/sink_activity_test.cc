// What a sink tells of its transactions, partitions and snapshot while it runs against a simulated
// Kafka and directory.
#include "sinks/sink_activity.h"

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

using simulated::Change;
using simulated::Fate;

class SinkActivityTest : public ::testing::Test {
 protected:
  SinkActivityTest() {
    configure_log(LogLevel::kError, LogFormat::kText);
    directory_.while_waiting = [this] { directory_.sync(); };
    config_ = simulated::config();
    directory_.memory.place = SinkPlace::first({1}, true);
  }
  ~SinkActivityTest() override { arm_failpoints(""); }

  void tick(uint64_t time, const std::vector<Change>& rows) {
    directory_.memory.ticks.push_back({.time = time, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  void start() {
    sink_.reset();
    directory_.memory.lives.push_back({{next_life_++, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    stop_ = std::make_unique<StopToken>();
    report_ = std::make_unique<SinkReport>(nullptr);
    sink_ = std::make_unique<KafkaSink>(
        config_, SinkWorld{client_, directory_, directory_, *report_, clock_, *stop_});
  }
  void crash() {
    sink_.reset();
    directory_.crash();
  }
  void settle() {
    for (int i = 0; i < 30; ++i) sink_->step();
  }
  // Rows "a", "b", ... of a sink without a key; every second one is there twice.
  void fill(int rows) {
    config_.def.key.reset();
    config_.def.envelope = defs::SinkEnvelope::kDebezium;
    std::vector<Change> changes;
    for (int i = 0; i < rows; ++i) {
      changes.push_back({std::string(1, static_cast<char>('a' + i)), i, i % 2 + 1});
    }
    tick(1, changes);
  }
  void step_until(const std::function<bool()>& done) {
    for (int i = 0; i < 200 && !done(); ++i) sink_->step();
    ASSERT_TRUE(done());
  }
  SnapshotProgress snapshot() const { return report_->snapshot().value_or(SnapshotProgress()); }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  std::unique_ptr<StopToken> stop_;
  std::unique_ptr<SinkReport> report_;
  std::unique_ptr<KafkaSink> sink_;
  uint64_t next_life_ = 1;
};

TEST_F(SinkActivityTest, ATransactionIsSeenFromItsBeginningToItsCommit) {
  config_.limits.commit_interval = std::chrono::seconds(5);
  tick(1, {});
  start();
  settle();
  EXPECT_FALSE(report_->transactions().open);
  EXPECT_FALSE(report_->transactions().last_commit);
  tick(5, {{"a", 1, 1}, {"b", 2, 1}});
  sink_->step();
  const SinkTransactions open = report_->transactions();
  ASSERT_TRUE(open.open);
  EXPECT_EQ(open.open->state, OpenTransaction::State::kOpen);
  EXPECT_EQ(open.open->messages, 2u);
  EXPECT_EQ(open.open->bytes, report_->statistics().bytes_staged);
  EXPECT_EQ(open.open->first, Timestamp{5});
  EXPECT_GT(open.open->begun_at_us, 1'000'000'000u);
  EXPECT_TRUE(report_->partitions().empty());
  clock_.advance(5'000'000);
  settle();
  const SinkTransactions done = report_->transactions();
  EXPECT_FALSE(done.open);
  ASSERT_TRUE(done.last_commit);
  EXPECT_EQ(done.committed, 1u);
  EXPECT_EQ(done.last_commit->messages, 2u);
  EXPECT_EQ(done.last_commit->bytes, open.open->bytes);
  EXPECT_EQ(done.last_commit->frontier, Timestamp{6});
  EXPECT_GT(done.last_commit->took_us, 0u);
  EXPECT_GE(done.last_commit->at_us, open.open->begun_at_us + 5'000'000);
  EXPECT_EQ(done.aborted, 0u);
}

TEST_F(SinkActivityTest, WhereItWroteIsSeenByPartition) {
  cluster_.create("data", 2);
  std::vector<Change> rows;
  for (char key = 'a'; key <= 'p'; ++key) rows.push_back({std::string(1, key), 1, 1});
  tick(1, rows);
  start();
  settle();
  tick(2, {{"a", 1, -1}, {"a", 2, 1}});
  settle();
  uint64_t messages = 0;
  for (const auto& [partition, progress] : report_->partitions()) {
    messages += progress.messages;
    const auto& log = cluster_.partition("data", partition).log;
    ASSERT_TRUE(progress.last_offset);
    EXPECT_FALSE(log[static_cast<size_t>(*progress.last_offset)].marker);
    EXPECT_TRUE(log[static_cast<size_t>(*progress.last_offset) + 1].marker);
    EXPECT_EQ(static_cast<size_t>(*progress.last_offset) + 2, log.size());
  }
  EXPECT_EQ(messages, 17u);
  EXPECT_EQ(report_->partitions().size(), 2u);
}

TEST_F(SinkActivityTest, AnAbortIsToldWithItsCause) {
  tick(1, {});
  start();
  settle();
  cluster_.next_fate = [] { return Fate::kDeliveryFailed; };
  tick(2, {{"a", 1, 1}});
  sink_->step();
  sink_->step();
  const SinkTransactions aborted = report_->transactions();
  EXPECT_FALSE(aborted.open);
  ASSERT_TRUE(aborted.last_abort);
  EXPECT_EQ(aborted.aborted, 1u);
  EXPECT_EQ(aborted.last_abort->messages, 1u);
  EXPECT_NE(aborted.last_abort->cause.find("delivery failed"), std::string::npos)
      << aborted.last_abort->cause;
  EXPECT_EQ(report_->statistics().messages_staged, 0u);
  cluster_.next_fate = nullptr;
  settle();
  EXPECT_EQ(report_->transactions().committed, 1u);
  EXPECT_EQ(report_->transactions().aborted, 1u);
}

TEST_F(SinkActivityTest, AnUnknownOutcomeIsInDoubtUntilTheProgressWasRead) {
  for (const Fate fate : {Fate::kAnswerLost, Fate::kRequestLost}) {
    cluster_ = simulated::Cluster();
    directory_.memory = {};
    directory_.memory.place = SinkPlace::first({1}, true);
    tick(1, {});
    start();
    settle();
    bool first = true;
    cluster_.next_fate = [&] { return std::exchange(first, false) ? fate : Fate::kApplied; };
    tick(2, {{"a", 1, 1}});
    step_until([&] { return sink_->state() == SinkState::kRetrying; });
    ASSERT_TRUE(report_->transactions().open);
    EXPECT_EQ(report_->transactions().open->state, OpenTransaction::State::kInDoubt);
    EXPECT_NE(report_->transactions().open->doubt.find("no answer"), std::string::npos);
    settle();
    const SinkTransactions settled = report_->transactions();
    EXPECT_FALSE(settled.open);
    EXPECT_EQ(settled.committed, 1u);
    EXPECT_EQ(settled.aborted, fate == Fate::kRequestLost ? 1u : 0u);
    EXPECT_EQ(report_->partitions().at(0).messages, 1u);
    EXPECT_TRUE(report_->partitions().at(0).last_offset);
    EXPECT_EQ(report_->statistics().messages_committed, 1u);
    EXPECT_EQ(report_->statistics().messages_staged, 1u);
    sink_.reset();
  }
}

TEST_F(SinkActivityTest, ASnapshotCountsEveryRowAsOftenAsItIsThere) {
  config_.limits.part_bytes = 1;  // A row each.
  fill(6);
  directory_.memory.place.snapshot_rows = 9;
  start();
  sink_->step();
  EXPECT_EQ(snapshot().rows_total, 9u);
  EXPECT_EQ(snapshot().rows_done, 0u);
  EXPECT_FALSE(snapshot().begun_at_us);
  step_until([&] { return snapshot().transactions == 4; });
  EXPECT_EQ(snapshot().rows_done, 6u);
  EXPECT_GT(snapshot().rows_per_second(clock_.wall_us()), 0);
  EXPECT_TRUE(snapshot().left_ms(clock_.wall_us()));
  EXPECT_EQ(directory_.memory.place.snapshot_rows, 9u);
  settle();
  EXPECT_EQ(snapshot().rows_done, 9u);
  EXPECT_TRUE(snapshot().finished_at_us);
  EXPECT_EQ(snapshot().left_ms(clock_.wall_us()), 0u);
  EXPECT_FALSE(directory_.memory.place.snapshot_rows);
}

TEST_F(SinkActivityTest, ASnapshotGoesOnCountingAfterACrash) {
  config_.limits.part_bytes = 1;
  fill(6);
  start();
  step_until([&] { return snapshot().transactions == 4; });
  directory_.sync();
  crash();
  start();
  sink_->step();
  EXPECT_EQ(snapshot().rows_total, 9u);
  EXPECT_EQ(snapshot().rows_done, 4u);  // The rows that are known to be sent.
  step_until([&] { return snapshot().transactions == 1; });
  EXPECT_EQ(snapshot().rows_done, 7u);
  settle();
  EXPECT_EQ(snapshot().rows_done, 9u);
  EXPECT_EQ(cluster_.committed("data").size(), 9u);
}

TEST_F(SinkActivityTest, TheNumberOfRowsMayBeUnknown) {
  directory_.knows_row_counts = false;
  fill(3);
  start();
  settle();
  EXPECT_EQ(snapshot().rows_total, std::nullopt);
  EXPECT_TRUE(snapshot().finished_at_us);
}

// A transaction has what a second may have; the next one waits, and nothing is open meanwhile.
TEST_F(SinkActivityTest, ASnapshotKeepsToItsRate) {
  fill(20);
  const auto begin_us = clock_.monotonic_us();
  config_.limits.snapshot_bytes_per_second = 100;
  start();
  step_until([&] { return snapshot().transactions == 1; });
  EXPECT_GE(report_->transactions().last_commit->bytes, 100u);
  EXPECT_LT(report_->transactions().last_commit->bytes, 200u);
  settle();
  EXPECT_EQ(snapshot().transactions, 1u);
  EXPECT_FALSE(report_->transactions().open);
  for (int i = 0; i < 1'000 && !snapshot().finished_at_us; ++i) {
    clock_.advance(50'000);
    sink_->step();
  }
  EXPECT_EQ(cluster_.committed("data").size(), 30u);
  const uint64_t bytes = report_->statistics().bytes_committed;
  EXPECT_GE(clock_.monotonic_us() - begin_us, (bytes / 100 - 2) * 1'000'000);
}

TEST_F(SinkActivityTest, RatesAreOfTheLastTransactions) {
  SnapshotProgress progress;
  EXPECT_EQ(progress.rows_per_second(5), 0);
  progress.samples = {{1'000'000, 100}, {3'000'000, 300}};
  progress.rows_done = 300;
  EXPECT_EQ(progress.rows_per_second(3'000'000), 100);
  EXPECT_EQ(progress.rows_per_second(5'000'000), 50);  // It stands still.
  EXPECT_EQ(progress.rows_per_second(0), 100);         // A clock that was set back.
  EXPECT_EQ(progress.left_ms(3'000'000), std::nullopt);
  progress.rows_total = 400;
  EXPECT_EQ(progress.left_ms(3'000'000), 1'000u);
  progress.rows_total = 200;  // Less than was sent: it was counted before a crash.
  EXPECT_EQ(progress.left_ms(3'000'000), 0u);
}

}  // namespace
}  // namespace penstock::sinks
