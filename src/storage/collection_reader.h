// Reading one collection: at a time, tick by tick, or what changed between two times.
//
// Everything reads under one database snapshot taken when it is opened (rule S2), so it does not
// care what is folded or merged meanwhile; the caller's hold only has to last until it is open.
// "Storage order" is by storage key, then row, both as bytes. Memory per open read: a chunk, a
// block (64 KiB) per part, and at most the unmerged end of the log (about 16 MiB).
// The functions are thread-safe; what they return belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "data/update_stream.h"
#include "storage/collection.h"

namespace penstock::storage {

enum class Stream : uint8_t { kRows, kErrors };

// Chunks of updates in no order, equal rows not added up; but insertions come before what deletes
// them.
class UnorderedRows {
 public:
  virtual ~UnorderedRows() = default;
  virtual Result<std::optional<data::BatchRef>> next() = 0;  // Nothing at the end.
};

// Changes of rows that somebody has not read yet. An update that was merged with others into one
// part counts with all of them: it may be less.
struct Backlog {
  Timestamp upper;  // Of the collection.
  uint64_t updates = 0;
  uint64_t bytes = 0;
};

class CollectionReader {
 public:
  virtual ~CollectionReader() = default;

  virtual Result<CollectionInfo> info(CollectionId collection) const = 0;
  virtual std::vector<CollectionInfo> all() const = 0;

  // Changes after `time`, which has to be held, of a published collection or one to be.
  virtual Result<Backlog> backlog(CollectionId collection, Timestamp time) const = 0;
  // How many rows there are at `time`, each as often as it is there. None: only what is recent is
  // known, and nothing of a directory whose rows an earlier version wrote.
  virtual Result<std::optional<uint64_t>> row_count(CollectionId collection,
                                                    Timestamp time) const = 0;

  // The rows or errors present at `time`. Error if it is not readable there (state 55000): also a
  // time that a cluster skipped (rule S5). Who follows ticks and reads in order is never asked what
  // was true at a time between them: there it finds what it had found before.
  virtual Result<std::unique_ptr<UnorderedRows>> snapshot(CollectionId collection, Stream stream,
                                                          Timestamp time) const = 0;
  virtual Result<std::unique_ptr<data::OrderedRows>> ordered_snapshot(
      CollectionId collection, Stream stream, Timestamp time, std::string_view position) const = 0;
  // What changed in [from, min(upper, until)), without waiting; see data::TickRead.
  virtual Result<data::TickRead> ticks(CollectionId collection, Timestamp from, Timestamp until,
                                       size_t limit_bytes) const = 0;
  // The net change over (after, until], in storage order.
  virtual Result<std::unique_ptr<data::OrderedRows>> net_change(
      CollectionId collection, Stream stream, Timestamp after, Timestamp until,
      std::string_view position) const = 0;
};

}  // namespace penstock::storage
