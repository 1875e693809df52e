// A SELECT answered at one time: a one-off circuit over snapshots of what it imports, or a look
// into an index.
//
// The result waits until the uppers of everything it reads have passed its time, and leaves only
// when that time is durable (rule D2). A time that a cluster skipped is answered at the first one
// that is offered again (rule S5). Memory: the circuit's state, the result (limited), and a few
// chunks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/timestamp.h"
#include "data/delta_batch.h"
#include "plan/dataflow_plan.h"
#include "types/datum.h"

namespace penstock::engine {

// Rows of an index: those whose key is one of `keys`, or all. The answer's time may be later than
// the one asked for unless exact_time is set.
struct IndexLookup {
  ObjectId index;
  CollectionId on;  // What it indexes: the answer waits until that is durable (rule D2).
  std::optional<std::vector<std::vector<types::Datum>>> keys;
};

struct PeekRequest {
  plan::DataflowPlan plan;  // One export.
  Timestamp time;
  // Serves the plan's import of CollectionId{index.value} from the index. Falls back to an error
  // (55000) when the index is not there yet, or is past `time` while exact_time is set.
  std::optional<IndexLookup> lookup;
  // Of a transaction that has read before: no other time will do. Error 40001 when it was skipped.
  bool exact_time = false;
  uint64_t max_result_bytes = uint64_t{1} << 30;
  uint64_t timeout_ms = 0;  // For uppers and durability; 0 = none. Error 57014.
};

// The multiset of result rows: batches, equal rows possibly several times, all diffs positive.
struct PeekResult {
  Timestamp time;
  std::vector<data::BatchRef> batches;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

}  // namespace penstock::engine
