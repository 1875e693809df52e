// The rules of evaluation: NULLs, errors as data, conditional evaluation, constants.
#include "expr/evaluator.h"

#include <gtest/gtest.h>

#include "data/delta_batch.h"
#include "data/rows.h"
#include "expr/case_table_test.h"
#include "expr/errors.h"
#include "expr/fold.h"

namespace penstock::expr {
namespace {

using data::Column;
using data::DeltaBatch;
using data::Rows;
using types::Datum;
using types::SqlType;
using types::TypeId;

types::ColumnType nullable(TypeId type) {
  return {SqlType::of(type), true};
}
ScalarRef int_column(size_t index) {
  return column_ref(index, nullable(TypeId::kInt8));
}
ScalarRef integer(int64_t value) {
  return literal(Datum::integer(value), SqlType::of(TypeId::kInt8));
}
ScalarRef boolean(bool value) {
  return literal(Datum::boolean(value), SqlType::of(TypeId::kBool));
}
ScalarRef null_bool() {
  return literal(Datum::null(), SqlType::of(TypeId::kBool));
}
ScalarRef error_bool(const char* message) {
  return error_literal({sql_state::kDivisionByZero, message}, SqlType::of(TypeId::kBool));
}

constexpr int64_t kNull = INT64_MIN;

DeltaBatch batch(const std::vector<std::vector<int64_t>>& columns) {
  std::vector<Column> built;
  for (const auto& values : columns) {
    data::ColumnBuilder builder(types::PhysicalKind::kInt64);
    for (int64_t value : values) {
      if (value == kNull) {
        builder.append_null();
      } else {
        builder.append(value);
      }
    }
    built.push_back(builder.finish());
  }
  return DeltaBatch(std::move(built), std::vector<int64_t>(columns[0].size(), 1), {});
}

// "1", "NULL" or the error, per active row; "-" for the others.
std::vector<std::string> run(const ScalarRef& expression, const DeltaBatch& input,
                             const Rows& active) {
  Evaluator evaluator(expression);
  EvalResult result = evaluator.evaluate(input, active);
  CHECK_OP(==, result.values.size(), input.size());
  std::vector<std::string> out;
  for (size_t row = 0; row < input.size(); ++row) {
    if (!active.contains(row)) {
      EXPECT_FALSE(result.errors && result.errors->failed(row));
      out.emplace_back("-");
    } else if (result.errors && result.errors->failed(row)) {
      out.push_back(result.errors->error(row)->message);
    } else if (result.values.is_null(row)) {
      out.emplace_back("NULL");
    } else {
      std::string text;
      types::append_text(expression->type.type, result.values.datum(row), text);
      out.push_back(std::move(text));
    }
  }
  return out;
}
std::vector<std::string> run(const ScalarRef& expression, const DeltaBatch& input) {
  return run(expression, input, Rows::all(input.size()));
}
using Answers = std::vector<std::string>;

ScalarRef quotient(size_t a, size_t b) {
  return call_of("/", {int_column(a), int_column(b)});
}
ScalarRef positive(const ScalarRef& value) {
  return call_of(">", {value, integer(0)});
}

TEST(Evaluator, ColumnsAndLiteralsAreTheInputsOwn) {
  DeltaBatch input = batch({{1, kNull, 3}});
  Evaluator column(int_column(0));
  EXPECT_EQ(column.evaluate(input, Rows::all(3)).values.values<int64_t>(),
            input.column(0).values<int64_t>());
  EXPECT_EQ(run(integer(7), input), (Answers{"7", "7", "7"}));
  Evaluator constant(integer(7));
  EXPECT_TRUE(constant.evaluate(input, Rows::all(3)).values.is_constant());
}

TEST(Evaluator, NullArgumentsOfStrictFunctionsNeverReachTheKernel) {
  DeltaBatch input = batch({{1, kNull, 3, 4}, {1, 0, kNull, 2}});
  EXPECT_EQ(run(quotient(0, 1), input), (Answers{"1", "NULL", "NULL", "2"}));
  Evaluator evaluator(quotient(0, 1));
  EvalResult result = evaluator.evaluate(input, Rows::all(4));
  EXPECT_EQ(result.values.values<int64_t>()[1], 0);
  EXPECT_EQ(result.values.values<int64_t>()[2], 0);
}

TEST(Evaluator, ARowThatFailsHasAZeroValueAndOnlyActiveRowsFail) {
  DeltaBatch input = batch({{8, 8, 8}, {2, 0, 0}});
  EXPECT_EQ(run(quotient(0, 1), input), (Answers{"4", "division by zero", "division by zero"}));
  Evaluator evaluator(quotient(0, 1));
  EvalResult result = evaluator.evaluate(input, Rows::all(3));
  EXPECT_EQ(result.values.values<int64_t>()[1], 0);
  EXPECT_EQ(run(quotient(0, 1), input, Rows::range(3, 0, 2)),
            (Answers{"4", "division by zero", "-"}));
  EXPECT_EQ(run(quotient(0, 1), input, Rows::none(3)), (Answers{"-", "-", "-"}));
}

TEST(Evaluator, TheGreatestErrorWinsWhateverTheOrder) {
  DeltaBatch input = batch({{INT64_MAX, INT64_MAX}, {0, 1}});
  ScalarRef overflow = call_of("+", {int_column(0), integer(1)});
  ScalarRef division = quotient(0, 1);
  Answers expected{"division by zero", "bigint out of range"};
  EXPECT_EQ(run(call_of("+", {overflow, division}), input), expected);
  EXPECT_EQ(run(call_of("+", {division, overflow}), input), expected);
}

TEST(Evaluator, AnErrorBesideANullIsAnError) {
  DeltaBatch input = batch({{1}, {0}, {kNull}});
  EXPECT_EQ(run(call_of("+", {quotient(0, 1), int_column(2)}), input),
            (Answers{"division by zero"}));
}

TEST(Evaluator, AndOrFollowTheTruthTableWithErrors) {
  const std::vector<std::pair<std::string, ScalarRef>> values = {
      {"t", boolean(true)}, {"f", boolean(false)}, {"NULL", null_bool()}, {"E", error_bool("E")}};
  auto conjunction_of = [](const std::string& a, const std::string& b) -> std::string {
    if (a == "f" || b == "f") return "f";
    if (a == "E" || b == "E") return "E";
    return a == "NULL" || b == "NULL" ? "NULL" : "t";
  };
  auto disjunction_of = [](const std::string& a, const std::string& b) -> std::string {
    if (a == "t" || b == "t") return "t";
    if (a == "E" || b == "E") return "E";
    return a == "NULL" || b == "NULL" ? "NULL" : "f";
  };
  DeltaBatch input = batch({{1, 2, 3}});
  for (const auto& [name_a, a] : values) {
    for (const auto& [name_b, b] : values) {
      SCOPED_TRACE(name_a + " " + name_b);
      std::string both = conjunction_of(name_a, name_b);
      std::string either = disjunction_of(name_a, name_b);
      EXPECT_EQ(run(conjunction({a, b}), input), Answers(3, both));
      EXPECT_EQ(run(disjunction({a, b}), input), Answers(3, either));
      EXPECT_EQ(run(fold_constants(conjunction({a, b})), input), Answers(3, both));
      EXPECT_EQ(run(fold_constants(disjunction({a, b})), input), Answers(3, either));
    }
  }
}

TEST(Evaluator, AndKeepsTheGreatestErrorOfUndecidedRows) {
  DeltaBatch input = batch({{1, 1, 1}, {0, 0, 0}, {1, -1, kNull}});
  ScalarRef risky = positive(quotient(0, 1));
  ScalarRef test = positive(int_column(2));
  Answers expected{"division by zero", "f", "division by zero"};
  EXPECT_EQ(run(conjunction({risky, test}), input), expected);
  EXPECT_EQ(run(conjunction({test, risky}), input), expected);
  EXPECT_EQ(run(conjunction({error_bool("a"), error_bool("b")}), input), Answers(3, "b"));
}

TEST(Evaluator, CaseEvaluatesABranchOnlyWhereItIsReached) {
  DeltaBatch input = batch({{8, 8, 8, 8}, {2, 0, kNull, 4}});
  ScalarRef divisor = int_column(1);
  ScalarRef guarded = case_when({call_of("=", {divisor, integer(0)}), integer(-1), quotient(0, 1)},
                                nullable(TypeId::kInt8));
  EXPECT_EQ(run(guarded, input), (Answers{"4", "-1", "NULL", "2"}));
  ScalarRef failing =
      case_when({positive(quotient(0, 1)), integer(1), integer(2)}, nullable(TypeId::kInt8));
  EXPECT_EQ(run(failing, input), (Answers{"1", "division by zero", "2", "1"}));
  EXPECT_EQ(run(failing, input, Rows::range(4, 2, 4)), (Answers{"-", "-", "2", "1"}));
}

TEST(Evaluator, CoalesceStopsAtTheFirstValue) {
  DeltaBatch input = batch({{1, kNull, kNull, kNull}, {0, 0, 2, kNull}});
  ScalarRef value =
      coalesce({int_column(0), call_of("/", {integer(4), int_column(1)})}, nullable(TypeId::kInt8));
  EXPECT_EQ(run(value, input), (Answers{"1", "division by zero", "2", "NULL"}));
}

TEST(Evaluator, SparseSelectionsGiveTheSameAnswers) {
  std::vector<int64_t> left;
  std::vector<int64_t> right;
  for (int64_t i = 0; i < 500; ++i) {
    left.push_back(i % 7 == 0 ? kNull : i);
    right.push_back(i % 5);
  }
  DeltaBatch input = batch({left, right});
  ScalarRef value = call_of("%", {int_column(0), int_column(1)});
  Answers all = run(value, input);
  for (size_t step : {1, 2, 9, 63, 64, 101}) {
    Rows rows = Rows::none(500);
    for (size_t row = 3; row < 500; row += step) rows.select(row);
    Answers some = run(value, input, rows);
    for (size_t row = 0; row < 500; ++row) {
      EXPECT_EQ(some[row], rows.contains(row) ? all[row] : "-");
    }
  }
}

TEST(Evaluator, EvaluateRowGivesTheValueOrTheError) {
  std::vector<Datum> row = {Datum::integer(6), Datum::integer(0)};
  EXPECT_EQ(*evaluate_row(call_of("+", {int_column(0), int_column(1)}), row), Datum::integer(6));
  Result<Datum> failed = evaluate_row(quotient(0, 1), row);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().state, sql_state::kDivisionByZero);
  EXPECT_FALSE(can_fail(*call_of("=", {int_column(0), int_column(1)})));
  EXPECT_TRUE(can_fail(*quotient(0, 1)));
}

TEST(EvalErrors, KeepsTheGreatest) {
  EvalErrors errors;
  errors.add(3, {sql_state::kDivisionByZero, "b"});
  errors.add(3, {sql_state::kDivisionByZero, "a"});
  EXPECT_EQ(errors.error(3)->message, "b");
  errors.add(3, {sql_state::kDivisionByZero, "c"});
  EXPECT_EQ(errors.error(3)->message, "c");
  EXPECT_EQ(errors.error(4), nullptr);
  errors.remove(3);
  EXPECT_TRUE(errors.empty());
}

}  // namespace
}  // namespace penstock::expr
