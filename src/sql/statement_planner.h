// What every statement of the planner shares: a binder over a PlanContext, and the way from a bound
// relation to a plan. Used by the planner's own files; see planner.h for the face.
#pragma once

#include <vector>

#include "sql/bind/binder.h"
#include "sql/planner.h"

namespace penstock::sql {

Binder make_binder(const PlanContext& context);

// Writes the inferred types of parameters back. Error 42P18: one stayed unknown.
Status settle_parameters(const Binder& binder, const PlanContext& context);

// Lowers, replaces statement-dependent calls (or refuses them), optimises, and lowers to dataflow.
Result<QueryPlan> plan_bound(const BoundRelRef& rel, const Binder& binder,
                             const PlanContext& context);

// The plan's relation with these names and types; nullability and keys are the plan's.
void describe(QueryPlan& plan, const std::vector<types::ColumnDesc>& columns);

// A lowered scalar over the columns of a row, its statement-dependent calls replaced, folded.
Result<expr::ScalarRef> plan_scalar(const BoundExpr& expression, const PlanContext& context);

}  // namespace penstock::sql
