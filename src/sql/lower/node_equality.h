// Whether two nodes of a dataflow plan compute the same.
#pragma once

#include "plan/dataflow_plan.h"

namespace penstock::sql {

bool same_node(const plan::PlanNode& a, const plan::PlanNode& b);
bool same_aggregates(const std::vector<expr::AggregateExpr>& a,
                     const std::vector<expr::AggregateExpr>& b);
bool same_expressions(const std::vector<expr::ScalarRef>& a, const std::vector<expr::ScalarRef>& b);

}  // namespace penstock::sql
