// What storage keeps in memory about its collections: specs, times, and what lies in the log. All
// of it is found again in the database at start.
//
// One mutex guards all; it is held for lookups and small updates, never over a write or a read of
// the database. The log's index only says what is where and how large: readers read the database.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/collection.h"
#include "storage/layout.h"
#include "storage/row_counts.h"
#include "storage/row_format.h"

namespace penstock::storage {

// One key of the log's updates: a block of one tick, or a part.
struct LogEntry {
  Timestamp first;
  Timestamp last;
  uint32_t ordinal = 0;
  std::optional<PartEntry> part;
  uint64_t updates = 0;
  uint64_t bytes = 0;
};

struct StreamState {
  std::deque<LogEntry> log;  // Ascending by (last, ordinal). A base, if there is one, comes first.
  uint64_t log_bytes = 0;    // Without the base.
  std::optional<Timestamp> last_change;
  uint64_t rows_bytes = 0;  // Of what was folded into the rows since the last base; at a start
                            // about what they take on disk.

  const PartEntry* base() const {
    return log.empty() || !log.front().part || !log.front().part->base ? nullptr
                                                                       : &*log.front().part;
  }
};

struct CollectionState {
  CollectionSpec spec;
  std::shared_ptr<const RowFormat> formats[2];  // By Stream.
  Timestamp since;
  std::optional<Timestamp> publication;
  HashSum hash;
  RowCounts rows;
  StreamState streams[2];
  size_t open_snapshots = 0;  // Somebody reads all of it now: folding can wait.

  StreamState& stream(Stream stream) { return streams[static_cast<size_t>(stream)]; }
  const StreamState& stream(Stream stream) const { return streams[static_cast<size_t>(stream)]; }
  const std::shared_ptr<const RowFormat>& format(Stream stream) const {
    return formats[static_cast<size_t>(stream)];
  }
};

struct Hold {
  std::string holder;
  CollectionId collection;
  Timestamp time;
  bool durable = false;
};

struct StoreState {
  mutable std::mutex mutex;
  std::map<CollectionId, CollectionState> collections;
  std::map<uint64_t, Hold> holds;
  uint64_t next_hold = 1;
  uint64_t next_part = 1;
  Timestamp time_bound;

  // All REQUIRE the mutex.
  CollectionState* find(CollectionId collection);
  const CollectionState* find(CollectionId collection) const;
  void add(const CollectionSpec& spec);
  void set_durable_hold(const std::string& holder, CollectionId collection,
                        std::optional<Timestamp> time);
  // The least hold on the collection; nothing when there is none.
  std::optional<Timestamp> least_hold(CollectionId collection) const;
};

// Counts a snapshot read as open while it lives. The state outlives it.
class OpenSnapshot {
 public:
  OpenSnapshot(StoreState& state, CollectionId collection);
  ~OpenSnapshot();
  OpenSnapshot(const OpenSnapshot&) = delete;
  OpenSnapshot& operator=(const OpenSnapshot&) = delete;

 private:
  StoreState& state_;
  const CollectionId collection_;
};

Error no_such_collection(CollectionId collection);

}  // namespace penstock::storage
