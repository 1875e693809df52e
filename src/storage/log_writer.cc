// One batch for everything that must be there together (rule D1): updates, bindings, changes,
// upper, time bound, hash sums.
#include "storage/log_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/failpoint.h"
#include "storage/part_writer.h"

namespace penstock::storage {

namespace {

constexpr uint64_t kBoundAheadMs = 1000;

}  // namespace

// What one batch does to one z-set.
struct StreamChange {
  std::shared_ptr<const RowFormat> format;
  RunBuilder run{false};
  std::vector<LogEntry> entries;
  uint32_t next_ordinal = 0;
};

struct LogWriter::Assembly {
  explicit Assembly(Timestamp tick) : time(tick) {}

  Timestamp time;
  WriteBatch batch;
  std::map<std::pair<CollectionId, Stream>, StreamChange> streams;
  struct Sum {
    HashSum hash;
    int64_t rows = 0;
  };
  std::map<CollectionId, Sum> sums;  // To be added.
  std::vector<CollectionSpec> created;
  std::vector<CollectionId> dropped;
  std::vector<CollectionId> published;
  std::vector<HoldChange> holds;
  std::optional<Timestamp> bound;
};

Result<LogPosition> LogWriter::append_tick(Timestamp time, std::span<const TickInputRef> inputs,
                                           SyncUrgency urgency) {
  CHECK_OP(>=, time.ms, durability_.logged_upper(kInputs).ms);
  Assembly assembly(time);
  for (const TickInputRef& input : inputs) add_input(*input, assembly);
  add_runs(assembly);
  assembly.bound = std::max(time_bound(), Timestamp{time.ms + kBoundAheadMs});
  failpoint("storage.before_tick_batch");
  Result<LogPosition> position = write(assembly, LogDurability::Moved{kInputs, time, {}}, urgency);
  failpoint("storage.after_tick_batch");
  return position;
}

Result<LogPosition> LogWriter::append_exports(Timeline cluster, Timestamp time,
                                              const TickInput& exports, SyncUrgency urgency) {
  CHECK(cluster != kInputs);
  CHECK_OP(>=, time.ms, durability_.logged_upper(cluster).ms);
  Assembly assembly(time);
  if (exports.skipped_from) {
    assembly.batch.put(Family::kMeta, meta_key::skipped(cluster, *exports.skipped_from),
                       encode_time(time));
  }
  add_input(exports, assembly);
  add_runs(assembly);
  failpoint("storage.before_export_batch");
  Result<LogPosition> position =
      write(assembly, LogDurability::Moved{cluster, time, exports.skipped_from}, urgency);
  failpoint("storage.after_export_batch");
  return position;
}

Result<LogPosition> LogWriter::append_changes(const Changes& changes, SyncUrgency urgency) {
  Assembly assembly(Timestamp::min());
  add_changes(changes, assembly);
  return write(assembly, std::nullopt, urgency);
}

Result<LogPosition> LogWriter::move_time_bound(Timestamp bound) {
  Assembly assembly(Timestamp::min());
  if (bound <= time_bound()) return durability_.appended();
  assembly.bound = bound;
  return write(assembly, std::nullopt, SyncUrgency::kSoon);
}

Timestamp LogWriter::time_bound() const {
  std::lock_guard lock(state_.mutex);
  return state_.time_bound;
}

void LogWriter::advance_upper(Timeline timeline, Timestamp upper) {
  durability_.advance_upper(timeline, upper);
}

Result<LogPosition> LogWriter::append(WriteBatch& batch, SyncUrgency urgency) {
  if (auto failed = durability_.failure()) return fail(*failed);
  if (Status status = database_.write(batch); !status) {
    durability_.fail_with(status.error());
    return fail(status.error());
  }
  return durability_.appended_batch(std::nullopt, urgency);
}

void LogWriter::add_changes(const Changes& changes, Assembly& assembly) {
  for (const MetaChange& change : changes.meta) {
    if (change.value) {
      assembly.batch.put(Family::kMeta, meta_key::user(change.key), *change.value);
    } else {
      assembly.batch.remove(Family::kMeta, meta_key::user(change.key));
    }
  }
  for (const CollectionSpec& spec : changes.create) {
    assembly.batch.put(Family::kMeta, meta_key::spec(spec.id), encode_spec(spec));
    assembly.created.push_back(spec);
  }
  assembly.dropped.insert(assembly.dropped.end(), changes.drop.begin(), changes.drop.end());
  for (const HoldChange& hold : changes.holds) {
    std::string key = meta_key::hold(hold.holder, hold.collection);
    if (hold.time) {
      assembly.batch.put(Family::kMeta, key, encode_time(*hold.time));
    } else {
      assembly.batch.remove(Family::kMeta, key);
    }
    assembly.holds.push_back(hold);
  }
}

// REQUIRES: all else is in the batch, so that what other inputs of the tick say of the collection
// goes with it; and nobody rewrites the log.
void LogWriter::add_drop(CollectionId collection, Assembly& assembly) {
  remove_parts(collection, assembly);
  WriteBatch& batch = assembly.batch;
  for (Stream stream : {Stream::kRows, Stream::kErrors}) {
    batch.remove_range(Family::kLog, ticks_begin(collection, stream),
                       ticks_end(collection, stream));
    std::string prefix = stream_prefix(collection, stream);
    batch.remove_range(Family::kRows, prefix, after_prefix(prefix));
  }
  for (const std::string& key : {meta_key::spec(collection), meta_key::since(collection),
                                 meta_key::publication(collection), meta_key::hash(collection)}) {
    batch.remove(Family::kMeta, key);
  }
  std::string holds = meta_key::hold("", collection);
  batch.remove_range(Family::kMeta, holds, after_prefix(holds));
}

void LogWriter::add_input(const TickInput& input, Assembly& assembly) {
  add_changes(input.changes, assembly);
  for (const Binding& binding : input.bindings) {
    assembly.batch.put(Family::kMeta, meta_key::user(binding_key(binding.source.value)),
                       binding.position);
  }
  for (const CollectionInput& change : input.collections) {
    for (Stream stream : {Stream::kRows, Stream::kErrors}) {
      const auto& batches = stream == Stream::kRows ? change.rows : change.errors;
      if (batches.empty()) continue;
      StreamChange& target = assembly.streams[{change.collection, stream}];
      if (!target.format) {
        std::lock_guard lock(state_.mutex);
        const CollectionState* known = state_.find(change.collection);
        if (known != nullptr) target.format = known->format(stream);
      }
      for (const CollectionSpec& spec : assembly.created) {
        if (target.format || spec.id != change.collection) continue;
        target.format = std::make_shared<const RowFormat>(
            stream == Stream::kRows ? RowFormat::of_rows(spec.type) : RowFormat::of_errors());
      }
      if (!target.format) continue;  // Dropped while the input was on its way.
      for (const data::BatchRef& batch : batches) {
        target.run.add(*target.format, *batch, assembly.time);
      }
    }
  }
  for (const StagedParts& staged : input.staged) add_staged(staged, assembly);
  for (CollectionId collection : input.publish) {
    std::string value = encode_time(assembly.time);
    assembly.batch.put(Family::kMeta, meta_key::publication(collection), value);
    assembly.batch.put(Family::kMeta, meta_key::since(collection), value);
    assembly.published.push_back(collection);
  }
}

void LogWriter::add_staged(const StagedParts& staged, Assembly& assembly) {
  {
    std::lock_guard lock(state_.mutex);
    const CollectionState* known = state_.find(staged.collection);
    bool created = std::any_of(assembly.created.begin(), assembly.created.end(),
                               [&](const auto& spec) { return spec.id == staged.collection; });
    if (known == nullptr && !created) return;  // Discarded at the next start.
  }
  for (const PartRef& part : staged.parts) {
    Stream stream = part.errors ? Stream::kErrors : Stream::kRows;
    StreamChange& target = assembly.streams[{staged.collection, stream}];
    PartEntry entry{.first = assembly.time,
                    .part = part.id,
                    .first_block = 0,
                    .blocks = part.blocks,
                    .updates = part.updates,
                    .bytes = part.bytes,
                    .timed = false};
    uint32_t ordinal = target.next_ordinal++;
    assembly.batch.put(Family::kLog, tick_key(staged.collection, stream, assembly.time, ordinal),
                       encode_part_entry(entry));
    target.entries.push_back(
        {assembly.time, assembly.time, ordinal, entry, part.updates, part.bytes});
  }
  Assembly::Sum& sum = assembly.sums[staged.collection];
  sum.hash.add(staged.hash);
  sum.rows += staged.rows;
}

void LogWriter::add_runs(Assembly& assembly) {
  for (auto& [key, change] : assembly.streams) {
    if (change.run.empty()) continue;
    auto [collection, stream] = key;
    Assembly::Sum& sum = assembly.sums[collection];
    sum.hash.add(change.run.hash());
    if (stream == Stream::kRows) sum.rows += change.run.weight();
    change.run.finish([&](std::string_view block) {
      uint32_t ordinal = change.next_ordinal++;
      assembly.batch.put(Family::kLog, tick_key(collection, stream, assembly.time, ordinal), block);
      change.entries.push_back({assembly.time, assembly.time, ordinal, std::nullopt,
                                BlockReader::count_entries(block), block.size()});
    });
  }
  std::lock_guard lock(state_.mutex);
  for (auto& [collection, sum] : assembly.sums) {
    const CollectionState* known = state_.find(collection);
    CollectionSum total{{}, 0};
    if (known != nullptr) total = {known->hash, known->rows.latest()};
    total.hash.add(sum.hash);
    if (total.rows) *total.rows += sum.rows;
    assembly.batch.put(Family::kMeta, meta_key::hash(collection), encode_sum(total));
  }
}

Result<LogPosition> LogWriter::write(Assembly& assembly, std::optional<LogDurability::Moved> moved,
                                     SyncUrgency urgency) {
  if (auto failed = durability_.failure()) return fail(*failed);
  if (moved) {
    assembly.batch.put(Family::kMeta, meta_key::upper(moved->timeline),
                       encode_time(moved->time.next()));
  }
  if (assembly.bound) {
    assembly.batch.put(Family::kMeta, meta_key::kBound, encode_time(*assembly.bound));
  }
  std::unique_lock rewriting(maintenance_, std::defer_lock);
  if (!assembly.dropped.empty()) {
    rewriting.lock();
    for (CollectionId collection : assembly.dropped) add_drop(collection, assembly);
  }
  if (Status status = database_.write(assembly.batch); !status) {
    durability_.fail_with(status.error());
    return fail(status.error());
  }
  remember(assembly);
  return durability_.appended_batch(moved, urgency);
}

void LogWriter::remove_parts(CollectionId collection, Assembly& assembly) {
  auto remove = [&](const auto& entries) {
    for (const LogEntry& entry : entries) {
      if (entry.part) remove_part(entry.part->part, assembly.batch);
    }
  };
  for (Stream stream : {Stream::kRows, Stream::kErrors}) {
    auto change = assembly.streams.find({collection, stream});
    if (change != assembly.streams.end()) remove(change->second.entries);
  }
  std::lock_guard lock(state_.mutex);
  const CollectionState* known = state_.find(collection);
  if (known == nullptr) return;
  for (const StreamState& stream : known->streams) remove(stream.log);
}

void LogWriter::remember(Assembly& assembly) {
  std::lock_guard lock(state_.mutex);
  if (assembly.bound) state_.time_bound = std::max(state_.time_bound, *assembly.bound);
  for (const CollectionSpec& spec : assembly.created) state_.add(spec);
  for (CollectionId collection : assembly.published) {
    CollectionState* known = state_.find(collection);
    if (known == nullptr) continue;
    known->publication = assembly.time;
    known->since = assembly.time;
  }
  for (auto& [key, change] : assembly.streams) {
    CollectionState* known = state_.find(key.first);
    if (known == nullptr || change.entries.empty()) continue;
    StreamState& stream = known->stream(key.second);
    for (LogEntry& entry : change.entries) {
      stream.log_bytes += entry.bytes;
      stream.log.push_back(std::move(entry));
    }
    stream.last_change = assembly.time;
  }
  for (const auto& [collection, sum] : assembly.sums) {
    CollectionState* known = state_.find(collection);
    if (known == nullptr) continue;
    known->hash.add(sum.hash);
    known->rows.add(assembly.time, sum.rows);
  }
  for (const HoldChange& hold : assembly.holds) {
    state_.set_durable_hold(hold.holder, hold.collection, hold.time);
  }
  for (CollectionId collection : assembly.dropped) {
    state_.collections.erase(collection);
    std::erase_if(state_.holds,
                  [&](const auto& hold) { return hold.second.collection == collection; });
  }
}

}  // namespace penstock::storage
