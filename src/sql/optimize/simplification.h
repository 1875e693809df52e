// Rules that look at one operator and what stands directly below it.
#pragma once

#include "plan/rel_expr.h"

namespace penstock::sql {

// Refines the node's own expressions by what its inputs say (scalar_facts.h).
void refine_scalars(plan::RelExpr& node);

// The plan with all its expressions refined.
plan::RelRef with_scalars_refined(const plan::RelRef& rel);

// Neighbours of a kind become one; projections rise above maps and joins, so that joins meet and
// become one join of all inputs; what reads nothing is nothing; what changes nothing (DISTINCT of
// rows with a key, a limit of one row, ...) is left out.
plan::RelRef simplified(const plan::RelRef& rel);

// The same without raising projections: for the end, when each stands where it spares most.
plan::RelRef tidied(const plan::RelRef& rel);

}  // namespace penstock::sql
