// Key and nullability inference, operator by operator.
#include <gtest/gtest.h>

#include "expr/function_spec.h"
#include "plan/dataflow_plan.h"
#include "plan/keys.h"
#include "plan/rel_expr.h"

namespace penstock::plan {
namespace {

using expr::FunctionSpec;
using expr::ScalarRef;
using types::Datum;
using types::SqlType;
using types::TypeId;

constexpr FunctionSpec kEquals{
    .name = "=",
    .parameter_array = {TypeId::kInt4, TypeId::kInt4},
    .num_parameters = 2,
    .result = TypeId::kBool,
};
constexpr FunctionSpec kToText{
    .name = "text",
    .parameter_array = {TypeId::kInt4},
    .num_parameters = 1,
    .result = TypeId::kText,
    .preserves_uniqueness = true,
};
constexpr FunctionSpec kAbs{
    .name = "abs",
    .parameter_array = {TypeId::kInt4},
    .num_parameters = 1,
    .result = TypeId::kInt4,
};

const SqlType kInt = SqlType::of(TypeId::kInt4);

ScalarRef column(size_t index) {
  return expr::column_ref(index, {kInt, true});
}
ScalarRef five() {
  return expr::literal(Datum::integer(5), kInt);
}
ScalarRef equals(ScalarRef a, ScalarRef b) {
  return expr::call(kEquals, {std::move(a), std::move(b)}, {SqlType::of(TypeId::kBool), true});
}

RelRef table(size_t columns, Keys keys) {
  types::RelationType type;
  for (size_t i = 0; i < columns; ++i)
    type.columns.push_back({std::string(1, static_cast<char>('a' + i)), {kInt, true}});
  type.keys = std::move(keys);
  return get(CollectionId{7}, type);
}

ConstantRow row(std::vector<int64_t> values) {
  ConstantRow out;
  for (int64_t value : values) out.values.push_back(Datum::integer(value));
  return out;
}

TEST(Keys, OfConstants) {
  const types::RelationType type = table(2, {})->type;
  EXPECT_EQ(constant(type, {})->type.keys, Keys{{}});
  EXPECT_EQ(constant(type, {row({1, 2})})->type.keys, Keys{{}});
  EXPECT_EQ(constant(type, {row({1, 2}), row({1, 3})})->type.keys, (Keys{{1}}));
  EXPECT_EQ(constant(type, {row({1, 2}), row({2, 3})})->type.keys, (Keys{{0}, {1}}));
  ConstantRow twice = row({1, 2});
  twice.diff = 2;
  EXPECT_EQ(constant(type, {twice})->type.keys, Keys{});
}

TEST(Keys, OfProjectionsAreKeptWhenAllColumnsSurvive) {
  EXPECT_EQ(project(table(3, {{0, 2}, {1}}), {2, 0})->type.keys, (Keys{{0, 1}}));
  EXPECT_EQ(project(table(3, {{1}}), {0, 2})->type.keys, Keys{});
  EXPECT_EQ(project(table(2, {{1}}), {1, 1})->type.keys, (Keys{{0}}));
}

TEST(Keys, OfMapsPassThroughUniqueFunctions) {
  auto text = expr::call(kToText, {column(0)}, {SqlType::of(TypeId::kText), true});
  EXPECT_EQ(map(table(2, {{0, 1}}), {text})->type.keys, (Keys{{0, 1}, {1, 2}}));
  auto abs = expr::call(kAbs, {column(0)}, {kInt, true});
  EXPECT_EQ(map(table(2, {{0}}), {abs})->type.keys, (Keys{{0}}));
}

TEST(Keys, OfFiltersLosePinnedColumns) {
  EXPECT_EQ(filter(table(2, {{0, 1}}), {equals(column(0), five())})->type.keys, (Keys{{1}}));
  EXPECT_EQ(filter(table(1, {{0}}), {equals(five(), column(0))})->type.keys, Keys{{}});
  EXPECT_EQ(filter(table(3, {{0, 2}}), {equals(column(0), column(1))})->type.keys,
            (Keys{{0, 2}, {1, 2}}));
  EXPECT_EQ(filter(table(2, {{0, 1}}), {equals(column(0), column(1))})->type.keys,
            (Keys{{1}, {0}}));
}

TEST(Keys, OfJoinsAreTheFirstInputs) {
  auto orders = table(2, {{0}});
  auto users = table(2, {{0}});
  EXPECT_EQ(join({orders, users}, {{column(1), column(2)}})->type.keys, (Keys{{0}}));
  EXPECT_EQ(join({orders, users}, {{column(1), column(3)}})->type.keys, Keys{});
  EXPECT_EQ(join({orders, users}, {})->type.keys, Keys{});
  EXPECT_EQ(
      join({orders, users, users}, {{column(1), column(2)}, {column(3), column(4)}})->type.keys,
      (Keys{{0}}));
}

TEST(Keys, OfGroupsAndDistinct) {
  EXPECT_EQ(reduce(table(3, {}), {column(2), column(1)}, {})->type.keys, (Keys{{0, 1}}));
  EXPECT_EQ(reduce(table(3, {{1}}), {column(2), column(1)}, {})->type.keys, (Keys{{1}}));
  EXPECT_EQ(reduce(table(3, {}), {}, {})->type.keys, Keys{{}});
  EXPECT_EQ(distinct(table(2, {}))->type.keys, (Keys{{0, 1}}));
  EXPECT_EQ(distinct(table(2, {{1}}))->type.keys, (Keys{{1}}));
}

TEST(Keys, OfTopK) {
  EXPECT_EQ(top_k(table(2, {}), {0}, {}, 1, 0)->type.keys, (Keys{{0}}));
  EXPECT_EQ(top_k(table(2, {}), {}, {}, 1, 0)->type.keys, Keys{{}});
  EXPECT_EQ(top_k(table(2, {{1}}), {0}, {}, 2, 0)->type.keys, (Keys{{1}}));
}

TEST(Keys, UnionsNegationsAndTableFunctionsHaveNone) {
  auto input = table(1, {{0}});
  EXPECT_EQ(union_all({input, input})->type.keys, Keys{});
  EXPECT_EQ(negate(input)->type.keys, Keys{});
  EXPECT_EQ(flat_map(input, TableFunction::kUnnestArray, {}, {})->type.keys, Keys{});
  EXPECT_EQ(threshold(input)->type.keys, (Keys{{0}}));
}

TEST(Nullability, PredicatesRuleOutNulls) {
  auto passed = filter(table(3, {}), {equals(column(0), five())});
  EXPECT_FALSE(passed->type.columns[0].type.nullable);
  EXPECT_TRUE(passed->type.columns[1].type.nullable);
  auto either = filter(table(2, {}),
                       {expr::disjunction({equals(column(0), five()), equals(column(1), five())})});
  EXPECT_TRUE(either->type.columns[0].type.nullable);
}

TEST(Nullability, OfJoinsFollowsTheEquivalence) {
  types::RelationType type = table(1, {})->type;
  type.columns[0].type.nullable = false;
  auto joined = join({table(1, {}), get(CollectionId{8}, type)}, {{column(0), column(1)}});
  EXPECT_FALSE(joined->type.columns[0].type.nullable);
}

TEST(Nullability, OfAggregates) {
  expr::AggregateExpr sum{expr::AggregateKind::kSumInt,       column(0), nullptr, false,
                          {SqlType::of(TypeId::kInt8), true}, {}};
  expr::AggregateExpr count{expr::AggregateKind::kCount,        column(0), nullptr, false,
                            {SqlType::of(TypeId::kInt8), true}, {}};
  auto grouped = reduce(table(2, {}), {column(1)}, {sum, count});
  EXPECT_TRUE(grouped->type.columns[1].type.nullable);
  EXPECT_FALSE(grouped->type.columns[2].type.nullable);
}

TEST(Explain, ShowsTheTree) {
  auto plan = project(filter(table(2, {}), {equals(column(0), five())}), {1});
  EXPECT_EQ(explain(plan, {{CollectionId{7}, "t"}}),
            "Project (#1)\n"
            "  Filter (#0 = 5)\n"
            "    Get t\n");
}

TEST(Explain, ShowsTheNodes) {
  DataflowPlan plan;
  plan.nodes.push_back({ImportNode{CollectionId{7}}, {}, {}});
  MapFilterProject mfp;
  mfp.predicates = {equals(column(0), five())};
  mfp.predicate_after = {0};
  mfp.projection = {1};
  plan.nodes.push_back({MfpNode{mfp}, {0}, {}});
  plan.exports.push_back({CollectionId{9}, 1});
  EXPECT_EQ(explain(plan, {{CollectionId{7}, "t"}, {CollectionId{9}, "v"}}),
            "0: Import t\n"
            "1: Mfp filter=((#0 = 5)) project=(#1) <- 0\n"
            "export v <- 1\n");
}

}  // namespace
}  // namespace penstock::plan
