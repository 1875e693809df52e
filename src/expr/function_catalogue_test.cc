// Walks the whole catalogue: every function and cast is evaluated on NULL, error, empty and
// ordinary input, and what its spec promises (failing, NULLs, determinism) is held against what it
// does.
#include "expr/function_catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "data/rows.h"
#include "expr/case_table_test.h"
#include "types/array_value.h"

namespace penstock::expr {
namespace {

using data::Column;
using data::Rows;
using types::Datum;
using types::PhysicalKind;
using types::SqlType;
using types::TypeId;

// Text forms of ordinary and of border values.
std::vector<std::string> samples_of(TypeId type) {
  switch (type) {
    case TypeId::kBool:
      return {"t", "f"};
    case TypeId::kInt2:
      return {"0", "1", "-1", "32767", "-32768"};
    case TypeId::kInt4:
      return {"0", "1", "-1", "2147483647", "-2147483648"};
    case TypeId::kInt8:
      return {"0", "1", "-1", "9223372036854775807", "-9223372036854775808"};
    case TypeId::kUInt2:
      return {"0", "1", "65535"};
    case TypeId::kUInt4:
    case TypeId::kOid:
      return {"0", "1", "4294967295"};
    case TypeId::kUInt8:
    case TypeId::kMzTimestamp:
      return {"0", "1", "18446744073709551615"};
    case TypeId::kFloat4:
      return {"0", "-1.5", "3.4e38", "NaN", "-Infinity"};
    case TypeId::kFloat8:
      return {"0", "-1.5", "0.25", "1.7e308", "NaN", "Infinity"};
    case TypeId::kNumeric:
      return {"0", "-1.5", "2", "999999999999999999999999999999999999999", "NaN"};
    case TypeId::kBytea:
      return {"", "\\x00ff", "a longer value than fits inline"};
    case TypeId::kDate:
      return {"1970-01-01", "4714-11-24 BC", "262142-12-31"};
    case TypeId::kTime:
      return {"00:00:00", "23:59:59.999999"};
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return {"1970-01-01 00:00:00", "2020-02-29 12:34:56.789", "4714-11-24 00:00:00 BC",
              "262142-12-31 23:59:59"};
    case TypeId::kInterval:
      return {"0", "1 month -1 day 00:00:01", "-178956970 years", "2147483647 days"};
    case TypeId::kUuid:
      return {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"};
    case TypeId::kJsonb:
      return {"null", "1", "\"a\"", "[1,[2]]", "{\"a\":{\"b\":1}}"};
    default:
      return {"", "a", "year", "ÄÖ a longer text, not inline", "12"};
  }
}

constexpr TypeId kPolymorphicStandIn = TypeId::kInt4;

// A type of this id that lacks nothing.
SqlType whole(TypeId id) {
  SqlType part = SqlType::of(kPolymorphicStandIn);
  if (id == TypeId::kRecord) return SqlType::record_of({{"f1", {part, true}}});
  bool container =
      id == TypeId::kArray || id == TypeId::kList || id == TypeId::kMap || id == TypeId::kRange;
  return container ? contained(id, part) : SqlType::of(id);
}

SqlType stand_in(const TypePattern& pattern) {
  switch (pattern.kind) {
    case PatternKind::kExact:
      return SqlType::of(pattern.type);
    case PatternKind::kArrayOf:
      return SqlType::array_of(SqlType::of(pattern.type));
    case PatternKind::kRangeOf:
      return SqlType::range_of(SqlType::of(pattern.type));
    case PatternKind::kAnyRecord:
      return whole(TypeId::kRecord);
    default:
      return contained(container_of(pattern.kind), SqlType::of(kPolymorphicStandIn));
  }
}

// The one argument of map_build.
SqlType list_of_pairs() {
  return SqlType::list_of(SqlType::record_of({{"k", {SqlType::of(TypeId::kText), true}},
                                              {"v", {SqlType::of(kPolymorphicStandIn), true}}}));
}

std::vector<Datum> values_of(const SqlType& type) {
  std::vector<std::string> texts;
  if (type == list_of_pairs()) {
    texts = {"{}", "{\"(a,1)\",NULL,\"(,2)\",\"(a,)\"}"};
  } else if (type.id == TypeId::kArray || type.id == TypeId::kList) {
    texts = {"{}", "{" + samples_of(type.element->id)[1] + ",NULL}"};
  } else if (type.id == TypeId::kMap) {
    texts = {"{}", "{a=>1,b=>NULL}"};
  } else if (type.id == TypeId::kRange) {
    texts = {"empty", "[1,2)", "(,1]"};
  } else if (type.id == TypeId::kRecord) {
    texts = {"(1)", "()"};
  } else {
    texts = samples_of(type.id);
  }
  std::vector<Datum> out;
  for (const std::string& text : texts) {
    Result<Datum> value = types::parse_text(type, text);
    if (value) out.push_back(std::move(*value));
  }
  CHECK(!out.empty());
  return out;
}

// One function with its arguments' and result's types.
struct Subject {
  std::string name;
  const FunctionSpec* function;
  std::vector<SqlType> arguments;
  SqlType result;
};

std::vector<Subject> subjects() {
  std::vector<Subject> out;
  for (const FunctionFamily& family : function_families()) {
    for (const FunctionSpec& function : family.functions) {
      if (function.volatility != Volatility::kImmutable) continue;
      Subject subject{std::string(function.name) + "(", &function, {}, {}};
      for (const TypePattern& parameter : function.parameters()) {
        subject.arguments.push_back(stand_in(parameter));
        subject.name += types::catalog_name(subject.arguments.back()) + " ";
      }
      if (function.name == "map_build") subject.arguments = {list_of_pairs()};
      subject.name += ")";
      subject.result = result_type(function, subject.arguments);
      // Who accesses a field knows its type.
      if (function.name == "field") subject.result = SqlType::of(kPolymorphicStandIn);
      out.push_back(std::move(subject));
    }
  }
  for (const CastEntry& cast : all_casts()) {
    Subject subject{"cast", &cast.function, {}, {}};
    subject.arguments = {whole(cast.from)};
    subject.result = whole(cast.to);
    subject.name =
        types::catalog_name(subject.arguments[0]) + " -> " + types::catalog_name(subject.result);
    out.push_back(std::move(subject));
  }
  return out;
}

ScalarRef call_on_columns(const Subject& subject) {
  std::vector<ScalarRef> arguments;
  for (size_t i = 0; i < subject.arguments.size(); ++i) {
    arguments.push_back(column_ref(i, {subject.arguments[i], true}));
  }
  return call(*subject.function, std::move(arguments), {subject.result, true});
}

// Rows of argument values: every combination of the samples, up to a limit, then NULLs.
std::vector<std::vector<Datum>> rows_of(const Subject& subject) {
  constexpr size_t kLimit = 150;
  std::vector<std::vector<Datum>> rows = {{}};
  for (const SqlType& type : subject.arguments) {
    std::vector<std::vector<Datum>> longer;
    for (const Datum& value : values_of(type)) {
      for (const auto& row : rows) {
        longer.push_back(row);
        longer.back().push_back(value);
      }
    }
    // Spread over all combinations rather than the first.
    rows.clear();
    size_t step = std::max<size_t>(1, longer.size() / kLimit);
    for (size_t i = 0; i < longer.size(); i += step) rows.push_back(std::move(longer[i]));
  }
  return rows;
}

std::string shown(const EvalResult& result, size_t row) {
  if (result.errors && result.errors->failed(row)) return "! " + result.errors->error(row)->message;
  if (result.values.is_null(row)) return "NULL";
  Datum value = result.values.datum(row);
  switch (result.values.kind()) {
    case PhysicalKind::kBool8:
      return value.as_bool() ? "t" : "f";
    case PhysicalKind::kFloat32:
    case PhysicalKind::kFloat64:
      return std::to_string(value.as_double());
    case PhysicalKind::kFixed16:
      return std::string(value.as_fixed16().data(), 16);
    case PhysicalKind::kBytes:
      return "'" + value.as_bytes();
    default:
      return std::to_string(value.as_int());
  }
}

std::vector<Column> flat_columns(const Subject& subject,
                                 const std::vector<std::vector<Datum>>& rows) {
  std::vector<Column> out;
  for (size_t i = 0; i < subject.arguments.size(); ++i) {
    data::ColumnBuilder builder(types::physical_kind(subject.arguments[i]));
    for (const auto& row : rows) builder.append_datum(row[i]);
    out.push_back(builder.finish());
  }
  return out;
}

TEST(FunctionCatalogue, OrdinaryInputKeepsThePromisesOfTheSpec) {
  for (const Subject& subject : subjects()) {
    SCOPED_TRACE(subject.name);
    std::vector<std::vector<Datum>> rows = rows_of(subject);
    std::vector<Column> columns = flat_columns(subject, rows);
    Evaluator evaluator(call_on_columns(subject));
    EvalResult all = evaluator.evaluate(columns, rows.size(), Rows::all(rows.size()));
    ASSERT_EQ(all.values.size(), rows.size());
    ASSERT_EQ(all.values.kind(), types::physical_kind(subject.result));
    if (!subject.function->can_fail) {
      EXPECT_FALSE(all.errors) << all.errors->size() << " rows failed";
    }
    Rows odd = Rows::none(rows.size());
    for (size_t row = 1; row < rows.size(); row += 2) odd.select(row);
    EvalResult half = evaluator.evaluate(columns, rows.size(), odd);
    for (size_t row = 0; row < rows.size(); ++row) {
      std::string answer = shown(all, row);
      bool null = answer == "NULL";
      EXPECT_TRUE(!null || subject.function->may_return_null) << "row " << row;
      if (odd.contains(row)) {
        EXPECT_EQ(shown(half, row), answer) << "sparse";
      }
      std::vector<Column> constants;
      for (size_t i = 0; i < rows[row].size(); ++i) {
        constants.push_back(Column::constant(columns[i].kind(), rows[row][i], 2));
      }
      EvalResult constant = evaluator.evaluate(constants, 2, Rows::all(2));
      EXPECT_EQ(shown(constant, 1), answer) << "constant";
    }
  }
}

// What stands in a row that is NULL must not matter to the rows beside it, nor to a kernel.
TEST(FunctionCatalogue, NullsAmongOrdinaryRows) {
  for (const Subject& subject : subjects()) {
    if (subject.arguments.empty()) continue;
    SCOPED_TRACE(subject.name);
    std::vector<std::vector<Datum>> rows = rows_of(subject);
    for (size_t row = 0; row < rows.size(); row += 2) {
      rows[row][row / 2 % subject.arguments.size()] = Datum::null();
    }
    std::vector<Column> columns = flat_columns(subject, rows);
    Evaluator evaluator(call_on_columns(subject));
    EvalResult all = evaluator.evaluate(columns, rows.size(), Rows::all(rows.size()));
    for (size_t row = 0; row < rows.size(); ++row) {
      std::vector<Column> alone = flat_columns(subject, {rows[row]});
      EvalResult one = evaluator.evaluate(alone, 1, Rows::all(1));
      EXPECT_EQ(shown(all, row), shown(one, 0)) << "row " << row;
    }
  }
}

TEST(FunctionCatalogue, NullInput) {
  for (const Subject& subject : subjects()) {
    if (subject.arguments.empty()) continue;
    SCOPED_TRACE(subject.name);
    std::vector<Datum> row(subject.arguments.size());
    std::vector<Column> columns = flat_columns(subject, {row, row});
    Evaluator evaluator(call_on_columns(subject));
    EvalResult result = evaluator.evaluate(columns, 2, Rows::all(2));
    bool failed = result.errors && result.errors->failed(0);
    switch (subject.function->nullability) {
      case Nullability::kNever:
        EXPECT_TRUE(failed || !result.values.is_null(0));
        break;
      case Nullability::kAlways:
        break;
      case Nullability::kOfArguments:
      case Nullability::kOfAllArguments:
        EXPECT_TRUE(!failed && result.values.is_null(0));
        break;
    }
    if (subject.function->null_policy == NullPolicy::kStrict) {
      EXPECT_TRUE(!failed && result.values.is_null(0));
      EXPECT_NE(subject.function->nullability, Nullability::kNever);
    } else {
      EXPECT_FALSE(subject.function->pass_through);
    }
  }
}

TEST(FunctionCatalogue, ErrorInput) {
  for (const Subject& subject : subjects()) {
    if (subject.arguments.empty()) continue;
    SCOPED_TRACE(subject.name);
    std::vector<ScalarRef> arguments;
    for (const SqlType& type : subject.arguments) {
      arguments.push_back(literal(values_of(type)[0], type));
    }
    arguments[0] = error_literal({sql_state::kInternalError, "zzz"}, subject.arguments[0]);
    ScalarRef failing = call(*subject.function, std::move(arguments), {subject.result, true});
    EXPECT_EQ(evaluate_row(failing, {}).error().message, "zzz");
  }
}

TEST(FunctionCatalogue, EmptyInput) {
  for (const Subject& subject : subjects()) {
    SCOPED_TRACE(subject.name);
    std::vector<Column> columns = flat_columns(subject, {});
    Evaluator evaluator(call_on_columns(subject));
    EvalResult result = evaluator.evaluate(columns, 0, Rows::all(0));
    EXPECT_EQ(result.values.size(), 0u);
    EXPECT_FALSE(result.errors);
  }
}

TEST(FunctionCatalogue, EverySpecIsWholeAndNoOverloadStandsTwice) {
  std::set<std::string> seen;
  for (const FunctionFamily& family : function_families()) {
    for (const FunctionSpec& function : family.functions) {
      std::string signature(function.name);
      for (const TypePattern& parameter : function.parameters()) {
        signature += " " + std::to_string(static_cast<int>(parameter.kind)) + "." +
                     std::to_string(static_cast<int>(parameter.type));
      }
      EXPECT_TRUE(seen.insert(signature).second) << signature;
      EXPECT_TRUE(function.kernel != nullptr || function.pass_through ||
                  function.statement_value != nullptr)
          << signature;
      EXPECT_EQ(function.statement_value != nullptr, function.volatility != Volatility::kImmutable)
          << signature;
      EXPECT_FALSE(function.variadic && function.num_parameters == 0) << signature;
    }
  }
  EXPECT_GT(seen.size(), 400u);
}

TEST(FunctionCatalogue, LooksUpByNameAndParameters) {
  EXPECT_EQ(functions_named("-").size(),
            static_cast<size_t>(std::ranges::count_if(
                subjects(), [](const Subject& s) { return s.function->name == "-"; })));
  EXPECT_TRUE(functions_named("no_such_function").empty());
  EXPECT_EQ(function_of("=", {TypeId::kInt4, TypeId::kInt4}).parameters()[0].type, TypeId::kInt4);
  EXPECT_TRUE(function_of("reverse", {TypeId::kText}).preserves_uniqueness);
  EXPECT_FALSE(function_of("lower", {TypeId::kText}).preserves_uniqueness);
}

}  // namespace
}  // namespace penstock::expr
