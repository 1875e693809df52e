// Hydration: snapshots in, circuits out.
#include "engine/hydrator.h"

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "base/log.h"
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

Timestamp last_tick(const storage::Storage& storage, storage::Timeline timeline) {
  // Durability is not const because it can be waited on; asking for an upper changes nothing.
  return const_cast<storage::Storage&>(storage).durability().upper(timeline).previous();
}

Hydrator::Hydrator(storage::Storage& storage, ClusterId cluster, Ready ready, Failed failed)
    : storage_(storage),
      cluster_(cluster),
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
  if (building_->circuit) building_->circuit->abandon();
  changed_.wait(lock, [&] { return building_ == nullptr || building_->id != id; });
  return true;
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

std::unique_ptr<Maintained> Hydrator::next_ready() {
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (!unpublished(**at).empty()) continue;
    std::unique_ptr<Maintained> item = std::move(*at);
    waiting_.erase(at);
    return item;
  }
  return nullptr;
}

void Hydrator::run() {
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
    lock.unlock();
    Status built = build(*item);
    staging_.reset();
    lock.lock();
    building_ = nullptr;
    bool cancelled = cancel_building_;
    changed_.notify_all();
    if (cancelled) continue;
    lock.unlock();
    if (built) {
      ready_(std::move(item));
    } else {
      log_error("engine", "hydration failed", {{"error", built.error().message}});
      failed_(built.error());
    }
    lock.lock();
  }
}

// Holds every import at one time at which all can be read: the wanted one, or the latest that all
// have reached.
Result<Timestamp> Hydrator::hold_imports(Maintained& item, std::optional<Timestamp> wanted) {
  Timestamp time = wanted.value_or(last_tick(storage_, storage::kInputs));
  if (!wanted) {
    for (CollectionId import : item.imports) {
      ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(import));
      time = std::min(time, last_tick(storage_, info.spec.timeline));
    }
  }
  item.holds.clear();
  Timestamp latest = time;
  for (CollectionId import : item.imports) {
    std::string holder = "cluster " + std::to_string(cluster_.value);
    ASSIGN_OR_RETURN(std::unique_ptr<storage::ReadHold> hold,
                     storage_.holds().acquire(import, std::move(holder), time));
    latest = std::max(latest, hold->time());
    item.holds.push_back(std::move(hold));
  }
  if (latest != time) {
    if (wanted) {
      return fail(sql_state::kObjectNotInState, "history needed for rehydration is gone");
    }
    return Timestamp::max();  // Something was folded meanwhile: once more.
  }
  return time;
}

Status Hydrator::build_at(Maintained& item, Timestamp time) {
  dataflow::CircuitOptions options;
  auto circuit = dataflow::Circuit::build(item.plan, options, item.output);
  {
    std::lock_guard lock(mutex_);
    item.circuit = std::move(circuit);
    if (cancel_building_) item.circuit->abandon();
  }
  for (CollectionId import : item.imports) {
    RETURN_IF_ERROR(feed_snapshot(storage_.reader(), import, time, *item.circuit));
    if (item.circuit->abandoned()) return {};
    // Linear views give out what they are fed: it must not pile up.
    if (!item.index && staging_ && item.output.bytes() > kStageStepBytes) {
      RETURN_IF_ERROR(append_output(*staging_, item.output));
    }
  }
  item.circuit->finish_step();
  item.time = time;
  return {};
}

Status Hydrator::stage_output(Maintained& item) {
  return append_output(*staging_, item.output);
}

// S6: the view must be what its collection holds. If not, the difference is staged, and appended at
// the next tick: everything new in, everything stored out.
Status Hydrator::compare_output(Maintained& item) {
  ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(item.id));
  storage::RowSum sum(info.spec.type);
  for (const data::BatchRef& batch : item.output.rows()) sum.add(storage::Stream::kRows, *batch);
  for (const data::BatchRef& batch : item.output.errors()) {
    sum.add(storage::Stream::kErrors, *batch);
  }
  if (sum.sum() == info.hash) {
    item.output.clear();
    return {};
  }
  log_warn("engine", "a view is not what it was; the difference is appended",
           {{"collection", std::to_string(item.id.value)}});
  return stage_difference(item);
}

Status Hydrator::stage_difference(Maintained& item) {
  ASSIGN_OR_RETURN(staging_, storage_.stage(item.id));
  RETURN_IF_ERROR(stage_output(item));
  for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
    ASSIGN_OR_RETURN(std::unique_ptr<storage::UnorderedRows> stored,
                     storage_.reader().snapshot(item.id, stream, item.time));
    while (true) {
      ASSIGN_OR_RETURN(std::optional<data::BatchRef> batch, stored->next());
      if (!batch) break;
      data::DeltaBatch removed = negated(**batch);
      RETURN_IF_ERROR(stream == storage::Stream::kRows ? staging_->append(removed)
                                                       : staging_->append_errors(removed));
    }
  }
  ASSIGN_OR_RETURN(item.first_contents, staging_->finish());
  item.corrected = true;
  return {};
}

// Steps the circuit over the ticks it has not seen, up to and including `until`.
Status Hydrator::catch_up(Maintained& item, Timestamp until) {
  ASSIGN_OR_RETURN(std::vector<Timestamp> ticks,
                   changed_ticks(storage_.reader(), item.imports, item.time.next(), until.next()));
  for (Timestamp tick : ticks) {
    for (CollectionId import : item.imports) {
      RETURN_IF_ERROR(feed_tick(storage_.reader(), import, tick, *item.circuit));
    }
    item.circuit->finish_step();
    if (item.circuit->abandoned()) return {};
    if (item.index) {
      item.index->apply(item.output.rows(), item.output.errors(), tick);
      item.output.clear();
    } else if (staging_) {
      RETURN_IF_ERROR(stage_output(item));
    }
  }
  item.time = std::max(item.time, until);
  for (auto& hold : item.holds) hold->advance(item.time);
  return {};
}

Status Hydrator::build(Maintained& item) {
  failpoint("engine.before_hydration");
  bool published = false;
  std::optional<Timestamp> wanted;
  if (!item.index) {
    ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(item.id));
    published = info.publication.has_value();
    // The cluster has not moved since the start: it waits for its published views.
    if (published) wanted = info.upper.previous();
  }
  Timestamp time = Timestamp::max();
  while (time == Timestamp::max()) {
    ASSIGN_OR_RETURN(time, hold_imports(item, wanted));
  }
  if (!item.index && !published) {
    ASSIGN_OR_RETURN(staging_, storage_.stage(item.id));
  }
  RETURN_IF_ERROR(build_at(item, time));
  if (item.circuit->abandoned()) return {};
  if (published) return compare_output(item);
  if (item.index) {
    item.index->apply(item.output.rows(), item.output.errors(), time);
    item.output.clear();
  } else {
    RETURN_IF_ERROR(stage_output(item));
  }
  // What passed meanwhile is caught up with here, so that the cluster is held up by little.
  Timestamp now = last_tick(storage_, storage::kInputs);
  for (CollectionId import : item.imports) {
    ASSIGN_OR_RETURN(storage::CollectionInfo info, storage_.reader().info(import));
    now = std::min(now, last_tick(storage_, info.spec.timeline));
  }
  if (now > item.time) RETURN_IF_ERROR(catch_up(item, now));
  if (item.index) return {};
  ASSIGN_OR_RETURN(item.first_contents, staging_->finish());
  failpoint("engine.after_hydration");
  return {};
}

}  // namespace penstock::engine
