// What is known of expressions: nullability, equality.
#include "sql/optimize/scalar_facts.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "expr/function_catalogue.h"
#include "expr/function_spec.h"

namespace penstock::sql {
namespace {

using expr::ScalarRef;
using types::Datum;
using types::SqlType;
using types::TypeId;

ScalarRef column(TypeId type, bool nullable = true) {
  return expr::column_ref(0, {SqlType::of(type), nullable});
}
ScalarRef call(std::string_view name, std::initializer_list<expr::TypePattern> parameters,
               std::vector<ScalarRef> arguments) {
  const expr::FunctionSpec& function = expr::function_of(name, parameters);
  std::vector<types::ColumnType> types;
  for (const ScalarRef& argument : arguments) types.push_back(argument->type);
  return expr::call(function, std::move(arguments), expr::result_column_type(function, types));
}
ScalarRef less(TypeId type, ScalarRef a, ScalarRef b) {
  return call("<", {type, type}, {std::move(a), std::move(b)});
}

// -0.0 and 0.0 are equal, and 1/x or their text tells them apart: such a test does not go below a
// group, which shows 0.0.
TEST(ScalarFacts, WhatCannotTellEqualValuesApart) {
  const ScalarRef zero = expr::literal(Datum::floating(0), SqlType::of(TypeId::kFloat8));
  EXPECT_TRUE(respects_equality(*less(TypeId::kFloat8, column(TypeId::kFloat8), zero)));
  EXPECT_TRUE(respects_equality(*is_not_null(column(TypeId::kFloat8))));
  auto divided = [&](TypeId type, Datum one) {
    return call("/", {type, type},
                {expr::literal(std::move(one), SqlType::of(type)), column(type)});
  };
  EXPECT_FALSE(respects_equality(
      *less(TypeId::kFloat8, divided(TypeId::kFloat8, Datum::floating(1)), zero)));
  const ScalarRef five = expr::literal(Datum::integer(5), SqlType::of(TypeId::kInt4));
  EXPECT_TRUE(
      respects_equality(*less(TypeId::kInt4, divided(TypeId::kInt4, Datum::integer(1)), five)));
}

TEST(ScalarFacts, ATestForNullOfWhatIsNeverNullIsFalse) {
  const std::vector<types::ColumnDesc> filled = {{"a", {SqlType::of(TypeId::kInt4), false}}};
  const std::vector<types::ColumnDesc> nullable = {{"a", {SqlType::of(TypeId::kInt4), true}}};
  EXPECT_TRUE(is_never_true(*refined(is_null(column(TypeId::kInt4)), filled)));
  EXPECT_TRUE(is_true_literal(*refined(is_not_null(column(TypeId::kInt4)), filled)));
  // What was known of another row is not believed.
  const ScalarRef stale = is_null(column(TypeId::kInt4, false));
  EXPECT_TRUE(same_scalar(*refined(stale, nullable), *stale));
  EXPECT_TRUE(refined(stale, nullable)->arguments[0]->type.nullable);
}

TEST(ScalarFacts, EqualitiesAreBetweenValuesOfOneType) {
  const ScalarRef a = column(TypeId::kInt4);
  EXPECT_TRUE(equality_of(*call("=", {TypeId::kInt4, TypeId::kInt4}, {a, a})));
  EXPECT_FALSE(equality_of(*less(TypeId::kInt4, a, a)));
  EXPECT_FALSE(compared_column(*less(TypeId::kInt4, a, a)));
}

}  // namespace
}  // namespace penstock::sql
