// Snapshots and sorted changes by themselves: where they stop, and what they notice of keys.
#include "sinks/bulk.h"

#include <gtest/gtest.h>

#include "sinks/simulated_directory_test.h"
#include "sinks/simulated_kafka_test.h"

namespace penstock::sinks {
namespace {

class BulkTest : public ::testing::Test {
 protected:
  std::unique_ptr<Bulk> snapshot() {
    BulkCursor cursor{BulkKind::kSnapshot, {0}, {1}, 0, 0};
    return Bulk::make(cursor, {directory_, kafka_, stop_}, encoder_, config_);
  }
  void rows(const std::vector<simulated::Change>& rows) {
    directory_.memory.ticks.push_back({.time = 1, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = 2;
  }

  simulated::Directory directory_;
  simulated::Cluster cluster_;
  simulated::Client kafka_{cluster_, "sink"};
  SinkConfig config_ = simulated::config();
  ChangeEncoder encoder_{config_};
  StopToken stop_;
};

TEST_F(BulkTest, AStopEndsTheWayBackToACursor) {
  directory_.chunk_rows = 100;
  rows({{"a", 1, 1}, {"b", 2, 1}, {"c", 3, 1}});
  auto first = snapshot();
  BulkUnit unit;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(first->next(unit));
  auto second = snapshot();
  directory_.while_waiting = [&] { stop_.stop(); };
  auto found = second->seek(first->cursor());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Trouble::Kind::kStopped);
}

TEST_F(BulkTest, ASnapshotNamesBothRowsOfAKeyAlsoAcrossChunksAndAfterARewind) {
  directory_.chunk_rows = 2;
  rows({{"a", 1, 1}, {"b", 2, 1}, {"b", 3, 1}, {"c", 4, 1}});
  auto bulk = snapshot();
  BulkUnit unit;
  ASSERT_TRUE(bulk->next(unit));
  ASSERT_TRUE(bulk->next(unit));
  EXPECT_EQ(unit.violation, "");
  BulkCursor behind_first = bulk->cursor();
  const std::string expected =
      R"(key {"k":"b"} changes more than once at time 1: {"k":"b","v":2} and {"k":"b","v":3})";
  ASSERT_TRUE(bulk->next(unit));
  EXPECT_EQ(unit.violation, expected);
  bulk->forget_before(behind_first);
  ASSERT_TRUE(bulk->seek(behind_first));
  ASSERT_TRUE(bulk->next(unit));
  EXPECT_EQ(unit.violation, expected);
  ASSERT_TRUE(bulk->next(unit));
  EXPECT_EQ(unit.violation, "");
}

}  // namespace
}  // namespace penstock::sinks
