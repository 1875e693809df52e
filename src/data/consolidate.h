// Consolidation: equal rows (equal by every byte, not by SQL) added up, zeros dropped. Called at
// named places (before an export, before a sink), not sprinkled.
#pragma once

#include <span>
#include <vector>

#include "data/delta_batch.h"
#include "data/hash.h"

namespace penstock::data {

// In what order the rows come out: both depend on the rows alone, never on hashes or addresses.
enum class ConsolidatedOrder : uint8_t {
  kFirstSeen,
  kRowBytes,  // By the RowCodec's bytes: also independent of the order of the input.
};

// Chunks of at most kChunkRows rows. REQUIRES: all batches have the same kinds of columns.
std::vector<BatchRef> consolidate(std::span<const BatchRef> batches, ConsolidatedOrder order,
                                  HashMode hash_mode);
DeltaBatch consolidate(const DeltaBatch& batch, ConsolidatedOrder order);

}  // namespace penstock::data
