// Bound queries -> logical plans: subqueries, lateral joins and outer joins become joins, distincts
// and unions, so that everything can be maintained incrementally.
//
// Decorrelation. A correlated relation is lowered once for all its outer rows together: `lower`
// takes a set of outer rows (the distinct values of the columns it looks at) and returns, for each
// of them, the rows of the relation with the outer row in front; a join on the outer columns (NULL
// equal to NULL) brings the result back. After T. Neumann and A. Kemper, "Unnesting Arbitrary
// Queries" (BTW 2015). See
// docs/internals/planning.md.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/rel_expr.h"
#include "sql/bind/binder.h"
#include "sql/bind/bound.h"

namespace penstock::sql {

// REQUIRES: `root` sees no outer scope. Parameters without a value become NULL.
plan::RelRef lower(const BoundRelRef& root, const std::vector<BoundCte>& ctes);

}  // namespace penstock::sql
