// Timers: their order, and that cancelled ones do nothing and take no room.
#include "connect/kafka/simulated/simulated_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

void run_for(SimulatedLoop& loop, milliseconds time) {
  const auto end = loop.now() + time;
  while (loop.now() < end)
    loop.run(std::chrono::duration_cast<std::chrono::microseconds>(end - loop.now()));
}

TEST(SimulatedLoopTest, RunsInTheOrderOfTimeAndThenOfPlanning) {
  SimulatedLoop loop(1);
  std::vector<int> ran;
  const auto now = loop.now();
  loop.at(now + milliseconds(2), [&] { ran.push_back(3); });
  loop.at(now + milliseconds(1), [&] { ran.push_back(1); });
  loop.at(now + milliseconds(1), [&] { ran.push_back(2); });
  run_for(loop, milliseconds(2));
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST(SimulatedLoopTest, ATimerThatRanCannotCancelItsSuccessor) {
  SimulatedLoop loop(1);
  int ran = 0;
  const auto old = loop.at(loop.now(), [&] { ++ran; });
  loop.run(milliseconds(1));
  const auto next = loop.at(loop.now(), [&] { ++ran; });
  loop.cancel(old);
  loop.run(milliseconds(1));
  EXPECT_EQ(ran, 2);
  loop.cancel(next);
}

// Against a model: whatever is cancelled does not run, everything else does, once and in order.
TEST(SimulatedLoopTest, CancelledOnesDoNothing) {
  SimulatedLoop loop(1);
  Rng rng(5);
  std::map<int, EventLoop::TimerId> pending;
  std::vector<EventLoop::Time> times;
  int num_ran = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto time = loop.now() + milliseconds(rng.below(2'000));
    pending[i] = loop.at(time, [&, i] {
      ++num_ran;
      EXPECT_EQ(pending.erase(i), 1u);
      times.push_back(loop.now());
    });
    loop.run(milliseconds(1));
    while (pending.size() > 500) {
      const auto victim = pending.begin();
      loop.cancel(victim->second);
      pending.erase(victim);
    }
  }
  run_for(loop, milliseconds(3'000));
  EXPECT_TRUE(pending.empty());
  EXPECT_GT(num_ran, 1'000);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

}  // namespace
}  // namespace penstock::connect::kafka
