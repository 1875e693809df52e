// Rows written to disk before the tick that shows them: a snapshot being copied, a huge transaction
// arriving, a view hydrating (rule T4).
//
// Staged parts hold at most 8 MiB, sorted in storage order, invisible. A tick publishes them by
// reference; what no tick has published when the process starts is discarded then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "data/delta_batch.h"
#include "storage/collection.h"

namespace penstock::storage {

struct PartRef {
  uint64_t id = 0;
  uint32_t blocks = 0;
  bool errors = false;
  uint64_t updates = 0;
  uint64_t bytes = 0;
};

// Parts to be published by one tick (TickInput::staged), or given back with Staging::discard().
struct StagedParts {
  CollectionId collection;
  std::vector<PartRef> parts;
  HashSum hash;
  int64_t rows = 0;  // The sum of the rows' weights.
  uint64_t updates = 0;
  uint64_t bytes = 0;
};

// Takes rows of one collection. Owned by one thread. Keeps at most one part in memory.
class StagingWriter {
 public:
  virtual ~StagingWriter() = default;  // What was not finished is discarded.
  virtual Status append(const data::DeltaBatch& rows) = 0;
  virtual Status append_errors(const data::DeltaBatch& errors) = 0;
  // What was appended since the last finish(); the writer can go on (commits staged one by one may
  // thus be dropped one by one, rule P2).
  virtual Result<StagedParts> finish() = 0;
  virtual uint64_t bytes_in_memory() const = 0;
};

}  // namespace penstock::storage
