// See condition.h.
#include "sql/lower/condition.h"

#include <algorithm>

#include "expr/function_spec.h"

namespace penstock::sql {
namespace {

bool is_literal_bool(const BoundExpr& expression, bool value) {
  return expression.kind == BoundExprKind::kLiteral && !expression.literal.is_null() &&
         expression.type.type.id == types::TypeId::kBool && expression.literal.as_bool() == value;
}

// CASE WHEN EXISTS ... THEN true WHEN ... THEN NULL ELSE false END: see expression_subquery.cc.
bool is_three_valued_exists(const BoundExpr& expression) {
  const auto& arguments = expression.arguments;
  return expression.kind == BoundExprKind::kCase && arguments.size() == 5 &&
         arguments[0]->kind == BoundExprKind::kExists && is_literal_bool(*arguments[1], true) &&
         arguments[3]->kind == BoundExprKind::kLiteral && arguments[3]->literal.is_null() &&
         is_literal_bool(*arguments[4], false);
}

bool is_not(const BoundExpr& expression) {
  return expression.kind == BoundExprKind::kCall && expression.function->name == "not";
}

// Conditions for `predicate` being false.
void append_negations(const BoundExprRef& predicate, std::vector<BoundExprRef>& out) {
  if (is_three_valued_exists(*predicate)) {
    append_negations(predicate->arguments[0], out);
    append_negations(predicate->arguments[2], out);
  } else if (predicate->kind == BoundExprKind::kOr) {
    for (const BoundExprRef& argument : predicate->arguments) append_negations(argument, out);
  } else if (is_not(*predicate)) {
    append_conditions(predicate->arguments[0], out);
  } else {
    out.push_back(bound_not(predicate));
  }
}

}  // namespace

void append_conditions(const BoundExprRef& predicate, std::vector<BoundExprRef>& out) {
  if (predicate->kind == BoundExprKind::kAnd) {
    for (const BoundExprRef& argument : predicate->arguments) append_conditions(argument, out);
  } else if (is_three_valued_exists(*predicate)) {
    append_conditions(predicate->arguments[0], out);
  } else if (is_not(*predicate)) {
    append_negations(predicate->arguments[0], out);
  } else {
    out.push_back(predicate);
  }
}

bool has_subquery(const BoundExpr& expression) {
  return expression.relation || std::ranges::any_of(expression.arguments, [](const auto& argument) {
           return has_subquery(*argument);
         });
}

}  // namespace penstock::sql
