// Bound aggregate calls. avg and its like are rewritten by the binder into these and scalar
// functions; what is here is what the dataflow maintains.
#pragma once

#include <cstdint>

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
};

struct AggregateExpr {
  AggregateKind kind = AggregateKind::kCount;
  ScalarRef argument;  // Over the input's columns.
  ScalarRef filter;    // Null = every row; otherwise rows where it is true.
  bool distinct = false;
  types::ColumnType type;  // Of the result.
};

}  // namespace penstock::expr
