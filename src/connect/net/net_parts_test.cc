// The parts of the loop that need no socket: the queue of bytes, the queue of timers.
#include <gtest/gtest.h>

#include <chrono>

#include "connect/net/loopback_peer_test.h"
#include "connect/net/send_queue.h"
#include "connect/net/timer_queue.h"

namespace penstock::connect {
namespace {

using std::chrono_literals::operator""ms;

std::string gathered(const SendQueue& queue, size_t pieces) {
  std::vector<iovec> entries(pieces);
  const size_t count = queue.gather(entries);
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    out.append(static_cast<const char*>(entries[i].iov_base), entries[i].iov_len);
    out += '|';
  }
  return out;
}

TEST(SendQueue, GathersAcrossPayloadsAndSkipsEmptyPieces) {
  SendQueue queue;
  queue.push({{"ab", "", "cde"}, nullptr});
  queue.push({{"", ""}, nullptr});
  queue.push({{}, nullptr});
  queue.push({{"", "f"}, nullptr});
  EXPECT_EQ(queue.bytes(), 6u);
  EXPECT_EQ(gathered(queue, 64), "ab|cde|f|");
  EXPECT_EQ(gathered(queue, 2), "ab|cde|");
  EXPECT_EQ(gathered(queue, 0), "");
  queue.consume(3);
  EXPECT_EQ(queue.front(), "de");
  EXPECT_EQ(gathered(queue, 64), "de|f|");
  char small[2];
  EXPECT_EQ(queue.copy(small), 2u);
  EXPECT_EQ(std::string_view(small, 2), "de");
  char large[9];
  EXPECT_EQ(queue.copy(large), 3u);
  EXPECT_EQ(std::string_view(large, 3), "def");
  queue.consume(3);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(gathered(queue, 64), "");
}

TEST(SendQueue, EveryWayOfTakingGivesTheSameBytes) {
  const std::string whole = "abcdefghijklmnopqrstuvwxyz";
  for (size_t piece = 1; piece <= whole.size(); ++piece) {
    for (size_t step = 1; step <= whole.size(); ++step) {
      SendQueue queue;
      queue.push(payload_of(whole, piece));
      queue.push(payload_of(whole, piece));
      std::string taken;
      while (!queue.empty()) {
        std::string next(std::min(step, queue.bytes()), '\0');
        ASSERT_EQ(queue.copy(next), next.size());
        taken += next;
        queue.consume(next.size());
      }
      ASSERT_EQ(taken, whole + whole) << piece << " " << step;
    }
  }
}

TEST(SendQueue, LetsAnOwnerGoWithItsLastByte) {
  SendQueue queue;
  auto first = std::make_shared<const int>(1);
  auto second = std::make_shared<const int>(2);
  queue.push({{"abc"}, first});
  queue.push({{"def", ""}, second});
  queue.consume(2);
  EXPECT_EQ(first.use_count(), 2);
  queue.consume(1);
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(second.use_count(), 2);
  queue.consume(3);
  EXPECT_EQ(second.use_count(), 1);
}

TEST(TimerQueue, RunsInOrderOfTimeThenOfAdding) {
  TimerQueue timers;
  const TimerQueue::Time zero;
  std::string ran;
  timers.add(zero + 2ms, [&] { ran += 'c'; });
  timers.add(zero + 1ms, [&] { ran += 'a'; });
  timers.add(zero + 1ms, [&] { ran += 'b'; });
  timers.add(zero + 3ms, [&] { ran += 'd'; });
  EXPECT_EQ(timers.next(), zero + 1ms);
  EXPECT_EQ(timers.run_due(zero), 0u);
  EXPECT_EQ(timers.run_due(zero + 2ms), 3u);
  EXPECT_EQ(ran, "abc");
  EXPECT_EQ(timers.next(), zero + 3ms);
  EXPECT_EQ(timers.run_due(zero + 9ms), 1u);
  EXPECT_EQ(timers.next(), std::nullopt);
}

TEST(TimerQueue, CancelsWhatHasNotRunAlsoFromWithinATask) {
  TimerQueue timers;
  const TimerQueue::Time zero;
  std::string ran;
  TimerQueue::TimerId last = 0;
  const auto first = timers.add(zero, [&] {
    ran += 'a';
    timers.cancel(last);
  });
  last = timers.add(zero, [&] { ran += 'b'; });
  const auto other = timers.add(zero, [&] { ran += 'c'; });
  timers.cancel(other);
  EXPECT_EQ(timers.run_due(zero), 1u);
  EXPECT_EQ(ran, "a");
  timers.cancel(first);
  timers.cancel(12345);
}

TEST(TimerQueue, WhatATaskAddsWaitsForTheNextCall) {
  TimerQueue timers;
  const TimerQueue::Time zero;
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    timers.add(zero, [&] { again(); });
  };
  timers.add(zero, [&] { again(); });
  EXPECT_EQ(timers.run_due(zero + 1ms), 1u);
  EXPECT_EQ(timers.run_due(zero + 1ms), 1u);
  EXPECT_EQ(runs, 2);
}

}  // namespace
}  // namespace penstock::connect
