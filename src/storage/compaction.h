// Several sorted runs of a z-set written as one part that takes their place (the tiers of a
// log-structured merge tree: O'Neil et al., 1996). A minor compaction replaces parts that are
// neighbours in the log; a major one replaces the rows and everything in the log up to a time by a
// base, so that a large collection is read block by block.
//
// Nobody sees the new part before Maintenance publishes it; a crash before that leaves a part
// without an entry, which the next start removes. Owned by one thread.
#pragma once

#include <memory>
#include <vector>

#include "storage/block.h"
#include "storage/collection_reader.h"
#include "storage/entry_source.h"
#include "storage/part_writer.h"

namespace penstock::storage {

// What is replaced. All of it is at or before since, so times are not kept.
struct CompactionTarget {
  CollectionId collection;
  Stream stream = Stream::kRows;
  size_t first = 0;               // Where in the log.
  std::vector<LogEntry> entries;  // Not empty. The new part gets the key of the last.
  bool base = false;              // And the rows; `first` is 0 then.
};

class Compaction {
 public:
  // `updates` are those of the target, merged.
  Compaction(Database& database, StoreState& state, CompactionTarget target,
             std::unique_ptr<EntrySource> updates);

  const CompactionTarget& target() const { return target_; }
  // Writes so much more. True when all is written, and survives a crash.
  Result<bool> step(uint64_t bytes);
  // REQUIRES: step() was true. Without blocks when everything added up to nothing.
  const PartEntry& result() const { return result_; }
  // Removes what was written.
  Status discard();

 private:
  Database& database_;
  const CompactionTarget target_;
  std::unique_ptr<EntrySource> updates_;
  PartWriter part_;
  BlockWriter blocks_;
  PartEntry result_;
};

}  // namespace penstock::storage
