// Logical plan -> the nodes of a circuit.
#pragma once

#include "base/ids.h"
#include "plan/dataflow_plan.h"
#include "plan/rel_expr.h"

namespace penstock::sql {

// Joins become chains of binary joins; maps, filters and projections are fused, into the join below
// where there is one; equal nodes are made once. `exported` names the one export.
plan::DataflowPlan to_dataflow(const plan::RelRef& rel, CollectionId exported);

}  // namespace penstock::sql
