// Measures single expressions over one chunk of rows: million rows a second of processor time.
#include <ctime>

#include <cstdio>
#include <string>

#include "data/delta_batch.h"
#include "data/rows.h"
#include "expr/cast_catalogue.h"
#include "expr/evaluator.h"
#include "expr/function_catalogue.h"
#include "types/numeric.h"

namespace penstock::bench {
namespace {

using data::ColumnBuilder;
using expr::ScalarRef;
using types::Datum;
using types::PhysicalKind;
using types::SqlType;
using types::TypeId;

constexpr size_t kRows = data::kChunkRows;

ScalarRef column(size_t index, TypeId type) {
  return expr::column_ref(index, {SqlType::of(type), false});
}
ScalarRef integer(int64_t value) {
  return expr::literal(Datum::integer(value), SqlType::of(TypeId::kInt8));
}
ScalarRef text(const char* value) {
  return expr::literal(Datum::bytes(value), SqlType::of(TypeId::kText));
}
// A call of the overload that takes these types exactly.
ScalarRef call(const char* name, std::vector<ScalarRef> arguments) {
  std::vector<types::ColumnType> types;
  for (const ScalarRef& argument : arguments) types.push_back(argument->type);
  for (const expr::FunctionSpec* function : expr::functions_named(name)) {
    bool fits = function->num_parameters == arguments.size();
    for (size_t i = 0; fits && i < types.size(); ++i) {
      fits = function->parameter(i) == expr::TypePattern(types[i].type.id);
    }
    if (!fits) continue;
    return expr::call(*function, std::move(arguments), expr::result_column_type(*function, types));
  }
  check_failed(__FILE__, __LINE__, "overload", name);
}

std::vector<data::Column> columns() {
  ColumnBuilder price(PhysicalKind::kInt64);
  ColumnBuilder auction(PhysicalKind::kInt64);
  ColumnBuilder words(PhysicalKind::kBytes);
  ColumnBuilder decimals(PhysicalKind::kBytes);
  ColumnBuilder times(PhysicalKind::kInt64);
  ColumnBuilder json(PhysicalKind::kBytes);
  for (size_t i = 0; i < kRows; ++i) {
    auto number = static_cast<int64_t>(i);
    price.append(number * 7919 + 13);
    auction.append(number % 97 + 1);
    words.append_bytes("some words that are text, number " + std::to_string(i));
    decimals.append_bytes(types::Numeric::from_int64(number * 37).encoded());
    times.append(1'580'702'706'789'000 + number * 1'000'003);
    json.append_bytes("{\"id\":" + std::to_string(i) + ",\"name\":\"ann\"}");
  }
  std::vector<data::Column> out;
  for (ColumnBuilder* builder : {&price, &auction, &words, &decimals, &times, &json}) {
    out.push_back(builder->finish());
  }
  return out;
}

void measure(const char* name, const ScalarRef& expression) {
  constexpr std::clock_t kTime = CLOCKS_PER_SEC / 3;
  std::vector<data::Column> input = columns();
  expr::Evaluator evaluator(expression);
  data::Rows rows = data::Rows::all(kRows);
  evaluator.evaluate(input, kRows, rows);
  std::clock_t start = std::clock();
  size_t total = 0;
  while (std::clock() - start < kTime) {
    for (int i = 0; i < 20; ++i) {
      CHECK_OP(==, evaluator.evaluate(input, kRows, rows).values.size(), kRows);
      total += kRows;
    }
  }
  double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%-28s %9.1f\n", name, static_cast<double>(total) / seconds / 1e6);
}

void measure_all() {
  ScalarRef price = column(0, TypeId::kInt8);
  ScalarRef auction = column(1, TypeId::kInt8);
  ScalarRef words = column(2, TypeId::kText);
  ScalarRef decimal = column(3, TypeId::kNumeric);
  ScalarRef time = column(4, TypeId::kTimestamp);
  ScalarRef json = column(5, TypeId::kJsonb);
  measure("price * 908 / 1000", call("/", {call("*", {price, integer(908)}), integer(1000)}));
  measure("price % 123 = 0", call("=", {call("%", {price, integer(123)}), integer(0)}));
  measure("price / auction", call("/", {price, auction}));
  measure("price > 5 AND auction < 50",
          expr::conjunction({call(">", {price, integer(5)}), call("<", {auction, integer(50)})}));
  measure("CASE", expr::case_when({call(">", {auction, integer(50)}), price, auction},
                                  {SqlType::of(TypeId::kInt8), false}));
  measure("words = ''", call("=", {words, text("")}));
  measure("words LIKE '%are text%'", call("~~", {words, text("%are text%")}));
  measure("words ~ 'th[a-z]+ are'", call("~", {words, text("th[a-z]+ are")}));
  measure("lower(words)", call("lower", {words}));
  measure("words || words", call("||", {words, words}));
  measure("decimal + decimal", call("+", {decimal, decimal}));
  measure("decimal * decimal", call("*", {decimal, decimal}));
  measure("price::text",
          *expr::cast(price, SqlType::of(TypeId::kText), expr::CastContext::kExplicit));
  measure("EXTRACT(hour FROM time)", call("extract", {text("hour"), time}));
  measure("date_trunc('hour', time)", call("date_trunc", {text("hour"), time}));
  measure("to_char(time, 'YYYY-MM-DD')", call("to_char", {time, text("YYYY-MM-DD")}));
  measure("json ->> 'name'", call("->>", {json, text("name")}));
  measure("seahash(words)", call("seahash", {words}));
}

}  // namespace
}  // namespace penstock::bench

int main() {
  penstock::bench::measure_all();
}
