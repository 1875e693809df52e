// What a cluster keeps up to date: views (exported to storage) and indexes (in memory), and how far
// each is. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/timestamp.h"
#include "plan/dataflow_plan.h"

namespace penstock::engine {

struct ViewSpec {
  CollectionId collection;  // The one export of `plan`.
  ClusterId cluster;
  plan::DataflowPlan plan;
};

// An index holds the rows of `plan` (an import alone, or the plan of a plain view) by the values of
// `key`. Its one export carries the id of the index.
struct IndexSpec {
  ObjectId index;
  ClusterId cluster;
  plan::DataflowPlan plan;
  std::vector<size_t> key;  // Columns of the export.
};

enum class ViewState : uint8_t {
  kWaiting,    // Something it reads is not published yet (rule T5).
  kHydrating,  // Reading snapshots in a circuit of its own.
  kRunning,
};

struct ViewStatus {
  CollectionId collection;  // Of an index: its id.
  ClusterId cluster;
  ViewState state = ViewState::kWaiting;
  std::vector<CollectionId> waiting_for;
  uint64_t rows_read = 0;    // While hydrating.
  uint64_t state_bytes = 0;  // Of its circuit.
  uint64_t lag_ticks = 0;    // Of its cluster, waiting to be stepped.
  uint64_t corrections = 0;  // Updates appended because rehydration did not reproduce (S6).
};

}  // namespace penstock::engine
