// See scalar_facts.h.
#include "sql/optimize/scalar_facts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "data/key_codec.h"
#include "expr/evaluator.h"
#include "expr/fold.h"
#include "expr/function_catalogue.h"
#include "expr/function_spec.h"
#include "plan/predicates.h"

namespace penstock::sql {

using expr::ScalarExpr;
using expr::ScalarKind;
using expr::ScalarRef;
using types::SqlType;
using types::TypeId;

namespace {

bool is_call(const ScalarExpr& expression, std::string_view name, size_t arguments) {
  return expression.kind == ScalarKind::kCall && expression.function->name == name &&
         expression.arguments.size() == arguments;
}

bool is_nullable(const ScalarRef& expression) {
  return expression->type.nullable;
}

// Whether the expression can be NULL, judged by its arguments.
bool inferred_nullable(const ScalarExpr& expression) {
  const auto& arguments = expression.arguments;
  switch (expression.kind) {
    case ScalarKind::kCall: {
      std::vector<types::ColumnType> types;
      for (const ScalarRef& argument : arguments) types.push_back(argument->type);
      return expr::result_column_type(*expression.function, types).nullable;
    }
    case ScalarKind::kAnd:
    case ScalarKind::kOr:
      return std::ranges::any_of(arguments, is_nullable);
    case ScalarKind::kCoalesce:
      return std::ranges::all_of(arguments, is_nullable);
    case ScalarKind::kCase: {
      bool nullable = is_nullable(arguments.back());
      for (size_t i = 1; i < arguments.size(); i += 2) nullable |= is_nullable(arguments[i]);
      return nullable;
    }
    default:
      return expression.type.nullable;
  }
}

// A cast and its like.
bool is_null_like_its_argument(const ScalarExpr& expression) {
  if (expression.kind != ScalarKind::kCall || expression.arguments.size() != 1) return false;
  const expr::FunctionSpec& function = *expression.function;
  return function.null_policy == expr::NullPolicy::kStrict && !function.may_return_null &&
         function.nullability == expr::Nullability::kOfArguments;
}

ScalarRef with_nullability(const ScalarRef& expression,
                           const std::vector<types::ColumnDesc>& columns) {
  if (expression->kind == ScalarKind::kColumn) {
    const bool nullable = columns[expression->column].type.nullable;
    if (nullable == expression->type.nullable) return expression;
    return expr::column_ref(expression->column, {expression->type.type, nullable});
  }
  if (expression->arguments.empty()) return expression;
  ScalarExpr out = *expression;
  for (ScalarRef& argument : out.arguments) argument = with_nullability(argument, columns);
  out.type.nullable = inferred_nullable(out);
  if (is_call(out, "is_null", 1) && !expr::can_fail(*out.arguments[0])) {
    while (is_null_like_its_argument(*out.arguments[0])) {
      out.arguments[0] = ScalarRef(out.arguments[0]->arguments[0]);
    }
    if (!out.arguments[0]->type.nullable) {
      return expr::literal(types::Datum::boolean(false), SqlType::of(TypeId::kBool));
    }
  }
  if (out.type == expression->type && out.arguments == expression->arguments) return expression;
  return std::make_shared<const ScalarExpr>(std::move(out));
}

}  // namespace

ScalarRef refined(const ScalarRef& expression, const std::vector<types::ColumnDesc>& columns) {
  return expr::fold_constants(with_nullability(expression, columns));
}

bool same_scalar(const ScalarExpr& a, const ScalarExpr& b) {
  if (&a == &b) return true;
  return a.kind == b.kind && a.type.type == b.type.type && a.column == b.column &&
         a.literal == b.literal && a.error == b.error && a.function == b.function &&
         same_scalars(a.arguments, b.arguments);
}

bool same_scalars(const std::vector<ScalarRef>& a, const std::vector<ScalarRef>& b) {
  return std::ranges::equal(
      a, b, [](const ScalarRef& x, const ScalarRef& y) { return same_scalar(*x, *y); });
}

bool contains_scalar(const std::vector<ScalarRef>& list, const ScalarExpr& expression) {
  return std::ranges::any_of(
      list, [&](const ScalarRef& known) { return same_scalar(*known, expression); });
}

size_t size_of(const ScalarExpr& expression) {
  size_t size = 1;
  for (const ScalarRef& argument : expression.arguments) size += size_of(*argument);
  return size;
}

bool is_true_literal(const ScalarExpr& expression) {
  return expression.kind == ScalarKind::kLiteral && !expression.literal.is_null() &&
         expression.literal.as_bool();
}

bool is_never_true(const ScalarExpr& expression) {
  return expression.kind == ScalarKind::kLiteral &&
         (expression.literal.is_null() || !expression.literal.as_bool());
}

ScalarRef is_null(const ScalarRef& expression) {
  return expr::call(expr::function_of("is_null", {expr::kAny}), {expression},
                    {SqlType::of(TypeId::kBool), false});
}

ScalarRef is_not_null(const ScalarRef& expression) {
  return negation(is_null(expression));
}

ScalarRef negation(const ScalarRef& predicate) {
  if (is_call(*predicate, "not", 1)) return predicate->arguments[0];
  return expr::call(expr::function_of("not", {TypeId::kBool}), {predicate}, predicate->type);
}

std::optional<Equality> equality_of(const ScalarExpr& predicate) {
  std::optional<Equality> out;
  if (auto sides = plan::equality_sides(predicate)) {
    out = {sides->first, sides->second, false};
  } else if (is_call(predicate, "not", 1) &&
             is_call(*predicate.arguments[0], "is_distinct_from", 2)) {
    const auto& sides_of_not = predicate.arguments[0]->arguments;
    out = {sides_of_not[0], sides_of_not[1], true};
  }
  if (out && !types::same_base_type(out->left->type.type, out->right->type.type)) return {};
  return out;
}

std::optional<size_t> compared_column(const ScalarExpr& predicate) {
  static constexpr std::array<std::string_view, 6> kComparisons = {"=", "<>", "<", "<=", ">", ">="};
  if (predicate.kind != ScalarKind::kCall || predicate.arguments.size() != 2 ||
      std::ranges::find(kComparisons, predicate.function->name) == kComparisons.end()) {
    return {};
  }
  const ScalarExpr* column = predicate.arguments[0].get();
  const ScalarExpr* literal = predicate.arguments[1].get();
  if (column->kind != ScalarKind::kColumn) std::swap(column, literal);
  if (column->kind != ScalarKind::kColumn || literal->kind != ScalarKind::kLiteral) return {};
  return column->column;
}

namespace {

bool looks_at_exact_columns(const ScalarExpr& expression) {
  if (expression.kind == ScalarKind::kColumn) {
    return data::KeyCodec({{expression.type.type, true}}).is_exact(0);
  }
  return std::ranges::all_of(expression.arguments, [](const ScalarRef& argument) {
    return looks_at_exact_columns(*argument);
  });
}

}  // namespace

bool respects_equality(const ScalarExpr& predicate) {
  if (compared_column(predicate)) return true;
  if (predicate.kind == ScalarKind::kAnd || predicate.kind == ScalarKind::kOr) {
    return std::ranges::all_of(predicate.arguments,
                               [](const ScalarRef& part) { return respects_equality(*part); });
  }
  if (ScalarRef operand = plan::not_null_test_operand(predicate)) {
    if (operand->kind == ScalarKind::kColumn) return true;
  }
  if (ScalarRef operand = plan::null_test_operand(predicate)) {
    if (operand->kind == ScalarKind::kColumn) return true;
  }
  return looks_at_exact_columns(predicate);
}

std::vector<bool> columns_in(const std::vector<ScalarRef>& expressions, size_t num_columns) {
  std::vector<bool> out(num_columns, false);
  for (const ScalarRef& expression : expressions) {
    expr::for_each_column(*expression, [&](size_t column) {
      if (column < num_columns) out[column] = true;
    });
  }
  return out;
}

}  // namespace penstock::sql
