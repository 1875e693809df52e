// Filters go as far down as they can: fewer rows are kept, joined and counted.
//
// Which filters move. One that can fail stays where it is, so it is never evaluated on a row that
// it would not have seen. All others may move below everything that keeps their columns, also onto
// rows that are subtracted, and may thereby spare others their errors. An equality between inputs
// of a join becomes an equivalence of the join; what is compared with a literal on one side of it
// is compared on the other sides, too.
#pragma once

#include "plan/rel_expr.h"

namespace penstock::sql {

plan::RelRef with_predicates_pushed(const plan::RelRef& rel);

}  // namespace penstock::sql
