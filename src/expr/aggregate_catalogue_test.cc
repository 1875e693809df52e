// Result types and nullability of aggregates.
#include "expr/aggregate_catalogue.h"

#include <gtest/gtest.h>

namespace penstock::expr {
namespace {

using types::SqlType;
using types::TypeId;

TEST(AggregateCatalogue, SumsWidenAndKeepScaleZeroForIntegers) {
  struct Case {
    TypeId argument;
    TypeId result;
    int32_t modifier;
  };
  for (const Case& one : {Case{TypeId::kInt2, TypeId::kInt8, -1},
                          {TypeId::kInt4, TypeId::kInt8, -1},
                          {TypeId::kInt8, TypeId::kNumeric, 0},
                          {TypeId::kUInt4, TypeId::kUInt8, -1},
                          {TypeId::kUInt8, TypeId::kNumeric, 0},
                          {TypeId::kFloat4, TypeId::kFloat4, -1},
                          {TypeId::kNumeric, TypeId::kNumeric, -1}}) {
    const AggregateSpec* sum = find_aggregate("sum", one.argument);
    ASSERT_NE(sum, nullptr);
    SqlType type = aggregate_type(*sum, {SqlType::of(one.argument), false}, false).type;
    EXPECT_EQ(type.id, one.result);
    EXPECT_EQ(type.modifier, one.modifier);
  }
  for (const char* name : {"sum", "min", "max"}) {
    const AggregateSpec* of_numeric = find_aggregate(name, TypeId::kNumeric);
    EXPECT_EQ(
        aggregate_type(*of_numeric, {{TypeId::kNumeric, 2, nullptr}, false}, false).type.modifier,
        2)
        << name;
  }
  EXPECT_EQ(find_aggregate("sum", TypeId::kInterval), nullptr);
  EXPECT_EQ(find_aggregate("max", TypeId::kUuid), nullptr);
  EXPECT_EQ(find_aggregate("max", TypeId::kBytea), nullptr);
}

TEST(AggregateCatalogue, Nullability) {
  SqlType int4 = SqlType::of(TypeId::kInt4);
  auto nullable = [&](std::string_view name, bool argument, bool global) {
    return aggregate_type(*find_aggregate(name, TypeId::kInt4), {int4, argument}, global).nullable;
  };
  EXPECT_FALSE(nullable("count", true, true));
  EXPECT_FALSE(nullable("max", false, false));
  EXPECT_TRUE(nullable("max", true, false));
  EXPECT_TRUE(nullable("max", false, true));
  EXPECT_TRUE(nullable("avg", false, false));
}

TEST(AggregateCatalogue, RewritesSayWhatTheySum) {
  EXPECT_EQ(find_aggregate("avg", TypeId::kInt4)->sum_type, TypeId::kNumeric);
  EXPECT_EQ(find_aggregate("avg", TypeId::kFloat8)->sum_type, TypeId::kFloat8);
  EXPECT_EQ(find_aggregate("stddev", TypeId::kFloat4)->result, TypePattern(TypeId::kFloat8));
  EXPECT_EQ(find_aggregate("variance", TypeId::kInt8)->rewrite, AggregateRewrite::kVarianceSamp);
  EXPECT_EQ(aggregates_named("avg").size(), 9u);
  EXPECT_TRUE(aggregates_named("median").empty());
}

}  // namespace
}  // namespace penstock::expr
