// Hydration: snapshots in, circuits out.
#include "engine/hydrator.h"

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_name.h"
#include "engine/engine.h"
#include "engine/tick_feeder.h"
#include "storage/row_sum.h"

namespace penstock::engine {
namespace {

constexpr std::chrono::milliseconds kPublicationPoll{5};
constexpr size_t kStageStepBytes = 8 << 20;

Status append_output(storage::StagingWriter& staging, StepOutput& output) {
  for (const data::BatchRef& batch : output.rows()) RETURN_IF_ERROR(staging.append(*batch));
  for (const data::BatchRef& batch : output.errors()) {
    RETURN_IF_ERROR(staging.append_errors(*batch));
  }
  output.clear();
  return {};
}

data::DeltaBatch negated(const data::DeltaBatch& batch) {
  std::vector<int64_t> diffs;
  for (int64_t diff : batch.diffs()) diffs.push_back(-diff);
  return data::DeltaBatch(batch.columns(), std::move(diffs), {});
}

}  // namespace

std::string cluster_holder(ClusterId cluster) {
  return "cluster " + std::to_string(cluster.value);
}

Timestamp last_tick(const storage::Storage& storage, storage::Timeline timeline) {
  // Durability is not const because it can be waited on; asking for an upper changes nothing.
  return const_cast<storage::Storage&>(storage).durability().upper(timeline).previous();
}

Hydrator::Hydrator(storage::Storage& storage, ClusterId cluster, std::function<bool()> gives_up,
                   Ready ready, Failed failed)
    : storage_(storage),
      cluster_(cluster),
      gives_up_(std::move(gives_up)),
      ready_(std::move(ready)),
      failed_(std::move(failed)),
      thread_([this] { run(); }) {}

void Hydrator::add(std::unique_ptr<Maintained> item) {
  std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(item));
  changed_.notify_all();
}

bool Hydrator::cancel(CollectionId id) {
  std::unique_lock lock(mutex_);
  size_t before = waiting_.size();
  std::erase_if(waiting_, [&](const auto& item) { return item->id == id; });
  if (waiting_.size() != before) return true;
  if (building_ == nullptr || building_->id != id) return false;
  cancel_building_ = true;
  changed_.notify_all();
  if (building_->circuit) building_->circuit->abandon();
  changed_.wait(lock, [&] { return building_ == nullptr || building_->id != id; });
  return true;
}

std::optional<CollectionId> Hydrator::release_history() {
  std::lock_guard lock(mutex_);
  for (const auto& item : waiting_) item->holds.clear();
  if (building_ == nullptr) return std::nullopt;
  release_building_ = true;
  if (building_->circuit) building_->circuit->abandon();
  return building_->id;
}

void Hydrator::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    cancel_building_ = true;
    if (building_ != nullptr && building_->circuit) building_->circuit->abandon();
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::vector<ViewStatus> Hydrator::statuses() const {
  std::lock_guard lock(mutex_);
  std::vector<ViewStatus> out;
  for (const auto& item : waiting_) {
    ViewStatus status;
    status.collection = item->id;
    status.cluster = cluster_;
    status.waiting_for = unpublished(*item);
    out.push_back(std::move(status));
  }
  if (building_ != nullptr) {
    out.push_back({.collection = building_->id,
                   .cluster = cluster_,
                   .state = ViewState::kHydrating,
                   .waiting_for = {}});
  }
  return out;
}

std::vector<CollectionId> Hydrator::unpublished(const Maintained& item) const {
  std::vector<CollectionId> out;
  for (CollectionId import : item.imports) {
    Result<storage::CollectionInfo> info = storage_.reader().info(import);
    if (!info || !info->publication || *info->publication >= info->upper) out.push_back(import);
  }
  return out;
}

// A published view is built where its cluster stopped, which views of other clusters may not have
// reached yet. What has been tried before waits until there is a common time.
bool Hydrator::is_readable(const Maintained& item) const {
  if (!unpublished(item).empty()) return false;
  bool tried = !item.imports.empty() && item.holds.size() == item.imports.size();
  if (tried && !is_common(item, last_moment(item))) return false;
  if (!item.published) return true;
  Timestamp own = last_tick(storage_, cluster_).next();
  for (CollectionId import : item.imports) {
    Result<storage::CollectionInfo> info = storage_.reader().info(import);
    if (info && info->upper < own) return false;
  }
  return true;
}

std::unique_ptr<Maintained> Hydrator::next_ready() {
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (!is_readable(**at)) continue;
    std::unique_ptr<Maintained> item = std::move(*at);
    waiting_.erase(at);
    return item;
  }
  return nullptr;
}

void Hydrator::run() {
  name_this_thread("hydrator " + std::to_string(cluster_.value));
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::unique_ptr<Maintained> item = next_ready();
    if (!item) {
      if (waiting_.empty()) {
        changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      } else {
        changed_.wait_for(lock, kPublicationPoll);
      }
      continue;
    }
    building_ = item.get();
    cancel_building_ = false;
    release_building_ = false;
    lock.unlock();
    Result<bool> built = build(*item);
    staging_.reset();
    lock.lock();
    // Handed over under the lock: whoever cancels finds it here, or at the cluster.
    if (cancel_building_) {
      item.reset();
    } else if (built && (!*built || item->circuit->abandoned())) {
      // No common time yet, or the cluster let go of its history: once more.
      if (*built || release_building_) item->holds.clear();
      waiting_.push_back(std::move(item));
    } else if (built) {
      ready_(std::move(item));
    } else {
      lock.unlock();
      log_error("engine", "hydration failed", {{"error", built.error().message}});
      failed_(built.error());
      lock.lock();
    }
    building_ = nullptr;
    changed_.notify_all();
  }
}

Status hold_imports_at(storage::Storage& storage, Maintained& item, Timestamp time) {
  item.holds.clear();
  for (CollectionId import : item.imports) {
    ASSIGN_OR_RETURN(std::unique_ptr<storage::ReadHold> hold,
                     storage.holds().acquire(import, cluster_holder(item.cluster), time));
    item.holds.push_back(std::move(hold));
  }
  return {};
}

Timestamp Hydrator::time_of(CollectionId import, const Moment& moment) const {
  Result<storage::CollectionInfo> info = storage_.reader().info(import);
  return info && info->spec.timeline == cluster_ ? moment.own : moment.others;
}

// Whether everything can be read then: it is held, and offered.
bool Hydrator::is_common(const Maintained& item, const Moment& moment) const {
  bool held = item.holds.size() == item.imports.size() &&
              std::ranges::all_of(item.holds, [&](const auto& hold) {
                return hold->time() <= time_of(hold->collection(), moment);
              });
  return held && is_offered(item, moment);
}

// What is read at another time than the rest goes on from there in one step.
bool Hydrator::is_offered(const Maintained& item, const Moment& moment) const {
  storage::Durability& durability = storage_.durability();
  for (storage::Timeline timeline : timelines_of(storage_, item)) {
    Timestamp time = timeline == cluster_ ? moment.own : moment.others;
    if (durability.offered_from(timeline, time) != time) return false;
  }
  return true;
}

// Holds all imports; whether they can be read then. They may not: a view of a cluster that lags
// beside a table whose history begins later. What is held by then stays.
Result<bool> Hydrator::hold_imports(Maintained& item, const Moment& moment) {
  if (item.holds.size() != item.imports.size()) item.holds.clear();
  for (CollectionId import : item.imports) {
    if (item.holds.size() == item.imports.size()) break;
    ASSIGN_OR_RETURN(
        std::unique_ptr<storage::ReadHold> hold,
        storage_.holds().acquire(import, cluster_holder(item.cluster), time_of(import, moment)));
    item.holds.push_back(std::move(hold));
  }
  if (!is_common(item, moment)) return false;
  for (auto& hold : item.holds) hold->advance(time_of(hold->collection(), moment));
  return true;
}

// The last at which everything is there. A published view reads its own cluster where that stopped,
// since that waits for it; a new one reads all at one time.
Hydrator::Moment Hydrator::last_moment(const Maintained& item) const {
  std::set<storage::Timeline> timelines = timelines_of(storage_, item);
  bool reads_own = timelines.erase(cluster_) > 0;
  Timestamp others = last_tick(storage_, storage::kInputs);
  for (storage::Timeline timeline : timelines) {
    others = std::min(others, last_tick(storage_, timeline));
  }
  if (!reads_own) return {others, others};
  Timestamp own = last_tick(storage_, cluster_);
  if (item.published && !timelines.empty()) return {own, others};
  return {std::min(own, others), std::min(own, others)};
}

Status Hydrator::build_at(Maintained& item, const Moment& moment, const Drain& drain) {
  item.output.clear();
  dataflow::CircuitOptions options;
  options.gives_up = [this, unwanted = item.unwanted] { return gives_up_() || unwanted->load(); };
  auto circuit = dataflow::Circuit::build(item.plan, options, item.output);
  {
    std::lock_guard lock(mutex_);
    item.circuit = std::move(circuit);
    if (cancel_building_ || release_building_) item.circuit->abandon();
  }
  for (CollectionId import : item.imports) {
    Timestamp time = time_of(import, moment);
    RETURN_IF_ERROR(feed_snapshot(storage_.reader(), import, time, *item.circuit, [&]() -> Status {
      // Linear views give out what they are fed.
      return item.output.bytes() > kStageStepBytes ? drain(item.output) : Status();
    }));
    if (item.circuit->abandoned()) return {};
  }
  item.circuit->finish_step();
  item.time = moment.others;
  return drain(item.output);
}

// S6: the view must be what its collection holds.
Result<bool> Hydrator::rehydrate(Maintained& item, const storage::CollectionInfo& info) {
  Timestamp stored_until = info.upper.previous();
  Moment moment{stored_until, stored_until};
  if (!is_common(item, moment)) {
    moment = last_moment(item);
    ASSIGN_OR_RETURN(bool held, hold_imports(item, moment));
    if (!held) return false;
    log_warn("engine", "the history a view needs is gone: it is built anew",
             {{"collection", std::to_string(item.id.value)}});
  }
  storage::RowSum sum(info.spec.type);
  RETURN_IF_ERROR(build_at(item, moment, [&](StepOutput& output) -> Status {
    for (const data::BatchRef& batch : output.rows()) sum.add(storage::Stream::kRows, *batch);
    for (const data::BatchRef& batch : output.errors()) sum.add(storage::Stream::kErrors, *batch);
    output.clear();
    return {};
  }));
  if (item.circuit->abandoned() || sum.sum() == info.hash) return true;
  RETURN_IF_ERROR(correct(item, moment, stored_until));
  return true;
}

// Stages the difference, to be appended at the next tick: everything new in, everything stored
// out. Builds once more, now with its rows, which were not kept.
Status Hydrator::correct(Maintained& item, const Moment& moment, Timestamp stored_until) {
  log_warn("engine", "a view is not what it was; the difference is appended",
           {{"collection", std::to_string(item.id.value)}});
  metric_counter("penstock_views_corrected", "Views whose rehydration found a difference", {})
      .add(1);
  ASSIGN_OR_RETURN(staging_, storage_.stage(item.id));
  RETURN_IF_ERROR(
      build_at(item, moment, [&](StepOutput& output) { return append_output(*staging_, output); }));
  if (item.circuit->abandoned()) return {};
  return stage_difference(item, stored_until);
}

// What is stored goes out again, behind what is new and staged already.
Status Hydrator::stage_difference(Maintained& item, Timestamp stored_until) {
  for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
    ASSIGN_OR_RETURN(std::unique_ptr<storage::UnorderedRows> stored,
                     storage_.reader().snapshot(item.id, stream, stored_until));
    while (true) {
      ASSIGN_OR_RETURN(std::optional<data::BatchRef> batch, stored->next());
      if (!batch || item.circuit->abandoned()) break;
      data::DeltaBatch removed = negated(**batch);
      RETURN_IF_ERROR(stream == storage::Stream::kRows ? staging_->append(removed)
                                                       : staging_->append_errors(removed));
    }
  }
  if (item.circuit->abandoned()) return {};
  ASSIGN_OR_RETURN(storage::StagedParts parts, staging_->finish());
  item.contents.add(std::move(parts));
  return {};
}

// What passed meanwhile is caught up with here, so that the cluster is held up by little.
Status Hydrator::follow(Maintained& item, Timestamp until) {
  RETURN_IF_ERROR(catch_up(storage_, item, until,
                           [&](StepOutput& output) { return append_output(*staging_, output); }));
  if (item.circuit->abandoned()) return {};
  for (auto& hold : item.holds) hold->advance(item.time);
  return {};
}

Result<bool> Hydrator::build(Maintained& item) {
  failpoint("engine.before_hydration");
  // An attempt that was given up left its rows.
  if (item.index) item.index->clear();
  item.contents.discard();
  if (!item.published) return build_new(item);
  ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(item.id));
  return rehydrate(item, info);
}

Result<bool> Hydrator::build_new(Maintained& item) {
  Moment moment = last_moment(item);
  ASSIGN_OR_RETURN(bool held, hold_imports(item, moment));
  if (!held) return false;
  if (!item.index) {
    ASSIGN_OR_RETURN(staging_, storage_.stage(item.id));
  }
  RETURN_IF_ERROR(build_at(item, moment, [&](StepOutput& output) -> Status {
    if (!item.index) return append_output(*staging_, output);
    item.index->load(output.rows(), output.errors());
    output.clear();
    return {};
  }));
  if (item.circuit->abandoned()) return true;
  if (item.index) item.index->advance(item.time);
  // The time that passed meanwhile may not be offered: then the cluster does the rest.
  moment = last_moment(item);
  bool follows = moment.others > item.time && is_offered(item, moment);
  if (follows) RETURN_IF_ERROR(follow(item, moment.others));
  if (item.index || item.circuit->abandoned()) return true;
  ASSIGN_OR_RETURN(storage::StagedParts parts, staging_->finish());
  item.contents.add(std::move(parts));
  failpoint("engine.after_hydration");
  return true;
}

}  // namespace penstock::engine
