// Which columns of a node can be NULL in some row that flows through it.
//
// A logical plan speaks of collections: a row that is added and taken away again is not in them.
// State holds it all the same, so what a dataflow node says of NULL has to be true of each row,
// also of those that are only subtracted.
#pragma once

#include "plan/dataflow_plan.h"

namespace penstock::sql {

// Sets `nullable` of the node's columns. REQUIRES: it is set for the nodes before it.
void set_row_nullability(plan::PlanNode& node, const std::vector<plan::PlanNode>& before);

}  // namespace penstock::sql
