// Folding, merging and compacting. Every piece of work is one atomic batch that takes from the log
// what it adds elsewhere, so a crash or a reader sees each update exactly once (rule S2).
#include "storage/maintenance.h"

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "storage/part_writer.h"

namespace penstock::storage {

namespace {

// What one fold writes at most; a tick may wait for it (some milliseconds).
constexpr uint64_t kFoldBatchBytes = 512 << 10;
// How many sorted runs one compaction reads side by side, with a block in memory each.
constexpr size_t kMostRuns = 64;

}  // namespace

struct Maintenance::Work {
  enum class Kind : uint8_t { kFoldBlocks, kFoldPart, kMerge, kCompact } kind = Kind::kFoldBlocks;
  CollectionId collection;
  Stream stream = Stream::kRows;
  Timestamp since;
  size_t first = 0;               // Where in the log, of what is folded.
  std::vector<LogEntry> entries;  // Consecutive in the log.
  uint64_t entry_bytes = 0;
  bool base = false;  // Of a compaction.
};

Result<bool> Maintenance::run(const MaintenancePolicy& policy, bool eager) {
  RETURN_IF_ERROR(leave_dropped());
  std::vector<Work> all = plan(policy, eager);
  for (const Work& work : all) {
    if (work.kind == Work::Kind::kCompact) {
      RETURN_IF_ERROR(compact(work, policy));
    } else {
      RETURN_IF_ERROR(carry_out(work));
    }
  }
  return !all.empty();
}

Status Maintenance::carry_out(const Work& work) {
  // A drop waits, so that nothing is written for a collection that is gone.
  std::lock_guard rewriting(rewriting_);
  {
    std::lock_guard lock(state_.mutex);
    if (state_.find(work.collection) == nullptr) return {};
  }
  switch (work.kind) {
    case Work::Kind::kFoldBlocks:
      return fold_blocks(work);
    case Work::Kind::kFoldPart:
      return fold_part(work);
    case Work::Kind::kMerge:
      return merge(work);
    case Work::Kind::kCompact:
      break;
  }
  return {};
}

std::vector<Maintenance::Work> Maintenance::plan(const MaintenancePolicy& policy, bool eager) {
  std::lock_guard lock(state_.mutex);
  std::vector<Work> out;
  for (auto& [id, collection] : state_.collections) {
    if (collection.publication) plan_collection(collection, policy, eager, out);
  }
  return out;
}

void Maintenance::plan_collection(CollectionState& collection, const MaintenancePolicy& policy,
                                  bool eager, std::vector<Work>& out) {
  Timestamp upper = durability_.logged_upper(collection.spec.timeline);
  if (upper.ms <= policy.keep_ms + 1) return;
  Timestamp since{upper.ms - 1 - policy.keep_ms};
  if (auto hold = state_.least_hold(collection.spec.id)) since = std::min(since, *hold);
  // In memory first: whoever opens a read from now on knows that less may be there.
  collection.since = std::max(collection.since, since);
  // What is read as a whole would only be read and rewritten at once, and kept twice until then.
  // Merging goes on: history of small entries must not pile up behind a slow reader.
  bool folds = eager || collection.open_snapshots == 0;
  for (Stream stream : {Stream::kRows, Stream::kErrors}) {
    const StreamState& state = collection.stream(stream);
    Work work;
    work.collection = collection.spec.id;
    work.stream = stream;
    work.since = collection.since;
    Work merge = work;
    const bool compacting = is_compacted(work.collection, stream);
    if (compacting || plan_compaction(state, policy, work)) {
      // What is read stays where it is until the new part is published, and so does all when
      // another compaction goes on. What comes behind it must not pile up meanwhile.
      if (compaction_) {
        merge.since = compacting ? compaction_->target().entries.back().last : Timestamp::min();
      }
      work.kind = Work::Kind::kCompact;
      if (folds && (compacting || !compaction_)) out.push_back(std::move(work));
    } else if (folds && plan_fold(state, policy, eager, work)) {
      out.push_back(std::move(work));
      continue;
    }
    if (plan_merge(state, policy, merge)) out.push_back(std::move(merge));
  }
}

// Everything at or before since, once it is worth a base; or first some parts, of many.
bool Maintenance::plan_compaction(const StreamState& state, const MaintenancePolicy& policy,
                                  Work& work) {
  uint64_t bytes = state.rows_bytes;
  uint64_t least = policy.base_bytes;
  size_t runs = 0;
  auto end = state.log.begin();
  for (; end != state.log.end() && end->last <= work.since; ++end) {
    if (end->part || end->ordinal == 1) ++runs;  // A tick of several blocks is one, too.
    if (end->part && end->part->base) {
      least = std::max(least, end->bytes / 2);
    } else {
      bytes += end->bytes;
    }
  }
  if (end == state.log.begin() || bytes < least) return false;
  if (runs > kMostRuns) return plan_minor(state, end, work);
  // Nothing but a base is there already.
  if (end == state.log.begin() + 1 && state.base() != nullptr) return false;
  work.first = 0;
  work.entries.assign(state.log.begin(), end);
  work.base = true;
  return true;
}

// The smallest neighbours.
bool Maintenance::plan_minor(const StreamState& state, std::deque<LogEntry>::const_iterator end,
                             Work& work) {
  std::optional<uint64_t> least;
  uint64_t bytes = 0;
  size_t count = 0;
  for (auto entry = state.log.begin(); entry != end; ++entry) {
    if (!entry->part || entry->part->base) {
      bytes = 0;
      count = 0;
      continue;
    }
    bytes += entry->bytes;
    if (count == kMostRuns) {
      bytes -= (entry - static_cast<ptrdiff_t>(kMostRuns))->bytes;
    } else {
      ++count;
    }
    if (count < kMostRuns || (least && bytes >= *least)) continue;
    least = bytes;
    work.first = static_cast<size_t>(entry - state.log.begin()) + 1 - kMostRuns;
  }
  if (!least) return false;
  auto begin = state.log.begin() + static_cast<ptrdiff_t>(work.first);
  work.entries.assign(begin, begin + kMostRuns);
  work.base = false;
  return true;
}

// What is at or before since, if it is worth the work.
bool Maintenance::plan_fold(const StreamState& state, const MaintenancePolicy& policy, bool eager,
                            Work& work) {
  work.first = state.base() == nullptr ? 0 : 1;
  auto begin = state.log.begin() + static_cast<ptrdiff_t>(work.first);
  auto end =
      std::upper_bound(begin, state.log.end(), work.since,
                       [](Timestamp time, const LogEntry& entry) { return time < entry.last; });
  if (end == begin) return false;
  uint64_t bytes = 0;
  for (auto entry = begin; entry != end; ++entry) bytes += entry->bytes;
  size_t count = static_cast<size_t>(end - begin);
  if (!eager && bytes < policy.fold_bytes && count < policy.fold_entries) return false;
  work.kind = begin->part ? Work::Kind::kFoldPart : Work::Kind::kFoldBlocks;
  // Enough for one batch.
  for (auto entry = begin; entry != end; ++entry) {
    if (!work.entries.empty() && (entry->part || work.entry_bytes >= kFoldBatchBytes)) break;
    work.entry_bytes += entry->bytes;
    work.entries.push_back(*entry);
  }
  return true;
}

// Behind a hold or a compaction: the oldest stretch of small entries that is worth a part.
bool Maintenance::plan_merge(const StreamState& state, const MaintenancePolicy& policy,
                             Work& work) {
  work.kind = Work::Kind::kMerge;
  auto begin =
      std::upper_bound(state.log.begin(), state.log.end(), work.since,
                       [](Timestamp time, const LogEntry& entry) { return time < entry.last; });
  uint64_t bytes = 0;
  size_t count = 0;
  auto full = [&] { return bytes >= policy.merge_bytes || count >= policy.merge_entries; };
  auto entry = begin;
  for (; entry != state.log.end(); ++entry) {
    // A tick stays whole: a part that ended within one would overlap the next.
    if (full() && entry->last != std::prev(entry)->last) break;
    if (entry->part) {
      begin = std::next(entry);
      bytes = 0;
      count = 0;
      continue;
    }
    bytes += entry->bytes;
    ++count;
  }
  if (!full() || begin->last == std::prev(entry)->last) return false;
  work.entries.assign(begin, entry);
  return true;
}

Result<std::string> Maintenance::block_at(const Work& work, const LogEntry& entry) const {
  ASSIGN_OR_RETURN(
      std::optional<std::string> block,
      database_.get(nullptr, Family::kLog,
                    tick_key(work.collection, work.stream, entry.last, entry.ordinal)));
  if (!block) return fail(damaged_error("the log"));
  return std::move(*block);
}

Status Maintenance::write_fold(CollectionId collection, Timestamp since, WriteBatch& batch) {
  batch.put(Family::kMeta, meta_key::since(collection), encode_time(since));
  if (Status status = database_.write(batch); !status) {
    durability_.fail_with(status.error());
    return status;
  }
  durability_.appended_batch(std::nullopt, SyncUrgency::kWithNext);
  return {};
}

Status Maintenance::fold_blocks(const Work& work) {
  RunBuilder run(false);
  WriteBatch batch;
  uint64_t bytes = 0;
  uint64_t folded = 0;
  size_t count = 0;
  // Blocks of one tick need not be folded together: each is in rows or in the log.
  while (count < work.entries.size()) {
    const LogEntry& entry = work.entries[count++];
    ASSIGN_OR_RETURN(std::string block, block_at(work, entry));
    BlockReader reader(block, entry.last);
    while (reader.next()) run.add(reader.entry());
    if (reader.damaged()) return fail(damaged_error("a block"));
    batch.remove(Family::kLog, tick_key(work.collection, work.stream, entry.last, entry.ordinal));
    bytes += entry.bytes;
  }
  std::string key = stream_prefix(work.collection, work.stream);
  size_t prefix = key.size();
  run.for_each([&](const Entry& entry) {
    key.resize(prefix);
    key.append(entry.sort_key);
    batch.add_weight(key, entry.weight, entry.payload);
    folded += entry.sort_key.size() + entry.payload.size();
  });
  failpoint("storage.fold");
  RETURN_IF_ERROR(write_fold(work.collection, work.since, batch));
  std::lock_guard lock(state_.mutex);
  StreamState& state = state_.find(work.collection)->stream(work.stream);
  auto begin = state.log.begin() + static_cast<ptrdiff_t>(work.first);
  state.log.erase(begin, begin + static_cast<ptrdiff_t>(count));
  state.log_bytes -= bytes;
  state.rows_bytes += folded;
  return {};
}

Status Maintenance::fold_part(const Work& work) {
  const LogEntry& entry = work.entries[0];
  PartEntry part = *entry.part;
  WriteBatch batch;
  std::string key = stream_prefix(work.collection, work.stream);
  size_t prefix = key.size();
  uint64_t bytes = 0;
  uint64_t folded = 0;
  while (part.first_block < part.blocks && bytes < kFoldBatchBytes) {
    std::string block_key = part_key(part.part, part.first_block);
    ASSIGN_OR_RETURN(std::optional<std::string> block,
                     database_.get(nullptr, Family::kLog, block_key));
    if (!block) return fail(damaged_error("a part"));
    BlockReader reader(*block, entry.last);
    while (reader.next()) {
      key.resize(prefix);
      key.append(reader.entry().sort_key);
      batch.add_weight(key, reader.entry().weight, reader.entry().payload);
      folded += reader.entry().sort_key.size() + reader.entry().payload.size();
    }
    if (reader.damaged()) return fail(damaged_error("a part"));
    batch.remove(Family::kLog, block_key);
    bytes += block->size();
    ++part.first_block;
  }
  bool whole = part.first_block == part.blocks;
  part.bytes -= std::min(part.bytes, bytes);
  std::string log_key = tick_key(work.collection, work.stream, entry.last, entry.ordinal);
  if (whole) {
    batch.remove(Family::kLog, log_key);
  } else {
    batch.put(Family::kLog, log_key, encode_part_entry(part));
  }
  failpoint("storage.fold");
  RETURN_IF_ERROR(write_fold(work.collection, work.since, batch));
  std::lock_guard lock(state_.mutex);
  StreamState& state = state_.find(work.collection)->stream(work.stream);
  state.rows_bytes += folded;
  state.log_bytes -= std::min(bytes, entry.bytes);
  auto at = state.log.begin() + static_cast<ptrdiff_t>(work.first);
  if (whole) {
    state.log.erase(at);
  } else {
    at->part = part;
    at->bytes = part.bytes;
  }
  return {};
}

Status Maintenance::merge(const Work& work) {
  RunBuilder run(true);
  WriteBatch batch;
  uint64_t bytes = 0;
  for (const LogEntry& entry : work.entries) {
    ASSIGN_OR_RETURN(std::string block, block_at(work, entry));
    BlockReader reader(block, entry.last);
    while (reader.next()) run.add(reader.entry());
    if (reader.damaged()) return fail(damaged_error("a block"));
    batch.remove(Family::kLog, tick_key(work.collection, work.stream, entry.last, entry.ordinal));
    bytes += entry.bytes;
  }
  ASSIGN_OR_RETURN(PartRef part, write_part(database_, state_, run, PartLogging::kLogged));
  LogEntry merged{.first = work.entries.front().first,
                  .last = work.entries.back().last,
                  .ordinal = 0,
                  .part = PartEntry{.first = work.entries.front().first,
                                    .part = part.id,
                                    .first_block = 0,
                                    .blocks = part.blocks,
                                    .updates = part.updates,
                                    .bytes = part.bytes,
                                    .timed = true},
                  .updates = part.updates,
                  .bytes = part.bytes};
  // After the removals: the key may be that of the last entry.
  if (part.blocks > 0) {
    batch.put(Family::kLog, tick_key(work.collection, work.stream, merged.last, 0),
              encode_part_entry(*merged.part));
  }
  failpoint("storage.merge");
  if (Status status = database_.write(batch); !status) {
    durability_.fail_with(status.error());
    return status;
  }
  durability_.appended_batch(std::nullopt, SyncUrgency::kWithNext);
  std::lock_guard lock(state_.mutex);
  StreamState& state = state_.find(work.collection)->stream(work.stream);
  auto same = [](const LogEntry& a, const LogEntry& b) {
    return a.last == b.last && a.ordinal == b.ordinal && !a.part && !b.part;
  };
  auto begin = std::find_if(state.log.begin(), state.log.end(), [&](const LogEntry& entry) {
    return same(entry, work.entries.front());
  });
  CHECK(begin != state.log.end());
  auto end = begin + static_cast<ptrdiff_t>(work.entries.size());
  auto at = state.log.erase(begin, end);
  if (part.blocks > 0) state.log.insert(at, std::move(merged));
  state.log_bytes = state.log_bytes - bytes + part.bytes;
  return {};
}

bool Maintenance::is_compacted(CollectionId collection, Stream stream) const {
  return compaction_ && compaction_->target().collection == collection &&
         compaction_->target().stream == stream;
}

Result<std::unique_ptr<EntrySource>> Maintenance::updates_of(const Work& work) const {
  if (work.base) {
    return reader_.entries_until(work.collection, work.stream, work.entries.back().last,
                                 work.since);
  }
  DatabaseSnapshotRef snapshot = database_.snapshot();
  std::vector<std::unique_ptr<EntrySource>> sources;
  for (const LogEntry& entry : work.entries) {
    ASSIGN_OR_RETURN(auto source, part_source(database_, snapshot, *entry.part,
                                              {Timestamp::min(), work.since}, ""));
    sources.push_back(std::move(source));
  }
  return merge_entries(std::move(sources));
}

Status Maintenance::compact(const Work& work, const MaintenancePolicy& policy) {
  if (!compaction_) {
    ASSIGN_OR_RETURN(auto updates, updates_of(work));
    CompactionTarget target{work.collection, work.stream, work.first, work.entries, work.base};
    compaction_ =
        std::make_unique<Compaction>(database_, state_, std::move(target), std::move(updates));
  } else if (!is_compacted(work.collection, work.stream)) {
    return {};  // Another one began in this round.
  }
  Result<bool> whole = compaction_->step(policy.compaction_step_bytes);
  if (!whole) {
    static_cast<void>(compaction_->discard());  // If that is refused, the next start does it.
    compaction_.reset();
    return std::unexpected(whole.error());
  }
  if (!*whole) return {};
  const CompactionTarget target = compaction_->target();
  {
    // A drop waits, as for carry_out().
    std::lock_guard rewriting(rewriting_);
    RETURN_IF_ERROR(publish(target, compaction_->result()));
  }
  compaction_.reset();
  if (!target.base) return {};
  // Nobody reads the rows that were there, but they take room until they are rewritten.
  const std::string rows = stream_prefix(target.collection, target.stream);
  return database_.compact(Family::kRows, rows, after_prefix(rows));
}

Status Maintenance::publish(const CompactionTarget& target, const PartEntry& part) {
  const LogEntry& last = target.entries.back();
  WriteBatch batch;
  for (const LogEntry& entry : target.entries) {
    batch.remove(Family::kLog,
                 tick_key(target.collection, target.stream, entry.last, entry.ordinal));
    if (entry.part) remove_part(entry.part->part, batch);
  }
  if (target.base) {
    const std::string rows = stream_prefix(target.collection, target.stream);
    batch.remove_range(Family::kRows, rows, after_prefix(rows));
  }
  // After the removals: it has the key of the last.
  if (part.blocks > 0) {
    batch.put(Family::kLog, tick_key(target.collection, target.stream, last.last, last.ordinal),
              encode_part_entry(part));
  }
  Timestamp since;
  {
    std::lock_guard lock(state_.mutex);
    const CollectionState* known = state_.find(target.collection);
    if (known == nullptr) return {};  // See leave_dropped().
    since = known->since;
  }
  failpoint("storage.compact");
  RETURN_IF_ERROR(write_fold(target.collection, since, batch));
  std::lock_guard lock(state_.mutex);
  StreamState& state = state_.find(target.collection)->stream(target.stream);
  auto begin = state.log.begin() + static_cast<ptrdiff_t>(target.first);
  CHECK(begin->last == target.entries.front().last &&
        begin->ordinal == target.entries.front().ordinal);
  for (const LogEntry& entry : target.entries) {
    if (!entry.part || !entry.part->base) state.log_bytes -= entry.bytes;
  }
  auto at = state.log.erase(begin, begin + static_cast<ptrdiff_t>(target.entries.size()));
  if (part.blocks > 0) {
    state.log.insert(at, {.first = last.last,
                          .last = last.last,
                          .ordinal = last.ordinal,
                          .part = part,
                          .updates = part.updates,
                          .bytes = part.bytes});
    if (!target.base) state.log_bytes += part.bytes;
  }
  if (target.base) state.rows_bytes = 0;
  return {};
}

Status Maintenance::leave_dropped() {
  if (!compaction_) return {};
  {
    std::lock_guard lock(state_.mutex);
    if (state_.find(compaction_->target().collection) != nullptr) return {};
  }
  Status discarded = compaction_->discard();
  compaction_.reset();
  return discarded;
}

}  // namespace penstock::storage
