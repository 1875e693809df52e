// What the tests of this room share: an engine over a storage in a directory that goes with the
// test, restarted at will; tables and views of (id, text), and what changed at which tick.
//
// Everything waits with a deadline; a call that may hang is made through within().
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "engine/engine.h"
#include "engine/plans_test.h"

namespace penstock::engine {

using storage::RowMap;
using storage::TestUpdate;
using Changes = std::map<Timestamp, RowMap>;

inline constexpr std::chrono::seconds kPatience{120};

// Polls until it is so; false when it is not in time.
inline bool eventually(const std::function<bool()>& so) {
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  StopToken never;
  while (!so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    never.wait_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Whether the call returns in time. If not there is no way on: the process ends.
inline void within(const char* what, const std::function<void()>& call) {
  std::future<void> done = std::async(std::launch::async, call);
  if (done.wait_for(kPatience) == std::future_status::ready) return;
  std::fprintf(stderr, "[  FAILED  ] %s does not return\n", what);
  std::_Exit(1);
}

// As many rows, so that reading them takes a while; and what they are when all are there.
inline std::vector<TestUpdate> many_rows(int64_t count) {
  std::vector<TestUpdate> rows;
  for (int64_t i = 0; i < count; ++i) rows.push_back({i, "a"});
  return rows;
}
inline RowMap row_map(const std::vector<TestUpdate>& updates) {
  RowMap rows;
  for (const TestUpdate& update : updates) rows[{update.id, update.text}] += update.diff;
  return rows;
}

// Failpoints armed while it lives.
class Armed {
 public:
  explicit Armed(const char* failpoints) { arm_failpoints(failpoints); }
  ~Armed() { arm_failpoints(""); }
  Armed(const Armed&) = delete;
  Armed& operator=(const Armed&) = delete;
};

// Does it, and returns when a cluster has begun the step that comes of it.
inline void until_a_step_begins(const std::function<void()>& doing) {
  Armed watched("engine.before_step=delay:0");
  doing();
  ASSERT_TRUE(eventually([] { return failpoint_reached("engine.before_step") > 0; }));
}

class ManualClock final : public Clock {
 public:
  explicit ManualClock(uint64_t wall_ms) : wall_(wall_ms) {}
  uint64_t wall_ms() const override { return wall_.load(); }
  uint64_t wall_us() const override { return wall_.load() * 1000; }
  uint64_t monotonic_us() const override { return monotonic_.load(); }
  void pass_us(uint64_t us) {
    rest_us_ += us;
    monotonic_ += us;
    wall_ += rest_us_ / 1000;
    rest_us_ %= 1000;
  }
  void pass_ms(uint64_t ms) { pass_us(ms * 1000); }
  void jump_to(uint64_t wall_ms) { wall_ = wall_ms; }

 private:
  std::atomic<uint64_t> wall_;
  std::atomic<uint64_t> monotonic_{1};
  uint64_t rest_us_ = 0;
};

class EngineTest : public testing::Test {
 protected:
  static constexpr ClusterId kOne{1};
  static constexpr ClusterId kTwo{2};

  EngineTest() {
    storage_options_.directory = scratch_.sub("data");
    storage_options_.memory_bytes = 8 << 20;
    storage_options_.maintenance.keep_ms = 0;
  }
  ~EngineTest() override { close(); }

  // --- life ---
  void open() {
    auto opened = storage::Storage::open(storage_options_);
    ASSERT_TRUE(opened) << opened.error().message;
    storage_ = std::move(*opened);
  }
  // An engine that runs everything created so far, not yet started.
  void make_engine() {
    engine_ = Engine::create(engine_options_, *storage_, *clock_);
    engine_->create_cluster(kOne);
    engine_->create_cluster(kTwo);
    for (const auto& [id, spec] : views_) ASSERT_TRUE(engine_->run_view(spec));
    for (const auto& [id, spec] : indexes_) ASSERT_TRUE(engine_->run_index(spec));
  }
  void start() {
    open();
    make_engine();
    storage_->start_maintenance();
    ASSERT_TRUE(engine_->start());
  }
  void close() {
    if (engine_) within("Engine::stop", [&] { engine_->stop(); });
    engine_.reset();
    holds_.clear();
    storage_.reset();
  }
  void restart() {
    close();
    start();
  }

  // --- by hand, without an engine ---
  void append(uint64_t tick, storage::TickInput input) {
    auto ref = std::make_shared<const storage::TickInput>(std::move(input));
    auto position = storage_->writer().append_tick(Timestamp{tick}, std::span(&ref, 1),
                                                   storage::SyncUrgency::kSoon);
    ASSERT_TRUE(position) << position.error().message;
  }
  void append_exports(ClusterId cluster, uint64_t tick, storage::TickInput exports) {
    auto position = storage_->writer().append_exports(cluster, Timestamp{tick}, exports,
                                                      storage::SyncUrgency::kSoon);
    ASSERT_TRUE(position) << position.error().message;
  }
  static storage::TickInput rows_of(uint64_t id, const std::vector<TestUpdate>& updates) {
    storage::TickInput input;
    input.collections.push_back({CollectionId{id}, {storage::test_batch(updates)}, {}});
    return input;
  }
  static storage::CollectionSpec spec_of(uint64_t id, ClusterId timeline) {
    return {CollectionId{id}, storage::test_type(timeline == storage::kInputs), timeline};
  }
  static storage::TickInput creation(std::vector<storage::CollectionSpec> specs) {
    storage::TickInput input;
    for (storage::CollectionSpec& spec : specs) {
      if (spec.timeline == storage::kInputs) input.publish.push_back(spec.id);
      input.changes.create.push_back(std::move(spec));
    }
    return input;
  }

  // --- through the engine ---
  Timestamp submit(storage::TickInput input) {
    auto ref = std::make_shared<const storage::TickInput>(std::move(input));
    Result<Timestamp> time = Timestamp{};
    within("submit_and_wait", [&] { time = engine_->submit_and_wait(ref, {}); });
    EXPECT_TRUE(time) << (time ? "" : time.error().message);
    return time.value_or(Timestamp{});
  }
  Timestamp write(uint64_t id, const std::vector<TestUpdate>& updates) {
    return submit(rows_of(id, updates));
  }
  void create_table(uint64_t id) {
    submit(creation({spec_of(id, storage::kInputs)}));
    keep_history(id);
  }
  void create_view(uint64_t id, ClusterId cluster, plan::DataflowPlan plan) {
    submit(creation({spec_of(id, cluster)}));
    keep_history(id);
    views_[id] = {CollectionId{id}, cluster, std::move(plan)};
    ASSERT_TRUE(engine_->run_view(views_[id]));
  }
  // By id.
  void create_index(uint64_t id, ClusterId cluster, plan::DataflowPlan plan) {
    indexes_[id] = {ObjectId{id}, cluster, std::move(plan), {0}};
    ASSERT_TRUE(engine_->run_index(indexes_[id]));
  }
  // So that every tick can be looked at afterwards.
  void keep_history(uint64_t id) {
    auto hold = storage_->holds().acquire(CollectionId{id}, "test", Timestamp::min());
    ASSERT_TRUE(hold);
    holds_.push_back(std::move(*hold));
  }

  // --- looking ---
  std::optional<ViewState> state(uint64_t id) const {
    for (const ViewStatus& status : engine_->views()) {
      if (status.collection.value == id) return status.state;
    }
    return std::nullopt;
  }
  void await_running(uint64_t id) {
    ASSERT_TRUE(eventually([&] { return state(id) == ViewState::kRunning; })) << id;
  }
  void await_published(uint64_t id) {
    ASSERT_TRUE(eventually([&] {
      storage::CollectionInfo now = info(id);
      return now.publication && *now.publication < now.upper;
    })) << id;
  }
  // All views and indexes created so far can be read.
  void await_all() {
    for (const auto& [id, spec] : views_) await_published(id);
    for (const auto& [id, spec] : indexes_) await_running(id);
  }
  storage::CollectionInfo info(uint64_t id) const {
    return *storage_->reader().info(CollectionId{id});
  }
  // Waits until all are written up to the last tick of the inputs.
  void await_caught_up(ClusterId cluster) {
    ASSERT_TRUE(eventually([&] {
      storage::Durability& durability = storage_->durability();
      return durability.upper(cluster) == durability.upper(storage::kInputs);
    }));
  }
  RowMap rows_at(uint64_t id, Timestamp time) {
    EXPECT_TRUE(eventually([&] { return info(id).upper > time; })) << id;
    return storage::read_all(
        storage_->reader().snapshot(CollectionId{id}, storage::Stream::kRows, time));
  }
  // What changed at which tick after `after`, up to now; what was there at first counts as a
  // change.
  Changes changes(uint64_t id, Timestamp after = Timestamp{}) {
    Changes out;
    storage::CollectionInfo now = info(id);
    if (after < now.since) {
      if (RowMap first = rows_at(id, now.since); !first.empty()) out[now.since] = std::move(first);
      after = now.since;
    }
    if (after.next() >= now.upper) return out;
    auto read = storage_->reader().ticks(now.spec.id, after.next(), now.upper, size_t{1} << 30);
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    if (!read) return out;
    for (const data::TickUpdates& tick : read->ticks) {
      RowMap rows;
      for (const data::BatchRef& batch : tick.rows) storage::add_rows(*batch, rows);
      if (!rows.empty()) out[tick.time] = std::move(rows);
    }
    return out;
  }

  // --- peeks ---
  static PeekRequest request(plan::DataflowPlan plan, Timestamp time) {
    PeekRequest out;
    out.plan = std::move(plan);
    out.time = time;
    out.timeout_ms = std::chrono::milliseconds(kPatience).count();
    return out;
  }
  static PeekRequest index_request(uint64_t index, std::optional<std::vector<int64_t>> ids,
                                   Timestamp time) {
    PeekRequest out = request(copy_plan(index, 999), time);
    out.lookup = IndexLookup{ObjectId{index}, {}, std::nullopt};
    if (!ids) return out;
    out.lookup->keys.emplace();
    for (int64_t id : *ids) out.lookup->keys->push_back({types::Datum::integer(id)});
    return out;
  }
  static RowMap rows_of_result(const PeekResult& result) {
    RowMap out;
    for (const data::BatchRef& batch : result.batches) storage::add_rows(*batch, out);
    return out;
  }
  Result<PeekResult> peek(const PeekRequest& request) {
    StopToken never;
    return engine_->peek(request, never);
  }

  storage::TemporaryDirectory scratch_;
  storage::StorageOptions storage_options_;
  EngineOptions engine_options_;
  ManualClock manual_clock_{1'700'000'000'000};
  const Clock* clock_ = &system_clock();
  std::map<uint64_t, ViewSpec> views_;
  std::map<uint64_t, IndexSpec> indexes_;
  std::unique_ptr<storage::Storage> storage_;
  std::vector<std::unique_ptr<storage::ReadHold>> holds_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace penstock::engine
