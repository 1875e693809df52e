// Reads at one time: snapshots, indexes, limits and ways out.
#include "engine/peek.h"

#include "engine/engine_fixture_test.h"

namespace penstock::engine {
namespace {

class Peek : public EngineTest {
 protected:
  void start_with_table() {
    start();
    create_table(10);
  }
  void write_many() { write(10, many_rows(60'000)); }
  PeekRequest endless() { return request(pairs_plan(10, 999), engine_->read_timestamp()); }
};

TEST_F(Peek, ReadsAtExactlyTheTimeAskedFor) {
  start_with_table();
  Timestamp first = write(10, {{1, "a"}});
  Timestamp second = write(10, {{1, "a", -1}, {1, "b"}});
  auto before = peek(request(copy_plan(10, 999), first));
  auto after = peek(request(copy_plan(10, 999), second));
  ASSERT_TRUE(before);
  ASSERT_TRUE(after);
  EXPECT_EQ(before->time, first);
  EXPECT_EQ(rows_of_result(*before), (RowMap{{{1, "a"}, 1}}));
  EXPECT_EQ(rows_of_result(*after), (RowMap{{{1, "b"}, 1}}));
}

TEST_F(Peek, WaitsUntilTheViewHasSteppedItsTime) {
  start_with_table();
  create_view(20, kOne, count_plan(10, 20));
  await_published(20);
  Armed slow("engine.before_step=delay:100");
  Timestamp time = write(10, {{1, "a"}, {2, "a"}});
  EXPECT_LE(info(20).upper, time);
  auto read = peek(request(copy_plan(20, 999), time));
  ASSERT_TRUE(read);
  EXPECT_EQ(rows_of_result(*read), (RowMap{{{2, "a"}, 1}}));
}

TEST_F(Peek, LooksIntoAnIndexByKey) {
  start_with_table();
  create_index(30, kOne, copy_plan(10, 30));
  Timestamp time = write(10, {{1, "a"}, {2, "b"}, {2, "c"}, {3, "NULL"}});
  auto all = peek(index_request(30, std::nullopt, time));
  auto some = peek(index_request(30, {{2, 3, 4}}, time));
  ASSERT_TRUE(all);
  ASSERT_TRUE(some) << some.error().message;
  EXPECT_EQ(all->rows, 4u);
  EXPECT_EQ(rows_of_result(*some), (RowMap{{{2, "b"}, 1}, {{2, "c"}, 1}, {{3, "NULL"}, 1}}));
}

TEST_F(Peek, AnIndexPastTheTransactionsTimeIsRefused) {
  start_with_table();
  create_index(30, kOne, copy_plan(10, 30));
  Timestamp first = write(10, {{1, "a"}});
  Timestamp second = write(10, {{2, "b"}});
  // A tick of the cluster's own may have come after it.
  ASSERT_GE(peek(index_request(30, std::nullopt, second))->time, second);
  PeekRequest late = index_request(30, std::nullopt, first);
  late.exact_time = true;
  auto refused = peek(late);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().state, sql_state::kObjectNotInState);
  late.exact_time = false;
  auto later = peek(late);
  ASSERT_TRUE(later);
  EXPECT_GE(later->time, second);
  EXPECT_EQ(later->rows, 2u);
}

TEST_F(Peek, AnIndexThatIsNotThereIsRefused) {
  start_with_table();
  auto read = peek(index_request(30, std::nullopt, engine_->read_timestamp()));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().state, sql_state::kObjectNotInState);
}

TEST_F(Peek, AnErrorOfARowFailsTheReadUntilTheRowIsGone) {
  start_with_table();
  PlanMaker maker;
  maker.divided(maker.import(10));
  PeekRequest divide = request(maker.to(999), write(10, {{0, "a"}, {10, "b"}}));
  auto failed = peek(divide);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().state, sql_state::kDivisionByZero);
  divide.time = write(10, {{0, "a", -1}});
  auto read = peek(divide);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(rows_of_result(*read), (RowMap{{{100, "b"}, 1}}));
}

TEST_F(Peek, ATooLargeResultIsRefused) {
  start_with_table();
  PeekRequest all = request(copy_plan(10, 999), write(10, {{1, std::string(100'000, 'x')}}));
  all.max_result_bytes = 50'000;
  auto read = peek(all);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().state, sql_state::kOutOfMemory);
}

TEST_F(Peek, IsCancelledInTheMiddleOfAHugeJoin) {
  start_with_table();
  write_many();
  StopToken cancelled;
  PeekRequest huge = endless();
  huge.timeout_ms = 0;
  Result<PeekResult> result = PeekResult{};
  std::future<void> done =
      std::async(std::launch::async, [&] { result = engine_->peek(huge, cancelled); });
  EXPECT_EQ(done.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  cancelled.stop();
  within("a cancelled peek", [&] { done.wait(); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().state, sql_state::kQueryCanceled);
  EXPECT_EQ(result.error().message, "canceling statement due to user request");
}

TEST_F(Peek, EndsAtTheStatementTimeout) {
  start_with_table();
  write_many();
  PeekRequest huge = endless();
  huge.timeout_ms = 50;
  PeekRequest never = request(copy_plan(10, 999), Timestamp::max().previous());
  never.timeout_ms = 50;
  for (const PeekRequest& asked : {huge, never}) {
    Result<PeekResult> result = PeekResult{};
    within("a peek with a timeout", [&] { result = peek(asked); });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().state, sql_state::kQueryCanceled);
    EXPECT_EQ(result.error().message, "canceling statement due to statement timeout");
  }
}

TEST_F(Peek, WaitingForATickThatDoesNotComeCanBeCancelled) {
  start_with_table();
  create_index(30, kOne, copy_plan(10, 30));
  StopToken cancelled;
  cancelled.stop();
  Timestamp never = Timestamp::max().previous();
  for (const PeekRequest& asked :
       {request(copy_plan(10, 999), never), index_request(30, std::nullopt, never)}) {
    Result<PeekResult> result = PeekResult{};
    within("a cancelled peek", [&] { result = engine_->peek(asked, cancelled); });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "canceling statement due to user request");
  }
}

}  // namespace
}  // namespace penstock::engine
