// See predicates.h.
#include "plan/predicates.h"

#include <algorithm>

#include "expr/function_spec.h"

namespace penstock::plan {
namespace {

using expr::ScalarExpr;
using expr::ScalarKind;
using expr::ScalarRef;

bool is_call_of(const ScalarExpr& expression, std::string_view name, size_t arguments) {
  return expression.kind == ScalarKind::kCall && expression.function->name == name &&
         expression.arguments.size() == arguments;
}

void append_columns(const ScalarExpr& expression, std::vector<size_t>& out) {
  expr::for_each_column(expression, [&](size_t column) { out.push_back(column); });
}

}  // namespace

void append_conjuncts(const ScalarRef& predicate, std::vector<ScalarRef>& out) {
  if (predicate->kind != ScalarKind::kAnd) {
    out.push_back(predicate);
    return;
  }
  for (const ScalarRef& argument : predicate->arguments) append_conjuncts(argument, out);
}

std::optional<std::pair<ScalarRef, ScalarRef>> equality_sides(const ScalarExpr& predicate) {
  if (!is_call_of(predicate, "=", 2)) return std::nullopt;
  return std::pair(predicate.arguments[0], predicate.arguments[1]);
}

ScalarRef null_test_operand(const ScalarExpr& predicate) {
  return is_call_of(predicate, "is_null", 1) ? predicate.arguments[0] : nullptr;
}

ScalarRef not_null_test_operand(const ScalarExpr& predicate) {
  return is_call_of(predicate, "not", 1) ? null_test_operand(*predicate.arguments[0]) : nullptr;
}

bool null_when_null(const ScalarExpr& expression, size_t column) {
  auto is_null = [&](const ScalarRef& argument) { return null_when_null(*argument, column); };
  switch (expression.kind) {
    case ScalarKind::kColumn:
      return expression.column == column;
    case ScalarKind::kLiteral:
      return expression.literal.is_null();
    case ScalarKind::kErrorLiteral:
      return true;
    case ScalarKind::kCall:
      return expression.function->null_policy == expr::NullPolicy::kStrict &&
             std::ranges::any_of(expression.arguments, is_null);
    case ScalarKind::kCoalesce:
      return std::ranges::all_of(expression.arguments, is_null);
    case ScalarKind::kAnd:
    case ScalarKind::kOr:
      return std::ranges::all_of(expression.arguments, is_null);
    case ScalarKind::kCase:
      return false;
  }
  return false;
}

bool rejects_null(const ScalarExpr& predicate, size_t column) {
  auto rejects = [&](const ScalarRef& argument) { return rejects_null(*argument, column); };
  if (predicate.kind == ScalarKind::kAnd) return std::ranges::any_of(predicate.arguments, rejects);
  if (predicate.kind == ScalarKind::kOr) return std::ranges::all_of(predicate.arguments, rejects);
  if (predicate.kind == ScalarKind::kLiteral) {
    return predicate.literal.is_null() || !predicate.literal.as_bool();
  }
  if (ScalarRef operand = not_null_test_operand(predicate)) {
    return null_when_null(*operand, column);
  }
  return null_when_null(predicate, column);
}

void mark_not_null(const std::vector<ScalarRef>& predicates,
                   std::vector<types::ColumnDesc>& columns) {
  for (const ScalarRef& predicate : predicates) {
    std::vector<size_t> mentioned;
    append_columns(*predicate, mentioned);
    for (size_t column : mentioned) {
      if (columns[column].type.nullable && rejects_null(*predicate, column)) {
        columns[column].type.nullable = false;
      }
    }
  }
}

}  // namespace penstock::plan
