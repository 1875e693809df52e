// Folding and merging. Every piece of work is one atomic batch that takes from the log what it
// adds elsewhere, so a crash or a reader sees each update exactly once (rule S2).
#include "storage/maintenance.h"

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "storage/part_writer.h"

namespace penstock::storage {

namespace {

// What one fold writes at most; a tick may wait for it (some milliseconds).
constexpr uint64_t kFoldBatchBytes = 512 << 10;
// Bytes of removed rows after which rows are rewritten, if they are also half of what is there.
constexpr uint64_t kHollowBytes = 64 << 20;

}  // namespace

struct Maintenance::Work {
  enum class Kind : uint8_t { kFoldBlocks, kFoldPart, kMerge } kind = Kind::kFoldBlocks;
  CollectionId collection;
  Stream stream = Stream::kRows;
  Timestamp since;
  std::vector<LogEntry> entries;  // Consecutive in the log.
  uint64_t entry_bytes = 0;
};

Result<bool> Maintenance::run(const MaintenancePolicy& policy, bool eager) {
  std::vector<Work> all = plan(policy, eager);
  for (const Work& work : all) {
    RETURN_IF_ERROR(carry_out(work));
    RETURN_IF_ERROR(compact_if_hollow(work));
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
    if ((folds && plan_fold(state, policy, eager, work)) || plan_merge(state, policy, work)) {
      out.push_back(std::move(work));
    }
  }
}

// What is at or before since, if it is worth the work.
bool Maintenance::plan_fold(const StreamState& state, const MaintenancePolicy& policy, bool eager,
                            Work& work) {
  auto end =
      std::upper_bound(state.log.begin(), state.log.end(), work.since,
                       [](Timestamp time, const LogEntry& entry) { return time < entry.last; });
  if (end == state.log.begin()) return false;
  uint64_t bytes = 0;
  for (auto entry = state.log.begin(); entry != end; ++entry) bytes += entry->bytes;
  size_t count = static_cast<size_t>(end - state.log.begin());
  if (!eager && bytes < policy.fold_bytes && count < policy.fold_entries) return false;
  const LogEntry& first = state.log.front();
  work.kind = first.part ? Work::Kind::kFoldPart : Work::Kind::kFoldBlocks;
  // Enough for one batch.
  for (auto entry = state.log.begin(); entry != end; ++entry) {
    if (!work.entries.empty() && (entry->part || work.entry_bytes >= kFoldBatchBytes)) break;
    work.entry_bytes += entry->bytes;
    work.entries.push_back(*entry);
  }
  return true;
}

// Behind a hold: the oldest stretch of small entries that is worth a part.
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

Status Maintenance::write_fold(const Work& work, WriteBatch& batch) {
  batch.put(Family::kMeta, meta_key::since(work.collection), encode_time(work.since));
  failpoint("storage.fold");
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
  uint64_t removed = 0;
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
    if (entry.weight < 0) removed += entry.sort_key.size();
  });
  RETURN_IF_ERROR(write_fold(work, batch));
  std::lock_guard lock(state_.mutex);
  StreamState& state = state_.find(work.collection)->stream(work.stream);
  state.log.erase(state.log.begin(), state.log.begin() + static_cast<ptrdiff_t>(count));
  state.log_bytes -= bytes;
  state.removed_bytes += removed;
  return {};
}

Status Maintenance::fold_part(const Work& work) {
  const LogEntry& entry = work.entries[0];
  PartEntry part = *entry.part;
  WriteBatch batch;
  std::string key = stream_prefix(work.collection, work.stream);
  size_t prefix = key.size();
  uint64_t bytes = 0;
  uint64_t removed = 0;
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
      if (reader.entry().weight < 0) removed += reader.entry().sort_key.size();
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
  RETURN_IF_ERROR(write_fold(work, batch));
  std::lock_guard lock(state_.mutex);
  StreamState& state = state_.find(work.collection)->stream(work.stream);
  state.removed_bytes += removed;
  state.log_bytes -= std::min(bytes, entry.bytes);
  if (whole) {
    state.log.pop_front();
  } else {
    state.log.front().part = part;
    state.log.front().bytes = part.bytes;
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

// Rows whose weights sum to zero stay in the database until it rewrites them. Where most were
// removed, a reader would step over more of them than rows.
Status Maintenance::compact_if_hollow(const Work& work) {
  std::string prefix = stream_prefix(work.collection, work.stream);
  std::string end = after_prefix(prefix);
  uint64_t removed = 0;
  {
    std::lock_guard lock(state_.mutex);
    const CollectionState* known = state_.find(work.collection);
    if (known == nullptr) return {};
    removed = known->stream(work.stream).removed_bytes;
  }
  if (removed < kHollowBytes || removed < database_.size_bytes(Family::kRows, prefix, end) / 2) {
    return {};
  }
  {
    std::lock_guard lock(state_.mutex);
    CollectionState* known = state_.find(work.collection);
    if (known != nullptr) known->stream(work.stream).removed_bytes = 0;
  }
  // The first pass adds weights up, the second drops the zeros.
  RETURN_IF_ERROR(database_.compact(Family::kRows, prefix, end));
  return database_.compact(Family::kRows, prefix, end);
}

}  // namespace penstock::storage
