// Reading snapshots and ticks chunk by chunk.
#include "engine/tick_feeder.h"

#include <set>

namespace penstock::engine {
namespace {

constexpr size_t kReadBytes = 16 << 20;

Status feed_unordered(storage::UnorderedRows& rows, storage::Stream stream, CollectionId collection,
                      dataflow::Circuit& circuit, const std::function<Status()>& fed) {
  while (!circuit.abandoned()) {
    ASSIGN_OR_RETURN(std::optional<data::BatchRef> batch, rows.next());
    if (!batch) return {};
    if (stream == storage::Stream::kRows) {
      circuit.feed(collection, **batch);
    } else {
      circuit.feed_errors(collection, **batch);
    }
    RETURN_IF_ERROR(fed());
  }
  return {};
}

}  // namespace

Status feed_ordered(data::OrderedRows& rows, storage::Stream stream, CollectionId collection,
                    dataflow::Circuit& circuit) {
  while (true) {
    ASSIGN_OR_RETURN(std::optional<data::OrderedRows::Chunk> chunk, rows.next());
    if (!chunk) return {};
    if (stream == storage::Stream::kRows) {
      circuit.feed(collection, *chunk->rows);
    } else {
      circuit.feed_errors(collection, *chunk->rows);
    }
  }
}

Status feed_snapshot(const storage::CollectionReader& reader, CollectionId collection,
                     Timestamp time, dataflow::Circuit& circuit,
                     const std::function<Status()>& fed) {
  for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
    ASSIGN_OR_RETURN(std::unique_ptr<storage::UnorderedRows> rows,
                     reader.snapshot(collection, stream, time));
    RETURN_IF_ERROR(feed_unordered(*rows, stream, collection, circuit, fed));
  }
  return {};
}

Status feed_span(const storage::CollectionReader& reader, CollectionId collection, Timestamp after,
                 Timestamp until, dataflow::Circuit& circuit) {
  for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
    ASSIGN_OR_RETURN(std::unique_ptr<data::OrderedRows> rows,
                     reader.net_change(collection, stream, after, until, ""));
    RETURN_IF_ERROR(feed_ordered(*rows, stream, collection, circuit));
  }
  return {};
}

Status feed_tick(const storage::CollectionReader& reader, CollectionId collection, Timestamp time,
                 dataflow::Circuit& circuit) {
  ASSIGN_OR_RETURN(data::TickRead read, reader.ticks(collection, time, time.next(), kReadBytes));
  if (read.large_tick && *read.large_tick == time) {
    return feed_span(reader, collection, time.previous(), time, circuit);
  }
  for (const data::TickUpdates& tick : read.ticks) {
    for (const data::BatchRef& batch : tick.rows) circuit.feed(collection, *batch);
    for (const data::BatchRef& batch : tick.errors) circuit.feed_errors(collection, *batch);
  }
  return {};
}

Result<std::vector<Timestamp>> changed_ticks(const storage::CollectionReader& reader,
                                             std::span<const CollectionId> collections,
                                             Timestamp from, Timestamp until) {
  std::set<Timestamp> times;
  for (CollectionId collection : collections) {
    Timestamp at = from;
    while (at < until) {
      ASSIGN_OR_RETURN(data::TickRead read, reader.ticks(collection, at, until, kReadBytes));
      for (const data::TickUpdates& tick : read.ticks) times.insert(tick.time);
      if (read.large_tick) {
        times.insert(*read.large_tick);
        at = read.large_tick->next();
      } else if (read.next <= at) {
        break;
      } else {
        at = read.next;
      }
    }
  }
  return std::vector<Timestamp>(times.begin(), times.end());
}

}  // namespace penstock::engine
