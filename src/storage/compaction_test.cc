// Rules S2 and S3 where a collection is large: what is read is the same before, during and after a
// compaction, and after a crash in it.
#include "base/failpoint.h"
#include "storage/storage_fixture_test.h"

namespace penstock::storage {
namespace {

class CompactionTest : public StorageTest {
 protected:
  CompactionTest() { options_.maintenance.base_bytes = 1 << 20; }

  // Rows [begin, end) of about a kilobyte, as one tick of one part.
  void stage(uint64_t tick, int64_t begin, int64_t end, int64_t diff = 1) {
    auto staging = storage_->stage(CollectionId{10});
    ASSERT_TRUE(staging);
    std::vector<TestUpdate> updates;
    for (int64_t id = begin; id < end; ++id) updates.push_back({id, text(id), diff});
    data::BatchRef batch = test_batch(updates);
    ASSERT_TRUE((*staging)->append(*batch));
    add_rows(*batch, expected_);
    TickInput input;
    auto staged = (*staging)->finish();
    ASSERT_TRUE(staged);
    input.staged.push_back(std::move(*staged));
    append(tick, std::move(input));
  }
  static std::string text(int64_t id) {
    return std::to_string(id * 7919 % 1000) + std::string(1000, 'x');
  }
  void change(uint64_t tick, const std::vector<TestUpdate>& updates) {
    add_rows(*test_batch(updates), expected_);
    append(tick, rows_input(10, updates));
  }
  void expect_at(uint64_t tick) {
    EXPECT_EQ(rows_at(10, tick), expected_);
    EXPECT_EQ(ordered_at(10, tick), expected_);
  }
  void expect_never_negative(uint64_t tick) {
    auto rows = storage_->reader().snapshot(CollectionId{10}, Stream::kRows, Timestamp{tick});
    ASSERT_TRUE(rows);
    RowMap so_far;
    while (auto chunk = (*rows)->next().value()) {
      for (size_t row = 0; row < (*chunk)->size(); ++row) {
        add_rows((*chunk)->slice(row, row + 1), so_far);
        const int64_t id = (*chunk)->column(0).value<int64_t>(row);
        ASSERT_GE((so_far[{id, std::string((*chunk)->column(1).bytes(row))}]), 0) << id;
      }
    }
  }
  void maintain() { ASSERT_TRUE(storage_->maintain()); }

  RowMap expected_;
};

TEST_F(CompactionTest, ALargeCollectionIsReadFromItsBaseAndWhatChangedSince) {
  open();
  create(1, spec(10, kInputs));
  stage(2, 0, 3000);
  stage(3, 1000, 1100, -1);
  append(9, {});
  maintain_fully();
  EXPECT_EQ(info(10).history_bytes, 0u);
  expect_at(9);

  // The rows take away from the base: nobody may see a row less than no time.
  change(10, {{5, text(5), -1}, {7, "new", 1}});
  append(19, {});
  maintain_fully();
  expect_at(19);
  expect_never_negative(19);

  // Changed by half, it is written down again.
  stage(20, 0, 5, -1);
  stage(21, 6, 900, -1);
  stage(22, 5000, 6000);
  append(29, {});
  maintain_fully();
  expect_at(29);
  sync();
  crash();
  expect_at(29);
  change(30, {{7, "new", -1}});
  append(39, {});
  maintain_fully();
  expect_at(39);
}

TEST_F(CompactionTest, ACollectionThatWasEmptiedLeavesNoPart) {
  open();
  create(1, spec(10, kInputs));
  stage(2, 0, 3000);
  append(9, {});
  maintain_fully();
  stage(10, 0, 3000, -1);
  append(19, {});
  maintain_fully();
  EXPECT_TRUE(expected_.empty());
  expect_at(19);
  EXPECT_EQ(info(10).history_bytes, 0u);
  stage(20, 0, 10);
  sync();
  crash();
  expect_at(20);
}

TEST_F(CompactionTest, ManyPartsAreMergedBeforeTheyAreABase) {
  open();
  create(1, spec(10, kInputs));
  auto hold = storage_->holds().acquire(CollectionId{10}, "test", Timestamp{1});
  ASSERT_TRUE(hold);
  for (uint64_t part = 0; part < 200; ++part) {
    const int64_t begin = static_cast<int64_t>(part) * 37 % 200 * 20;
    stage(2 + 2 * part, begin, begin + 20);
    if (part == 9) change(3 + 2 * part, {{begin, text(begin), -1}});
  }
  append(999, {});
  expect_at(999);
  hold->reset();
  int rounds = 0;
  while (storage_->maintain().value()) {
    expect_at(999);
    ASSERT_LT(++rounds, 100);
  }
  EXPECT_GE(rounds, 3);
  EXPECT_EQ(info(10).history_bytes, 0u);
  sync();
  crash();
  expect_at(999);
}

TEST_F(CompactionTest, WhatHappensMeanwhileIsKept) {
  options_.maintenance.merge_entries = 3;
  options_.maintenance.compaction_step_bytes = 2 << 20;
  open();
  create(1, spec(10, kInputs));
  for (uint64_t part = 0; part < 6; ++part) {
    stage(2 + part, static_cast<int64_t>(part) * 5000, static_cast<int64_t>(part + 1) * 5000);
  }
  append(19, {});
  sync();
  uint64_t before = info(10).history_bytes;
  arm_failpoints("storage.merge=error@1000000;storage.compact=error@1000000");
  long merged = 0;
  maintain();  // More is left to be written than one round does.
  uint64_t tick = 20;
  for (bool more = true; more; ++tick) {
    change(tick, {{static_cast<int64_t>(tick), text(static_cast<int64_t>(tick)), -1},
                  {static_cast<int64_t>(tick), "changed", 1}});
    expect_at(tick);
    if (tick == 21) sync();
    auto done = storage_->maintain();
    ASSERT_TRUE(done);
    more = *done && tick < 60;
    if (failpoint_reached("storage.compact") == 0) merged = failpoint_reached("storage.merge");
  }
  EXPECT_GT(failpoint_reached("storage.compact"), 0);
  arm_failpoints("");
  EXPECT_GT(merged, 0);
  EXPECT_LT(info(10).history_bytes, before);
  expect_at(tick - 1);
  sync();
  crash();
  expect_at(tick - 1);
}

TEST_F(CompactionTest, ACrashBeforeItIsWholeChangesNothing) {
  open();
  create(1, spec(10, kInputs));
  stage(2, 0, 20000);
  append(19, {});
  sync();
  maintain();
  crash();
  expect_at(19);
  maintain_fully();
  expect_at(19);
  // Whole, but not synced.
  crash();
  expect_at(19);
  maintain_fully();
  sync();
  crash();
  expect_at(19);
}

TEST_F(CompactionTest, ItEndsWithTheCollection) {
  open();
  create(1, spec(10, kInputs));
  create(2, spec(11, kInputs));
  stage(3, 0, 20000);
  append(19, {});
  maintain();
  Changes changes;
  changes.drop.push_back(CollectionId{10});
  ASSERT_TRUE(storage_->writer().append_changes(changes, SyncUrgency::kSoon));
  append(29, rows_input(11, {{1, "another"}}));
  maintain_fully();
  EXPECT_FALSE(storage_->reader().info(CollectionId{10}));
  EXPECT_EQ(rows_at(11, 29), (RowMap{{{1, "another"}, 1}}));
}

}  // namespace
}  // namespace penstock::storage
