// GROUP BY where each group has one row.
#pragma once

#include "plan/rel_expr.h"

namespace penstock::sql {

// The reduce as a map, if its groups have one row each and its aggregates of one row are plain to
// say (count, min, max, bool_and, bool_or); otherwise itself.
plan::RelRef without_grouping(const plan::RelRef& reduce);

}  // namespace penstock::sql
