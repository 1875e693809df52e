// Reading snapshots and ticks chunk by chunk.
#include "engine/tick_feeder.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace penstock::engine {
namespace {

constexpr size_t kReadBytes = 16 << 20;

Status feed_unordered(storage::UnorderedRows& rows, storage::Stream stream, CollectionId collection,
                      dataflow::Circuit& circuit, const Fed& fed) {
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

// One tick that is too large for memory.
Status feed_large(const storage::CollectionReader& reader, CollectionId collection, Timestamp time,
                  dataflow::Circuit& circuit, const Fed& fed) {
  for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
    ASSIGN_OR_RETURN(std::unique_ptr<data::OrderedRows> rows,
                     reader.net_change(collection, stream, time.previous(), time, ""));
    RETURN_IF_ERROR(feed_ordered(*rows, stream, collection, circuit, fed));
  }
  return {};
}

Status feed_read(const data::TickRead& read, CollectionId collection, Timestamp until,
                 dataflow::Circuit& circuit, const Fed& fed) {
  for (const data::TickUpdates& tick : read.ticks) {
    if (tick.time > until) break;
    for (const data::BatchRef& batch : tick.rows) circuit.feed(collection, *batch);
    for (const data::BatchRef& batch : tick.errors) circuit.feed_errors(collection, *batch);
    if (fed) RETURN_IF_ERROR(fed());
  }
  return {};
}

}  // namespace

Status feed_ordered(data::OrderedRows& rows, storage::Stream stream, CollectionId collection,
                    dataflow::Circuit& circuit, const Fed& fed) {
  while (!circuit.abandoned()) {
    ASSIGN_OR_RETURN(std::optional<data::OrderedRows::Chunk> chunk, rows.next());
    if (!chunk) return {};
    if (stream == storage::Stream::kRows) {
      circuit.feed(collection, *chunk->rows);
    } else {
      circuit.feed_errors(collection, *chunk->rows);
    }
    if (fed) RETURN_IF_ERROR(fed());
  }
  return {};
}

Status feed_snapshot(const storage::CollectionReader& reader, CollectionId collection,
                     Timestamp time, dataflow::Circuit& circuit, const Fed& fed) {
  for (storage::Stream stream : {storage::Stream::kRows, storage::Stream::kErrors}) {
    ASSIGN_OR_RETURN(std::unique_ptr<storage::UnorderedRows> rows,
                     reader.snapshot(collection, stream, time));
    RETURN_IF_ERROR(feed_unordered(*rows, stream, collection, circuit, fed));
  }
  return {};
}

Status feed_tick(const storage::CollectionReader& reader, CollectionId collection, Timestamp time,
                 dataflow::Circuit& circuit, const Fed& fed) {
  ASSIGN_OR_RETURN(data::TickRead read, reader.ticks(collection, time, time.next(), kReadBytes));
  if (read.large_tick) return feed_large(reader, collection, time, circuit, fed);
  return feed_read(read, collection, time, circuit, fed);
}

// All collections up to where the first reading ends, so that what comes out is what was there at
// that time; the rest of the others is read again.
Result<Timestamp> feed_round(const storage::CollectionReader& reader,
                             std::span<const CollectionId> collections, Timestamp after,
                             Timestamp until, dataflow::Circuit& circuit, const Fed& fed) {
  std::vector<data::TickRead> reads;
  for (CollectionId collection : collections) {
    ASSIGN_OR_RETURN(storage::CollectionInfo info, reader.info(collection));
    // What is not there yet would be taken for no change.
    CHECK(info.upper > until);
    ASSIGN_OR_RETURN(data::TickRead read, reader.ticks(collection, after.next(), until.next(),
                                                       kReadBytes / collections.size()));
    // A tick too large to be read with others is a round of its own.
    until = std::clamp(read.next.previous(), after.next(), until);
    reads.push_back(std::move(read));
  }
  for (size_t i = 0; i < collections.size(); ++i) {
    if (reads[i].large_tick == until) {
      RETURN_IF_ERROR(feed_large(reader, collections[i], until, circuit, fed));
    } else {
      RETURN_IF_ERROR(feed_read(reads[i], collections[i], until, circuit, fed));
    }
  }
  return until;
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
