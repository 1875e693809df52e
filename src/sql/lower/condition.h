// Conditions of WHERE, ON and HAVING, taken apart. Only whether they are true matters.
#pragma once

#include <vector>

#include "sql/bind/bound.h"

namespace penstock::sql {

// Appends conditions that are all true exactly where `predicate` is. The three-valued forms that
// the binder makes of IN and ANY become plain EXISTS, so that NOT IN is an antijoin.
void append_conditions(const BoundExprRef& predicate, std::vector<BoundExprRef>& out);

bool has_subquery(const BoundExpr& expression);

}  // namespace penstock::sql
