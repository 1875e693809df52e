// See constant.h.
#include "sql/bind/constant.h"

#include "base/check.h"
#include "expr/evaluator.h"
#include "expr/fold.h"

namespace penstock::sql {

using expr::ScalarRef;

bool has_parameter(const BoundExpr& expression) {
  if (expression.kind == BoundExprKind::kParameter) return true;
  for (const BoundExprRef& argument : expression.arguments) {
    if (has_parameter(*argument)) return true;
  }
  return false;
}

ScalarRef plain_scalar(const BoundExpr& expression) {
  std::vector<ScalarRef> arguments;
  for (const BoundExprRef& argument : expression.arguments) {
    arguments.push_back(plain_scalar(*argument));
  }
  switch (expression.kind) {
    case BoundExprKind::kColumn:
      CHECK_OP(==, expression.level, size_t{0});
      return expr::column_ref(expression.column, expression.type);
    case BoundExprKind::kLiteral:
      return expr::literal(expression.literal, expression.type.type);
    case BoundExprKind::kCall:
      return expr::call(*expression.function, std::move(arguments), expression.type);
    case BoundExprKind::kAnd:
      return expr::conjunction(std::move(arguments));
    case BoundExprKind::kOr:
      return expr::disjunction(std::move(arguments));
    case BoundExprKind::kCase:
      return expr::case_when(std::move(arguments), expression.type);
    case BoundExprKind::kCoalesce:
      return expr::coalesce(std::move(arguments), expression.type);
    default:
      check_failed(__FILE__, __LINE__, "a plain expression", "");
  }
}

namespace {

bool is_plain_constant(const BoundExpr& expression) {
  switch (expression.kind) {
    case BoundExprKind::kColumn:
    case BoundExprKind::kParameter:
    case BoundExprKind::kAggregate:
    case BoundExprKind::kScalarSubquery:
    case BoundExprKind::kExists:
      return false;
    case BoundExprKind::kCall:
      if (expression.function->volatility != expr::Volatility::kImmutable) return false;
      break;
    default:
      break;
  }
  for (const BoundExprRef& argument : expression.arguments) {
    if (!is_plain_constant(*argument)) return false;
  }
  return true;
}

}  // namespace

Result<types::Datum> constant_value(const BoundExpr& expression) {
  if (!is_plain_constant(expression)) {
    return fail(sql_state::kFeatureNotSupported,
                "expressions that are not constant here not yet supported");
  }
  return expr::evaluate_row(plain_scalar(expression), {});
}

}  // namespace penstock::sql
