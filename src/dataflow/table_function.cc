// Series, members of jsonb values, elements of arrays, lists and maps.
#include "dataflow/table_function.h"

#include <algorithm>

#include "types/array_value.h"
#include "types/interval.h"
#include "types/jsonb.h"
#include "types/nested_value.h"

namespace penstock::dataflow {

namespace {

using data::RowError;
using plan::TableFunction;
using types::Datum;
using types::JsonKind;

RowError step_is_zero() {
  return {sql_state::kInvalidParameterValue, "step size cannot equal zero"};
}

std::optional<RowError> integer_series(std::span<const Datum> arguments, int64_t limit,
                                       const TableRowVisit& visit) {
  int64_t value = arguments[0].as_int();
  int64_t stop = arguments[1].as_int();
  int64_t step = arguments.size() > 2 ? arguments[2].as_int() : 1;
  if (step == 0) return step_is_zero();
  while (step > 0 ? value <= stop : value >= stop) {
    Datum row = Datum::integer(value);
    visit(std::span(&row, 1));
    if (__builtin_add_overflow(value, step, &value) || value > limit || value < -limit - 1) break;
  }
  return std::nullopt;
}

std::optional<RowError> timestamp_series(std::span<const Datum> arguments,
                                         const TableRowVisit& visit) {
  int64_t start = arguments[0].as_int();
  int64_t stop = arguments[1].as_int();
  types::Interval step = types::Interval::from_fixed16(arguments[2].as_fixed16());
  if (step == types::Interval{}) return step_is_zero();
  // A month counts 30 days for telling the direction.
  __extension__ using Int128 = __int128;
  Int128 micros =
      (static_cast<Int128>(step.months) * 30 + step.days) * 86'400'000'000 + step.micros;
  bool ascending = micros > 0;
  if (micros == 0) return step_is_zero();
  int64_t value = start;
  while (ascending ? value <= stop : value >= stop) {
    Datum row = Datum::integer(value);
    visit(std::span(&row, 1));
    std::optional<int64_t> next = types::add_interval(value, step);
    // A step of months and days against each other may stand still at a month's end.
    if (!next || (ascending ? *next <= value : *next >= value)) break;
    value = *next;
  }
  return std::nullopt;
}

Datum element_text(std::string_view json) {
  switch (types::jsonb_kind(json)) {
    case JsonKind::kNull:
      return Datum::null();
    case JsonKind::kString:
      return Datum::bytes(types::jsonb_string(json));
    default:
      return Datum::bytes(std::string(json));
  }
}

void json_members(TableFunction function, std::string_view json, const TableRowVisit& visit) {
  JsonKind kind = types::jsonb_kind(json);
  bool wants_array = function == TableFunction::kJsonbArrayElements ||
                     function == TableFunction::kJsonbArrayElementsText;
  if (kind != (wants_array ? JsonKind::kArray : JsonKind::kObject)) return;
  for (types::JsonReader reader(json); reader.next();) {
    std::vector<Datum> row;
    if (!wants_array) row.push_back(Datum::bytes(reader.key()));
    bool as_text = function == TableFunction::kJsonbArrayElementsText ||
                   function == TableFunction::kJsonbEachText;
    if (as_text) {
      row.push_back(element_text(reader.value()));
    } else if (function != TableFunction::kJsonbObjectKeys) {
      row.push_back(Datum::bytes(std::string(reader.value())));
    }
    visit(row);
  }
}

}  // namespace

std::optional<RowError> for_each_table_row(TableFunction function,
                                           std::span<const types::SqlType> types,
                                           std::span<const Datum> arguments,
                                           const TableRowVisit& visit) {
  if (std::ranges::any_of(arguments, &Datum::is_null)) return std::nullopt;
  switch (function) {
    case TableFunction::kGenerateSeriesInt8:
      return integer_series(arguments, INT64_MAX, visit);
    case TableFunction::kGenerateSeriesInt4:
      return integer_series(arguments, INT32_MAX, visit);
    case TableFunction::kGenerateSeriesTimestamp:
    case TableFunction::kGenerateSeriesTimestampTz:
      return timestamp_series(arguments, visit);
    case TableFunction::kUnnestArray: {
      types::ArrayValue array = types::decode_array(*types[0].element, arguments[0].as_bytes());
      for (const Datum& element : array.elements) visit(std::span(&element, 1));
      return std::nullopt;
    }
    case TableFunction::kUnnestList:
      for (const Datum& element : types::decode_list(*types[0].element, arguments[0].as_bytes())) {
        visit(std::span(&element, 1));
      }
      return std::nullopt;
    case TableFunction::kUnnestMap:
      for (auto& [key, value] : types::decode_map(*types[0].element, arguments[0].as_bytes())) {
        visit(std::vector<Datum>{Datum::bytes(std::move(key)), std::move(value)});
      }
      return std::nullopt;
    case TableFunction::kJsonbArrayElements:
    case TableFunction::kJsonbArrayElementsText:
    case TableFunction::kJsonbEach:
    case TableFunction::kJsonbEachText:
    case TableFunction::kJsonbObjectKeys:
      json_members(function, arguments[0].as_bytes(), visit);
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace penstock::dataflow
