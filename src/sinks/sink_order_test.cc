// ALTER SINK ... ADOPT PROGRESS and RESTART WITH SNAPSHOT, carried out by the sink: after each
// stall it goes on, exactly once again, also when the process dies in between; and delivery at
// least once.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

using simulated::Change;
using simulated::Fate;
using Texts = std::vector<std::string>;

constexpr const char* kTheirKey = "mz-sink-u42";

class SinkOrderTest : public ::testing::Test {
 protected:
  SinkOrderTest() {
    configure_log(LogLevel::kError, LogFormat::kText);
    directory_.while_waiting = [this] { directory_.sync(); };
    config_ = simulated::config();
    config_.spill_directory = testing::TempDir();
    directory_.memory.place = SinkPlace::first({1}, true);
    cluster_.create("progress", 1);
  }

  void tick(uint64_t time, const std::vector<Change>& rows) {
    directory_.memory.ticks.push_back({.time = time, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  // A process begins over the directory as it lies on disk.
  void start() {
    sink_.reset();
    directory_.dead = false;
    directory_.memory.lives.push_back({{next_life_++, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    report_ = std::make_unique<SinkReport>(nullptr);
    sink_ = std::make_unique<KafkaSink>(
        config_, SinkWorld{client_, directory_, directory_, *report_, clock_, stop_});
  }
  void crash() {
    sink_.reset();
    directory_.crash();
  }
  void settle() {
    for (int i = 0; i < 60; ++i) sink_->step();
  }
  void run() {
    start();
    settle();
  }
  // As the statement does: the sink is stopped, its place is changed durably.
  void alter(const std::function<void(SinkPlace&)>& order) {
    sink_.reset();
    order(directory_.memory.place);
    directory_.sync();
  }
  void adopt() {
    alter([](SinkPlace& place) { place.be_told_to_adopt(); });
    ++config_.def.version;
  }
  void restart(bool as_difference) {
    alter([&](SinkPlace& place) {
      place.be_told_to_restart({directory_.memory.upper - 1}, as_difference);
    });
    ++config_.def.version;
  }
  bool stalled() const { return sink_->state() == SinkState::kStalled; }

  // What a consumer has in the end, by the order of times.
  Texts table() const {
    std::map<std::string, std::string> rows;
    std::vector<simulated::Record> all = cluster_.committed("data");
    std::ranges::stable_sort(all, {}, [](const simulated::Record& record) {
      return std::stoul(record.headers.front().second);
    });
    for (const simulated::Record& record : all) {
      if (record.value) {
        rows[*record.key] = *record.value;
      } else {
        rows.erase(*record.key);
      }
    }
    Texts out;
    for (const auto& [key, value] : rows) out.push_back(value);
    return out;
  }
  static std::string row(const std::string& key, int64_t value) {
    return R"({"k":")" + key + R"(","v":)" + std::to_string(value) + "}";
  }
  // "value@time" of all messages; a tombstone is its key.
  Texts messages() const {
    Texts out;
    for (const simulated::Record& record : cluster_.committed("data")) {
      out.push_back(record.value.value_or(record.key.value_or("")) + "@" +
                    (record.headers.empty() ? "" : record.headers.front().second));
    }
    return out;
  }
  void theirs(const std::string& value) { cluster_.write_committed("progress", kTheirKey, value); }
  Texts progress(const std::string& key) const {
    Texts out;
    for (const simulated::Record& record : cluster_.committed("progress")) {
      if (record.key == key) out.push_back(*record.value);
    }
    return out;
  }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  StopToken stop_;
  std::unique_ptr<SinkReport> report_;
  std::unique_ptr<KafkaSink> sink_;
  uint64_t next_life_ = 1;
};

// --- taking over ---

class TakeOver : public SinkOrderTest {
 protected:
  TakeOver() { config_.def.progress_id = "u42"; }
};

TEST_F(TakeOver, TheirSinkIsNotDisturbedBeforeSomebodyHasDecided) {
  theirs(R"({"frontier":[5],"version":2})");
  tick(1, {{"a", 1, 1}});
  run();
  EXPECT_TRUE(stalled());
  EXPECT_EQ(cluster_.fences, 0u);
  EXPECT_NE(report_->status().hints.front().find("ADOPT PROGRESS"), std::string::npos);
}

TEST_F(TakeOver, AdoptingGoesOnAtTheirFrontierUnderAHigherVersion) {
  theirs(R"({"frontier":[3],"version":2})");
  tick(1, {{"a", 1, 1}});
  tick(2, {{"b", 1, 1}});
  tick(3, {{"c", 1, 1}});
  tick(4, {{"a", 1, -1}, {"a", 2, 1}});
  run();
  ASSERT_TRUE(stalled());
  config_.def.version = 2;
  adopt();
  run();
  EXPECT_EQ(messages(), (Texts{row("c", 1) + "@3", row("a", 2) + "@4"}));
  const Texts records = progress(kTheirKey);
  EXPECT_EQ(records.at(1), R"({"frontier":[3],"version":3})");
  EXPECT_EQ(records.back(), R"({"frontier":[5],"version":3})");
  // A later start finds its own.
  crash();
  tick(5, {{"d", 1, 1}});
  run();
  EXPECT_EQ(messages().back(), row("d", 1) + "@5");
}

TEST_F(TakeOver, OldFormsOfTheirRecordsAreUnderstood) {
  theirs(R"({"timestamp":2})");
  tick(1, {{"a", 1, 1}});
  tick(2, {{"b", 1, 1}});
  tick(3, {{"c", 1, 1}});
  run();
  adopt();
  run();
  EXPECT_EQ(messages(), (Texts{row("c", 1) + "@3"}));
}

TEST_F(TakeOver, WhatWouldNeverBeSentIsRefused) {
  directory_.memory.place = SinkPlace::first({5}, true);
  theirs(R"({"frontier":[3],"version":0})");
  tick(5, {{"a", 1, 1}});
  run();
  adopt();
  run();
  EXPECT_TRUE(stalled());
  EXPECT_EQ(messages(), Texts{});
  EXPECT_NE(report_->status().error.find("between 3 and 5"), std::string::npos);
  ASSERT_TRUE(directory_.disk.place.halted);
  EXPECT_NE(directory_.disk.place.halted->find("AS DIFFERENCE"), std::string::npos);
  // And that leads out.
  restart(true);
  run();
  EXPECT_EQ(table(), (Texts{row("a", 1)}));
}

TEST_F(TakeOver, AFinishedSinkIsRefused) {
  theirs(R"({"frontier":[],"version":0})");
  tick(5, {{"a", 1, 1}});
  run();
  for (bool adopts : {true, false}) {
    adopts ? adopt() : restart(false);
    run();
    EXPECT_TRUE(stalled());
    EXPECT_EQ(messages(), Texts{});
  }
}

TEST_F(TakeOver, AClaimAheadOfUsIsWaitedFor) {
  theirs(R"({"frontier":[4],"version":0})");
  tick(1, {{"a", 1, 1}});
  run();
  adopt();
  run();
  EXPECT_EQ(messages(), Texts{});
  tick(3, {{"b", 1, 1}});
  tick(4, {{"c", 1, 1}});
  settle();
  EXPECT_EQ(messages(), (Texts{row("c", 1) + "@4"}));
}

// --- stalls, each with its ways out ---

TEST_F(SinkOrderTest, AfterLostProgressAdoptingGoesOnWhereTheDirectoryIs) {
  tick(1, {{"a", 1, 1}});
  run();
  crash();
  cluster_.partition("progress", 0).log.clear();
  tick(2, {{"b", 1, 1}});
  run();
  ASSERT_TRUE(stalled());
  adopt();
  run();
  EXPECT_EQ(messages(), (Texts{row("a", 1) + "@1", row("b", 1) + "@2"}));
}

TEST_F(SinkOrderTest, BehindAnotherCopyOfTheDirectory) {
  tick(1, {{"a", 1, 1}});
  run();
  sink_.reset();
  cluster_.write_committed("progress", "penstock-sink-u7",
                           own_record({{3}, std::nullopt}, 0, {77, 77}));
  tick(2, {{"b", 1, 1}});
  tick(3, {{"c", 1, 1}});
  run();
  ASSERT_TRUE(stalled());
  adopt();
  run();
  EXPECT_EQ(messages(), (Texts{row("a", 1) + "@1", row("c", 1) + "@3"}));
  // The other one finds us when it looks.
  const ProgressView view{
      0, 99, {{50, *parse_progress_record(progress("penstock-sink-u7").back())}}};
  EXPECT_EQ(judge_before_fencing(view, std::nullopt, {{{77, 77}, {1}}}, false).kind,
            Verdict::Kind::kHalt);
}

TEST_F(SinkOrderTest, ReleasedHistoryCannotBeAdoptedButRestarted) {
  tick(1, {{"a", 1, 1}});
  run();
  alter([](SinkPlace& place) {
    place.halted = "history released";
    place.history_released = true;
    place.be_told_to_adopt();
  });
  tick(2, {{"b", 1, 1}});
  run();
  ASSERT_TRUE(stalled());
  restart(true);
  EXPECT_FALSE(directory_.memory.place.history_released);
  run();
  EXPECT_EQ(messages(), (Texts{row("a", 1) + "@1", row("b", 1) + "@2"}));
}

TEST_F(SinkOrderTest, ASnapshotStartedAgainIsSentWhole) {
  config_.limits.part_bytes = 1;
  tick(1, {{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}});
  start();
  for (int i = 0; i < 200 && messages().empty(); ++i) sink_->step();
  ASSERT_LT(messages().size(), 3u);  // In the middle of it.
  tick(2, {{"d", 1, 1}});
  restart(false);
  run();
  Texts again = messages();
  EXPECT_EQ(Texts(again.end() - 4, again.end()), (Texts{row("a", 1) + "@2", row("b", 1) + "@2",
                                                        row("c", 1) + "@2", row("d", 1) + "@2"}));
  EXPECT_FALSE(directory_.memory.place.snapshot_due);
  tick(3, {{"e", 1, 1}});
  settle();
  EXPECT_EQ(messages().back(), row("e", 1) + "@3");
}

TEST_F(SinkOrderTest, ATopicThatWasDeletedIsMadeAgain) {
  tick(1, {{"a", 1, 1}});
  run();
  sink_.reset();
  cluster_.topics.erase("data");
  tick(2, {});
  restart(false);
  run();
  EXPECT_EQ(messages(), (Texts{row("a", 1) + "@2"}));
}

// A commit of the order's record is acknowledged, and the process dies before it keeps that.
class OrderCrash : public SinkOrderTest, public ::testing::WithParamInterface<Fate> {};

TEST_P(OrderCrash, TheOrderIsCarriedOutAgain) {
  for (int way = 0; way < 3; ++way) {
    cluster_ = {};
    cluster_.create("progress", 1);
    directory_.memory = {};
    directory_.memory.place = SinkPlace::first({1}, true);
    tick(1, {{"a", 1, 1}});
    run();
    tick(2, {{"b", 1, 1}});
    tick(3, {{"a", 1, -1}});
    if (way == 0) adopt();
    if (way > 0) restart(way == 2);
    bool drawn = false;
    cluster_.next_fate = [&] {
      directory_.dead = directory_.dead || !drawn;
      return std::exchange(drawn, true) ? Fate::kApplied : GetParam();
    };
    start();
    for (int i = 0; i < 8 && !directory_.dead; ++i) sink_->step();
    EXPECT_TRUE(drawn);
    crash();
    EXPECT_NE(directory_.memory.place.order, SinkOrder::kNone);
    run();
    EXPECT_EQ(directory_.memory.place.order, SinkOrder::kNone);
    // A whole snapshot deletes nothing.
    EXPECT_EQ(table(), way == 1 ? (Texts{row("a", 1), row("b", 1)}) : (Texts{row("b", 1)}));
    if (way != 1) {
      EXPECT_EQ(messages().size(), 3u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fates, OrderCrash,
                         ::testing::Values(Fate::kApplied, Fate::kAnswerLost, Fate::kRequestLost));

// --- differences ---

class DifferenceTest : public SinkOrderTest {
 protected:
  // The sink has written `first`; the topic is changed by hand; the collection goes on.
  void written(const std::vector<Change>& first) {
    config_.def.topic_options.partition_count = 3;
    tick(1, first);
    run();
    sink_.reset();
  }
  void by_hand(const std::string& key, const std::optional<std::string>& value, int64_t time) {
    cluster_.transactions.push_back({"somebody", simulated::TransactionState::kCommitted, {}});
    simulated::Record record{R"({"k":")" + key + R"("})",
                             value,
                             {{"materialize-timestamp", std::to_string(time)}},
                             cluster_.transactions.size() - 1,
                             false};
    cluster_.partition("data", 2).log.push_back(record);
  }
};

TEST_F(DifferenceTest, OnlyWhatTheTopicLacksAndHasTooMuch) {
  written({{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}, {"d", 1, 1}});
  const size_t before = messages().size();
  by_hand("a", row("a", 9), 2);   // Another value.
  by_hand("b", std::nullopt, 2);  // Gone.
  by_hand("x", row("x", 1), 2);   // Too much.
  tick(3, {{"d", 1, -1}, {"e", 5, 1}});
  restart(true);
  run();
  EXPECT_EQ(table(), (Texts{row("a", 1), row("b", 1), row("c", 1), row("e", 5)}));
  Texts sent = messages();
  EXPECT_EQ(sent.size(), before + 3 + 5);
  // A deletion goes where the key's last message is.
  const auto& log = cluster_.partition("data", 2).log;
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const simulated::Record& record) {
    return record.key == R"({"k":"x"})" && !record.value;
  }));
  EXPECT_EQ(directory_.memory.place.k->claim.frontier, Timestamp{4});
}

TEST_F(DifferenceTest, NothingIsSentWhenTheTopicIsRight) {
  written({{"a", 1, 1}, {"b", 1, 1}});
  const Texts before = messages();
  tick(2, {});
  restart(true);
  run();
  EXPECT_EQ(messages(), before);
  EXPECT_FALSE(directory_.memory.place.snapshot_due);
  tick(3, {{"c", 1, 1}});
  settle();
  EXPECT_EQ(messages().size(), before.size() + 1);
}

class DifferenceCrash : public DifferenceTest, public ::testing::WithParamInterface<int> {};

TEST_P(DifferenceCrash, WhatWasSentHalfIsFoundAgainAndFinished) {
  written({{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}, {"d", 1, 1}});
  for (const char* key : {"a", "b", "c", "d"}) by_hand(key, row(key, 7), 2);
  tick(3, {{"e", 1, 1}});
  const size_t before = messages().size();
  config_.limits.part_bytes = 1;
  restart(true);
  start();
  for (int i = 0; i < GetParam(); ++i) sink_->step();
  if (GetParam() % 2 == 0) directory_.sync();
  crash();
  run();
  EXPECT_EQ(table(), (Texts{row("a", 1), row("b", 1), row("c", 1), row("d", 1), row("e", 1)}));
  EXPECT_EQ(messages().size(), before + 5);
}

INSTANTIATE_TEST_SUITE_P(AfterSteps, DifferenceCrash, ::testing::Range(1, 12));

TEST_F(DifferenceTest, OfDebeziumWithAUniqueKeyAChangeHasBothSides) {
  config_.def.envelope = defs::SinkEnvelope::kDebezium;
  written({{"a", 1, 1}, {"b", 1, 1}});
  by_hand("a", R"({"before":)" + row("a", 1) + R"(,"after":)" + row("a", 9) + "}", 2);
  by_hand("x", R"({"before":null,"after":)" + row("x", 1) + "}", 2);
  tick(3, {{"b", 1, -1}, {"c", 1, 1}});
  const size_t before = messages().size();
  restart(true);
  run();
  Texts sent = messages();
  std::vector<std::string> fresh;
  for (const std::string& text : sent) {
    if (text.ends_with("@3")) fresh.push_back(text);
  }
  EXPECT_EQ(sent.size(), before + 4);
  for (const std::string& wanted :
       {R"({"before":)" + row("a", 9) + R"(,"after":)" + row("a", 1) + "}@3",
        R"({"before":)" + row("b", 1) + R"(,"after":null}@3)",
        R"({"before":null,"after":)" + row("c", 1) + "}@3",
        R"({"before":)" + row("x", 1) + R"(,"after":null}@3)"}) {
    EXPECT_NE(std::find(fresh.begin(), fresh.end(), wanted), fresh.end()) << wanted;
  }
}

TEST_F(DifferenceTest, WithoutAKeyRowsAreCounted) {
  config_.def.envelope = defs::SinkEnvelope::kDebezium;
  config_.def.key.reset();
  config_.def.key_is_proven = false;
  written({{"a", 1, 3}, {"b", 1, 1}});
  tick(3, {{"a", 1, -1}, {"b", 1, -1}, {"c", 1, 2}});
  const size_t before = messages().size();
  restart(true);
  run();
  Texts sent = messages();
  EXPECT_EQ(sent.size(), before + 4);
  const std::string gone_a = R"({"before":)" + row("a", 1) + R"(,"after":null}@3)";
  const std::string gone_b = R"({"before":)" + row("b", 1) + R"(,"after":null}@3)";
  const std::string come_c = R"({"before":null,"after":)" + row("c", 1) + "}@3";
  EXPECT_EQ(std::count(sent.begin(), sent.end(), gone_a), 1);
  EXPECT_EQ(std::count(sent.begin(), sent.end(), gone_b), 1);
  EXPECT_EQ(std::count(sent.begin(), sent.end(), come_c), 2);
}

TEST_F(DifferenceTest, WhatCannotBeComparedStallsAndSaysWhatCanBeDone) {
  config_.def.envelope = defs::SinkEnvelope::kDebezium;
  config_.def.key_is_proven = false;
  written({{"a", 1, 1}});
  cluster_.cleanup_policy = "compact";
  tick(2, {});
  restart(true);
  run();
  ASSERT_TRUE(stalled());
  EXPECT_NE(report_->status().hints.front().find("RESTART WITH SNAPSHOT"), std::string::npos);
}

// --- at least once ---

class AtLeastOnce : public SinkOrderTest {
 protected:
  AtLeastOnce() {
    config_.def.delivery = defs::DeliveryGuarantee::kAtLeastOnce;
    config_.transactional_id.clear();
  }
  size_t count(const std::string& text) const {
    const Texts all = messages();
    return static_cast<size_t>(std::count(all.begin(), all.end(), text));
  }
};

TEST_F(AtLeastOnce, NothingIsFencedAndProgressComesBehindItsData) {
  tick(1, {{"a", 1, 1}});
  run();
  tick(2, {{"b", 1, 1}});
  settle();
  EXPECT_EQ(messages(), (Texts{row("a", 1) + "@1", row("b", 1) + "@2"}));
  EXPECT_EQ(cluster_.fences, 0u);
  EXPECT_EQ(progress("mz-sink-u7").back(), R"({"frontier":[3],"version":0})");
}

TEST_F(AtLeastOnce, NothingLeavesBeforeItIsDurable) {
  tick(1, {});
  run();
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
  EXPECT_EQ(messages(), (Texts{row("a", 1) + "@5"}));
}

TEST_F(AtLeastOnce, ACrashRepeatsAtMostWhatWasNotRecorded) {
  tick(1, {{"a", 1, 1}});
  run();
  for (uint64_t time = 2; time < 30; ++time) {
    tick(time, {{"k" + std::to_string(time), 1, 1}});
    // Dies at one call or the next.
    uint64_t left = time - 1;
    cluster_.before_call = [&](const std::string&) -> std::optional<connect::KafkaError> {
      if (left > 0) --left;
      if (left == 0) directory_.dead = true;
      if (left == 0) return connect::KafkaError{connect::KafkaFault::kAbort, "died", ""};
      return std::nullopt;
    };
    for (int i = 0; i < 10; ++i) sink_->step();
    cluster_.before_call = nullptr;
    crash();
    run();
    const std::string text = row("k" + std::to_string(time), 1) + "@" + std::to_string(time);
    EXPECT_GE(count(text), 1u) << time;
    EXPECT_LE(count(text), 3u) << time;
  }
  EXPECT_EQ(count(row("a", 1) + "@1"), 1u);
}

TEST_F(AtLeastOnce, ARecordThatArrivesLateIsNoReasonToStall) {
  tick(1, {{"a", 1, 1}});
  run();
  tick(2, {{"b", 1, 1}});
  settle();
  sink_.reset();
  // Of the life before, sent before the last one and taken after it.
  cluster_.write_committed("progress", "penstock-sink-u7",
                           own_record({{2}, std::nullopt}, 0, {1, 0}));
  tick(3, {{"c", 1, 1}});
  run();
  EXPECT_EQ(messages(), (Texts{row("a", 1) + "@1", row("b", 1) + "@2", row("c", 1) + "@3"}));
}

TEST_F(AtLeastOnce, TheGuaranteeCanBeSwitchedBothWays) {
  tick(1, {{"a", 1, 1}});
  run();
  for (int i = 0; i < 4; ++i) {
    config_.transactional_id = i % 2 == 0 ? "txn" : "";
    tick(static_cast<uint64_t>(i) + 2, {{"k" + std::to_string(i), 1, 1}});
    run();
    EXPECT_EQ(messages().size(), static_cast<size_t>(i) + 2);
  }
  EXPECT_GE(cluster_.fences, 2u);
}

}  // namespace
}  // namespace penstock::sinks
