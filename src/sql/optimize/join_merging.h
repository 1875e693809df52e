// Joins of joins become one join, so that it gets an order and all its equalities together.
#pragma once

#include "plan/rel_expr.h"

namespace penstock::sql {

// The join over what stands below its inputs' projections, filters that cannot fail (above a join)
// and joins, with those above it. Inputs of one row without columns go; a join of one is none.
plan::RelRef merged_join(const plan::RelRef& join);

}  // namespace penstock::sql
