// How integers of all types are held in a Datum or a column: as the signed bits of their width.
//
// A uint2 of 65535 is held as -1, a uint4 and an oid alike, so that what a column of kInt16 gives
// back is the same Datum that was put in. These functions go from the held bits to the number.
#pragma once

#include <cstdint>
#include <limits>

#include "types/sql_type.h"

namespace penstock::types {

constexpr bool is_unsigned(TypeId id) {
  return id == TypeId::kUInt2 || id == TypeId::kUInt4 || id == TypeId::kUInt8 ||
         id == TypeId::kOid || id == TypeId::kMzTimestamp;
}
constexpr bool is_integer(TypeId id) {
  return id == TypeId::kInt2 || id == TypeId::kInt4 || id == TypeId::kInt8 || is_unsigned(id);
}

// The number behind the bits of an unsigned type.
constexpr uint64_t unsigned_from_bits(TypeId id, int64_t bits) {
  switch (id) {
    case TypeId::kUInt2:
      return static_cast<uint16_t>(bits);
    case TypeId::kUInt4:
    case TypeId::kOid:
      return static_cast<uint32_t>(bits);
    default:
      return static_cast<uint64_t>(bits);
  }
}
// REQUIRES: `value` fits the type.
constexpr int64_t bits_from_unsigned(TypeId id, uint64_t value) {
  switch (id) {
    case TypeId::kUInt2:
      return static_cast<int16_t>(value);
    case TypeId::kUInt4:
    case TypeId::kOid:
      return static_cast<int32_t>(value);
    default:
      return static_cast<int64_t>(value);
  }
}

// The greatest number of an integer type.
constexpr uint64_t integer_max(TypeId id) {
  switch (id) {
    case TypeId::kInt2:
      return std::numeric_limits<int16_t>::max();
    case TypeId::kInt4:
      return std::numeric_limits<int32_t>::max();
    case TypeId::kInt8:
      return std::numeric_limits<int64_t>::max();
    case TypeId::kUInt2:
      return std::numeric_limits<uint16_t>::max();
    case TypeId::kUInt4:
    case TypeId::kOid:
      return std::numeric_limits<uint32_t>::max();
    default:
      return std::numeric_limits<uint64_t>::max();
  }
}
// The least number of an integer type.
constexpr int64_t integer_min(TypeId id) {
  return is_unsigned(id) ? 0 : -static_cast<int64_t>(integer_max(id)) - 1;
}

}  // namespace penstock::types
