// Columns and aggregates that nobody looks at are not carried: every node of a plan gives only the
// columns that something above it needs.
//
// DISTINCT, threshold and LIMIT look at whole rows (equal rows, ties); what is below them keeps its
// columns, except where a key says that nobody can tell. Negated rows lose the same columns as
// those they are subtracted from.
#pragma once

#include "sql/optimize/bindings.h"

namespace penstock::sql {

// The body keeps its columns.
void drop_unneeded(Bindings& bindings);

}  // namespace penstock::sql
