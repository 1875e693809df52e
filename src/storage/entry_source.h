// Sorted streams of updates and their merge: how a collection is read in storage order.
//
// Three places hold updates: rows (folded), parts, and the unmerged end of the log. Each is a
// source; the merge adds up what they say about one row. One owner thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/update_stream.h"
#include "storage/block.h"
#include "storage/layout.h"
#include "storage/rocksdb/database.h"
#include "storage/row_format.h"

namespace penstock::storage {

// The times whose updates count: first <= time <= last.
struct TimeRange {
  Timestamp first;
  Timestamp last;
  bool contains(Timestamp time) const { return first <= time && time <= last; }
};

class EntrySource {
 public:
  virtual ~EntrySource() = default;
  // Goes to the next entry; false at the end. An entry's views live until the next step.
  virtual Result<bool> next() = 0;
  virtual const Entry& entry() const = 0;
  // No two entries have the same sort key.
  virtual bool distinct() const = 0;
};

// The folded rows of a z-set after `position` ("" = all).
std::unique_ptr<EntrySource> rows_source(const Database& database,
                                         const DatabaseSnapshotRef& snapshot,
                                         std::string_view stream_prefix, std::string_view position);
// A part's updates with a time in `times` and a sort key after `position`.
Result<std::unique_ptr<EntrySource>> part_source(const Database& database,
                                                 const DatabaseSnapshotRef& snapshot,
                                                 const PartEntry& part, TimeRange times,
                                                 std::string_view position);
// The blocks of one tick in the log, which are one sorted run: ordinals [first, end).
struct TickRun {
  CollectionId collection;
  Stream stream = Stream::kRows;
  Timestamp time;
  uint32_t first = 0;
  uint32_t end = 0;
};
Result<std::unique_ptr<EntrySource>> tick_source(const Database& database,
                                                 const DatabaseSnapshotRef& snapshot,
                                                 const TickRun& run, std::string_view position);
// Updates in memory, which are sorted here.
std::unique_ptr<EntrySource> run_source(std::unique_ptr<RunBuilder> run, std::string_view position);

// Adds up what the sources say; rows of weight zero are left out. Entries have no time.
std::unique_ptr<EntrySource> merge_entries(std::vector<std::unique_ptr<EntrySource>> sources);
// The same as chunks of rows.
std::unique_ptr<data::OrderedRows> merge_sources(std::shared_ptr<const RowFormat> format,
                                                 std::vector<std::unique_ptr<EntrySource>> sources);

Error damaged_error(std::string_view what);

}  // namespace penstock::storage
