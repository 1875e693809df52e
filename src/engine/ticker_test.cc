// Rules T1-T3 and D2: times are minted once, ticks are filled in order, and whoever waits is told
// when it is durable.
#include "engine/ticker.h"

#include "engine/engine_fixture_test.h"
#include "engine/tick_clock.h"

namespace penstock::engine {
namespace {

using RuleT2 = EngineTest;
using RuleT3 = EngineTest;
using RuleD2 = EngineTest;
using Stopping = EngineTest;

constexpr uint64_t kStartMs = 1'700'000'000'000;
constexpr uint64_t kHourMs = 3'600'000;

// --- T1 ---

TEST(RuleT1, EveryTimeIsLaterThanTheOneBefore) {
  ManualClock clock(kStartMs);
  TickClock ticks(clock, Timestamp{5});
  EXPECT_EQ(ticks.mint().ms, kStartMs);
  EXPECT_EQ(ticks.mint().ms, kStartMs + 1);  // In the same millisecond.
  clock.pass_ms(10);
  EXPECT_EQ(ticks.mint().ms, kStartMs + 10);
}

TEST(RuleT1, BeginsAboveWhatWasUsed) {
  ManualClock clock(kStartMs);
  EXPECT_EQ(TickClock(clock, Timestamp{kStartMs + 500}).mint().ms, kStartMs + 501);
}

TEST(RuleT1, AJumpBackIsRiddenOut) {
  ManualClock clock(kStartMs);
  TickClock ticks(clock, Timestamp{0});
  Timestamp last = ticks.mint();
  clock.jump_to(kStartMs - kHourMs);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ticks.mint(), last.next());
    last = last.next();
  }
  clock.pass_ms(kHourMs + 100);
  EXPECT_EQ(ticks.mint().ms, kStartMs + 100);
}

TEST(RuleT1, ASmallJumpForwardIsFollowed) {
  ManualClock clock(kStartMs);
  TickClock ticks(clock, Timestamp{0});
  ticks.mint();
  clock.jump_to(kStartMs + 59'000);
  EXPECT_EQ(ticks.mint().ms, kStartMs + 59'000);
}

TEST(RuleT1, ALargeJumpForwardIsFollowedAtDoublePaceAndLogged) {
  ManualClock clock(kStartMs);
  TickClock ticks(clock, Timestamp{0});
  ticks.mint();
  clock.jump_to(kStartMs + kHourMs);
  testing::internal::CaptureStderr();
  clock.pass_ms(1000);
  EXPECT_EQ(ticks.mint().ms, kStartMs + 2000);
  clock.pass_ms(1000);
  EXPECT_EQ(ticks.mint().ms, kStartMs + 4000);
  std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find("the wall clock jumped forward"), std::string::npos) << logged;
  EXPECT_EQ(logged.find("jumped"), logged.rfind("jumped")) << "once";
  clock.pass_ms(kHourMs);
  EXPECT_EQ(ticks.mint().ms, clock.wall_ms()) << "caught up";
  clock.pass_ms(5);
  EXPECT_EQ(ticks.mint().ms, clock.wall_ms()) << "and goes with the clock again";
}

// Ticks that come every millisecond and a half must not slow the clock down.
TEST(RuleT1, TheDoublePaceDoesNotDependOnHowOftenItIsAsked) {
  ManualClock clock(kStartMs);
  TickClock ticks(clock, Timestamp{0});
  ticks.mint();
  clock.jump_to(kStartMs + kHourMs);
  for (int i = 0; i < 10'000; ++i) {
    clock.pass_us(1'500);
    ticks.mint();
  }
  EXPECT_NEAR(static_cast<double>(ticks.now_ms() - kStartMs), 30'000, 10);
}

// --- T2 ---

TEST_F(RuleT2, AStartWaitsOutTheBound) {
  ManualClock& clock = manual_clock_;
  clock_ = &clock;
  start();
  EXPECT_EQ(storage_->writer().time_bound().ms, kStartMs + 1000);
  close();
  clock.jump_to(kStartMs + 700);
  auto began = std::chrono::steady_clock::now();
  start();
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(300));
  EXPECT_GT(engine_->read_timestamp().ms, kStartMs + 1000);
}

TEST_F(RuleT2, NoTimeIsUsedTwiceWhateverTheClockSays) {
  ManualClock& clock = manual_clock_;
  clock_ = &clock;
  storage_options_.sync_on_close = false;
  Timestamp last;
  for (uint64_t wall : {kStartMs, kStartMs - kHourMs, kStartMs + 2, kStartMs + kHourMs, kStartMs}) {
    clock.jump_to(wall);
    start();
    Timestamp bound = storage_->writer().time_bound();
    for (int i = 0; i < 20; ++i) {
      Timestamp time = submit({});
      EXPECT_GT(time, last);
      last = time;
    }
    EXPECT_GE(storage_->writer().time_bound().ms, last.ms + 1000);
    EXPECT_GE(storage_->writer().time_bound(), bound);
    close();
  }
}

// --- T3 ---

// One row of `megabytes`.
storage::TickInputRef large_input(uint64_t id, size_t megabytes) {
  storage::TickInput input;
  std::string text(megabytes << 20, 'x');
  input.collections.push_back({CollectionId{id}, {storage::test_batch({{1, text}})}, {}});
  return std::make_shared<const storage::TickInput>(std::move(input));
}

TEST_F(RuleT3, ATickTakesInputsInOrderUpToEightMebibytes) {
  engine_options_.input_queue_bytes = 64 << 20;
  open();
  append(1, creation({spec_of(10, storage::kInputs)}));
  make_engine();
  std::mutex mutex;
  std::vector<std::pair<size_t, Timestamp>> appended;
  const std::vector<size_t> sizes = {3, 3, 3, 12, 1, 6, 2};
  for (size_t i = 0; i < sizes.size(); ++i) {
    SubmitCallbacks callbacks;
    callbacks.appended = [&, i](const Appended& at) {
      std::lock_guard lock(mutex);
      appended.emplace_back(i, at.time);
    };
    ASSERT_TRUE(engine_->submit(large_input(10, sizes[i]), std::move(callbacks)));
  }
  ASSERT_TRUE(engine_->start());
  ASSERT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    return appended.size() == sizes.size();
  }));
  std::vector<std::vector<size_t>> ticks;
  Timestamp last;
  for (size_t i = 0; i < appended.size(); ++i) {
    EXPECT_EQ(appended[i].first, i) << "in order";
    if (appended[i].second != last) ticks.emplace_back();
    EXPECT_GE(appended[i].second, last);
    last = appended[i].second;
    ticks.back().push_back(sizes[i]);
  }
  EXPECT_EQ(ticks, (std::vector<std::vector<size_t>>{{3, 3}, {3}, {12}, {1, 6}, {2}}));
}

// --- D2 ---

TEST_F(RuleD2, SubmitAndWaitReturnsWhenItIsDurable) {
  storage_options_.background = false;  // Nothing is synced but by hand.
  start();
  std::atomic<bool> appended{false};
  Result<Timestamp> time = Timestamp{};
  std::future<void> done = std::async(std::launch::async, [&] {
    auto input = std::make_shared<const storage::TickInput>();
    time = engine_->submit_and_wait(input, [&] { appended = true; });
  });
  ASSERT_TRUE(eventually([&] { return appended.load(); }));
  EXPECT_EQ(done.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  ASSERT_TRUE(storage_->sync_now());
  within("the rest", [&] { done.get(); });
  ASSERT_TRUE(time);
  EXPECT_GE(storage_->durability().durable(storage::kInputs), *time);
}

TEST_F(RuleD2, WhatAPeekReturnsIsDurable) {
  storage_options_.background = false;
  open();
  append(1, creation({spec_of(10, storage::kInputs)}));
  make_engine();
  ASSERT_TRUE(engine_->start());
  std::atomic<bool> appended{false};
  SubmitCallbacks callbacks;
  callbacks.appended = [&](const Appended&) { appended = true; };
  auto input = std::make_shared<const storage::TickInput>(rows_of(10, {{1, "a"}}));
  ASSERT_TRUE(engine_->submit(input, std::move(callbacks)));
  ASSERT_TRUE(eventually([&] { return appended.load(); }));
  Result<PeekResult> result = PeekResult{};
  std::future<void> done = std::async(std::launch::async, [&] {
    result = peek(request(copy_plan(10, 999), engine_->read_timestamp()));
  });
  EXPECT_EQ(done.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  ASSERT_TRUE(storage_->sync_now());
  within("the rest", [&] { done.get(); });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(rows_of_result(*result), (RowMap{{{1, "a"}, 1}}));
}

// --- stopping ---

TEST_F(Stopping, LetsGoOfCallbacksThatWait) {
  open();
  make_engine();
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watch = held;
  std::atomic<bool> called{false};
  SubmitCallbacks callbacks;
  callbacks.durable = [held, &called](const Appended&) { called = true; };
  held.reset();
  ASSERT_TRUE(engine_->submit(std::make_shared<const storage::TickInput>(), callbacks));
  callbacks = {};
  EXPECT_FALSE(watch.expired());
  within("stop", [&] { engine_->stop(); });
  EXPECT_TRUE(watch.expired());
  EXPECT_FALSE(called);
  auto late = std::make_shared<const storage::TickInput>();
  EXPECT_FALSE(engine_->submit(late, {}));
  EXPECT_EQ(engine_->submit_and_wait(late, {}).error().state, sql_state::kAdminShutdown);
}

TEST_F(Stopping, LetsGoOfWhoeverWaitsForRoom) {
  engine_options_.input_queue_bytes = 1;
  open();
  make_engine();
  auto input = std::make_shared<const storage::TickInput>();
  ASSERT_TRUE(engine_->submit(input, {}));
  EXPECT_FALSE(engine_->try_submit(input, {}));
  std::future<bool> waiting =
      std::async(std::launch::async, [&] { return engine_->submit(input, {}); });
  within("stop", [&] { engine_->stop(); });
  EXPECT_FALSE(waiting.get());
}

}  // namespace
}  // namespace penstock::engine
