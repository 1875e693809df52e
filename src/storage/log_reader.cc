// Reading under one database snapshot: folded rows plus every log entry still there (rule S2).
//
// A read first makes sure that what it wants is written (its time is below the upper), then takes
// the snapshot, then makes sure that nothing it needs apart was folded before: `since` in memory is
// moved before anything is folded.
#include "storage/log_reader.h"

#include <algorithm>
#include <map>

#include "storage/tick_read.h"

namespace penstock::storage {

struct LogReader::View {
  CollectionId collection;
  Stream stream = Stream::kRows;
  std::shared_ptr<const RowFormat> format;
  DatabaseSnapshotRef snapshot;
  Timestamp log_start;  // No log entry in the snapshot ends before it.
};

Status for_each_log_value(const Database& database, const DatabaseSnapshotRef& snapshot,
                          CollectionId collection, Stream stream, TimeRange times,
                          const std::function<Status(const LogValue&)>& visit) {
  Cursor cursor =
      database.cursor(snapshot, Family::kLog, tick_key(collection, stream, times.first, 0),
                      ticks_end(collection, stream));
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    LogValue value{parse_tick_key(cursor.key()), cursor.value(), std::nullopt};
    Timestamp first = value.key.last;
    if (is_part_entry(value.value)) {
      value.part = decode_part_entry(value.value);
      if (!value.part) return fail(damaged_error("a log entry"));
      first = value.part->first;
    }
    // Entries do not overlap in time, so the ones that follow begin later still.
    if (first > times.last) break;
    RETURN_IF_ERROR(visit(value));
  }
  return cursor.status();
}

CollectionInfo LogReader::info_of(const CollectionState& collection) const {
  CollectionInfo info;
  info.spec = collection.spec;
  info.since = collection.since;
  info.publication = collection.publication;
  info.hash = collection.hash;
  info.history_bytes = collection.streams[0].log_bytes + collection.streams[1].log_bytes;
  info.upper = durability_.upper(collection.spec.timeline);
  return info;
}

Result<CollectionInfo> LogReader::info(CollectionId collection) const {
  std::lock_guard lock(state_.mutex);
  const CollectionState* known = state_.find(collection);
  if (known == nullptr) return fail(no_such_collection(collection));
  return info_of(*known);
}

std::vector<CollectionInfo> LogReader::all() const {
  std::lock_guard lock(state_.mutex);
  std::vector<CollectionInfo> out;
  for (const auto& [id, collection] : state_.collections) out.push_back(info_of(collection));
  return out;
}

Result<Backlog> LogReader::backlog(CollectionId collection, Timestamp time) const {
  std::lock_guard lock(state_.mutex);
  const CollectionState* known = state_.find(collection);
  if (known == nullptr) return fail(no_such_collection(collection));
  Backlog backlog;
  backlog.upper = durability_.upper(known->spec.timeline);
  const std::deque<LogEntry>& log = known->stream(Stream::kRows).log;
  for (auto entry = log.rbegin(); entry != log.rend() && entry->last > time; ++entry) {
    backlog.updates += entry->updates;
    backlog.bytes += entry->bytes;
  }
  return backlog;
}

Result<std::optional<uint64_t>> LogReader::row_count(CollectionId collection,
                                                     Timestamp time) const {
  std::lock_guard lock(state_.mutex);
  const CollectionState* known = state_.find(collection);
  if (known == nullptr) return fail(no_such_collection(collection));
  std::optional<int64_t> rows = known->rows.at(time);
  if (!rows || *rows < 0) return std::nullopt;
  return static_cast<uint64_t>(*rows);
}

namespace {

std::unexpected<Error> unreadable_at(CollectionId collection, Timestamp time,
                                     const std::string& why) {
  return fail(Error(sql_state::kObjectNotInState, "collection " + std::to_string(collection.value) +
                                                      " is not readable at " +
                                                      std::to_string(time.ms) + ": " + why));
}

}  // namespace

Result<LogReader::View> LogReader::open(CollectionId collection, Stream stream,
                                        Timestamp since_at_most, Timestamp time) const {
  View view{collection, stream, nullptr, nullptr, Timestamp::max()};
  auto unreadable = [&](const std::string& why) { return unreadable_at(collection, time, why); };
  {
    std::lock_guard lock(state_.mutex);
    const CollectionState* known = state_.find(collection);
    if (known == nullptr) return fail(no_such_collection(collection));
    if (!known->publication) return unreadable("it is not published yet");
    Timestamp upper = durability_.upper(known->spec.timeline);
    if (time >= upper) return unreadable("its upper is " + std::to_string(upper.ms));
    view.format = known->format(stream);
    const StreamState& state = known->stream(stream);
    if (!state.log.empty()) view.log_start = state.log.front().last;
  }
  view.snapshot = database_.snapshot();
  std::lock_guard lock(state_.mutex);
  const CollectionState* known = state_.find(collection);
  if (known == nullptr) return fail(no_such_collection(collection));
  if (known->since > since_at_most) {
    return unreadable("its since is " + std::to_string(known->since.ms));
  }
  return view;
}

Result<LogReader::View> LogReader::open_at(CollectionId collection, Stream stream,
                                           Timestamp time) const {
  ASSIGN_OR_RETURN(View view, open(collection, stream, time, time));
  ASSIGN_OR_RETURN(CollectionInfo known, info(collection));
  Timestamp offered = durability_.offered_from(known.spec.timeline, time);
  if (offered != time) {
    return unreadable_at(collection, time,
                         "it was not computed before " + std::to_string(offered.ms));
  }
  return view;
}

namespace {

// Rows in order of a snapshot that counts as open until they are gone.
class OrderedSnapshot final : public data::OrderedRows {
 public:
  OrderedSnapshot(std::unique_ptr<OpenSnapshot> open, std::unique_ptr<data::OrderedRows> rows)
      : open_(std::move(open)), rows_(std::move(rows)) {}
  Result<std::optional<Chunk>> next() override { return rows_->next(); }

 private:
  std::unique_ptr<OpenSnapshot> open_;
  std::unique_ptr<data::OrderedRows> rows_;
};

class SnapshotRows : public UnorderedRows {
 public:
  SnapshotRows(std::unique_ptr<OpenSnapshot> open, const Database& database,
               DatabaseSnapshotRef snapshot, std::shared_ptr<const RowFormat> format,
               Timestamp time, std::vector<std::unique_ptr<EntrySource>> folded, Cursor log)
      : open_(std::move(open)),
        database_(database),
        snapshot_(std::move(snapshot)),
        format_(std::move(format)),
        time_(time),
        folded_(std::move(folded)),
        log_(std::move(log)),
        builder_(format_->kinds()) {}

  Result<std::optional<data::BatchRef>> next() override {
    while (!builder_.full()) {
      ASSIGN_OR_RETURN(bool more, advance());
      if (!more) break;
      const Entry& entry = block_.empty() ? current_->entry() : reader_.entry();
      if (entry.weight == 0) continue;
      RETURN_IF_ERROR(format_->decode(RowFormat::row_of(entry.sort_key, entry.payload),
                                      entry.weight, builder_));
    }
    if (builder_.empty()) return std::nullopt;
    return std::make_shared<const data::DeltaBatch>(builder_.finish());
  }

 private:
  // Goes to the next entry: of the present block, of the present source, of the next log entry.
  Result<bool> advance() {
    while (true) {
      if (!block_.empty()) {
        if (reader_.next()) return true;
        if (reader_.damaged()) return fail(damaged_error("a block"));
        block_.clear();
      }
      if (current_) {
        ASSIGN_OR_RETURN(bool more, current_->next());
        if (more) return true;
        current_.reset();
      }
      if (next_folded_ < folded_.size()) {
        current_ = std::move(folded_[next_folded_++]);
        continue;
      }
      if (log_done_) return false;
      if (log_.valid()) {
        ASSIGN_OR_RETURN(bool more, open_log_entry());
        log_done_ = !more;
        log_.next();
      } else {
        RETURN_IF_ERROR(log_.status());
        log_done_ = true;
      }
    }
  }
  Result<bool> open_log_entry() {
    TickKey key = parse_tick_key(log_.key());
    if (!is_part_entry(log_.value())) {
      if (key.last > time_) return false;
      block_ = log_.value();
      reader_ = BlockReader(block_, key.last);
      return true;
    }
    std::optional<PartEntry> part = decode_part_entry(log_.value());
    if (!part) return fail(damaged_error("a log entry"));
    if (part->first > time_) return false;
    ASSIGN_OR_RETURN(current_,
                     part_source(database_, snapshot_, *part, {Timestamp::min(), time_}, ""));
    return true;
  }

  std::unique_ptr<OpenSnapshot> open_;
  const Database& database_;
  DatabaseSnapshotRef snapshot_;
  std::shared_ptr<const RowFormat> format_;
  Timestamp time_;
  std::vector<std::unique_ptr<EntrySource>> folded_;  // Read before the log, in this order.
  size_t next_folded_ = 0;
  std::unique_ptr<EntrySource> current_;
  Cursor log_;  // At the next entry.
  bool log_done_ = false;
  std::string block_;
  BlockReader reader_{"", Timestamp::min()};
  data::BatchBuilder builder_;
};

}  // namespace

Result<std::unique_ptr<UnorderedRows>> LogReader::snapshot(CollectionId collection, Stream stream,
                                                           Timestamp time) const {
  auto counted = std::make_unique<OpenSnapshot>(state_, collection);
  ASSIGN_OR_RETURN(View view, open_at(collection, stream, time));
  std::string prefix = stream_prefix(collection, stream);
  Cursor log =
      database_.cursor(view.snapshot, Family::kLog, tick_key(collection, stream, view.log_start, 0),
                       ticks_end(collection, stream));
  // The rows may take away from the base, and from nothing else.
  Sources folded;
  log.seek_to_first();
  if (log.valid() && is_part_entry(log.value())) {
    std::optional<PartEntry> part = decode_part_entry(log.value());
    if (!part) return fail(damaged_error("a log entry"));
    if (part->base) {
      ASSIGN_OR_RETURN(auto base,
                       part_source(database_, view.snapshot, *part, {Timestamp::min(), time}, ""));
      folded.push_back(std::move(base));
      log.next();
    }
  }
  folded.push_back(rows_source(database_, view.snapshot, prefix, ""));
  return std::make_unique<SnapshotRows>(std::move(counted), database_, view.snapshot, view.format,
                                        time, std::move(folded), std::move(log));
}

// A tick of several blocks is a sorted run of its own; the single blocks of small ticks are sorted
// together in memory.
Status LogReader::add_log_sources(const View& view, TimeRange times, std::string_view position,
                                  Sources& sources) const {
  auto tail = std::make_unique<RunBuilder>(false);
  std::string held;  // The first block of a tick, until it is known whether more follow.
  TickRun run{view.collection, view.stream, Timestamp::min(), 0, 0};
  auto close_run = [&]() -> Status {
    if (run.end - run.first > 1) {
      ASSIGN_OR_RETURN(auto source, tick_source(database_, view.snapshot, run, position));
      sources.push_back(std::move(source));
    } else if (run.end > run.first) {
      BlockReader reader(held, run.time);
      while (reader.next()) tail->add(reader.entry());
      if (reader.damaged()) return fail(damaged_error("a block"));
    }
    run.first = run.end = 0;
    return {};
  };
  TimeRange scan{std::max(times.first, view.log_start), times.last};
  RETURN_IF_ERROR(for_each_log_value(
      database_, view.snapshot, view.collection, view.stream, scan,
      [&](const LogValue& value) -> Status {
        if (!value.part && run.end > run.first && value.key.last == run.time) {
          run.end = value.key.ordinal + 1;
          return {};
        }
        if (Status closed = close_run(); !closed) return closed;
        if (value.part) {
          ASSIGN_OR_RETURN(auto source,
                           part_source(database_, view.snapshot, *value.part, times, position));
          sources.push_back(std::move(source));
          return {};
        }
        held = value.value;
        run.time = value.key.last;
        run.first = value.key.ordinal;
        run.end = run.first + 1;
        return {};
      }));
  RETURN_IF_ERROR(close_run());
  if (!tail->empty()) sources.push_back(run_source(std::move(tail), position));
  return {};
}

Result<LogReader::Sources> LogReader::sources_at(const View& view, Timestamp time,
                                                 std::string_view position) const {
  Sources sources;
  sources.push_back(
      rows_source(database_, view.snapshot, stream_prefix(view.collection, view.stream), position));
  RETURN_IF_ERROR(add_log_sources(view, {Timestamp::min(), time}, position, sources));
  return sources;
}

Result<std::unique_ptr<EntrySource>> LogReader::entries_until(CollectionId collection,
                                                              Stream stream, Timestamp time,
                                                              Timestamp since) const {
  ASSIGN_OR_RETURN(View view, open(collection, stream, since, time));
  ASSIGN_OR_RETURN(Sources sources, sources_at(view, time, ""));
  return merge_entries(std::move(sources));
}

Result<std::unique_ptr<data::OrderedRows>> LogReader::ordered_snapshot(
    CollectionId collection, Stream stream, Timestamp time, std::string_view position) const {
  auto counted = std::make_unique<OpenSnapshot>(state_, collection);
  ASSIGN_OR_RETURN(View view, open(collection, stream, time, time));
  ASSIGN_OR_RETURN(Sources sources, sources_at(view, time, position));
  return std::make_unique<OrderedSnapshot>(std::move(counted),
                                           merge_sources(view.format, std::move(sources)));
}

Result<std::unique_ptr<data::OrderedRows>> LogReader::net_change(CollectionId collection,
                                                                 Stream stream, Timestamp after,
                                                                 Timestamp until,
                                                                 std::string_view position) const {
  ASSIGN_OR_RETURN(View view, open(collection, stream, after, until));
  Sources sources;
  RETURN_IF_ERROR(add_log_sources(view, {after.next(), until}, position, sources));
  return merge_sources(view.format, std::move(sources));
}

Result<data::TickRead> LogReader::ticks(CollectionId collection, Timestamp from, Timestamp until,
                                        size_t limit_bytes) const {
  data::TickRead read;
  TickReadPlan plan;
  {
    std::lock_guard lock(state_.mutex);
    const CollectionState* known = state_.find(collection);
    if (known == nullptr) return fail(no_such_collection(collection));
    Timestamp end = std::min(until, durability_.upper(known->spec.timeline));
    plan = plan_tick_read(*known, from, end, limit_bytes);
    read.next = std::max(from, plan.stop);
    read.large_tick = plan.large_tick;
  }
  if (plan.empty || plan.large_tick) return read;
  TimeRange times{from, plan.stop.previous()};
  TickCollector collector;
  for (Stream stream : {Stream::kRows, Stream::kErrors}) {
    // Nothing at or after `from` may be folded, and everything before `stop` is written.
    ASSIGN_OR_RETURN(View view, open(collection, stream, from.previous(), times.last));
    RETURN_IF_ERROR(for_each_log_value(
        database_, view.snapshot, collection, stream, times, [&](const LogValue& value) -> Status {
          if (!value.part) {
            return collector.add_block(*view.format, stream, value.value, value.key.last, times);
          }
          ASSIGN_OR_RETURN(auto source,
                           part_source(database_, view.snapshot, *value.part, times, ""));
          return collector.add_source(*view.format, stream, *source);
        }));
  }
  read.ticks = collector.finish();
  return read;
}

}  // namespace penstock::storage
