// Casts from jsonb to bool and numbers: the JSON value must be of that kind.
#include <fmt/core.h>

#include "expr/casts/cast_tables.h"
#include "expr/numeric_value.h"
#include "types/jsonb.h"
#include "types/type_name.h"

namespace penstock::expr {
namespace {

using types::JsonKind;
using types::Numeric;
using types::SqlType;
using types::TypeId;
using enum TypeId;

std::string_view kind_word(std::string_view json) {
  switch (types::jsonb_kind(json)) {
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return "boolean";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
    case JsonKind::kNumber:
      return "numeric";
    case JsonKind::kNull:
      break;
  }
  return "null";
}
std::unexpected<Error> cannot_cast(std::string_view json, TypeId to) {
  return fail(sql_state::kInvalidParameterValue,
              fmt::format("cannot cast jsonb {} to type {}", kind_word(json),
                          types::display_name(SqlType::of(to))));
}

Result<bool> to_bool(std::string_view json) {
  if (json == "true") return true;
  if (json == "false") return false;
  return cannot_cast(json, kBool);
}
Result<Numeric> number(std::string_view json, TypeId to) {
  if (types::jsonb_kind(json) != JsonKind::kNumber) return cannot_cast(json, to);
  return types::jsonb_number(json);
}
template <TypeId to, typename Integer>
Result<Integer> to_integer(std::string_view json) {
  ASSIGN_OR_RETURN(Numeric value, number(json, to));
  std::optional<int64_t> integer = value.to_int64();
  if (!integer || !std::in_range<Integer>(*integer)) {
    return fail(sql_state::kNumericOutOfRange, fmt::format("\"{}\" {} out of range", value.text(),
                                                           types::display_name(SqlType::of(to))));
  }
  return static_cast<Integer>(*integer);
}
Result<float> to_float4(std::string_view json) {
  ASSIGN_OR_RETURN(Numeric value, number(json, kFloat4));
  return value.to_float();
}
Result<double> to_float8(std::string_view json) {
  ASSIGN_OR_RETURN(Numeric value, number(json, kFloat8));
  return value.to_double();
}
Result<Numeric> to_numeric(const KernelCall& call, std::string_view json) {
  ASSIGN_OR_RETURN(Numeric value, number(json, kNumeric));
  return call.type.modifier < 0 ? value : value.rescale(call.type.modifier);
}

constexpr CastContext E = CastContext::kExplicit;

constexpr CastEntry kCasts[] = {
    cast_entry(kJsonb, kBool, E, row_kernel<to_bool>),
    cast_entry(kJsonb, kInt2, E, row_kernel<to_integer<kInt2, int16_t>>),
    cast_entry(kJsonb, kInt4, E, row_kernel<to_integer<kInt4, int32_t>>),
    cast_entry(kJsonb, kInt8, E, row_kernel<to_integer<kInt8, int64_t>>),
    cast_entry(kJsonb, kFloat4, E, row_kernel<to_float4>),
    cast_entry(kJsonb, kFloat8, E, row_kernel<to_float8>),
    cast_entry(kJsonb, kNumeric, E, row_kernel<to_numeric>),
};

}  // namespace

std::span<const CastEntry> json_casts() {
  return kCasts;
}

}  // namespace penstock::expr
