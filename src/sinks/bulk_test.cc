// Snapshots and sorted changes by themselves: where they stop, and what they notice of keys.
#include "sinks/bulk.h"

#include <gtest/gtest.h>

#include "sinks/simulated_directory_test.h"

namespace penstock::sinks {
namespace {

class BulkTest : public ::testing::Test {
 protected:
  std::unique_ptr<Bulk> snapshot() {
    BulkCursor cursor{BulkKind::kSnapshot, {0}, {1}, 0, 0};
    return Bulk::make(cursor, directory_, encoder_, config_, stop_);
  }
  void rows(const std::vector<simulated::Change>& rows) {
    directory_.memory.ticks.push_back({.time = 1, .rows = rows, .errors = 0, .source_end = 0});
    directory_.memory.upper = 2;
  }

  simulated::Directory directory_;
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

}  // namespace
}  // namespace penstock::sinks
