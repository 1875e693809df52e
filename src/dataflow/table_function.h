// The rows of a table function for one row of arguments: generate_series, the jsonb functions,
// unnest. Values come one at a time, so that a long series costs no memory.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "data/row_error.h"
#include "plan/rel_expr.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::dataflow {

// Takes one output row: a value for each column the function appends.
using TableRowVisit = std::function<void(std::span<const types::Datum>)>;

// The row's error, if the arguments have no answer; then nothing was visited. A NULL argument gives
// no rows, and so does a jsonb value of the wrong kind. `types` are those of the arguments.
std::optional<data::RowError> for_each_table_row(plan::TableFunction function,
                                                 std::span<const types::SqlType> types,
                                                 std::span<const types::Datum> arguments,
                                                 const TableRowVisit& visit);

}  // namespace penstock::dataflow
