// Writing and removing parts: blocks under a part's id, seen by nobody until a log entry names it.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "storage/block.h"
#include "storage/rocksdb/database.h"
#include "storage/staging.h"
#include "storage/store_state.h"

namespace penstock::storage {

// Sorts `run` and writes it as one part; the run is empty afterwards. Unlogged writes need
// Database::flush(kLog) before anything refers to the part.
enum class PartLogging : uint8_t { kLogged, kUnlogged };
Result<PartRef> write_part(Database& database, StoreState& state, RunBuilder& run,
                           PartLogging logging);
void remove_part(uint64_t part, WriteBatch& batch);

}  // namespace penstock::storage
