// The coordinator's small parts: variables, locks, the pool, the status board.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "coordinator/session_variables.h"
#include "coordinator/status_board.h"
#include "coordinator/table_locks.h"
#include "coordinator/task_pool.h"

namespace penstock::coordinator {
namespace {

TEST(SessionVariables, RefusesWhatItDoesNotKnowOrCannotChange) {
  SessionVariables variables(std::map<std::string, std::string>{});
  EXPECT_EQ(variables.set("nope", "1", false).error().state, sql_state::kUndefinedObject);
  EXPECT_EQ(variables.set("server_version", "1", false).error().state,
            sql_state::kCannotChangeParameter);
  EXPECT_EQ(variables.set("welcome_message", "maybe", false).error().message,
            "parameter \"welcome_message\" requires a \"boolean\" value");
  EXPECT_EQ(variables.set("TimeZone", "Europe/Paris", false).error().message,
            "invalid value for parameter \"TimeZone\": \"Europe/Paris\"");
  EXPECT_TRUE(variables.set("timezone", "+00:00", false));
  EXPECT_EQ(variables.get("TimeZone"), "UTC");
}

TEST(SessionVariables, TransactionsRestoreWhatTheyMust) {
  SessionVariables variables(std::map<std::string, std::string>{});
  variables.begin_transaction();
  EXPECT_TRUE(variables.set("application_name", "a", false));
  EXPECT_TRUE(variables.set("cluster", "c", true));
  variables.end_transaction(true);
  EXPECT_EQ(variables.get("application_name"), "a");
  EXPECT_EQ(variables.get("cluster"), "quickstart");
  variables.begin_transaction();
  EXPECT_TRUE(variables.set("application_name", "b", false));
  variables.end_transaction(false);
  EXPECT_EQ(variables.get("application_name"), "a");
}

TEST(SessionVariables, ReportsEachChangeOnce) {
  SessionVariables variables(std::map<std::string, std::string>{{"database", "d"}});
  EXPECT_GT(variables.take_changes().size(), 5u);
  EXPECT_TRUE(variables.take_changes().empty());
  EXPECT_TRUE(variables.set("database", "e", false));
  auto changes = variables.take_changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].second, "e");
}

TEST(SessionVariables, ParsesDurations) {
  EXPECT_EQ(parse_duration_ms("10s"), 10000u);
  EXPECT_EQ(parse_duration_ms("500ms"), 500u);
  EXPECT_EQ(parse_duration_ms("7"), 7u);
  EXPECT_EQ(parse_duration_ms("x"), std::nullopt);
}

TEST(TableLocks, AloneExcludesSharers) {
  TableLocks locks;
  StopToken never;
  CollectionId table{1};
  auto shared = locks.lock({table}, LockMode::kShared, never).value();
  auto second = locks.lock({table}, LockMode::kShared, never).value();
  std::atomic<bool> got{false};
  std::thread alone([&] {
    auto guard = locks.lock({table, CollectionId{2}}, LockMode::kAlone, never).value();
    got = true;
  });
  EXPECT_FALSE(got);
  shared.release();
  second.release();
  alone.join();
  EXPECT_TRUE(got);
}

TEST(TableLocks, TryingTakesAllOrNothing) {
  TableLocks locks;
  StopToken never;
  const CollectionId one{1};
  const CollectionId two{2};
  auto held = locks.lock({two}, LockMode::kShared, never).value();
  EXPECT_FALSE(locks.try_lock({two, one}, LockMode::kAlone));
  EXPECT_TRUE(locks.try_lock({one}, LockMode::kAlone)) << "what was taken in vain is back";
  EXPECT_TRUE(locks.try_lock({two}, LockMode::kShared));
  held.release();
  auto both = locks.try_lock({two, one, two}, LockMode::kAlone);
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->holds({one, two}));
  EXPECT_FALSE(both->holds({one, CollectionId{3}}));
  EXPECT_FALSE(locks.try_lock({one}, LockMode::kShared));
  both->release();
  EXPECT_TRUE(locks.try_lock({one}, LockMode::kAlone));
}

TEST(TableLocks, WaitingCanBeCancelled) {
  TableLocks locks;
  StopToken never;
  StopToken cancelled;
  auto held = locks.lock({CollectionId{1}}, LockMode::kAlone, never).value();
  std::thread waiter([&] {
    EXPECT_EQ(locks.lock({CollectionId{1}}, LockMode::kShared, cancelled).error().state,
              sql_state::kQueryCanceled);
  });
  cancelled.stop();
  waiter.join();
}

TEST(TableLocks, WaitingEndsAtTheDeadline) {
  TableLocks locks;
  StopToken never;
  auto held = locks.lock({CollectionId{1}}, LockMode::kAlone, never).value();
  auto late = locks.lock({CollectionId{1}}, LockMode::kAlone, never,
                         std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().state, sql_state::kQueryCanceled);
  EXPECT_EQ(late.error().message, "canceling statement due to statement timeout");
  held.release();
  EXPECT_TRUE(locks.lock({CollectionId{1}}, LockMode::kShared, never));
}

TEST(TaskPool, RunsTasksThatBlockSideBySide) {
  TaskPool pool(4);
  StopToken first_done;
  std::atomic<int> done{0};
  EXPECT_TRUE(pool.post([&] {
    first_done.wait_for(std::chrono::seconds(30));
    ++done;
  }));
  EXPECT_TRUE(pool.post([&] {
    first_done.stop();
    ++done;
  }));
  while (done < 2) std::this_thread::yield();
  pool.stop();
  EXPECT_FALSE(pool.post([] {}));
}

TEST(StatusBoard, KeepsChangesAndForgetsTheOldest) {
  StatusBoard board(system_clock(), 2);
  ObjectId sink{7};
  board.set(sink, "starting", "kafka", "", "");
  board.set(sink, "starting", "kafka", "", "");
  EXPECT_EQ(board.history().size(), 1u);
  board.set(sink, "running", "kafka", "", "");
  board.set(sink, "stalled", "kafka", "broker away", "start it");
  EXPECT_EQ(board.history().size(), 2u);
  EXPECT_EQ(board.current(sink)->error, "kafka: broker away");
  EXPECT_EQ(board.current(ObjectId{8}), std::nullopt);
}

TEST(StatusBoard, GivesWhatChanged) {
  StatusBoard board(system_clock(), 10);
  ObjectId sink{7};
  for (const char* status : {"starting", "running", "starting"}) {
    board.set(sink, status, "kafka", "", "");
  }
  auto changed = board.take_changed(2);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].first, sink);
  ASSERT_EQ(changed[0].second.size(), 2u);
  EXPECT_EQ(changed[0].second[0].status, "running");
  EXPECT_TRUE(board.take_changed(2).empty());
  board.set(sink, "starting", "kafka", "", "");
  EXPECT_TRUE(board.take_changed(2).empty());
  board.drop_sink(sink);
  EXPECT_EQ(board.take_changed(9)[0].second.size(), 4u);
  EXPECT_TRUE(board.is_dropped_sink(sink));
  EXPECT_FALSE(board.is_dropped_sink(ObjectId{8}));
}

}  // namespace
}  // namespace penstock::coordinator
