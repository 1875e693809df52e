// Bound expressions without columns and subqueries: their value at planning time.
#pragma once

#include "base/result.h"
#include "expr/scalar.h"
#include "sql/bind/bound.h"
#include "types/datum.h"

namespace penstock::sql {

bool has_parameter(const BoundExpr& expression);

// An expression without subqueries, aggregates and outer references as the evaluator takes it.
expr::ScalarRef plain_scalar(const BoundExpr& expression);

// Errors: 0A000 when the expression is not constant; else what its evaluation raises.
Result<types::Datum> constant_value(const BoundExpr& expression);

}  // namespace penstock::sql
