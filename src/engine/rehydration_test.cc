// Rules S4-S6: what a restart finds again, what a cluster lets go of, and how a view that is not
// what it was is put right.
#include <thread>

#include "base/rng.h"
#include "engine/engine_fixture_test.h"
#include "engine/hydrator.h"

namespace penstock::engine {
namespace {

std::string random_text(Rng& rng, size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += std::to_string(rng.next());
  return out;
}

class Rehydration : public EngineTest {
 protected:
  static constexpr Timestamp kStored{2};

  // An earlier process published views at tick 2: u10 is a table, what the views hold is given.
  void store(const std::vector<TestUpdate>& table, const std::map<uint64_t, RowMap>& views) {
    open();
    std::vector<storage::CollectionSpec> specs = {spec_of(10, storage::kInputs)};
    for (const auto& [id, rows] : views) specs.push_back(spec_of(id, views_.at(id).cluster));
    storage::TickInput input = creation(std::move(specs));
    input.collections = rows_of(10, table).collections;
    append(1, std::move(input));
    append(kStored.ms, {});
    for (ClusterId cluster : {kOne, kTwo}) {
      storage::TickInput exports;
      for (const auto& [id, rows] : views) {
        if (views_.at(id).cluster != cluster) continue;
        std::vector<TestUpdate> updates;
        for (const auto& [row, diff] : rows) updates.push_back({row.first, row.second, diff});
        exports.collections.push_back({CollectionId{id}, {storage::test_batch(updates)}, {}});
        exports.publish.push_back(CollectionId{id});
      }
      append_exports(cluster, kStored.ms, std::move(exports));
    }
    storage_.reset();
    open();
    for (const storage::CollectionInfo& info : storage_->reader().all()) {
      keep_history(info.spec.id.value);
    }
  }
  // 100 kB each.
  std::vector<TestUpdate> random_rows(int64_t count) {
    std::vector<TestUpdate> out;
    for (int64_t i = 0; i < count; ++i) out.push_back({i, random_text(rng_, 100'000)});
    return out;
  }
  // Every tick replaces the same rows: little in the end, whatever came and went.
  void rewrite_rows(Timestamp first, Timestamp last, int64_t count) {
    std::vector<TestUpdate> rows;
    for (Timestamp tick = first; tick <= last; tick = tick.next()) {
      std::vector<TestUpdate> updates;
      for (const TestUpdate& old : rows) updates.push_back({old.id, old.text, -1});
      rows = random_rows(count);
      updates.insert(updates.end(), rows.begin(), rows.end());
      append(tick.ms, rows_of(10, updates));
    }
  }
  void go_on() {
    make_engine();
    ASSERT_TRUE(engine_->start());
    for (const auto& [id, spec] : views_) await_running(id);
  }
  void view(uint64_t id, ClusterId cluster, plan::DataflowPlan plan) {
    views_[id] = {CollectionId{id}, cluster, std::move(plan)};
  }
  // A copy of what changes in table u10 from kStored on; how much of it is in memory is looked at.
  std::unique_ptr<Maintained> of_table(uint64_t id, bool index) {
    auto item = std::make_unique<Maintained>(*storage_);
    item->id = CollectionId{id};
    item->plan = copy_plan(10, id);
    item->imports = {CollectionId{10}};
    if (index) {
      std::vector<types::ColumnType> columns;
      for (const types::ColumnDesc& column : storage::test_type(false).columns) {
        columns.push_back(column.type);
      }
      item->index = std::make_shared<IndexRows>(std::move(columns), std::vector<size_t>{0});
    }
    item->time = kStored;
    dataflow::CircuitOptions options;
    options.export_limit_bytes = 1 << 20;
    options.gives_up = [this, &output = item->output] {
      most_output_ = std::max(most_output_, output.bytes());
      return false;
    };
    item->circuit = dataflow::Circuit::build(item->plan, options, item->output);
    return item;
  }
  // A view of table u10 as its cluster gets it.
  std::unique_ptr<Maintained> hydrated(uint64_t id) {
    std::promise<std::unique_ptr<Maintained>> built;
    Hydrator hydrator(
        *storage_, kOne, [] { return false; },
        [&](std::unique_ptr<Maintained> item) { built.set_value(std::move(item)); },
        [](const Error& error) { ADD_FAILURE() << error.message; });
    auto item = std::make_unique<Maintained>(*storage_);
    item->id = CollectionId{id};
    item->cluster = kOne;
    item->plan = views_.at(id).plan;
    item->published = true;
    item->imports = {CollectionId{10}};
    EXPECT_TRUE(hold_imports_at(*storage_, *item, kStored));
    hydrator.add(std::move(item));
    auto future = built.get_future();
    within("hydration", [&] { future.wait(); });
    return future.get();
  }

  Rng rng_{7};
  size_t most_output_ = 0;
};

using RuleS4 = Rehydration;
using RuleS5 = Rehydration;
using RuleS6 = Rehydration;

// --- S6 ---

TEST_F(RuleS6, ADifferenceIsAppendedAtTheNextTick) {
  view(20, kOne, copy_plan(10, 20));
  store({{1, "a"}, {2, "b"}}, {{20, {{{1, "a"}, 1}, {{9, "z"}, 1}}}});
  go_on();
  ASSERT_TRUE(eventually([&] { return !changes(20, kStored).empty(); }));
  Timestamp next = write(10, {{3, "c"}});
  await_caught_up(kOne);
  Changes appended = changes(20, kStored);
  ASSERT_EQ(appended.size(), 2u);
  EXPECT_EQ(appended.begin()->second, (RowMap{{{2, "b"}, 1}, {{9, "z"}, -1}}));
  EXPECT_EQ(appended[next], (RowMap{{{3, "c"}, 1}}));
  EXPECT_EQ(rows_at(20, next), (RowMap{{{1, "a"}, 1}, {{2, "b"}, 1}, {{3, "c"}, 1}}));
}

TEST_F(RuleS6, WhatIsReproducedGetsNothing) {
  view(20, kOne, copy_plan(10, 20));
  view(21, kOne, count_plan(20, 21));
  store({{1, "a"}, {2, "a"}}, {{20, {{{1, "a"}, 1}, {{2, "a"}, 1}}}, {21, {{{2, "a"}, 1}}}});
  testing::internal::CaptureStderr();
  go_on();
  std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(logged.find("not what it was"), std::string::npos) << logged;
  Timestamp next = write(10, {{3, "b"}});
  await_caught_up(kOne);
  EXPECT_EQ(changes(20, kStored), (Changes{{next, {{{3, "b"}, 1}}}}));
  EXPECT_EQ(changes(21, kStored), (Changes{{next, {{{1, "b"}, 1}}}}));
}

TEST_F(RuleS6, ErrorsBelongToIt) {
  PlanMaker maker;
  maker.divided(maker.import(10));
  view(20, kOne, maker.to(20));
  store({{0, "a"}, {10, "b"}}, {{20, {{{100, "b"}, 1}}}});
  go_on();
  Timestamp first = submit({});
  ASSERT_TRUE(eventually([&] { return info(20).upper > first; }));
  auto read = peek(request(copy_plan(20, 999), first));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "Evaluation error: division by zero");
  Timestamp mended = write(10, {{0, "a", -1}});
  ASSERT_TRUE(eventually([&] { return info(20).upper > mended; }));
  EXPECT_TRUE(peek(request(copy_plan(20, 999), mended)));
}

// Readers in the same cluster are stepped with it, others read it from storage.
TEST_F(RuleS6, ADifferenceReachesWhateverReadsTheView) {
  view(20, kOne, copy_plan(10, 20));
  view(21, kOne, count_plan(20, 21));
  view(22, kOne, both_plan(20, 21, 22));
  view(24, kTwo, copy_plan(20, 24));
  indexes_[30] = {ObjectId{30}, kOne, copy_plan(20, 30), {0}};
  store(
      {{1, "a"}, {2, "b"}},
      {{20, {{{1, "a"}, 1}}}, {21, {{{1, "a"}, 1}}}, {22, {{{1, "a"}, 2}}}, {24, {{{1, "a"}, 1}}}});
  go_on();
  await_running(30);
  Timestamp now = submit({});
  RowMap rows = {{{1, "a"}, 1}, {{2, "b"}, 1}};
  EXPECT_EQ(rows_at(20, now), rows);
  EXPECT_EQ(rows_at(21, now), (RowMap{{{1, "a"}, 1}, {{1, "b"}, 1}}));
  EXPECT_EQ(rows_at(22, now), (RowMap{{{1, "a"}, 2}, {{1, "b"}, 1}, {{2, "b"}, 1}}));
  EXPECT_EQ(rows_at(24, now), rows);
  EXPECT_EQ(rows_of_result(*peek(index_request(30, std::nullopt, now))), rows);
}

TEST_F(RuleS6, RehydrationKeepsNoRows) {
  view(20, kOne, copy_plan(10, 20));
  const std::vector<TestUpdate> rows = many_rows(5000);
  store(rows, {{20, row_map(rows)}});
  std::unique_ptr<Maintained> done = hydrated(20);
  EXPECT_EQ(done->time, kStored);
  EXPECT_TRUE(done->output.empty());
  EXPECT_EQ(done->output.bytes(), 0u);
  EXPECT_TRUE(done->contents.parts().empty());
}

TEST_F(RuleS6, ADifferenceGoesFromTheDiskWithItsView) {
  view(20, kOne, copy_plan(10, 20));
  store({{1, "a"}}, {{20, {{{9, "z"}, 1}}}});
  std::unique_ptr<Maintained> done = hydrated(20);
  ASSERT_EQ(done->contents.parts().size(), 1u);
  const storage::StagedParts parts = done->contents.parts()[0];
  auto is_there = [&] {
    auto rows = storage_->staged_rows(parts, storage::Stream::kRows);
    return rows && (*rows)->next();
  };
  EXPECT_TRUE(is_there());
  done.reset();
  EXPECT_FALSE(is_there());
}

// --- S4 ---

// The cluster fell behind in the process before; nothing it has not stepped may be folded, though
// the second view is hydrated only when the first one is there.
TEST_F(RuleS4, HoldsOfViewsAreBackBeforeAnythingIsFolded) {
  storage_options_.maintenance.fold_bytes = 1;
  storage_options_.maintenance.fold_entries = 1;
  view(20, kOne, copy_plan(10, 20));
  view(21, kOne, count_plan(10, 21));
  const std::vector<TestUpdate> rows = many_rows(20'000);
  store(rows, {{20, row_map(rows)}, {21, {{{20'000, "a"}, 1}}}});
  append(3, rows_of(10, {{-1, "b"}}));
  append(4, rows_of(10, {{-2, "b"}}));
  holds_.clear();
  for (uint64_t id : {20, 21}) keep_history(id);
  make_engine();
  storage_->start_maintenance();
  ASSERT_TRUE(eventually([&] { return info(10).since >= kStored; }));
  EXPECT_EQ(info(10).since, kStored);
  std::multiset<std::string> holders;
  for (const storage::HoldInfo& hold : storage_->holds().holds()) {
    if (hold.collection.value == 10) holders.insert(hold.holder);
  }
  EXPECT_EQ(holders, (std::multiset<std::string>{cluster_holder(kOne), cluster_holder(kOne)}));
  ASSERT_TRUE(engine_->start());
  await_caught_up(kOne);
  EXPECT_EQ(changes(20, kStored),
            (Changes{{Timestamp{3}, {{{-1, "b"}, 1}}}, {Timestamp{4}, {{{-2, "b"}, 1}}}}));
  EXPECT_EQ(changes(21, kStored), (Changes{{Timestamp{3}, {{{1, "b"}, 1}}},
                                           {Timestamp{4}, {{{1, "b"}, -1}, {{2, "b"}, 1}}}}));
  EXPECT_TRUE(eventually([&] { return info(10).since > Timestamp{4}; })) << "and moves on";
}

// What comes after U_c is needed at the next start, whatever goes on between the stop and the end.
TEST_F(RuleS4, NothingIsFoldedOnceTheEngineStops) {
  storage_options_.maintenance.fold_bytes = 1;
  storage_options_.maintenance.fold_entries = 1;
  view(20, kOne, copy_plan(10, 20));
  view(21, kOne, pairs_plan(10, 21));
  const std::vector<TestUpdate> rows = many_rows(60'000);
  store(rows, {{20, row_map(rows)}, {21, {}}});
  append(3, rows_of(10, {{-1, "b"}}));
  append(4, rows_of(10, {{-2, "b"}}));
  holds_.clear();
  make_engine();
  storage_->start_maintenance();
  ASSERT_TRUE(engine_->start());
  ASSERT_TRUE(eventually([&] { return state(21) == ViewState::kHydrating; }));
  ASSERT_TRUE(eventually([&] { return info(10).since >= kStored; }));
  within("Engine::stop", [&] { engine_->stop(); });
  engine_.reset();
  StopToken never;
  never.wait_for(std::chrono::milliseconds(500));
  EXPECT_EQ(info(10).since, kStored);
}

// --- S5 ---

TEST_F(RuleS5, ReleasedViewsAreBuiltAnewAndTheDifferenceIsAppended) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, count_plan(20, 21));
  create_index(30, kOne, copy_plan(10, 30));
  create_index(31, kOne, copy_plan(20, 31));
  await_all();
  Timestamp before = write(10, {{1, "a"}});
  await_caught_up(kOne);
  std::map<uint64_t, std::future<Result<PeekResult>>> waiting;
  Timestamp last;
  {
    // The cluster is in the middle of a step while ticks pass.
    Armed slow("engine.before_step=delay:300");
    for (int64_t i = 2; i < 6; ++i) last = write(10, {{i, "b"}});
    engine_->release_history(kOne);
    for (uint64_t index : {30, 31}) {
      waiting[index] = std::async(std::launch::async, [this, index, last] {
        return peek(index_request(index, std::nullopt, last));
      });
    }
  }
  ASSERT_TRUE(eventually([&] { return changes(20, before).size() > 0; }));
  Timestamp next = write(10, {{7, "c"}});
  EXPECT_EQ(rows_at(10, next).size(), 6u);
  EXPECT_EQ(rows_at(20, next), rows_at(10, next));
  EXPECT_EQ(rows_at(21, next), (RowMap{{{1, "a"}, 1}, {{1, "c"}, 1}, {{4, "b"}, 1}}));
  for (uint64_t index : {30, 31}) {
    auto found = peek(index_request(index, std::nullopt, next));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(rows_of_result(*found), rows_at(10, next)) << index;
  }
  for (auto& [index, result] : waiting) {
    within("a peek meanwhile", [&] { result.wait(); });
    Result<PeekResult> read = result.get();
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_GE(read->time, last);
    EXPECT_EQ(rows_of_result(*read), rows_at(index == 30 ? 10 : 20, read->time)) << index;
  }
  RowMap at_once;
  for (const auto& [time, change] : changes(20, before)) {
    if (change.size() > at_once.size()) at_once = change;
  }
  EXPECT_GE(at_once.size(), 3u) << "what was not stepped comes as one difference";
}

RowMap doubled(RowMap rows) {
  for (auto& [row, weight] : rows) weight *= 2;
  return rows;
}

// An earlier process let go of its history, and ended before its views were there again: some of
// the ticks that no cluster has stepped cannot be computed any more.
class Released : public Rehydration {
 protected:
  static constexpr Timestamp kLast{6};

  Released() {
    view(20, kOne, copy_plan(10, 20));
    // Its cluster waits for it, and it for a view of its cluster.
    view(21, kOne, both_plan(10, 20, 21));
    view(24, kTwo, copy_plan(20, 24));
    view(25, kTwo, both_plan(10, 20, 25));
    for (auto [id, cluster] : {std::pair(30u, kOne), std::pair(31u, kTwo)}) {
      indexes_[id] = {ObjectId{id}, cluster, both_plan(10, 20, id), {0}};
    }
  }
  void release_and_start() {
    RowMap rows = {{{1, "a"}, 1}, {{2, "b"}, 1}};
    store({{1, "a"}, {2, "b"}}, {{20, rows}, {21, doubled(rows)}, {24, rows}, {25, doubled(rows)}});
    for (uint64_t tick = 3; tick <= kLast.ms; ++tick) {
      append(tick, rows_of(10, {{static_cast<int64_t>(tick), "c"}}));
    }
    holds_.clear();
    for (const auto& [id, spec] : views_) keep_history(id);
    storage_->start_maintenance();
    ASSERT_TRUE(eventually([&] { return info(10).since > Timestamp{4}; }));
    keep_history(10);
    go_on();
    for (const auto& [id, spec] : indexes_) await_running(id);
    EXPECT_EQ(engine_->failure(), std::nullopt);
  }
  RowMap expected(uint64_t id, Timestamp time) {
    RowMap rows = rows_at(10, time);
    return id == 20 || id == 24 ? rows : doubled(rows);
  }
};

using RuleS5Released = Released;

TEST_F(RuleS5Released, NobodyReadsAViewAsItNeverWas) {
  release_and_start();
  for (uint64_t tick = 3; tick <= kLast.ms; ++tick) {
    for (uint64_t id : {20, 21, 24, 25, 30, 31}) {
      SCOPED_TRACE(testing::Message() << id << " at " << tick);
      Timestamp time{tick};
      auto read = peek(indexes_.contains(id) ? index_request(id, std::nullopt, time)
                                             : request(copy_plan(id, 999), time));
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_GE(read->time, time);
      EXPECT_EQ(rows_of_result(*read), expected(id, read->time));
    }
  }
  // Where a transaction has read before, no other time will do.
  PeekRequest exact = request(both_plan(10, 20, 999), Timestamp{4});
  exact.exact_time = true;
  auto read = peek(exact);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().state, sql_state::kSerializationFailure);
}

// As a sink reads: the changes of one tick after those of another.
TEST_F(RuleS5Released, WhoFollowsAViewFindsTheDifferenceAtOneTick) {
  release_and_start();
  Timestamp next = write(10, {{7, "d"}});
  for (ClusterId cluster : {kOne, kTwo}) await_caught_up(cluster);
  for (uint64_t id : {20, 21, 24, 25}) {
    SCOPED_TRACE(id);
    Changes appended = changes(id, kStored);
    EXPECT_EQ(rows_at(id, next), expected(id, next));
    ASSERT_EQ(appended.size(), 2u);
    EXPECT_GE(appended.begin()->first, kLast);
    EXPECT_EQ(appended.begin()->second.size(), 4u);
    EXPECT_EQ(appended[next].size(), 1u);
  }
}

TEST_F(RuleS5Released, WhatWasSkippedIsSkippedAfterAnotherRestart) {
  release_and_start();
  for (ClusterId cluster : {kOne, kTwo}) await_caught_up(cluster);
  close();
  open();
  for (ClusterId cluster : {kOne, kTwo}) {
    EXPECT_GE(storage_->durability().offered_from(cluster, Timestamp{3}), kLast);
  }
  make_engine();
  ASSERT_TRUE(engine_->start());
  Timestamp next = write(10, {{7, "d"}});
  EXPECT_EQ(rows_at(25, next), doubled(rows_at(10, next)));
}

// Of a circuit that no cluster steps yet.
TEST_F(RuleS5, SkippedTicksAreOneStepWithWhatFollows) {
  view(20, kOne, copy_plan(10, 20));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}});
  for (uint64_t tick : {3, 4, 6}) append(tick, rows_of(10, {{static_cast<int64_t>(tick), "b"}}));
  storage::TickInput difference = rows_of(20, {{3, "b"}, {4, "b"}});
  difference.skipped_from = Timestamp{3};
  append_exports(kOne, 5, std::move(difference));
  append_exports(kOne, 6, rows_of(20, {{6, "b"}}));
  Maintained item(*storage_);
  item.plan = both_plan(10, 20, 30);
  item.imports = {CollectionId{10}, CollectionId{20}};
  item.time = kStored;
  item.circuit = dataflow::Circuit::build(item.plan, {}, item.output);
  std::vector<RowMap> steps;
  ASSERT_TRUE(catch_up(*storage_, item, Timestamp{6}, [&](StepOutput& output) {
    steps.emplace_back();
    for (const data::BatchRef& batch : output.rows()) storage::add_rows(*batch, steps.back());
    output.clear();
    return Status();
  }));
  EXPECT_EQ(steps, (std::vector<RowMap>{{{{3, "b"}, 2}, {{4, "b"}, 2}}, {{{6, "b"}, 2}}}));
  EXPECT_EQ(item.time, Timestamp{6});
}

// Many ticks, and one that is much larger than what is read at once.
TEST_F(RuleS5, SkippedTicksAreTakenInStepsOfBoundedBytes) {
  view(20, kOne, copy_plan(10, 20));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}});
  Rng rng(7);
  const Timestamp last{20};
  for (uint64_t tick = 3; tick <= last.ms; ++tick) {
    std::vector<TestUpdate> rows;
    for (int64_t i = 0; i < (tick == 10 ? 200 : 20); ++i) {
      rows.push_back({i, random_text(rng, 100'000)});
    }
    append(tick, rows_of(10, rows));
  }
  Maintained item(*storage_);
  item.plan = copy_plan(10, 20);
  item.imports = {CollectionId{10}};
  item.time = kStored;
  item.circuit = dataflow::Circuit::build(item.plan, {}, item.output);
  RowMap all = rows_at(10, kStored);
  size_t most = 0;
  auto drain = [&](StepOutput& output) {
    most = std::max(most, output.bytes());
    for (const data::BatchRef& batch : output.rows()) storage::add_rows(*batch, all);
    output.clear();
    return Status();
  };
  ASSERT_TRUE(go_over(*storage_, item, item.imports, last, drain));
  item.circuit->finish_step();
  ASSERT_TRUE(drain(item.output));
  EXPECT_TRUE(all == rows_at(10, last));
  EXPECT_LT(most, size_t{32} << 20) << "of 70 MiB";
}

TEST_F(RuleS5, AnIndexThatGoesOverSkippedTicksKeepsTheNetChange) {
  view(20, kOne, copy_plan(10, 20));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}});
  const Timestamp last{60};
  rewrite_rows(Timestamp{3}, last, 10);
  std::unique_ptr<Maintained> made = of_table(30, true);
  Maintained& item = *made;
  ASSERT_TRUE(go_over(*storage_, item, item.imports, last,
                      [&](StepOutput&) { return stage_output(*storage_, item); }));
  item.circuit->finish_step();
  EXPECT_LT(most_output_, size_t{48} << 20) << "of 140 MiB";
  EXPECT_TRUE(item.contents.parts().empty());
  RowMap all = rows_at(10, kStored);
  for (const data::BatchRef& batch : item.output.rows()) storage::add_rows(*batch, all);
  EXPECT_TRUE(all == rows_at(10, last));
}

// A circuit that no cluster steps yet: the ticks are one step, and the last is larger than what is
// read at once.
TEST_F(RuleS5, CatchingUpOverSkippedTicksTakesBoundedMemory) {
  view(20, kOne, copy_plan(10, 20));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}});
  const Timestamp last{40};
  rewrite_rows(Timestamp{3}, last.previous(), 10);
  append(last.ms, rows_of(10, random_rows(300)));
  storage::TickInput nothing;
  nothing.skipped_from = Timestamp{3};
  append_exports(kOne, last.ms, std::move(nothing));
  for (bool index : {false, true}) {
    SCOPED_TRACE(index ? "index" : "view");
    std::unique_ptr<Maintained> item = of_table(30, index);
    item->imports.push_back(CollectionId{20});
    RowMap all = rows_at(10, kStored);
    most_output_ = 0;
    ASSERT_TRUE(catch_up(*storage_, *item, last, [&](StepOutput& output) {
      for (const data::BatchRef& batch : output.rows()) storage::add_rows(*batch, all);
      output.clear();
      return Status();
    }));
    EXPECT_LT(most_output_, size_t{index ? 80u : 32u} << 20) << "of 140 MiB";
    if (index) {
      StopToken never;
      auto found = item->index->lookup(last, std::nullopt, never, 0);
      for (const data::BatchRef& batch : found->rows) storage::add_rows(*batch, all);
    }
    EXPECT_TRUE(all == rows_at(10, last));
  }
}

// It has all the history that it needs, but the view that it reads was not computed meanwhile.
TEST_F(RuleS5, WhoReadsAViewThatSkippedSkipsToo) {
  view(20, kOne, copy_plan(10, 20));
  view(25, kTwo, both_plan(10, 20, 25));
  indexes_[31] = {ObjectId{31}, kTwo, both_plan(10, 20, 31), {0}};
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}, {25, {{{1, "a"}, 2}}}});
  for (uint64_t tick : {3, 4, 5}) append(tick, rows_of(10, {{static_cast<int64_t>(tick), "b"}}));
  storage::TickInput difference = rows_of(20, {{3, "b"}, {4, "b"}, {5, "b"}});
  difference.skipped_from = Timestamp{3};
  append_exports(kOne, 5, std::move(difference));
  go_on();
  await_running(31);
  Timestamp next = write(10, {{6, "c"}});
  await_caught_up(kTwo);
  EXPECT_EQ(storage_->durability().offered_from(kTwo, Timestamp{3}), Timestamp{5});
  EXPECT_EQ(changes(25, kStored),
            (Changes{{Timestamp{5}, {{{3, "b"}, 2}, {{4, "b"}, 2}, {{5, "b"}, 2}}},
                     {next, {{{6, "c"}, 2}}}}));
  auto read = peek(index_request(31, std::nullopt, Timestamp{3}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(rows_of_result(*read), doubled(rows_at(10, read->time)));
}

// More than is kept in memory: it is staged on the way, and read from there in the same cluster.
TEST_F(RuleS5, ALargeSpanThatIsSkippedReachesWhoeverReads) {
  view(20, kOne, copy_plan(10, 20));
  view(25, kTwo, both_plan(10, 20, 25));
  view(26, kTwo, copy_plan(25, 26));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}, {25, {{{1, "a"}, 2}}}, {26, {{{1, "a"}, 2}}}});
  Rng rng(7);
  const Timestamp last{30};
  std::vector<TestUpdate> all;
  for (uint64_t tick = 3; tick <= last.ms; ++tick) {
    std::vector<TestUpdate> rows;
    for (int64_t i = 0; i < 10; ++i) rows.push_back({i, random_text(rng, 100'000)});
    all.insert(all.end(), rows.begin(), rows.end());
    append(tick, rows_of(10, rows));
  }
  storage::TickInput difference = rows_of(20, all);
  difference.skipped_from = Timestamp{3};
  append_exports(kOne, last.ms, std::move(difference));
  go_on();
  RowMap expected = doubled(rows_at(10, last));
  EXPECT_TRUE(rows_at(25, last) == expected);
  EXPECT_TRUE(rows_at(26, last) == expected);
  EXPECT_EQ(storage_->durability().offered_from(kTwo, Timestamp{3}), last);
}

// What came and went meanwhile would be history of many times the size.
TEST_F(RuleS5, ASkippedSpanIsAppendedAsItsNetChange) {
  view(20, kOne, copy_plan(10, 20));
  view(25, kTwo, both_plan(10, 20, 25));
  view(26, kTwo, copy_plan(25, 26));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}, {25, {{{1, "a"}, 2}}}, {26, {{{1, "a"}, 2}}}});
  const Timestamp last{14};
  rewrite_rows(Timestamp{3}, last, 50);
  RowMap net = rows_at(10, last);
  net.erase({1, "a"});
  const uint64_t net_bytes = net.size() * 100'000;
  storage::TickInput difference;
  for (const auto& [row, weight] : net) {
    difference.collections.push_back(rows_of(20, {{row.first, row.second}}).collections[0]);
  }
  difference.skipped_from = Timestamp{3};
  append_exports(kOne, last.ms, std::move(difference));
  go_on();
  for (uint64_t id : {25, 26}) {
    SCOPED_TRACE(id);
    EXPECT_TRUE(rows_at(id, last) == doubled(rows_at(10, last)));
    for (const storage::HoldInfo& hold : storage_->holds().holds()) {
      if (hold.collection.value != id) continue;
      EXPECT_LT(hold.retained_bytes, net_bytes * 3 / 2) << hold.holder;
    }
  }
}

// Errors come and go within what is skipped, beside more rows than are kept in memory.
TEST_F(RuleS5, ErrorsOfASkippedSpanAreAppendedAsTheirNetChange) {
  view(20, kOne, copy_plan(10, 20));
  PlanMaker maker;
  size_t divided = maker.divided(maker.import(10));
  maker.both(divided, maker.import(20));
  view(25, kTwo, maker.to(25));
  view(26, kTwo, copy_plan(25, 26));
  const RowMap both = {{{1000, "a"}, 1}, {{1, "a"}, 1}};
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}, {25, both}, {26, both}});
  const Timestamp last{14};
  rewrite_rows(Timestamp{3}, last, 50);
  RowMap rows = rows_at(10, last);
  storage::TickInput difference;
  for (const auto& [row, weight] : rows) {
    if (row == std::pair<int64_t, std::string>(1, "a")) continue;
    difference.collections.push_back(rows_of(20, {{row.first, row.second}}).collections[0]);
  }
  difference.skipped_from = Timestamp{3};
  append_exports(kOne, last.ms, std::move(difference));
  go_on();
  const auto failing =
      std::ranges::find_if(rows, [](const auto& row) { return row.first.first == 0; });
  for (uint64_t id : {25, 26}) {
    SCOPED_TRACE(id);
    ASSERT_TRUE(eventually([&] { return info(id).upper > last; }));
    auto read = peek(request(copy_plan(id, 999), last));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "Evaluation error: division by zero");
  }
  Timestamp mended = write(10, {{0, failing->first.second, -1}});
  rows.erase(failing);
  RowMap expected = rows;
  for (const auto& [row, weight] : rows) expected[{1000 / row.first, row.second}] += weight;
  for (uint64_t id : {25, 26}) {
    SCOPED_TRACE(id);
    ASSERT_TRUE(eventually([&] { return info(id).upper > mended; }));
    auto read = peek(request(copy_plan(id, 999), mended));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(rows_of_result(*read) == expected);
  }
}

// What has come out by then is part of a step, and of no use.
TEST_F(RuleS5, HistoryIsLetGoOfInTheMiddleOfALongStep) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, pairs_plan(20, 21));
  await_all();
  Timestamp large;
  until_a_step_begins([&] { large = write(10, many_rows(6'000)); });
  EXPECT_LE(info(20).upper, large);
  engine_->release_history(kOne);
  Timestamp last = write(10, {{-1, "b"}});
  EXPECT_EQ(rows_at(20, last), rows_at(10, last));
  EXPECT_EQ(rows_at(21, last), (RowMap{{{6'000LL * 6'001, "a"}, 1}, {{6'001, "b"}, 1}}));
  auto read = peek(request(copy_plan(21, 999), large));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(rows_of_result(*read),
            read->time < last ? (RowMap{{{6'000LL * 6'000, "a"}, 1}}) : rows_at(21, last));
}

// Everything beside everything of what rehydration found: longer than anybody waits.
TEST_F(RuleS6, AStopDoesNotWaitUntilADifferenceHasReachedWhoReadsTheView) {
  view(20, kOne, copy_plan(10, 20));
  view(21, kOne, pairs_plan(20, 21));
  store(many_rows(120'000), {{20, {}}, {21, {}}});
  until_a_step_begins([&] {
    go_on();
    submit({});
  });
  EXPECT_EQ(info(20).upper, kStored.next());
  within("Engine::stop", [&] { engine_->stop(); });
  EXPECT_EQ(info(20).upper, kStored.next());
}

// Everything beside everything of one tick that is small enough to be kept in memory.
TEST_F(RuleS6, AStopDoesNotWaitForTheEndOfALongStep) {
  view(20, kOne, copy_plan(10, 20));
  view(21, kOne, pairs_plan(20, 21));
  store({}, {{20, {}}, {21, {}}});
  go_on();
  await_caught_up(kOne);
  Timestamp large;
  until_a_step_begins([&] { large = write(10, many_rows(120'000)); });
  EXPECT_LE(info(20).upper, large);
  within("Engine::stop", [&] { engine_->stop(); });
  EXPECT_LE(info(20).upper, large);
}

// The view of the second cluster changes at tick 5 only, but before that it lags behind the table.
TEST_F(RuleS5, SkippingTakesInTimesAtWhichNothingChanged) {
  view(20, kOne, copy_plan(10, 20));
  view(24, kTwo, copy_plan(20, 24));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}, {24, {{{1, "a"}, 1}}}});
  for (uint64_t tick : {3, 4, 5}) append(tick, rows_of(10, {{static_cast<int64_t>(tick), "b"}}));
  storage::TickInput difference = rows_of(20, {{3, "b"}, {4, "b"}, {5, "b"}});
  difference.skipped_from = Timestamp{3};
  append_exports(kOne, 5, std::move(difference));
  go_on();
  await_caught_up(kTwo);
  EXPECT_EQ(storage_->durability().offered_from(kTwo, Timestamp{3}), Timestamp{5});
  auto read = peek(request(both_plan(10, 24, 999), Timestamp{4}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(rows_of_result(*read), doubled(rows_at(10, read->time))) << read->time.ms;
}

// It waits just before it would notice, until the cluster has gone on.
TEST_F(RuleS5, AlsoAViewThatIsBeingBuiltLetsGo) {
  view(20, kOne, copy_plan(10, 20));
  store({{1, "a"}}, {{20, {{{1, "a"}, 1}}}});
  for (uint64_t tick : {3, 4, 5}) append(tick, rows_of(10, {{static_cast<int64_t>(tick), "b"}}));
  Armed slow("engine.before_hydration=delay:300@1");
  make_engine();
  ASSERT_TRUE(engine_->start());
  ASSERT_TRUE(eventually([&] { return state(20) == ViewState::kHydrating; }));
  engine_->release_history(kOne);
  await_running(20);
  Timestamp last = write(10, {{6, "c"}});
  EXPECT_EQ(rows_at(20, last), rows_at(10, last));
  EXPECT_GE(storage_->durability().offered_from(kOne, Timestamp{3}), Timestamp{5});
}

// What is rebuilt retains history as well: asked again and again meanwhile it would never be there.
TEST_F(RuleS5, NothingIsLetGoOfWhileViewsAreBuiltAnew) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, count_plan(10, 21));
  await_all();
  Armed slow("engine.before_hydration=delay:20");
  engine_->release_history(kOne);
  ASSERT_TRUE(eventually([&] { return state(20) != ViewState::kRunning; }));
  Timestamp last = write(10, {{1, "a"}});
  EXPECT_TRUE(eventually([&] {
    engine_->release_history(kOne);
    return info(20).upper > last;
  }));
  EXPECT_EQ(rows_at(20, last), rows_at(10, last));
  // Later it can be asked again.
  await_caught_up(kOne);
  EXPECT_TRUE(eventually([&] {
    engine_->release_history(kOne);
    return state(20) != ViewState::kRunning;
  }));
}

// Both clusters let go now and then, each in the middle of something, while others read.
TEST_F(RuleS5, WhateverIsReadMeanwhileAgrees) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, both_plan(10, 20, 21));
  create_view(24, kTwo, both_plan(10, 20, 24));
  create_index(30, kTwo, both_plan(10, 20, 30));
  for (uint64_t id : {20, 21, 24}) await_published(id);
  await_running(30);
  Timestamp before = write(10, {{0, "a"}});
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Timestamp now = engine_->read_timestamp();
      for (uint64_t id : {20, 21, 24}) {
        auto read = peek(request(both_plan(10, id, 999), now));
        ASSERT_TRUE(read) << read.error().message;
        RowMap rows = rows_at(10, read->time);
        for (auto& [row, weight] : rows) weight = id == 20 ? 2 : 3;
        ASSERT_EQ(rows_of_result(*read), rows) << id << " at " << read->time.ms;
      }
      auto read = peek(index_request(30, std::nullopt, now));
      ASSERT_TRUE(read) << read.error().message;
      ASSERT_EQ(rows_of_result(*read), doubled(rows_at(10, read->time)));
    }
  });
  for (int64_t i = 1; i <= 120; ++i) {
    write(10, {{i, "b"}});
    if (i % 20 == 0) engine_->release_history(i % 40 == 0 ? kOne : kTwo);
    if (i % 30 == 0) engine_->release_history(kOne);
  }
  for (ClusterId cluster : {kOne, kTwo}) await_caught_up(cluster);
  reader.request_stop();
  reader.join();
  EXPECT_EQ(engine_->failure(), std::nullopt);
  for (uint64_t id : {21, 24}) {
    RowMap rows = rows_at(id, before);
    for (const auto& [time, change] : changes(id, before)) {
      for (const auto& [row, weight] : change) rows[row] += weight;
      EXPECT_EQ(rows, doubled(rows_at(10, time))) << id << " at " << time.ms;
    }
  }
}

}  // namespace
}  // namespace penstock::engine
