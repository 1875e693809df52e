// Bound aggregate calls. avg and its like are rewritten by the binder into these and scalar
// functions; what is here is what the dataflow maintains.
#pragma once

#include <cstdint>
#include <vector>

#include "expr/scalar.h"

namespace penstock::expr {

enum class AggregateKind : uint8_t {
  kCount,      // Of arguments that are not NULL; int8, never NULL. count(*) counts a true literal.
  kSumInt,     // int2, int4 -> int8; accumulated in 128 bits.
  kSumUInt,    // uint2, uint4 -> uint8.
  kSumInt8,    // int8 -> numeric (scale 0).
  kSumUInt8,   // uint8 -> numeric (scale 0).
  kSumFloat4,  // float4 -> float4: fixed-point accumulators, retraction-exact.
  kSumFloat8,
  kSumNumeric,  // numeric -> numeric, accumulated with room for 81 digits.
  kMin,         // Of any ordered type, by the SortKeyCodec.
  kMax,
  kBoolAnd,
  kBoolOr,
  // These gather the rows of a group in an order. Their argument is a record: what is gathered (a
  // value, or a key and a value), then what `order` is about. NULLs are gathered too.
  kArrayAgg,
  kListAgg,
  kMapAgg,  // Of equal keys the last stays; rows with a NULL key do not count.
};

// How a field of a gathering aggregate's record orders the rows. What is gathered breaks ties.
struct AggregateOrder {
  bool descending = false;
  bool nulls_first = false;
  friend bool operator==(const AggregateOrder&, const AggregateOrder&) = default;
};

struct AggregateExpr {
  AggregateKind kind = AggregateKind::kCount;
  ScalarRef argument;  // Over the input's columns.
  ScalarRef filter;    // Null = every row; otherwise rows where it is true.
  bool distinct = false;
  types::ColumnType type;             // Of the result.
  std::vector<AggregateOrder> order;  // Of gathering ones: of the record's last fields.
};

// How many fields of its record a gathering aggregate gathers; 0 for other kinds.
inline size_t gathered_fields(AggregateKind kind) {
  bool values = kind == AggregateKind::kListAgg || kind == AggregateKind::kArrayAgg;
  return values ? 1 : kind == AggregateKind::kMapAgg ? 2 : 0;
}

}  // namespace penstock::expr
