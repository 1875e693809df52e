// SQL order of two values of one type.
#include "types/compare.h"

#include <cmath>
#include <cstring>

#include "types/array_value.h"
#include "types/integer.h"
#include "types/interval.h"
#include "types/jsonb.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/range_value.h"

namespace penstock::types {
namespace {

std::strong_ordering compare_floats(double left, double right) {
  if (left < right) return std::strong_ordering::less;
  if (left > right) return std::strong_ordering::greater;
  if (left == right) return std::strong_ordering::equal;
  return std::isnan(left) <=> std::isnan(right);
}

std::strong_ordering compare_bytes(std::string_view left, std::string_view right) {
  return left.compare(right) <=> 0;
}

std::string_view without_trailing_blanks(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::strong_ordering compare_values(const SqlType& type, const Datum& left, const Datum& right) {
  switch (type.id) {
    case TypeId::kBool:
      return left.as_bool() <=> right.as_bool();
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8:
    case TypeId::kOid:
    case TypeId::kMzTimestamp:
      return unsigned_from_bits(type.id, left.as_int()) <=>
             unsigned_from_bits(type.id, right.as_int());
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return left.as_int() <=> right.as_int();
    case TypeId::kFloat4:
    case TypeId::kFloat8:
      return compare_floats(left.as_double(), right.as_double());
    case TypeId::kNumeric:
      return Numeric::decode(left.as_bytes()).compare(Numeric::decode(right.as_bytes()));
    case TypeId::kInterval:
      return Interval::from_fixed16(left.as_fixed16()) <=>
             Interval::from_fixed16(right.as_fixed16());
    case TypeId::kJsonb:
      return compare_jsonb(left.as_bytes(), right.as_bytes());
    case TypeId::kArray:
      return compare_arrays(*type.element, left.as_bytes(), right.as_bytes());
    case TypeId::kRecord:
      return compare_records(*type.fields, left.as_bytes(), right.as_bytes());
    case TypeId::kList:
      return compare_lists(*type.element, left.as_bytes(), right.as_bytes());
    case TypeId::kMap:
      return compare_maps(*type.element, left.as_bytes(), right.as_bytes());
    case TypeId::kRange:
      return compare_ranges(*type.element, left.as_bytes(), right.as_bytes());
    case TypeId::kUuid:
      return compare_bytes({left.as_fixed16().data(), 16}, {right.as_fixed16().data(), 16});
    case TypeId::kBpchar:
      return compare_bytes(without_trailing_blanks(left.as_bytes()),
                           without_trailing_blanks(right.as_bytes()));
    default:
      return compare_bytes(left.as_bytes(), right.as_bytes());
  }
}

}  // namespace penstock::types
