// Decorrelation computes a subquery for the distinct values that its outer rows have, their domain,
// and joins the result back to the outer rows. Where the subquery equates every column of the
// domain with something of its own, the join with the domain is not needed: without it the result
// has rows for more values, and those find no outer row. So EXISTS becomes a semijoin of the outer
// rows with the subquery's table, and not with a join of both.
//
//   X join f(distinct(X.k) join U on k = U.k) on k      =      X join f(U) on X.k = U.k
//
// f are operators that treat rows of different k apart. None of them may be able to fail: it would
// fail on rows that nobody asked for.
#pragma once

#include "plan/rel_expr.h"

namespace penstock::sql {

plan::RelRef without_domains(const plan::RelRef& rel);

}  // namespace penstock::sql
