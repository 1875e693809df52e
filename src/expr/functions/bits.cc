// Bit operators on the six integer types.
#include <concepts>

#include "expr/binary_kernel.h"
#include "expr/functions/families.h"

namespace penstock::expr {
namespace {

using types::TypeId;

struct BitAnd {
  template <typename T>
  static bool apply(T a, T b, T& out) {
    out = static_cast<T>(a & b);
    return true;
  }
};
struct BitOr {
  template <typename T>
  static bool apply(T a, T b, T& out) {
    out = static_cast<T>(a | b);
    return true;
  }
};
struct BitXor {
  template <typename T>
  static bool apply(T a, T b, T& out) {
    out = static_cast<T>(a ^ b);
    return true;
  }
};
struct BitNot {
  template <typename T>
  static bool apply(T a, T& out) {
    out = static_cast<T>(~a);
    return true;
  }
};
// The count is taken modulo the width; two-byte types shift as four-byte ones.
template <typename T>
using Wide = std::conditional_t<sizeof(T) == 2,
                                std::conditional_t<std::signed_integral<T>, int32_t, uint32_t>, T>;
struct ShiftLeft {
  template <typename T, typename Count>
  static bool apply(T a, Count count, T& out) {
    auto bits = static_cast<std::make_unsigned_t<Wide<T>>>(Wide<T>{a});
    out = static_cast<T>(bits << (static_cast<uint32_t>(count) % (sizeof(Wide<T>) * 8)));
    return true;
  }
};
struct ShiftRight {
  template <typename T, typename Count>
  static bool apply(T a, Count count, T& out) {
    out = static_cast<T>(Wide<T>{a} >> (static_cast<uint32_t>(count) % (sizeof(Wide<T>) * 8)));
    return true;
  }
};

template <typename Op, typename T>
constexpr FunctionSpec binary(std::string_view name, TypeId type) {
  return entry(name, {type, type}, type, binary_kernel<Op, T, T, T>());
}
template <typename Op, typename T>
constexpr FunctionSpec shift(std::string_view name, TypeId type) {
  if constexpr (std::signed_integral<T>) {
    return entry(name, {type, TypeId::kInt4}, type, binary_kernel<Op, T, int32_t, T>());
  } else {
    return entry(name, {type, TypeId::kUInt4}, type, binary_kernel<Op, T, uint32_t, T>());
  }
}
template <typename T>
constexpr FunctionSpec complement(TypeId type) {
  return preserving_uniqueness(entry("~", {type}, type, unary_kernel<BitNot, T, T>()));
}

constexpr FunctionSpec kFunctions[] = {
    binary<BitAnd, int16_t>("&", TypeId::kInt2),
    binary<BitAnd, int32_t>("&", TypeId::kInt4),
    binary<BitAnd, int64_t>("&", TypeId::kInt8),
    binary<BitAnd, uint16_t>("&", TypeId::kUInt2),
    binary<BitAnd, uint32_t>("&", TypeId::kUInt4),
    binary<BitAnd, uint64_t>("&", TypeId::kUInt8),
    binary<BitOr, int16_t>("|", TypeId::kInt2),
    binary<BitOr, int32_t>("|", TypeId::kInt4),
    binary<BitOr, int64_t>("|", TypeId::kInt8),
    binary<BitOr, uint16_t>("|", TypeId::kUInt2),
    binary<BitOr, uint32_t>("|", TypeId::kUInt4),
    binary<BitOr, uint64_t>("|", TypeId::kUInt8),
    binary<BitXor, int16_t>("#", TypeId::kInt2),
    binary<BitXor, int32_t>("#", TypeId::kInt4),
    binary<BitXor, int64_t>("#", TypeId::kInt8),
    binary<BitXor, uint16_t>("#", TypeId::kUInt2),
    binary<BitXor, uint32_t>("#", TypeId::kUInt4),
    binary<BitXor, uint64_t>("#", TypeId::kUInt8),
    complement<int16_t>(TypeId::kInt2),
    complement<int32_t>(TypeId::kInt4),
    complement<int64_t>(TypeId::kInt8),
    complement<uint16_t>(TypeId::kUInt2),
    complement<uint32_t>(TypeId::kUInt4),
    complement<uint64_t>(TypeId::kUInt8),
    shift<ShiftLeft, int16_t>("<<", TypeId::kInt2),
    shift<ShiftLeft, int32_t>("<<", TypeId::kInt4),
    shift<ShiftLeft, int64_t>("<<", TypeId::kInt8),
    shift<ShiftLeft, uint16_t>("<<", TypeId::kUInt2),
    shift<ShiftLeft, uint32_t>("<<", TypeId::kUInt4),
    shift<ShiftLeft, uint64_t>("<<", TypeId::kUInt8),
    shift<ShiftRight, int16_t>(">>", TypeId::kInt2),
    shift<ShiftRight, int32_t>(">>", TypeId::kInt4),
    shift<ShiftRight, int64_t>(">>", TypeId::kInt8),
    shift<ShiftRight, uint16_t>(">>", TypeId::kUInt2),
    shift<ShiftRight, uint32_t>(">>", TypeId::kUInt4),
    shift<ShiftRight, uint64_t>(">>", TypeId::kUInt8),
};

}  // namespace

std::span<const FunctionSpec> bit_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
