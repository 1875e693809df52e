// Comparisons of column values by physical kind.
#include "expr/row_comparison.h"

#include "types/compare.h"
#include "types/numeric.h"

namespace penstock::expr {
namespace {

using data::Column;
using types::SqlType;
using types::TypeId;

template <typename T>
std::strong_ordering compare_fixed(const SqlType&, const Column& a, size_t row_a, const Column& b,
                                   size_t row_b) {
  return a.value<T>(row_a) <=> b.value<T>(row_b);
}

std::strong_ordering compare_text(const SqlType&, const Column& a, size_t row_a, const Column& b,
                                  size_t row_b) {
  return a.bytes(row_a).compare(b.bytes(row_b)) <=> 0;
}

std::strong_ordering compare_numerics(const SqlType&, const Column& a, size_t row_a,
                                      const Column& b, size_t row_b) {
  return types::Numeric::decode(a.bytes(row_a)).compare(types::Numeric::decode(b.bytes(row_b)));
}

std::strong_ordering compare_any(const SqlType& type, const Column& a, size_t row_a,
                                 const Column& b, size_t row_b) {
  return types::compare_values(type, a.datum(row_a), b.datum(row_b));
}

}  // namespace

RowComparison row_comparison(TypeId type) {
  switch (type) {
    case TypeId::kBool:
      return compare_fixed<bool>;
    case TypeId::kInt2:
      return compare_fixed<int16_t>;
    case TypeId::kInt4:
    case TypeId::kDate:
      return compare_fixed<int32_t>;
    case TypeId::kInt8:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return compare_fixed<int64_t>;
    case TypeId::kUInt2:
      return compare_fixed<uint16_t>;
    case TypeId::kUInt4:
    case TypeId::kOid:
      return compare_fixed<uint32_t>;
    case TypeId::kUInt8:
    case TypeId::kMzTimestamp:
      return compare_fixed<uint64_t>;
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kName:
    case TypeId::kBytea:
      return compare_text;
    case TypeId::kNumeric:
      return compare_numerics;
    default:
      return compare_any;
  }
}

}  // namespace penstock::expr
