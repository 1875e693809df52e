// Rules T4-T6: views and indexes are spliced in whole, and step every tick together.
#include "engine/cluster.h"

#include "base/rng.h"
#include "engine/engine_fixture_test.h"

namespace penstock::engine {
namespace {

RowMap sum(RowMap left, const RowMap& right) {
  for (const auto& [row, weight] : right) {
    if ((left[row] += weight) == 0) left.erase(row);
  }
  return left;
}
RowMap counted(const RowMap& rows) {
  std::map<std::string, int64_t> counts;
  for (const auto& [row, weight] : rows) counts[row.second] += weight;
  RowMap out;
  for (const auto& [text, count] : counts) {
    if (count != 0) out[{count, text}] = 1;
  }
  return out;
}

// What was there at every tick at which something changed.
class History {
 public:
  void add(uint64_t id, const Changes& changes, Timestamp published) {
    changes_[id] = changes;
    published_[id] = published;
  }
  RowMap at(uint64_t id, Timestamp time) const {
    RowMap out;
    for (const auto& [tick, rows] : changes_.at(id)) {
      if (tick <= time) out = sum(std::move(out), rows);
    }
    return out;
  }
  // Holds at all ticks since `id` was published.
  void expect(uint64_t id, const std::function<RowMap(Timestamp)>& what) const {
    size_t looked_at = 0;
    for (const auto& [other, changes] : changes_) {
      for (const auto& [time, rows] : changes) {
        if (time < published_.at(id)) continue;
        ASSERT_EQ(at(id, time), what(time)) << "u" << id << " at " << time.ms;
        ++looked_at;
      }
    }
    EXPECT_GT(looked_at, 0u) << id;
  }

 private:
  std::map<uint64_t, Changes> changes_;
  std::map<uint64_t, Timestamp> published_;
};

class ClusterTest : public EngineTest {
 protected:
  static constexpr ClusterId kThree{3};

  // The second cluster cannot step: its u40, published by an earlier process, reads a view of a
  // third cluster that is behind and does not run. u10 is a table, u41 a copy of it in the second
  // cluster, u42 and u43 are views of the first.
  void store_a_stuck_cluster() {
    open();
    append(1, creation({spec_of(10, storage::kInputs), spec_of(40, kTwo), spec_of(41, kTwo),
                        spec_of(42, kOne), spec_of(43, kOne), spec_of(60, kThree)}));
    append_exports(kThree, 2, publication({60}));
    append(4, {});
    append_exports(kTwo, 4, publication({40, 41}));
    append_exports(kOne, 4, publication({42, 43}));
    storage_.reset();
    views_[40] = {CollectionId{40}, kTwo, copy_plan(60, 40)};
    views_[41] = {CollectionId{41}, kTwo, copy_plan(10, 41)};
    open();
    for (uint64_t id : {10, 40, 41, 42}) keep_history(id);
  }
  void start_with_a_stuck_cluster() {
    store_a_stuck_cluster();
    make_engine();
    ASSERT_TRUE(engine_->start());
  }
  void free_the_stuck_cluster() { engine_->create_cluster(kThree); }
  static storage::TickInput publication(const std::vector<uint64_t>& ids) {
    storage::TickInput input;
    for (uint64_t id : ids) input.publish.push_back(CollectionId{id});
    return input;
  }

  void expect_everything_agrees(int looks);
  History history(const std::vector<uint64_t>& ids) {
    History out;
    for (uint64_t id : ids) out.add(id, changes(id), *info(id).publication);
    return out;
  }
};

// Inserts, updates and deletes at random until told to stop, for some hundred ticks at most; on its
// own thread.
class RandomWriter {
 public:
  RandomWriter(Engine& engine, std::vector<uint64_t> tables) {
    thread_ = std::jthread([&engine, tables](const std::stop_token& stop) {
      Rng rng(7);
      std::map<uint64_t, std::map<int64_t, std::string>> model;
      for (int tick = 0; tick < 500 && !stop.stop_requested(); ++tick) {
        storage::TickInput input;
        for (uint64_t table : tables) {
          if (rng.one_in(3)) continue;
          input.collections.push_back(
              {CollectionId{table}, {storage::test_batch(change(rng, model[table]))}, {}});
        }
        auto ref = std::make_shared<const storage::TickInput>(std::move(input));
        if (!engine.submit_and_wait(ref, {})) return;
      }
    });
  }
  void stop() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  static std::vector<TestUpdate> change(Rng& rng, std::map<int64_t, std::string>& rows) {
    std::vector<TestUpdate> out;
    auto id = static_cast<int64_t>(rng.below(50));
    if (auto old = rows.find(id); old != rows.end()) {
      out.push_back({id, old->second, -1});
      rows.erase(old);
      if (rng.one_in(2)) return out;
    }
    rows[id] = std::string(1, static_cast<char>('a' + rng.below(4)));
    out.push_back({id, rows[id], 1});
    return out;
  }
  std::jthread thread_;
};

using RuleT4 = ClusterTest;
using RuleT5 = ClusterTest;
using RuleT6 = ClusterTest;
using WaitingForAnotherCluster = ClusterTest;

// --- T4, T5 ---

TEST_F(RuleT5, AViewWaitsUntilWhatItReadsIsPublished) {
  start();
  storage::TickInput unpublished;
  unpublished.changes.create.push_back(spec_of(10, storage::kInputs));
  submit(std::move(unpublished));
  write(10, {{1, "a"}});
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, count_plan(20, 21));
  std::vector<ViewStatus> statuses = engine_->views();
  ASSERT_EQ(statuses.size(), 2u);
  EXPECT_EQ(statuses[0].state, ViewState::kWaiting);
  EXPECT_EQ(statuses[0].waiting_for, (std::vector<CollectionId>{{10}}));
  EXPECT_EQ(statuses[1].waiting_for, (std::vector<CollectionId>{{20}}));
  EXPECT_FALSE(info(20).publication);

  storage::TickInput publish = rows_of(10, {{2, "b"}, {3, "b"}});
  publish.publish.push_back(CollectionId{10});
  Timestamp published = submit(std::move(publish));
  await_published(21);
  EXPECT_GT(*info(20).publication, published);
  Changes first = changes(20);
  ASSERT_EQ(first.size(), 1u) << "all at one tick";
  EXPECT_EQ(first.begin()->first, *info(20).publication);
  EXPECT_EQ(first.begin()->second, (RowMap{{{1, "a"}, 1}, {{2, "b"}, 1}, {{3, "b"}, 1}}));
  EXPECT_EQ(rows_at(21, *info(21).publication), (RowMap{{{1, "a"}, 1}, {{2, "b"}, 1}}));
}

TEST_F(RuleT5, NobodyReadsAViewBeforeItsPublication) {
  start_with_a_stuck_cluster();
  create_view(20, kOne, both_plan(10, 41, 20));
  write(10, {{1, "a"}});
  auto read = peek(request(copy_plan(20, 999), info(20).upper.previous()));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().state, sql_state::kObjectNotInState);
  free_the_stuck_cluster();
  await_published(20);
  EXPECT_TRUE(peek(request(copy_plan(20, 999), *info(20).publication)));
}

TEST_F(RuleT4, AViewUnpublishedAtACrashStartsAgain) {
  start_with_a_stuck_cluster();
  write(10, {{1, "a"}});
  create_view(20, kOne, both_plan(10, 41, 20));
  restart();
  EXPECT_FALSE(info(20).publication);
  for (uint64_t id : {10, 20, 41}) keep_history(id);
  free_the_stuck_cluster();
  await_published(20);
  EXPECT_EQ(rows_at(20, *info(20).publication), (RowMap{{{1, "a"}, 2}}));
}

// --- T6 ---

TEST_F(RuleT6, TheUpperMovesWithEveryTick) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  await_published(20);
  for (int i = 0; i < 20; ++i) {
    Timestamp time = i % 2 == 0 ? write(10, {{i, "a"}}) : submit({});
    EXPECT_TRUE(eventually([&] { return info(20).upper > time; }));
    EXPECT_TRUE(eventually([&] { return storage_->durability().upper(kTwo) > time; }))
        << "also of a cluster without views";
  }
}

TEST_F(RuleT6, AnUpperThatMovedWithoutAChangeIsWrittenWithinASecond) {
  start();
  create_table(10);
  create_table(11);
  create_view(20, kOne, copy_plan(10, 20));
  await_published(20);
  Timestamp last = write(11, {{1, "a"}});
  EXPECT_TRUE(eventually([&] { return storage_->durability().durable(kOne) >= last; }));
}

TEST_F(RuleT6, ANewClusterGoesToTheLastTickAtOnce) {
  clock_ = &manual_clock_;  // Nothing is written because time passes.
  start();
  submit({});
  for (ClusterId cluster : {kOne, kTwo}) await_caught_up(cluster);
  storage::LogPosition before = storage_->durability().appended();
  engine_->create_cluster(kThree);
  await_caught_up(kThree);
  EXPECT_EQ(storage_->durability().appended().value, before.value + 1);
}

// A crash between a tick's inputs and its exports: what hydrates at the inputs' last tick is ahead
// of the cluster, which must step there for everybody.
TEST_F(RuleT6, ATickWhoseExportsWereLostIsSteppedForEverybody) {
  start();
  create_table(10);
  create_table(11);
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, count_plan(20, 21));
  create_index(30, kOne, copy_plan(10, 30));
  create_view(24, kTwo, both_plan(20, 11, 24));
  Timestamp before = write(10, {{1, "a"}});
  for (uint64_t id : {20, 21, 24}) await_published(id);
  close();
  open();
  Timestamp lost = storage_->durability().upper(storage::kInputs);
  append(lost.ms, rows_of(10, {{2, "b"}, {3, "b"}}));
  append(lost.ms + 5, rows_of(11, {{4, "c"}}));
  append(lost.ms + 9, rows_of(10, {{1, "a", -1}}));
  storage_.reset();
  indexes_[31] = {ObjectId{31}, kOne, copy_plan(20, 31), {0}};
  open();
  for (uint64_t id : {10, 11, 20, 21, 24}) keep_history(id);
  make_engine();
  storage_->start_maintenance();
  ASSERT_TRUE(engine_->start());
  for (uint64_t id : {20, 21, 24, 30, 31}) await_running(id);
  Timestamp now = write(10, {{5, "d"}});
  RowMap expected = {{{2, "b"}, 1}, {{3, "b"}, 1}, {{5, "d"}, 1}};
  EXPECT_EQ(rows_at(20, now), expected);
  EXPECT_EQ(rows_at(21, now), counted(expected));
  EXPECT_EQ(rows_at(24, now), sum(expected, {{{4, "c"}, 1}}));
  EXPECT_EQ(rows_of_result(*peek(index_request(30, std::nullopt, now))), expected);
  EXPECT_EQ(rows_of_result(*peek(index_request(31, std::nullopt, now))), expected);
  EXPECT_EQ(changes(20, before), changes(10, before)) << "each change at its own tick";
}

// The index is ahead of the cluster and there at once, the view takes its time.
TEST_F(RuleT6, NothingIsSteppedBeforeAllPublishedViewsAreBack) {
  start();
  create_table(10);
  create_view(20, kOne, copy_plan(10, 20));
  await_published(20);
  Timestamp before = write(10, {{1, "a"}});
  await_caught_up(kOne);
  close();
  open();
  append(storage_->durability().upper(storage::kInputs).ms, rows_of(10, {{2, "b"}}));
  for (uint64_t id : {10, 20}) keep_history(id);
  engine_ = Engine::create(engine_options_, *storage_, *clock_);
  engine_->create_cluster(kOne);
  ASSERT_TRUE(engine_->run_index({ObjectId{30}, kOne, copy_plan(10, 30), {0}}));
  ASSERT_TRUE(eventually([&] { return state(30) == std::nullopt; })) << "hydrated, not spliced in";
  // Longer than a start may wait (T2).
  Armed slow("engine.before_hydration=delay:1500");
  ASSERT_TRUE(engine_->run_view(views_[20]));
  ASSERT_TRUE(engine_->start());
  Timestamp now = write(10, {{3, "c"}});
  EXPECT_EQ(rows_at(20, now).size(), 3u);
  EXPECT_EQ(changes(20, before), changes(10, before)) << "each change at its own tick";
}

TEST_F(RuleT6, AClusterThatLagsIsWaitedFor) {
  start_with_a_stuck_cluster();
  create_view(20, kOne, both_plan(10, 41, 20));
  Timestamp first = write(10, {{1, "a"}});
  Timestamp second = write(10, {{2, "b"}});
  EXPECT_LE(info(41).upper, first);
  free_the_stuck_cluster();
  await_published(20);
  Timestamp third = write(10, {{3, "c"}});
  EXPECT_EQ(rows_at(20, third), (RowMap{{{1, "a"}, 2}, {{2, "b"}, 2}, {{3, "c"}, 2}}));
  EXPECT_EQ(changes(41), changes(10));
  EXPECT_EQ(changes(10).size(), 3u);
  EXPECT_TRUE(changes(10).contains(second));
}

// A tick is in the queue when the ones before it, which did not fit, are being stepped, and after
// it nothing comes any more.
TEST_F(RuleT6, ADropWhileTicksAreReadFromStorageLosesNone) {
  engine_options_.cluster_queue_bytes = 10'000;
  const std::string large(20'000, 'x');
  views_[42] = {CollectionId{42}, kOne, both_plan(10, 41, 42)};
  views_[43] = {CollectionId{43}, kOne, copy_plan(10, 43)};
  start_with_a_stuck_cluster();
  write(10, {{1, "a"}});
  Timestamp from_storage = write(10, {{2, large}});
  for (int64_t id = 3; id < 10; ++id) write(10, {{id, large}});
  Timestamp last = write(10, {{10, "b"}});
  Armed slow("engine.before_step=delay:20");
  free_the_stuck_cluster();
  ASSERT_TRUE(eventually([&] { return info(42).upper > from_storage; }));
  within("stop_view", [&] { engine_->stop_view(CollectionId{43}); });
  RowMap expected = rows_at(10, last);
  for (auto& [row, weight] : expected) weight = 2;
  EXPECT_EQ(rows_at(42, last), expected);
}

// The cluster waits to step the ticks before the one that it was given, and what it waits for goes
// beyond that.
TEST_F(RuleT6, ATickThatWasSkippedOnTheWayToItIsNotSteppedAgain) {
  store_a_stuck_cluster();
  append_exports(kThree, 4, {});
  append(5, rows_of(10, {{1, "a"}}));
  make_engine();
  ASSERT_TRUE(engine_->start());
  Timestamp first = write(10, {{2, "b"}});
  Timestamp last = write(10, {{3, "c"}});
  storage::TickInput skipping;
  skipping.skipped_from = Timestamp{5};
  append_exports(kThree, last.ms, std::move(skipping));
  EXPECT_EQ(rows_at(41, last), rows_at(10, last));
  EXPECT_EQ(storage_->durability().offered_from(kTwo, first), last);
  free_the_stuck_cluster();
  Timestamp next = write(10, {{4, "d"}});
  EXPECT_EQ(rows_at(41, next), rows_at(10, next));
}

void ClusterTest::expect_everything_agrees(int looks) {
  start();
  create_table(10);
  create_table(11);
  RandomWriter writer(*engine_, {10, 11});
  create_view(20, kOne, copy_plan(10, 20));
  create_view(21, kOne, count_plan(10, 21));
  await_published(20);
  create_view(22, kOne, both_plan(20, 11, 22));
  create_view(24, kTwo, both_plan(20, 11, 24));
  create_view(25, kTwo, count_plan(24, 25));
  create_index(30, kOne, copy_plan(10, 30));
  create_index(31, kOne, count_plan(22, 31));
  create_index(32, kTwo, copy_plan(20, 32));
  auto look = [&](uint64_t index, uint64_t source, bool counts) {
    auto found = peek(index_request(index, std::nullopt, engine_->read_timestamp()));
    ASSERT_TRUE(found) << found.error().message;
    RowMap rows = rows_at(source, found->time);
    ASSERT_EQ(rows_of_result(*found), counts ? counted(rows) : rows) << index;
  };
  for (uint64_t id : {22, 24, 25}) await_published(id);
  for (int i = 0; i < looks; ++i) {
    look(30, 10, false);
    look(31, 22, true);
    look(32, 20, false);
  }
  create_view(23, kOne, copy_plan(22, 23));
  await_published(23);
  EXPECT_TRUE(eventually([&] { return changes(10).size() > 50; }));
  writer.stop();
  await_caught_up(kOne);
  await_caught_up(kTwo);
  History all = history({10, 11, 20, 21, 22, 23, 24, 25});
  all.expect(20, [&](Timestamp time) { return all.at(10, time); });
  all.expect(21, [&](Timestamp time) { return counted(all.at(10, time)); });
  all.expect(22, [&](Timestamp time) { return sum(all.at(10, time), all.at(11, time)); });
  all.expect(23, [&](Timestamp time) { return all.at(22, time); });
  all.expect(24, [&](Timestamp time) { return sum(all.at(10, time), all.at(11, time)); });
  all.expect(25, [&](Timestamp time) { return counted(all.at(24, time)); });
}

TEST_F(RuleT6, EverythingAgreesTickByTickWhateverIsSplicedInMeanwhile) {
  expect_everything_agrees(100);
}

// The queue takes one tick and a step takes long; what comes meanwhile is read from storage.
TEST_F(RuleT6, EverythingAgreesTickByTickAlsoBehindASmallQueue) {
  engine_options_.cluster_queue_bytes = 1;
  Armed slow("engine.before_step=delay:3");
  expect_everything_agrees(3);
}

// --- a cluster whose thread waits for another one can still be asked for something ---

TEST_F(WaitingForAnotherCluster, ItsViewsCanBeRemoved) {
  start_with_a_stuck_cluster();
  create_view(20, kOne, copy_plan(10, 20));
  await_published(20);
  create_view(21, kOne, both_plan(10, 41, 21));
  Timestamp time = write(10, {{1, "a"}});
  ASSERT_TRUE(eventually([&] { return info(20).upper > time || state(21) == std::nullopt; }));
  within("stop_view", [&] { engine_->stop_view(CollectionId{21}); });
  EXPECT_EQ(state(21), std::nullopt);
  EXPECT_EQ(rows_at(20, write(10, {{2, "b"}})), (RowMap{{{1, "a"}, 1}, {{2, "b"}, 1}}));
  EXPECT_FALSE(info(21).publication);
}

// A published view in the middle of a step, and one that reads tables only beside it.
TEST_F(WaitingForAnotherCluster, AStepIsGivenUpForWhatIsRemoved) {
  views_[42] = {CollectionId{42}, kOne, both_plan(10, 41, 42)};
  start_with_a_stuck_cluster();
  create_view(20, kOne, copy_plan(10, 20));
  write(10, {{1, "a"}});
  within("stop_view", [&] { engine_->stop_view(CollectionId{20}); });
  within("stop_view", [&] { engine_->stop_view(CollectionId{42}); });
  Timestamp time = write(10, {{2, "b"}});
  EXPECT_TRUE(eventually([&] { return storage_->durability().upper(kOne) > time; }));
}

// u11 is published after the last tick of the other cluster, so there is no time yet at which both
// can be read. They hold what they need, and are in nobody's way.
TEST_F(WaitingForAnotherCluster, AViewWithoutACommonTimeWaits) {
  start_with_a_stuck_cluster();
  create_table(11);
  auto holders = [&] {
    return std::ranges::count_if(storage_->holds().holds(), [](const storage::HoldInfo& hold) {
      return hold.holder == cluster_holder(kOne) && hold.collection == CollectionId{11};
    });
  };
  create_view(20, kOne, both_plan(11, 41, 20));
  create_view(21, kOne, both_plan(11, 41, 21));
  ASSERT_TRUE(eventually([&] { return holders() == 2; }));
  create_view(22, kOne, copy_plan(11, 22));
  await_published(22);
  within("stop_view", [&] { engine_->stop_view(CollectionId{20}); });
  EXPECT_TRUE(eventually([&] { return holders() == 2; })) << "of 21 and 22";
  EXPECT_EQ(state(21), ViewState::kWaiting);
  restart();
  for (uint64_t id : {10, 11, 21, 41}) keep_history(id);
  write(11, {{1, "a"}});
  free_the_stuck_cluster();
  await_published(21);
  EXPECT_EQ(rows_at(21, *info(21).publication), (RowMap{{{1, "a"}, 1}}));
}

}  // namespace
}  // namespace penstock::engine
