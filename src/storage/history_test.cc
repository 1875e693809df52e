// Rules S1-S6 and T4: snapshots, ticks and net changes are the same whatever has been folded,
// merged, published from staging, or lost in a crash.
#include <map>
#include <thread>

#include "base/failpoint.h"
#include "base/rng.h"
#include "storage/row_counts.h"
#include "storage/storage_fixture_test.h"

namespace penstock::storage {
namespace {

using RuleS1 = StorageTest;
using RuleS2 = StorageTest;
using RuleS3 = StorageTest;
using RuleS4 = StorageTest;
using RuleS5 = StorageTest;
using RuleS6 = StorageTest;
using RuleT4 = StorageTest;
using RuleT5 = StorageTest;

std::map<uint64_t, RowMap> read_ticks(Storage& storage, uint64_t id, uint64_t from, uint64_t until,
                                      size_t limit) {
  std::map<uint64_t, RowMap> out;
  Timestamp at{from};
  while (at.ms < until) {
    auto read = storage.reader().ticks(CollectionId{id}, at, Timestamp{until}, limit);
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    if (!read) break;
    if (read->large_tick) {
      EXPECT_TRUE(read->ticks.empty());
      EXPECT_EQ(read->next, *read->large_tick);
      Timestamp tick = *read->large_tick;
      RowMap rows = read_ordered(
          storage.reader().net_change(CollectionId{id}, Stream::kRows, tick.previous(), tick, ""));
      if (!rows.empty()) out[tick.ms] = rows;
      at = tick.next();
      continue;
    }
    for (const data::TickUpdates& tick : read->ticks) {
      EXPECT_GE(tick.time, at);
      EXPECT_LT(tick.time, read->next);
      for (const data::BatchRef& batch : tick.rows) add_rows(*batch, out[tick.time.ms]);
    }
    EXPECT_GT(read->next, at);
    if (read->next <= at) break;
    at = read->next;
  }
  return out;
}

// What the collection must be: every update with its time.
struct Model {
  std::map<uint64_t, RowMap> ticks;

  RowMap at(uint64_t time) const { return between(0, time); }
  RowMap between(uint64_t after, uint64_t until) const {
    RowMap out;
    for (const auto& [tick, rows] : ticks) {
      if (tick <= after || tick > until) continue;
      for (const auto& [row, diff] : rows) {
        if ((out[row] += diff) == 0) out.erase(row);
      }
    }
    return out;
  }
};

class Walk : public StorageTest {
 protected:
  TickInput random_input(Rng& rng, RowMap& tick) {
    std::vector<TestUpdate> updates;
    uint64_t count = rng.one_in(10) ? 300 : rng.below(6);
    for (uint64_t i = 0; i < count; ++i) {
      std::string text(rng.one_in(15) ? 1200 : rng.below(5), 'x');
      updates.push_back({static_cast<int64_t>(rng.below(30)), text, rng.one_in(2) ? 1 : -1});
    }
    data::BatchRef batch = test_batch(updates);
    add_rows(*batch, tick);
    TickInput input;
    if (rng.one_in(4)) {
      auto staging = storage_->stage(CollectionId{10});
      EXPECT_TRUE(staging);
      for (size_t row = 0; row < batch->size(); row += 40) {
        EXPECT_TRUE((*staging)->append(batch->slice(row, std::min(batch->size(), row + 40))));
      }
      auto staged = (*staging)->finish();
      EXPECT_TRUE(staged);
      input.staged.push_back(*staged);
    } else {
      input.collections.push_back({CollectionId{10}, {batch}, {}});
    }
    return input;
  }

  void compare(const Model& model, Rng& rng, uint64_t upper) {
    uint64_t since = std::max<uint64_t>(info(10).since.ms, 1);
    uint64_t time = since + rng.below(upper - since);
    ASSERT_EQ(rows_at(10, time), model.at(time)) << "at " << time;
    ASSERT_EQ(ordered_at(10, time), model.at(time)) << "at " << time;
    uint64_t after = since + rng.below(upper - since);
    uint64_t until = after + rng.below(upper - after);
    ASSERT_EQ(read_ordered(storage_->reader().net_change(CollectionId{10}, Stream::kRows,
                                                         Timestamp{after}, Timestamp{until}, "")),
              model.between(after, until));
    std::map<uint64_t, RowMap> expected;
    for (const auto& [tick, rows] : model.ticks) {
      if (tick > after && !rows.empty()) expected[tick] = rows;
    }
    size_t limit = rng.one_in(2) ? 100 : 5000;
    ASSERT_EQ(read_ticks(*storage_, 10, after + 1, upper, limit), expected);
  }
};

TEST_F(Walk, ReadsAgreeWithTheModelThroughFoldsMergesCompactionsAndCrashes) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    options_.directory = scratch_.sub("walk" + std::to_string(seed));
    options_.maintenance.merge_entries = 8 + rng.below(20);
    const bool compacts = !rng.one_in(3);
    options_.maintenance.compaction_step_bytes = rng.one_in(2) ? 8 << 20 : 1 + rng.below(2000);
    options_.maintenance.base_bytes = compacts ? 1 + rng.below(5000) : 32 << 20;
    open();
    create(1, spec(10, kInputs));
    sync();
    Model synced;
    Model model;
    uint64_t upper = 2;
    uint64_t synced_upper = 2;
    std::unique_ptr<ReadHold> hold;
    for (int step = 0; step < 250 && !HasFatalFailure(); ++step) {
      switch (rng.below(12)) {
        case 0:
          sync();
          synced = model;
          synced_upper = upper;
          break;
        case 1:
        case 2:
          ASSERT_TRUE(storage_->maintain());
          break;
        case 3:
          hold.reset();
          if (rng.one_in(2)) {
            auto taken =
                storage_->holds().acquire(CollectionId{10}, "walk", Timestamp{rng.below(upper)});
            ASSERT_TRUE(taken);
            hold = std::move(*taken);
          }
          break;
        case 4:
          compare(model, rng, upper);
          break;
        case 5: {
          if (!rng.one_in(4)) break;
          hold.reset();
          const uint64_t written_upper = upper;
          crash();
          // A compaction makes what is logged durable before the part that it wrote.
          if (compacts && info(10).upper.ms > synced_upper) {
            upper = synced_upper = info(10).upper.ms;
            ASSERT_LE(upper, written_upper);
            model.ticks.erase(model.ticks.lower_bound(upper), model.ticks.end());
            synced = model;
            break;
          }
          model = synced;
          upper = synced_upper;
          ASSERT_EQ(info(10).upper.ms, upper);
          break;
        }
        default: {
          upper += rng.below(3);
          RowMap tick;
          append(upper, random_input(rng, tick));
          model.ticks[upper] = tick;
          ++upper;
        }
      }
    }
    hold.reset();
    storage_.reset();
  }
}

TEST_F(RuleS1, HistoryBehindAHoldMergesIntoParts) {
  open();
  create(1, spec(10, kInputs));
  auto hold = storage_->holds().acquire(CollectionId{10}, "sink u1", Timestamp{1});
  ASSERT_TRUE(hold);
  Model model;
  constexpr uint64_t kTicks = 5000;
  for (uint64_t tick = 2; tick < kTicks; ++tick) {
    int64_t id = static_cast<int64_t>(tick % 50);
    std::vector<TestUpdate> updates = {{id, std::to_string(tick)}};
    if (tick > 51) updates.push_back({id, std::to_string(tick - 50), -1});
    append(tick, rows_input(10, updates));
    add_rows(*test_batch(updates), model.ticks[tick]);
  }
  uint64_t before = info(10).history_bytes;
  maintain_fully();
  EXPECT_EQ(info(10).since.ms, 1u);
  EXPECT_LT(info(10).history_bytes, before);
  for (uint64_t time : {uint64_t{1}, uint64_t{2}, uint64_t{777}, uint64_t{2049}, kTicks - 1}) {
    EXPECT_EQ(rows_at(10, time), model.at(time)) << time;
    EXPECT_EQ(ordered_at(10, time), model.at(time)) << time;
  }
  std::map<uint64_t, RowMap> expected(model.ticks.upper_bound(700), model.ticks.end());
  EXPECT_EQ(read_ticks(*storage_, 10, 701, kTicks, 1000), expected);
  hold->reset();
  sync();
  crash();
  EXPECT_EQ(ordered_at(10, 3000), model.at(3000));
  // Without the hold (it was volatile) everything is folded.
  maintain_fully();
  EXPECT_EQ(info(10).history_bytes, 0u);
  EXPECT_EQ(ordered_at(10, kTicks - 1), model.at(kTicks - 1));
}

TEST_F(RuleS1, AnOpenSnapshotKeepsFromFoldingButNotFromMerging) {
  options_.background = true;
  options_.maintenance.fold_entries = 1;
  options_.maintenance.merge_entries = 100;
  open();
  create(1, spec(10, kInputs));
  append(2, rows_input(10, {{1, "first"}}));
  auto hold = storage_->holds().acquire(CollectionId{10}, "sink u1", Timestamp{2});
  ASSERT_TRUE(hold);
  RowMap expected = {{{1, "first"}, 1}};
  auto rows =
      storage_->reader().ordered_snapshot(CollectionId{10}, Stream::kRows, Timestamp{2}, "");
  ASSERT_TRUE(rows);
  append(3, rows_input(10, {{1, "first", -1}, {1, "3"}}));
  for (uint64_t tick = 4; tick < 1000; ++tick) {
    append(tick, rows_input(10, {{1, std::to_string(tick - 1), -1}, {1, std::to_string(tick)}}));
  }
  uint64_t before = info(10).history_bytes;
  storage_->start_maintenance();
  for (int i = 0; i < 1000 && info(10).history_bytes >= before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_LT(info(10).history_bytes, before);
  EXPECT_GT(info(10).history_bytes, 0u);
  EXPECT_EQ(read_ordered(std::move(rows)), expected);
}

TEST_F(RuleS2, OpenReadsDoNotCareWhatIsFoldedMeanwhile) {
  open();
  create(1, spec(10, kInputs));
  std::vector<TestUpdate> many;
  for (int64_t i = 0; i < 5000; ++i) many.push_back({i, "first"});
  append(2, rows_input(10, many));
  append(3, rows_input(10, {{1, "first", -1}, {1, "second", 1}}));
  auto unordered = storage_->reader().snapshot(CollectionId{10}, Stream::kRows, Timestamp{2});
  auto ordered =
      storage_->reader().ordered_snapshot(CollectionId{10}, Stream::kRows, Timestamp{2}, "");
  append(4, rows_input(10, {{2, "first", -1}}));
  maintain_fully();
  EXPECT_EQ(info(10).since.ms, 4u);
  RowMap expected;
  for (int64_t i = 0; i < 5000; ++i) expected[{i, "first"}] = 1;
  EXPECT_EQ(read_all(std::move(unordered)), expected);
  EXPECT_EQ(read_ordered(std::move(ordered)), expected);
  // Opened now, it is too late for that time.
  auto late = storage_->reader().snapshot(CollectionId{10}, Stream::kRows, Timestamp{2});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().state, sql_state::kObjectNotInState);
}

TEST_F(RuleS2, ASnapshotGoesOnAfterAPosition) {
  open();
  create(1, spec(10, kInputs));
  std::vector<TestUpdate> many;
  RowMap expected;
  for (int64_t i = 0; i < 9000; ++i) {
    many.push_back({i, "row " + std::to_string(i)});
    expected[{i, "row " + std::to_string(i)}] = 1;
  }
  auto staging = storage_->stage(CollectionId{10});
  ASSERT_TRUE((*staging)->append(*test_batch(many)));
  TickInput input;
  input.staged.push_back(*(*staging)->finish());
  append(2, std::move(input));
  append(3, rows_input(10, {{-5, "tail"}}));
  expected[{-5, "tail"}] = 1;
  for (bool folded : {false, true}) {
    if (folded) maintain_fully();
    RowMap seen;
    std::string position;
    while (true) {
      // Every chunk from a reading of its own.
      auto rows = storage_->reader().ordered_snapshot(CollectionId{10}, Stream::kRows, Timestamp{3},
                                                      position);
      ASSERT_TRUE(rows);
      auto chunk = (*rows)->next();
      ASSERT_TRUE(chunk);
      if (!*chunk) break;
      add_rows(*(*chunk)->rows, seen);
      position = (*chunk)->position;
    }
    EXPECT_EQ(seen, expected);
  }
}

TEST_F(RuleS3, SinceIsDurableWithWhatItFolds) {
  open();
  create(1, spec(10, kInputs));
  for (uint64_t tick = 2; tick < 40; ++tick) {
    append(tick, rows_input(10, {{static_cast<int64_t>(tick), "r"}}));
  }
  sync();
  maintain_fully();
  RowMap all = rows_at(10, 39);
  EXPECT_EQ(all.size(), 38u);
  EXPECT_EQ(info(10).since.ms, 39u);
  crash();  // The folds were not synced: neither is the since.
  EXPECT_LT(info(10).since.ms, 39u);
  EXPECT_EQ(rows_at(10, 39), all);
  maintain_fully();
  sync();
  crash();
  EXPECT_EQ(info(10).since.ms, 39u);
  EXPECT_EQ(rows_at(10, 39), all);
  EXPECT_EQ(info(10).history_bytes, 0u);
}

TEST_F(RuleS3, SinceStaysBelowTheLoggedUpper) {
  open();
  create(1, spec(10, kInputs));
  append(5, rows_input(10, {{1, "a"}}));
  storage_->writer().advance_upper(kInputs, Timestamp{500});
  maintain_fully();
  EXPECT_EQ(info(10).since.ms, 5u);
}

TEST_F(RuleS4, HoldsKeepHistoryAndDurableOnesSurvive) {
  open();
  create(1, spec(10, kInputs));
  append(2, rows_input(10, {{1, "old"}}));
  Changes changes;
  changes.holds = {{"sink u7", CollectionId{10}, Timestamp{2}}};
  ASSERT_TRUE(storage_->writer().append_changes(changes, SyncUrgency::kSoon));
  append(3, rows_input(10, {{1, "old", -1}, {1, "new"}}));
  sync();
  crash();
  EXPECT_EQ(storage_->holds().durable_hold("sink u7", CollectionId{10}), Timestamp{2});
  maintain_fully();
  EXPECT_EQ(info(10).since.ms, 2u);
  EXPECT_EQ(rows_at(10, 2), (RowMap{{{1, "old"}, 1}}));
  auto reader = storage_->holds().acquire(CollectionId{10}, "query", Timestamp{2});
  ASSERT_TRUE(reader);
  changes.holds = {{"sink u7", CollectionId{10}, std::nullopt}};
  ASSERT_TRUE(storage_->writer().append_changes(changes, SyncUrgency::kSoon));
  maintain_fully();
  EXPECT_EQ(info(10).since.ms, 2u);
  (*reader)->advance(Timestamp{3});
  EXPECT_EQ((*reader)->time().ms, 3u);
  maintain_fully();
  EXPECT_EQ(info(10).since.ms, 3u);
  // A later hold gets what is still there.
  auto late = storage_->holds().acquire(CollectionId{10}, "query", Timestamp{1});
  EXPECT_EQ((*late)->time().ms, 3u);
}

// A cluster that had let go of its history went from tick 2 to tick 6 at once.
TEST_F(RuleS5, WhatWasSkippedIsNotOfferedAlsoAfterACrash) {
  const Timeline cluster{7};
  open();
  create(1, spec(10, cluster));
  auto append_exports = [&](uint64_t tick, TickInput exports) {
    ASSERT_TRUE(
        storage_->writer().append_exports(cluster, Timestamp{tick}, exports, SyncUrgency::kSoon));
  };
  append_exports(2, rows_input(10, {{1, "a"}}));
  TickInput difference = rows_input(10, {{2, "b"}});
  difference.skipped_from = Timestamp{3};
  append_exports(6, std::move(difference));
  sync();
  auto look = [&] {
    EXPECT_EQ(rows_at(10, 2), (RowMap{{{1, "a"}, 1}}));
    EXPECT_EQ(rows_at(10, 6), (RowMap{{{1, "a"}, 1}, {{2, "b"}, 1}}));
    for (uint64_t tick : {3, 5}) {
      Timestamp time{tick};
      EXPECT_EQ(storage_->durability().offered_from(cluster, time), Timestamp{6});
      auto read = storage_->reader().snapshot(CollectionId{10}, Stream::kRows, time);
      ASSERT_FALSE(read) << tick;
      EXPECT_EQ(read.error().state, sql_state::kObjectNotInState);
      // Who follows it comes by here with what it had before.
      EXPECT_EQ(ordered_at(10, tick), (RowMap{{{1, "a"}, 1}}));
    }
    for (uint64_t tick : {2, 6, 7}) {
      EXPECT_EQ(storage_->durability().offered_from(cluster, Timestamp{tick}), Timestamp{tick});
      EXPECT_EQ(storage_->durability().offered_from(kInputs, Timestamp{tick}), Timestamp{tick});
    }
    EXPECT_EQ(storage_->durability().offered_from(kInputs, Timestamp{4}), Timestamp{4});
    auto skipped_within = [&](uint64_t from, uint64_t until) {
      return storage_->durability().skipped_within(cluster, Timestamp{from}, Timestamp{until});
    };
    EXPECT_TRUE(skipped_within(1, 4));
    EXPECT_TRUE(skipped_within(4, 5));
    EXPECT_TRUE(skipped_within(5, 9));
    EXPECT_FALSE(skipped_within(1, 3));
    EXPECT_FALSE(skipped_within(6, 9));
    // And finds one change.
    EXPECT_EQ(read_ticks(*storage_, 10, 3, 7, 1 << 20),
              (std::map<uint64_t, RowMap>{{6, {{{2, "b"}, 1}}}}));
  };
  auto hold = storage_->holds().acquire(CollectionId{10}, "test", Timestamp{2});
  look();
  hold->reset();
  crash();
  hold = storage_->holds().acquire(CollectionId{10}, "test", Timestamp{2});
  look();
  // Behind `since` nobody asks any more.
  hold->reset();
  append_exports(9, rows_input(10, {{3, "c"}}));
  maintain_fully();
  sync();
  crash();
  ASSERT_GE(info(10).since, Timestamp{6});
  EXPECT_EQ(storage_->durability().offered_from(cluster, Timestamp{4}), Timestamp{4});
}

TEST_F(RuleS5, EveryHolderIsShownWithWhatItRetains) {
  open();
  create(1, spec(10, kInputs));
  auto slow = storage_->holds().acquire(CollectionId{10}, "sink slow", Timestamp{1});
  auto quick = storage_->holds().acquire(CollectionId{10}, "sink quick", Timestamp{20});
  for (uint64_t tick = 2; tick < 30; ++tick) {
    append(tick, rows_input(10, {{static_cast<int64_t>(tick), std::string(100, 'x')}}));
  }
  auto retained = [&](const std::string& holder) {
    uint64_t bytes = 0;
    for (const HoldInfo& hold : storage_->holds().holds()) {
      if (hold.holder == holder) bytes += hold.retained_bytes;
    }
    return bytes;
  };
  uint64_t slow_bytes = retained("sink slow");
  EXPECT_GT(slow_bytes, 27u * 100);
  // That the other one would still hold most of it, does not make it less.
  EXPECT_GT(retained("sink quick"), 8u * 100);
  EXPECT_LT(retained("sink quick"), slow_bytes);
  slow->reset();
  EXPECT_EQ(retained("sink slow"), 0u);
}

TEST_F(RuleS6, HashSumIsThatOfTheRowsWhateverTheWay) {
  open();
  create(1, spec(10, kInputs));
  create(2, spec(11, kInputs));
  append(3, rows_input(10, {{1, "a"}, {2, "b"}, {3, std::string(2000, 'l')}}));
  append(4, rows_input(10, {{1, "a", -1}, {4, "d", 2}}));
  EXPECT_NE(info(10).hash, info(11).hash);
  auto staging = storage_->stage(CollectionId{11});
  ASSERT_TRUE((*staging)->append(
      *test_batch({{4, "d", 2}, {3, std::string(2000, 'l')}, {9, "z"}, {2, "b"}, {9, "z", -1}})));
  TickInput input;
  input.staged.push_back(*(*staging)->finish());
  append(5, std::move(input));
  EXPECT_EQ(info(10).hash, info(11).hash);
  maintain_fully();
  sync();
  crash();
  EXPECT_EQ(info(10).hash, info(11).hash);
  TickInput errors;
  errors.collections.push_back(
      {CollectionId{10}, {}, {test_errors({{"22012division by zero", 1}})}});
  append(6, std::move(errors));
  EXPECT_NE(info(10).hash, info(11).hash);
}

TEST_F(RuleS6, RowsAreCountedWithTheirWeights) {
  open();
  create(1, spec(10, kInputs));
  const auto count = [&](uint64_t time) {
    return storage_->reader().row_count(CollectionId{10}, Timestamp{time}).value();
  };
  EXPECT_EQ(count(2), 0u);
  append(3, rows_input(10, {{1, "a"}, {2, "b"}, {3, "c", 5}}));
  append(4, rows_input(10, {{1, "a", -1}, {4, "d", 2}}));
  append(5, rows_input(10, {{4, "d", -1}, {5, "d"}}));
  auto staging = storage_->stage(CollectionId{10});
  ASSERT_TRUE((*staging)->append(*test_batch({{7, "x", 3}, {8, "y"}, {8, "y", -1}})));
  ASSERT_TRUE((*staging)->append_errors(*test_errors({{"22012division by zero", 1}})));
  TickInput input;
  input.staged.push_back(*(*staging)->finish());
  input.collections.push_back({CollectionId{10}, {}, {test_errors({{"22012other", 1}})}});
  append(6, std::move(input));
  for (const auto& [time, expected] : {std::pair{2, 0u}, {3, 7u}, {4, 8u}, {5, 8u}, {6, 11u}}) {
    EXPECT_EQ(count(static_cast<uint64_t>(time)), expected) << time;
  }
  maintain_fully();
  sync();
  crash();
  EXPECT_EQ(count(6), 11u);
  EXPECT_EQ(count(5), std::nullopt);  // Only what is there now is kept.
  append(7, rows_input(10, {{1, "e"}}));
  EXPECT_EQ(count(7), 12u);
}

TEST_F(RuleS6, NumbersOfRowsOfLongAgoAreForgotten) {
  RowCounts counts;
  EXPECT_EQ(counts.at({5}), std::nullopt);
  counts.add({1}, 3);
  EXPECT_EQ(counts.latest(), std::nullopt) << "what is not known stays so";
  counts.set({1}, 10);
  for (uint64_t time = 2; time < 400; ++time) counts.add({time}, 1);
  EXPECT_EQ(counts.latest(), 10 + 398);
  EXPECT_EQ(counts.at({300}), 10 + 299);
  EXPECT_EQ(counts.at({2}), std::nullopt);
  counts.clear();
  EXPECT_EQ(counts.latest(), std::nullopt);
}

TEST_F(RuleS5, WhatAReaderHasNotReadIsCounted) {
  open();
  create(1, spec(10, kInputs));
  append(3, rows_input(10, {{1, "a"}, {2, "b"}}));
  append(4, rows_input(10, {{1, "a", -1}, {4, "d"}, {5, "e"}}));
  append(9, {});
  const auto behind = [&](uint64_t time) {
    return storage_->reader().backlog(CollectionId{10}, Timestamp{time}).value();
  };
  EXPECT_EQ(behind(2).updates, 5u);
  EXPECT_GT(behind(2).bytes, behind(3).bytes);
  EXPECT_EQ(behind(3).updates, 3u);
  EXPECT_EQ(behind(4).updates, 0u);
  EXPECT_EQ(behind(4).bytes, 0u);
  EXPECT_EQ(behind(4).upper, Timestamp{10});
  EXPECT_FALSE(storage_->reader().backlog(CollectionId{11}, Timestamp{3}));
}

TEST_F(RuleT4, StagedPartsAreInvisibleUntilPublishedAndGoneAfterACrash) {
  open();
  create(1, spec(10, kInputs));
  sync();
  auto staging = storage_->stage(CollectionId{10});
  ASSERT_TRUE(staging);
  RowMap expected;
  for (int64_t part = 0; part < 30; ++part) {
    std::vector<TestUpdate> updates;
    for (int64_t i = 0; i < 1000; ++i) {
      int64_t id = i * 30 + part;
      updates.push_back({id, std::string(800, 's')});
      expected[{id, std::string(800, 's')}] = 1;
    }
    ASSERT_TRUE((*staging)->append(*test_batch(updates)));
  }
  EXPECT_LT((*staging)->bytes_in_memory(), uint64_t{10} << 20);
  auto staged = (*staging)->finish();
  ASSERT_TRUE(staged);
  EXPECT_GT(staged->parts.size(), 2u);
  EXPECT_EQ(staged->updates, 30000u);
  EXPECT_TRUE(rows_at(10, 1).empty());

  TickInput input;
  input.staged.push_back(*staged);
  append(2, std::move(input));
  EXPECT_TRUE(rows_at(10, 1).empty());
  EXPECT_EQ(ordered_at(10, 2), expected);
  auto read = storage_->reader().ticks(CollectionId{10}, Timestamp{2}, Timestamp{3}, 1 << 20);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->large_tick, Timestamp{2});
  sync();

  // Published is published; what was staged since is nothing.
  ASSERT_TRUE((*staging)->append(*test_batch({{-1, "never"}})));
  ASSERT_TRUE((*staging)->finish());
  sync();
  staging->reset();
  crash();
  EXPECT_EQ(rows_at(10, 2), expected);
  maintain_fully();
  EXPECT_EQ(rows_at(10, 2), expected);
}

TEST_F(RuleT4, SetsAreFinishedAndDiscardedOneByOne) {
  open();
  create(1, spec(10, kInputs));
  auto staging = storage_->stage(CollectionId{10});
  ASSERT_TRUE((*staging)->append(*test_batch({{1, "first"}})));
  auto first = (*staging)->finish();
  ASSERT_TRUE((*staging)->append(*test_batch({{2, "second"}})));
  auto second = (*staging)->finish();
  EXPECT_TRUE((*staging)->finish()->parts.empty());
  ASSERT_TRUE(storage_->discard(*first));
  TickInput input;
  input.staged.push_back(*second);
  append(2, std::move(input));
  EXPECT_EQ(rows_at(10, 2), (RowMap{{{2, "second"}, 1}}));
}

TEST_F(RuleT5, NothingIsReadBeforePublication) {
  open();
  Changes changes;
  changes.create.push_back(spec(10, kInputs));
  ASSERT_TRUE(storage_->writer().append_changes(changes, SyncUrgency::kSoon));
  append(5, {});
  EXPECT_FALSE(storage_->reader().snapshot(CollectionId{10}, Stream::kRows, Timestamp{5}));
  TickInput input = rows_input(10, {{1, "a"}});
  input.publish.push_back(CollectionId{10});
  append(6, std::move(input));
  EXPECT_FALSE(storage_->reader().snapshot(CollectionId{10}, Stream::kRows, Timestamp{5}));
  EXPECT_EQ(rows_at(10, 6), (RowMap{{{1, "a"}, 1}}));
  EXPECT_EQ(info(10).publication, Timestamp{6});
}

// A commit, a large transaction and a publication were taken into the tick that drops it.
TEST_F(RuleT5, WhatIsWrittenInTheTickOfADropGoesWithIt) {
  for (bool first : {false, true}) {
    SCOPED_TRACE(first);
    options_.directory = scratch_.sub(first ? "first" : "last");
    open();
    create(1, spec(10, kInputs));
    auto staging = storage_->stage(CollectionId{10});
    ASSERT_TRUE(staging);
    ASSERT_TRUE((*staging)->append(*test_batch({{2, "b"}})));
    TickInput written = rows_input(10, {{1, "a"}});
    written.staged.push_back(*(*staging)->finish());
    written.publish.push_back(CollectionId{10});
    TickInput drop;
    drop.changes.drop.push_back(CollectionId{10});
    std::vector<TickInputRef> inputs = {std::make_shared<const TickInput>(std::move(written)),
                                        std::make_shared<const TickInput>(std::move(drop))};
    if (first) std::swap(inputs[0], inputs[1]);
    ASSERT_TRUE(storage_->writer().append_tick(Timestamp{2}, inputs, SyncUrgency::kSoon));
    EXPECT_FALSE(storage_->reader().info(CollectionId{10}));
    // Under the same id anything that is left would be found.
    Changes again;
    again.create.push_back(spec(10, kInputs));
    ASSERT_TRUE(storage_->writer().append_changes(again, SyncUrgency::kSoon));
    sync();
    crash();
    EXPECT_EQ(info(10).publication, std::nullopt);
    EXPECT_EQ(info(10).history_bytes, 0u);
    EXPECT_EQ(info(10).hash, HashSum());
    storage_.reset();
  }
}

TEST_F(RuleT5, ADroppedCollectionLeavesNothing) {
  open();
  create(1, spec(10, kInputs));
  append(2, rows_input(10, {{1, "a"}}));
  maintain_fully();
  append(3, rows_input(10, {{2, "b"}}));
  Changes changes;
  changes.drop.push_back(CollectionId{10});
  ASSERT_TRUE(storage_->writer().append_changes(changes, SyncUrgency::kSoon));
  EXPECT_FALSE(storage_->reader().info(CollectionId{10}));
  append(4, rows_input(10, {{3, "too late"}}));  // Was on its way.
  sync();
  crash();
  EXPECT_FALSE(storage_->reader().info(CollectionId{10}));
  create(1010, spec(10, kInputs));
  EXPECT_TRUE(rows_at(10, 1010).empty());
}

// Errors of eight ticks lie in two parts, each over or up to a tick of rows that is large: what is
// read of errors is all of them, and of rows never the large ones.
TEST_F(RuleS2, ALargeTickBesideMergedErrorsIsReadAlone) {
  options_.maintenance.merge_entries = 4;
  open();
  create(1, spec(10, kInputs));
  auto hold = storage_->holds().acquire(CollectionId{10}, "test", Timestamp{1});
  std::map<uint64_t, size_t> all;
  for (uint64_t tick = 2; tick <= 9; ++tick) {
    std::vector<TestUpdate> rows(tick == 4 || tick == 9 ? 300 : 1);
    int64_t id = 0;
    for (TestUpdate& row : rows) row = {++id, std::to_string(tick) + std::string(100, 'x'), 1};
    TickInput input;
    input.collections.push_back({CollectionId{10}, {}, {}});
    // Too few to be merged.
    if (tick == 6 || rows.size() > 1) input.collections[0].rows.push_back(test_batch(rows));
    input.collections[0].errors.push_back(test_errors({{"22012" + std::to_string(tick), 1}}));
    append(tick, std::move(input));
    all[tick] = 1;
  }
  maintain_fully();
  for (uint64_t from = 2; from <= 9; ++from) {
    SCOPED_TRACE(from);
    std::map<uint64_t, size_t> errors;
    std::vector<Timestamp> large;
    Timestamp at{from};
    while (at < Timestamp{10}) {
      auto read = storage_->reader().ticks(CollectionId{10}, at, Timestamp{10}, 8000);
      ASSERT_TRUE(read);
      for (const data::TickUpdates& tick : read->ticks) {
        if (!tick.errors.empty()) errors[tick.time.ms] = tick.errors[0]->size();
        for (const data::BatchRef& batch : tick.rows) EXPECT_EQ(batch->size(), 1u);
      }
      at = read->next;
      if (!read->large_tick) continue;
      EXPECT_TRUE(read->ticks.empty());
      large.push_back(at);
      auto change =
          storage_->reader().net_change(CollectionId{10}, Stream::kErrors, at.previous(), at, "");
      ASSERT_TRUE(change);
      errors[at.ms] = (*(*change)->next())->rows->size();
      at = at.next();
    }
    EXPECT_EQ(errors, (std::map<uint64_t, size_t>(all.find(from), all.end())));
    EXPECT_EQ(large.size(), from <= 4 ? 2u : 1u);
  }
}

TEST_F(RuleS2, ErrorsAreAZSetOfTheirOwn) {
  open();
  create(1, spec(10, kInputs));
  TickInput input = rows_input(10, {{1, "a"}});
  input.collections[0].errors.push_back(test_errors({{"22012division by zero", 2}}));
  append(2, std::move(input));
  auto stream = storage_->open_stream(CollectionId{10});
  ASSERT_TRUE(stream);
  EXPECT_EQ(*(*stream)->errors_at(Timestamp{1}), std::vector<std::string>());
  EXPECT_EQ(*(*stream)->errors_at(Timestamp{2}), std::vector<std::string>{"22012division by zero"});
  auto read = (*stream)->ticks(Timestamp{2}, 1 << 20, std::chrono::microseconds(0));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->ticks.size(), 1u);
  EXPECT_EQ(read->ticks[0].rows.size(), 1u);
  EXPECT_EQ(read->ticks[0].errors.size(), 1u);
  TickInput gone;
  gone.collections.push_back(
      {CollectionId{10}, {}, {test_errors({{"22012division by zero", -2}})}});
  append(3, std::move(gone));
  EXPECT_EQ(*(*stream)->errors_at(Timestamp{3}), std::vector<std::string>());
  maintain_fully();
  EXPECT_EQ(*(*stream)->errors_at(Timestamp{3}), std::vector<std::string>());
}

}  // namespace
}  // namespace penstock::storage
