// Makers, comparison and rewriting of expression trees.
#include "expr/scalar.h"

#include <algorithm>

#include "expr/function_spec.h"

namespace penstock::expr {
namespace {

using types::ColumnType;
using types::SqlType;
using types::TypeId;

ScalarRef make(ScalarExpr expression) {
  return std::make_shared<const ScalarExpr>(std::move(expression));
}

ScalarRef logical(ScalarKind kind, std::vector<ScalarRef> arguments) {
  CHECK(!arguments.empty());
  if (arguments.size() == 1) return std::move(arguments[0]);
  ScalarExpr out;
  out.kind = kind;
  out.type = {SqlType::of(TypeId::kBool),
              std::ranges::any_of(arguments, [](const auto& a) { return a->type.nullable; })};
  out.arguments = std::move(arguments);
  return make(std::move(out));
}

// The tree with every column reference replaced by change(reference).
template <typename Change>
ScalarRef rewrite_columns(const ScalarRef& expression, const Change& change) {
  if (expression->kind == ScalarKind::kColumn) return change(expression);
  bool changed = false;
  std::vector<ScalarRef> arguments;
  arguments.reserve(expression->arguments.size());
  for (const ScalarRef& argument : expression->arguments) {
    arguments.push_back(rewrite_columns(argument, change));
    changed |= arguments.back() != argument;
  }
  if (!changed) return expression;
  ScalarExpr out = *expression;
  out.arguments = std::move(arguments);
  return make(std::move(out));
}

}  // namespace

ScalarRef column_ref(size_t column, ColumnType type) {
  ScalarExpr out;
  out.kind = ScalarKind::kColumn;
  out.column = column;
  out.type = std::move(type);
  return make(std::move(out));
}

ScalarRef literal(types::Datum value, SqlType type) {
  ScalarExpr out;
  out.kind = ScalarKind::kLiteral;
  out.type = {std::move(type), value.is_null()};
  out.literal = std::move(value);
  return make(std::move(out));
}

ScalarRef error_literal(data::RowError error, SqlType type) {
  ScalarExpr out;
  out.kind = ScalarKind::kErrorLiteral;
  out.type = {std::move(type), false};
  out.error = std::move(error);
  return make(std::move(out));
}

ScalarRef call(const FunctionSpec& function, std::vector<ScalarRef> arguments, ColumnType type) {
  CHECK(function.accepts_arity(arguments.size()));
  ScalarExpr out;
  out.kind = ScalarKind::kCall;
  out.function = &function;
  out.arguments = std::move(arguments);
  out.type = std::move(type);
  return make(std::move(out));
}

ScalarRef conjunction(std::vector<ScalarRef> arguments) {
  return logical(ScalarKind::kAnd, std::move(arguments));
}

ScalarRef disjunction(std::vector<ScalarRef> arguments) {
  return logical(ScalarKind::kOr, std::move(arguments));
}

ScalarRef case_when(std::vector<ScalarRef> arguments, ColumnType type) {
  CHECK_OP(==, arguments.size() % 2, 1u);
  if (arguments.size() == 1) return std::move(arguments[0]);
  ScalarExpr out;
  out.kind = ScalarKind::kCase;
  out.arguments = std::move(arguments);
  out.type = std::move(type);
  return make(std::move(out));
}

ScalarRef coalesce(std::vector<ScalarRef> arguments, ColumnType type) {
  CHECK(!arguments.empty());
  if (arguments.size() == 1) return std::move(arguments[0]);
  ScalarExpr out;
  out.kind = ScalarKind::kCoalesce;
  out.arguments = std::move(arguments);
  out.type = std::move(type);
  return make(std::move(out));
}

bool equal(const ScalarExpr& a, const ScalarExpr& b) {
  if (&a == &b) return true;
  return a.kind == b.kind && a.type == b.type && a.column == b.column && a.literal == b.literal &&
         a.error == b.error && a.function == b.function &&
         std::ranges::equal(a.arguments, b.arguments,
                            [](const auto& x, const auto& y) { return equal(*x, *y); });
}

ScalarRef substitute(const ScalarRef& expression, const std::vector<ScalarRef>& replacement) {
  return rewrite_columns(expression, [&](const ScalarRef& reference) {
    CHECK_OP(<, reference->column, replacement.size());
    return replacement[reference->column];
  });
}

ScalarRef renumber(const ScalarRef& expression, const std::vector<size_t>& mapping) {
  return rewrite_columns(expression, [&](const ScalarRef& reference) {
    CHECK_OP(<, reference->column, mapping.size());
    size_t column = mapping[reference->column];
    return column == reference->column ? reference : column_ref(column, reference->type);
  });
}

bool is_constant(const ScalarExpr& expression) {
  if (expression.kind == ScalarKind::kColumn || expression.kind == ScalarKind::kErrorLiteral) {
    return false;
  }
  if (expression.function != nullptr && expression.function->volatility != Volatility::kImmutable) {
    return false;
  }
  return std::ranges::all_of(expression.arguments, [](const auto& a) { return is_constant(*a); });
}

}  // namespace penstock::expr
