// Writing and removing parts: blocks under a part's id, seen by nobody until a log entry names it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "storage/block.h"
#include "storage/rocksdb/database.h"
#include "storage/staging.h"
#include "storage/store_state.h"

namespace penstock::storage {

// Unlogged writes need Database::flush(kLog) before anything refers to the part.
enum class PartLogging : uint8_t { kLogged, kUnlogged };

// Takes a part's blocks in order. They go to the database in batches of about a megabyte, so that
// no tick waits long behind one. Owned by one thread.
class PartWriter {
 public:
  PartWriter(Database& database, StoreState& state, PartLogging logging);

  uint64_t part() const { return part_.id; }
  void add(std::string_view block);
  // Of the blocks that were added. Error: the disk refused one.
  Result<PartRef> finish(const RunBuilder::Totals& totals);
  // What was refused so far.
  const Status& status() const { return status_; }

 private:
  void write();

  Database& database_;
  PartLogging logging_;
  PartRef part_;
  WriteBatch batch_;
  Status status_;
};

// Sorts `run` and writes it as one part; the run is empty afterwards.
Result<PartRef> write_part(Database& database, StoreState& state, RunBuilder& run,
                           PartLogging logging);
void remove_part(uint64_t part, WriteBatch& batch);

}  // namespace penstock::storage
