// The cluster's thread: ticks, splicing, exports.
#include "engine/cluster.h"

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_name.h"
#include "engine/catch_up.h"
#include "engine/tick_feeder.h"

namespace penstock::engine {
namespace {

// U_c that moved in memory only is written at least this often, so that the history of inputs can
// go although no view changes.
constexpr uint64_t kLogEveryUs = 1'000'000;
constexpr uint64_t kLogEveryBytes = 4 << 20;
constexpr std::chrono::milliseconds kIdleTurn{50};

Histogram& hop(const char* name) {
  return metric_histogram("penstock_hop_seconds", "Time a change spends at each hand-over.",
                          {{"hop", name}});
}

}  // namespace

Cluster::Cluster(storage::Storage& storage, const Clock& clock, ClusterId id, size_t queue_bytes,
                 std::function<void()> wants_tick, std::function<void(const Error&)> failed)
    : storage_(storage),
      clock_(clock),
      id_(id),
      wants_tick_(std::move(wants_tick)),
      failed_(std::move(failed)),
      queue_(queue_bytes),
      hydrator_(std::make_unique<Hydrator>(
          storage, id, [this] { return stopping_.load() || releasing_.load(); },
          [this](std::unique_ptr<Maintained> item) {
            std::lock_guard lock(mutex_);
            hydrated_.push_back(std::move(item));
            hydrated_arrived_ = true;
            changed_.notify_all();
          },
          [this](const Error& error) { failed_(error); })) {}

void Cluster::start() {
  next_ = storage_.durability().upper(id_);
  thread_ = std::thread([this] { run(); });
}

void Cluster::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  queue_.close();
  hydrator_->stop();
  if (thread_.joinable()) thread_.join();
}

void Cluster::deliver(const TickRef& tick) {
  TickRef copy = tick;
  // Full: the tick is read from storage when its turn comes.
  queue_.try_push(copy, tick->bytes + 64);
}

bool Cluster::reads_any_of(const Tick& tick) const {
  std::lock_guard lock(mutex_);
  for (const storage::TickInputRef& input : tick.inputs) {
    for (const storage::CollectionInput& change : input->collections) {
      if (imports_.contains(change.collection)) return true;
    }
    for (const storage::StagedParts& parts : input->staged) {
      if (imports_.contains(parts.collection)) return true;
    }
  }
  return false;
}

void Cluster::add(std::unique_ptr<Maintained> item, bool published) {
  {
    std::lock_guard lock(mutex_);
    item->published = published;
    if (published) awaited_.insert(item->id);
    if (item->index) indexes_[item->id] = item->index;
    unwanted_[item->id] = item->unwanted;
  }
  hydrator_->add(std::move(item));
}

void Cluster::tell_to_stop(CollectionId id) {
  std::lock_guard lock(mutex_);
  auto found = unwanted_.find(id);
  if (found != unwanted_.end()) found->second->store(true);
}

void Cluster::remove(CollectionId id) {
  tell_to_stop(id);
  hydrator_->cancel(id);
  std::unique_lock lock(mutex_);
  awaited_.erase(id);
  rebuilding_.erase(id);
  indexes_.erase(id);
  unwanted_.erase(id);
  std::erase_if(hydrated_, [&](const auto& item) { return item->id == id; });
  if (!thread_.joinable() || stopping_) return;
  removing_.insert(id);
  changed_.notify_all();
  changed_.wait(lock, [&] { return stopping_ || failed_already_ || !removing_.contains(id); });
}

// What is being rebuilt holds history, too. Let go of it in the middle and all begins again: a
// cluster that needs longer than it may retain would never get anywhere.
void Cluster::release_history() {
  std::lock_guard lock(mutex_);
  if (rebuilding_.empty()) releasing_.store(true);
}

std::vector<ViewStatus> Cluster::statuses() const {
  std::vector<ViewStatus> out = hydrator_->statuses();
  std::lock_guard lock(mutex_);
  out.insert(out.end(), running_.begin(), running_.end());
  return out;
}

std::shared_ptr<const IndexRows> Cluster::index(ObjectId index) const {
  std::lock_guard lock(mutex_);
  auto found = indexes_.find(CollectionId{index.value});
  return found == indexes_.end() ? nullptr : found->second;
}

void Cluster::run() {
  name_this_thread("cluster " + std::to_string(id_.value));
  while (true) {
    Status turned = turn();
    if (!turned) {
      failed_(turned.error());
      std::lock_guard lock(mutex_);
      failed_already_ = true;
      changed_.notify_all();
      return;
    }
    std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

Status Cluster::turn() {
  drop_removed();
  if (releasing_.load()) rebuild_all();
  take_hydrated();
  {
    std::unique_lock lock(mutex_);
    if (!awaited_.empty()) {
      changed_.wait_for(lock, kIdleTurn, [&] { return stopping_ || hydrated_arrived_; });
      return {};
    }
    if (stopping_) return {};
  }
  if (is_behind_an_item()) return step(furthest(), nullptr);
  std::optional<TickRef> tick = queue_.pop_for(kIdleTurn);
  if (!tick) {
    // Ticks that did not fit into the queue, with none after them to tell.
    Timestamp upper = storage_.durability().upper(storage::kInputs);
    if (next_ < upper && !queue_.closed()) RETURN_IF_ERROR(step_from_storage(upper));
    if (moved_silently_ && clock_.monotonic_us() - logged_us_ >= kLogEveryUs) {
      RETURN_IF_ERROR(append(next_.previous(), {}));
    }
    return {};
  }
  if ((*tick)->time < next_) return {};
  if ((*tick)->previous >= next_) RETURN_IF_ERROR(step_from_storage((*tick)->time));
  // Given up on the way: the tick is read from storage, too. Or skipped.
  if ((*tick)->previous >= next_ || (*tick)->time < next_) return {};
  static Histogram& waited = hop("cluster_queue");
  waited.observe(static_cast<double>(clock_.monotonic_us() - (*tick)->appended_us) / 1e6);
  return step((*tick)->time, tick->get());
}

// --- splicing ---

// Those that can be spliced in now, the ones that are ahead of the cluster last: to let it catch up
// with them, all that it must step have to be there, published ones that are ahead first.
std::vector<std::unique_ptr<Maintained>> Cluster::spliceable() {
  std::lock_guard lock(mutex_);
  hydrated_arrived_ = false;
  std::set<CollectionId> missing = awaited_;
  for (const auto& item : hydrated_) missing.erase(item->id);
  auto ahead = std::ranges::stable_partition(hydrated_,
                                             [&](const auto& item) { return item->time < next_; });
  std::ranges::stable_partition(ahead, [](const auto& item) { return item->published; });
  auto end = missing.empty() ? hydrated_.end() : ahead.begin();
  std::vector<std::unique_ptr<Maintained>> out(std::make_move_iterator(hydrated_.begin()),
                                               std::make_move_iterator(end));
  hydrated_.erase(hydrated_.begin(), end);
  return out;
}

void Cluster::take_hydrated() {
  bool any = false;
  for (std::unique_ptr<Maintained>& item : spliceable()) {
    CollectionId id = item->id;
    Result<bool> spliced = splice(item);
    if (!spliced) failed_(spliced.error());
    std::lock_guard lock(mutex_);
    if (spliced && !*spliced) {
      if (!removing_.contains(id)) hydrated_.push_back(std::move(item));
      continue;
    }
    awaited_.erase(id);
    any = true;
  }
  // First contents and differences go out with a tick, and nobody else may be making one.
  if (any) wants_tick_();
}

bool Cluster::is_interrupted() const {
  std::lock_guard lock(mutex_);
  return stopping_ || releasing_.load() || !removing_.empty();
}

// The other clusters whose views the item reads.
std::set<storage::Timeline> Cluster::others_of(const Maintained& item) const {
  std::set<storage::Timeline> out = timelines_of(storage_, item);
  out.erase(storage::kInputs);
  out.erase(id_);
  return out;
}

// Waits until other clusters, which may lag, have stepped `time`: before anything is stepped here,
// so that it can be given up. False when it was: somebody wants something else of this thread.
bool Cluster::await_others(const std::set<storage::Timeline>& others, Timestamp time) {
  for (storage::Timeline other : others) {
    while (!storage_.durability().wait_upper(other, time, kIdleTurn)) {
      if (is_interrupted()) return false;
    }
  }
  return true;
}

// Brings the circuit to where the cluster is, or the cluster to where it is: every tick is stepped
// for everybody. Takes the item, unless the cluster was interrupted on the way: then once more.
//
// A published view that is ahead stays there: the cluster's next step goes to where it is.
Result<bool> Cluster::splice(std::unique_ptr<Maintained>& item) {
  if (!item->published) {
    if (item->time >= next_) RETURN_IF_ERROR(step_from_storage(item->time.next()));
    if (item->time >= next_) return false;
  }
  Timestamp now = next_.previous();
  if (item->time < now) {
    if (!await_others(others_of(*item), now)) return false;
    std::set<storage::Timeline> timelines = timelines_of(storage_, *item);
    if (offered_from(storage_.durability(), timelines, now) != now) return false;
    // What comes out on the way belongs to the first contents of a new view.
    RETURN_IF_ERROR(
        catch_up(storage_, *item, now, [&](StepOutput&) { return stage_output(storage_, *item); }));
    if (item->circuit->abandoned()) return false;
  }
  if (item->index) item->index->advance(item->time);
  items_.push_back(std::move(item));
  sort_items();
  return true;
}

// Views that others of this cluster read come before them.
void Cluster::sort_items() {
  std::vector<std::unique_ptr<Maintained>> sorted;
  std::set<CollectionId> placed;
  std::set<CollectionId> here;
  for (const auto& item : items_) here.insert(item->id);
  while (!items_.empty()) {
    size_t before = sorted.size();
    for (auto& item : items_) {
      bool ready = std::ranges::all_of(item->imports, [&](CollectionId import) {
        return !here.contains(import) || placed.contains(import);
      });
      if (!ready) continue;
      placed.insert(item->id);
      sorted.push_back(std::move(item));
    }
    std::erase(items_, nullptr);
    CHECK(sorted.size() > before);
  }
  items_ = std::move(sorted);
  others_.clear();
  for (const auto& item : items_) others_.merge(others_of(*item));
  std::lock_guard lock(mutex_);
  imports_.clear();
  running_.clear();
  for (const auto& item : items_) {
    imports_.insert(item->imports.begin(), item->imports.end());
    running_.push_back({.collection = item->id,
                        .cluster = id_,
                        .state = ViewState::kRunning,
                        .waiting_for = {},
                        .state_bytes = item->circuit->used_bytes()});
  }
}

// Also in the middle of a step, of which nothing of theirs must go out then.
void Cluster::drop_unwanted() {
  if (std::erase_if(items_, [](const auto& item) { return item->unwanted->load(); }) > 0) {
    sort_items();
  }
}

void Cluster::drop_removed() {
  std::set<CollectionId> removing;
  {
    std::lock_guard lock(mutex_);
    removing = removing_;
  }
  if (removing.empty()) return;
  // It may have gone back there meanwhile.
  for (CollectionId id : removing) hydrator_->cancel(id);
  drop_unwanted();
  std::lock_guard lock(mutex_);
  for (CollectionId id : removing) {
    removing_.erase(id);
    awaited_.erase(id);
    rebuilding_.erase(id);
    std::erase_if(hydrated_, [&](const auto& item) { return item->id == id; });
  }
  changed_.notify_all();
}

// S5: every item goes back to the hydrator without its holds, and meets the cluster again later.
void Cluster::rebuild_all() {
  log_warn("engine", "a cluster retained too much history: its views are built anew",
           {{"cluster", std::to_string(id_.value)}});
  stepped_.clear();
  std::optional<CollectionId> building = hydrator_->release_history();
  {
    std::lock_guard lock(mutex_);
    std::ranges::move(hydrated_, std::back_inserter(items_));
    hydrated_.clear();
    rebuilding_ = awaited_;
    if (building) rebuilding_.insert(*building);
    for (const auto& item : items_) rebuilding_.insert(item->id);
    releasing_.store(false);
  }
  for (std::unique_ptr<Maintained>& item : items_) {
    item->holds.clear();
    item->circuit.reset();
    item->output.clear();
    item->contents.discard();
    if (item->index) item->index->clear();
    if (item->published) {
      std::lock_guard lock(mutex_);
      awaited_.insert(item->id);
    }
    hydrator_->add(std::move(item));
  }
  items_.clear();
  sort_items();
}

// --- stepping ---

// Every tick before `until` at which something changed that comes from outside: inputs, and views
// of other clusters, which change at ticks of their own inputs. What has to be skipped cannot be
// asked for, and comes first.
Status Cluster::step_from_storage(Timestamp until) {
  if (is_behind_an_item()) RETURN_IF_ERROR(step(furthest(), nullptr));
  if (is_behind_an_item() || next_ >= until) return {};
  if (!await_others(others_, until.previous())) return {};
  std::set<CollectionId> imports;
  for (const auto& item : items_) {
    for (CollectionId import : item->imports) {
      Result<storage::CollectionInfo> info = storage_.reader().info(import);
      if (info && info->spec.timeline != id_) imports.insert(import);
    }
  }
  std::vector<CollectionId> list(imports.begin(), imports.end());
  ASSIGN_OR_RETURN(std::vector<Timestamp> ticks,
                   changed_ticks(storage_.reader(), list, next_, until));
  for (Timestamp tick : ticks) {
    if (tick < next_) continue;  // Skipped.
    RETURN_IF_ERROR(step(tick, nullptr));
    if (is_interrupted()) return {};
  }
  if (next_ < until) RETURN_IF_ERROR(step(until.previous(), nullptr));
  return {};
}

// What a view of this cluster gives out at this tick: also a difference that rehydration found.
Status Cluster::feed_own(Maintained& item, Maintained& view) {
  for (const storage::StagedParts& parts : view.contents.parts()) {
    for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
      ASSIGN_OR_RETURN(std::unique_ptr<data::OrderedRows> rows,
                       storage_.staged_rows(parts, stream));
      RETURN_IF_ERROR(feed_ordered(*rows, stream, view.id, *item.circuit,
                                   [&] { return stage_output(storage_, item); }));
    }
  }
  for (const data::BatchRef& batch : view.output.rows()) item.circuit->feed(view.id, *batch);
  for (const data::BatchRef& batch : view.output.errors()) {
    item.circuit->feed_errors(view.id, *batch);
  }
  return {};
}

Status Cluster::feed_import(Maintained& item, CollectionId import, const Step& step) {
  auto own = stepped_.find(import);
  if (own != stepped_.end()) return feed_own(item, *own->second);
  ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(import));
  if (info.spec.timeline == id_) return {};  // It has been stopped: nothing changes any more.
  if (step.skips) return {};                 // It has been fed that.
  const Tick* tick = step.tick;
  auto make_room = [&] { return stage_output(storage_, item); };
  // A view of another cluster has been waited for.
  if (tick == nullptr || info.spec.timeline != storage::kInputs) {
    return feed_tick(storage_.reader(), import, step.time, *item.circuit, make_room);
  }
  for (const storage::TickInputRef& input : tick->inputs) {
    for (const storage::StagedParts& parts : input->staged) {
      if (parts.collection != import) continue;
      return feed_tick(storage_.reader(), import, step.time, *item.circuit, make_room);
    }
  }
  for (const storage::TickInputRef& input : tick->inputs) {
    for (const storage::CollectionInput& change : input->collections) {
      if (change.collection != import) continue;
      for (const data::BatchRef& batch : change.rows) item.circuit->feed(import, *batch);
      for (const data::BatchRef& batch : change.errors) item.circuit->feed_errors(import, *batch);
    }
  }
  return {};
}

// What views of this cluster give comes with the step itself.
Status Cluster::go_over_skipped(Maintained& item, Timestamp until) {
  std::vector<CollectionId> imports;
  for (CollectionId import : item.imports) {
    ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(import));
    if (info.spec.timeline != id_) imports.push_back(import);
  }
  return go_over(storage_, item, imports, until,
                 [&](StepOutput&) { return stage_output(storage_, item); });
}

// Rows that came and went within what was skipped are left out: the tick would carry all of them at
// once, as history that its readers hold. One part alone holds no row twice.
Status Cluster::consolidate_contents(Maintained& item) {
  RETURN_IF_ERROR(stage_output(storage_, item));
  const storage::StagedParts all = item.contents.together();
  if (all.parts.size() < 2) return {};
  ASSIGN_OR_RETURN(std::unique_ptr<storage::StagingWriter> staging, storage_.stage(item.id));
  for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
    ASSIGN_OR_RETURN(std::unique_ptr<data::OrderedRows> rows, storage_.staged_rows(all, stream));
    while (true) {
      if (stopping_.load() || releasing_.load()) return {};
      ASSIGN_OR_RETURN(std::optional<data::OrderedRows::Chunk> chunk, rows->next());
      if (!chunk) break;
      RETURN_IF_ERROR(stream == storage::Stream::kRows ? staging->append(*chunk->rows)
                                                       : staging->append_errors(*chunk->rows));
    }
  }
  ASSIGN_OR_RETURN(storage::StagedParts net, staging->finish());
  item.contents.discard();
  if (!net.parts.empty()) item.contents.add(std::move(net));
  return {};
}

Status Cluster::step_one(Maintained& item, const Step& step) {
  if (step.skips) RETURN_IF_ERROR(go_over_skipped(item, step.time));
  for (CollectionId import : item.imports) {
    RETURN_IF_ERROR(feed_import(item, import, step));
  }
  item.circuit->finish_step();
  if (item.circuit->abandoned()) return {};  // What came out means nothing.
  item.time = step.time;
  if (item.index) {
    item.index->apply(item.output.rows(), item.output.errors(), step.time);
    item.output.clear();
  } else {
    if (step.skips) RETURN_IF_ERROR(consolidate_contents(item));
    stepped_[item.id] = &item;
  }
  return {};
}

Status Cluster::put_output(Maintained& item, storage::TickInput& exports) {
  RETURN_IF_ERROR(stage_output(storage_, item));
  if (!item.published) exports.publish.push_back(item.id);
  item.published = true;
  std::ranges::move(item.contents.take(), std::back_inserter(exports.staged));
  if (item.output.empty()) return {};
  exports.collections.push_back({item.id, item.output.rows(), item.output.errors()});
  return {};
}

// How far the circuits are.
Timestamp Cluster::furthest() const {
  Timestamp out;
  for (const auto& item : items_) out = std::max(out, item->time);
  return out;
}

bool Cluster::is_behind_an_item() const {
  return !items_.empty() && furthest() >= next_;
}

// The step to the first time from `time` on that no circuit has passed and all other clusters have
// stepped and offer. Nothing when it was given up.
std::optional<Cluster::Step> Cluster::await_step(Timestamp time, const Tick* tick) {
  Timestamp to = std::max(time, furthest());
  while (true) {
    if (!await_others(others_, to)) return std::nullopt;
    Timestamp offered = offered_from(storage_.durability(), others_, to);
    if (offered == to) break;
    to = offered;
  }
  bool skips = to != time || is_behind_an_item();
  // Also where nothing changed: their views lagged behind everything else.
  for (storage::Timeline other : others_) {
    skips = skips || storage_.durability().skipped_within(other, next_, to);
  }
  return Step{.time = to, .tick = skips ? nullptr : tick, .skips = skips};
}

// Begun, it ends early only where everything is thrown away, by a stop or a release: stepped again,
// an item would be given once more what it was fed and has staged of views of its own cluster.
Status Cluster::step(Timestamp time, const Tick* tick) {
  std::optional<Step> step = await_step(time, tick);
  if (!step) return {};  // The tick will be read from storage.
  static Histogram& stepped = hop("cluster_step");
  uint64_t began_us = clock_.monotonic_us();
  failpoint("engine.before_step");
  stepped_.clear();
  for (auto& item : items_) {
    if (item->unwanted->load()) continue;
    RETURN_IF_ERROR(step_one(*item, *step));
    if (stopping_.load() || releasing_.load()) return {};
  }
  drop_unwanted();
  stepped_bytes_ += step->tick == nullptr ? kLogEveryBytes : step->tick->bytes;
  stepped.observe(static_cast<double>(clock_.monotonic_us() - began_us) / 1e6);
  return export_step(*step);
}

// What came out, with U_c; U_c alone only now and then.
Status Cluster::export_step(const Step& step) {
  storage::TickInput exports;
  for (auto& item : items_) {
    if (!item->index) RETURN_IF_ERROR(put_output(*item, exports));
  }
  if (step.skips && next_ < step.time) exports.skipped_from = next_;
  next_ = step.time.next();
  bool nothing = exports.collections.empty() && exports.staged.empty() && exports.publish.empty() &&
                 !exports.skipped_from;
  bool log = !nothing || stepped_bytes_ >= kLogEveryBytes ||
             (!items_.empty() && clock_.monotonic_us() - logged_us_ >= kLogEveryUs);
  if (log) {
    RETURN_IF_ERROR(append(step.time, std::move(exports)));
  } else {
    storage_.writer().advance_upper(id_, next_);
    moved_silently_ = true;
  }
  for (auto& item : items_) item->output.clear();
  std::lock_guard lock(mutex_);
  for (auto& item : items_) rebuilding_.erase(item->id);
  return {};
}

Status Cluster::append(Timestamp time, storage::TickInput exports) {
  static Histogram& written = hop("export_append");
  uint64_t began_us = clock_.monotonic_us();
  ASSIGN_OR_RETURN(
      [[maybe_unused]] storage::LogPosition position,
      storage_.writer().append_exports(id_, time, exports, storage::SyncUrgency::kSoon));
  logged_us_ = clock_.monotonic_us();
  written.observe(static_cast<double>(logged_us_ - began_us) / 1e6);
  moved_silently_ = false;
  stepped_bytes_ = 0;
  advance_holds(time);
  return {};
}

// U_c is in the log now, and since can only be written behind it (rule S3).
void Cluster::advance_holds(Timestamp time) {
  for (auto& item : items_) {
    for (auto& hold : item->holds) hold->advance(time);
  }
}

}  // namespace penstock::engine
