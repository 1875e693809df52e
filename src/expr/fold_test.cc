// Constant folding: what is known at plan time becomes a literal, and nothing raises.
#include "expr/fold.h"

#include <gtest/gtest.h>

#include "expr/case_table_test.h"

namespace penstock::expr {
namespace {

using types::Datum;
using types::SqlType;
using types::TypeId;

types::ColumnType nullable_int() {
  return {SqlType::of(TypeId::kInt8), true};
}
ScalarRef integer(int64_t value) {
  return literal(Datum::integer(value), SqlType::of(TypeId::kInt8));
}
ScalarRef boolean(bool value) {
  return literal(Datum::boolean(value), SqlType::of(TypeId::kBool));
}
ScalarRef column() {
  return column_ref(0, nullable_int());
}
ScalarRef division_by_zero_call() {
  return call_of("/", {integer(1), integer(0)});
}

TEST(Fold, ConstantCallsBecomeLiterals) {
  ScalarRef folded = fold_constants(call_of("+", {integer(1), integer(2)}));
  EXPECT_EQ(folded->kind, ScalarKind::kLiteral);
  EXPECT_EQ(folded->literal, Datum::integer(3));
}

TEST(Fold, AnErrorBecomesALiteralThatRaisesWhereItIsEvaluated) {
  ScalarRef folded = fold_constants(division_by_zero_call());
  ASSERT_EQ(folded->kind, ScalarKind::kErrorLiteral);
  EXPECT_EQ(folded->error.message, "division by zero");
  ScalarRef hidden = fold_constants(
      case_when({boolean(false), division_by_zero_call(), integer(5)}, nullable_int()));
  EXPECT_TRUE(equal(*hidden, *integer(5)));
  EXPECT_EQ(fold_constants(call_of("+", {column(), division_by_zero_call()}))->kind,
            ScalarKind::kCall);
}

TEST(Fold, LogicDropsNeutralArguments) {
  ScalarRef test = call_of(">", {column(), integer(0)});
  EXPECT_TRUE(equal(*fold_constants(conjunction({boolean(true), test})), *test));
  EXPECT_TRUE(equal(*fold_constants(disjunction({test, boolean(true)})), *boolean(true)));
  EXPECT_TRUE(equal(*fold_constants(conjunction({test, boolean(false)})), *boolean(false)));
  EXPECT_EQ(fold_constants(conjunction({test, test}))->kind, ScalarKind::kAnd);
}

TEST(Fold, CaseKeepsWhatCanBeReached) {
  ScalarRef test = call_of(">", {column(), integer(0)});
  ScalarRef value = case_when(
      {boolean(false), integer(1), test, integer(2), boolean(true), integer(3), integer(4)},
      nullable_int());
  ScalarRef folded = fold_constants(value);
  ASSERT_EQ(folded->arguments.size(), 3u);
  EXPECT_TRUE(equal(*folded->arguments[2], *integer(3)));
}

TEST(Fold, CoalesceStopsAtWhatIsNeverNull) {
  ScalarRef null = literal(Datum::null(), SqlType::of(TypeId::kInt8));
  ScalarRef folded =
      fold_constants(coalesce({null, column(), integer(1), column()}, nullable_int()));
  EXPECT_EQ(folded->arguments.size(), 2u);
  EXPECT_TRUE(equal(*fold_constants(coalesce({null, null}, nullable_int())), *null));
  EXPECT_TRUE(
      equal(*fold_constants(coalesce({integer(1), division_by_zero_call()}, nullable_int())),
            *integer(1)));
}

TEST(Fold, ANullArgumentOfAStrictCallDecidesUnlessSomethingCanFail) {
  ScalarRef null = literal(Datum::null(), SqlType::of(TypeId::kInt8));
  EXPECT_TRUE(equal(*fold_constants(call_of("+", {column(), null})), *null));
  ScalarRef risky = call_of("/", {column(), column()});
  EXPECT_EQ(fold_constants(call_of("+", {risky, null}))->kind, ScalarKind::kCall);
}

}  // namespace
}  // namespace penstock::expr
