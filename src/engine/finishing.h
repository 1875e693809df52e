// The end of a SELECT: ORDER BY, OFFSET, LIMIT and the final projection over the rows of a peek.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "data/delta_batch.h"
#include "plan/rel_expr.h"
#include "types/sql_type.h"

namespace penstock::engine {

struct Finishing {
  std::vector<plan::SortColumn> order;  // Ties keep a fixed order: all columns, ascending.
  uint64_t offset = 0;
  std::optional<uint64_t> limit;
  std::vector<size_t> projection;  // Of the columns, in output order.
};

// The rows in their final order, each as often as its diff says, in chunks with diffs of 1.
std::vector<data::BatchRef> finish_rows(const std::vector<data::BatchRef>& batches,
                                        const std::vector<types::ColumnType>& columns,
                                        const Finishing& finishing);

}  // namespace penstock::engine
