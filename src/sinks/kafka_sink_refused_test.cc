// Messages that are too large are passed over, each once, wherever the sink dies: in ticks, in
// snapshots, in ticks too large for a transaction.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/failpoint.h"
#include "base/log.h"
#include "sinks/kafka_sink.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

using Texts = std::vector<std::string>;

class RefusedMessagesTest : public ::testing::TestWithParam<int> {
 protected:
  RefusedMessagesTest() {
    configure_log(LogLevel::kError, LogFormat::kText);
    directory_.while_waiting = [this] { directory_.sync(); };
    directory_.memory.place = SinkPlace::first({1}, true);
    config_ = simulated::config();
    config_.spill_directory = testing::TempDir();
    config_.limits.message_max_bytes = 60;
    config_.def.refused_messages = defs::RefusedMessages::kDeadLetter;
    config_.def.dead_letter_topic = "letters";
  }
  ~RefusedMessagesTest() override { arm_failpoints(""); }

  // A row of this key is too large for a message.
  static std::string large(char c) { return std::string(40, c); }

  void tick(uint64_t time, const std::vector<simulated::Change>& rows) {
    directory_.memory.ticks.push_back({.time = time, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = time + 1;
  }
  void start() {
    sink_.reset();
    directory_.memory.lives.push_back({{next_life_++, 0}, {directory_.memory.upper - 1}});
    directory_.sync();
    sink_ = std::make_unique<KafkaSink>(
        config_, SinkWorld{client_, directory_, directory_, report_, clock_, stop_});
  }
  void settle() {
    for (int i = 0; i < 60; ++i) sink_->step();
  }
  // The first character of each key.
  std::string keys(const std::string& topic) const {
    std::string out;
    for (const simulated::Record& record : cluster_.committed(topic)) {
      out += record.key.value_or("------")[6];
    }
    return out;
  }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  simulated::Directory directory_;
  simulated::StepClock clock_;
  SinkConfig config_;
  StopToken stop_;
  SinkReport report_{{}};
  std::unique_ptr<KafkaSink> sink_;
  uint64_t next_life_ = 1;
};

TEST_F(RefusedMessagesTest, ATickHasTheRestAndItsLetters) {
  tick(1, {});
  start();
  settle();
  tick(5, {{"a", 1, 1}, {large('b'), 2, 1}, {"c", 3, 1}});
  tick(6, {{large('b'), 2, -1}, {"d", 1, 1}});
  settle();
  EXPECT_EQ(keys("data"), "acbd");  // A tombstone has room.
  const auto letters = cluster_.committed("letters");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].key, "{\"k\":\"" + large('b') + "\"}");
  EXPECT_EQ(letters[0].headers.front().second, "5");
  const auto told = nlohmann::json::parse(*letters[0].value);
  EXPECT_EQ(told["cause"], "message too large");
  EXPECT_EQ(told["after"], nlohmann::json::parse("{\"k\":\"" + large('b') + "\",\"v\":2}"));
  EXPECT_EQ(report_.transactions().refused, 1u);
  EXPECT_EQ(report_.statistics().messages_committed, 4u);
}

TEST_F(RefusedMessagesTest, NothingButRefusedMessagesIsNoTransaction) {
  config_.def.refused_messages = defs::RefusedMessages::kSkip;
  tick(1, {});
  start();
  settle();
  tick(5, {{large('b'), 2, 1}});
  settle();
  EXPECT_EQ(report_.transactions().refused, 1u);
  EXPECT_EQ(report_.transactions().committed, 0u);
  EXPECT_EQ(directory_.memory.place.next, Timestamp{6});
}

TEST_P(RefusedMessagesTest, ASnapshotContinuedHasEachOnce) {
  std::vector<simulated::Change> rows;
  for (char c = 'a'; c < 'k'; ++c) {
    const bool is_large = c == 'c' || c == 'd' || c == 'h';
    rows.push_back({is_large ? large(c) : std::string(1, c), c, 1});
  }
  config_.limits.part_bytes = 50;
  tick(1, rows);
  start();
  for (int step = 0; step < GetParam(); ++step) sink_->step();
  directory_.sync();
  // What was refused may fit from now on, or be refused without a letter: the place is the same.
  const bool all_fit = GetParam() % 3 == 1 && keys("data").size() + keys("letters").size() >= 8;
  if (all_fit) config_.limits.message_max_bytes = 1'000;
  start();
  settle();
  EXPECT_FALSE(directory_.memory.place.halted.has_value()) << *directory_.memory.place.halted;
  EXPECT_EQ(keys("data"), "abefgij");
  EXPECT_EQ(keys("letters"), "cdh");
}

TEST_P(RefusedMessagesTest, ALargeTickContinuedHasEachOnce) {
  directory_.memory.place = SinkPlace::first({1}, false);
  tick(1, {});
  start();
  settle();
  directory_.tick_limit_rows = 4;
  config_.limits.part_bytes = 1;
  tick(3, {{"d", 2, 1}, {large('c'), 1, 1}, {"a", 2, 1}, {large('b'), 2, 1}, {"e", 1, 1}});
  start();
  for (int step = 0; step < GetParam(); ++step) sink_->step();
  directory_.sync();
  start();
  settle();
  EXPECT_EQ(keys("data"), "ade");
  EXPECT_EQ(keys("letters"), "bc");
}

INSTANTIATE_TEST_SUITE_P(AfterSteps, RefusedMessagesTest, ::testing::Range(0, 10));

}  // namespace
}  // namespace penstock::sinks
