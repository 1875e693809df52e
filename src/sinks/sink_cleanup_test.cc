// Cleaning up: open transactions end, progress is removed, and another writer is left alone.
#include "sinks/sink_cleanup.h"

#include <gtest/gtest.h>

#include "sinks/progress_record.h"
#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

class SinkCleanup : public ::testing::Test {
 protected:
  SinkCleanup() { cluster_.create("progress", 1); }
  Step<void> clean_up() { return clean_up_dropped_sink(config_, place_, lives_, client_, stop_); }

  simulated::Cluster cluster_;
  simulated::Client client_{cluster_, "one"};
  SinkConfig config_ = simulated::config();
  SinkPlace place_ = SinkPlace::first({1}, true);
  std::vector<Life> lives_ = {{{1, 1}, {0}}};
  StopToken stop_;
};

TEST_F(SinkCleanup, EndsWhatIsOpenAndWritesTombstones) {
  uint64_t epoch = cluster_.fence("txn");
  cluster_.append("txn", epoch, cluster_.partition("progress", 0),
                  {"penstock-sink-u7", own_record({{5}, std::nullopt}, 0, {1, 1}), {}, 0, false});
  ASSERT_TRUE(clean_up());
  EXPECT_EQ(cluster_.last_stable(cluster_.partition("progress", 0)), 5);
  auto records = cluster_.committed("progress");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].key, "mz-sink-u7");
  EXPECT_EQ(records[1].key, "penstock-sink-u7");
  EXPECT_EQ(records[1].value, std::nullopt);
}

TEST_F(SinkCleanup, LeavesAnotherWriterAlone) {
  cluster_.write_committed("progress", "penstock-sink-u7",
                           own_record({{5}, std::nullopt}, 0, {9, 9}));
  ASSERT_TRUE(clean_up());
  EXPECT_EQ(cluster_.fences, 0u);
  EXPECT_EQ(cluster_.committed("progress").size(), 1u);
}

TEST_F(SinkCleanup, AHaltIsLeftAloneUnlessItWasForItsHistory) {
  place_.halted = "somebody else writes";
  ASSERT_TRUE(clean_up());
  EXPECT_EQ(cluster_.fences, 0u);
  place_.history_released = true;
  ASSERT_TRUE(clean_up());
  EXPECT_EQ(cluster_.fences, 1u);
  EXPECT_EQ(cluster_.committed("progress").size(), 2u);
}

TEST_F(SinkCleanup, ASinkThatWroteNothingNeedsNone) {
  cluster_.topics.clear();
  ASSERT_TRUE(clean_up());
  EXPECT_EQ(cluster_.fences, 0u);
}

TEST_F(SinkCleanup, IsTriedAgainWhenTheBrokerIsAway) {
  cluster_.before_call = [](const std::string&) {
    return connect::KafkaError{connect::KafkaFault::kRetriable, "refused", ""};
  };
  auto done = clean_up();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, Trouble::Kind::kRetry);
}

}  // namespace
}  // namespace penstock::sinks
