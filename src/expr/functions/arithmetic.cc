// + - * / % and unary minus on integers and floats; abs. Numerics are in numeric.cc.
#include <fmt/core.h>

#include <cmath>
#include <concepts>
#include <limits>

#include "expr/binary_kernel.h"
#include "expr/errors.h"
#include "expr/functions/families.h"

namespace penstock::expr {
namespace {

using types::TypeId;

template <typename T>
constexpr std::string_view type_word() {
  if constexpr (std::same_as<T, int16_t>) return "smallint";
  if constexpr (std::same_as<T, int32_t>) return "integer";
  if constexpr (std::same_as<T, int64_t>) return "bigint";
  if constexpr (std::same_as<T, uint16_t>) return "uint2";
  if constexpr (std::same_as<T, uint32_t>) return "uint4";
  if constexpr (std::same_as<T, uint64_t>) return "uint8";
  return "";
}

template <typename T>
Error integer_out_of_range() {
  return {sql_state::kNumericOutOfRange, fmt::format("{} out of range", type_word<T>())};
}

// What went wrong in integer arithmetic: PostgreSQL's words; its unsigned relatives name the
// operation too.
template <typename T>
Error integer_overflow(T a, char op, T b) {
  if constexpr (std::unsigned_integral<T>) {
    return {sql_state::kNumericOutOfRange,
            fmt::format("\"{} {} {}\" {} out of range", a, op, b, type_word<T>())};
  } else {
    return integer_out_of_range<T>();
  }
}

// The error of a float result, given that the result is wrong.
template <typename T>
Error float_range_error(T result) {
  return std::isinf(result) ? value_overflow() : value_underflow();
}

struct Add {
  template <std::integral T>
  static bool apply(T a, T b, T& out) {
    return !__builtin_add_overflow(a, b, &out);
  }
  template <std::integral T>
  static Error error(T a, T b) {
    return integer_overflow(a, '+', b);
  }
  template <std::floating_point T>
  static bool apply(T a, T b, T& out) {
    out = a + b;
    return !std::isinf(out) || std::isinf(a) || std::isinf(b);
  }
  template <std::floating_point T>
  static Error error(T, T) {
    return value_overflow();
  }
};

struct Subtract {
  template <std::integral T>
  static bool apply(T a, T b, T& out) {
    return !__builtin_sub_overflow(a, b, &out);
  }
  template <std::integral T>
  static Error error(T a, T b) {
    return integer_overflow(a, '-', b);
  }
  template <std::floating_point T>
  static bool apply(T a, T b, T& out) {
    out = a - b;
    return !std::isinf(out) || std::isinf(a) || std::isinf(b);
  }
  template <std::floating_point T>
  static Error error(T, T) {
    return value_overflow();
  }
};

struct Multiply {
  template <std::integral T>
  static bool apply(T a, T b, T& out) {
    return !__builtin_mul_overflow(a, b, &out);
  }
  template <std::integral T>
  static Error error(T a, T b) {
    return integer_overflow(a, '*', b);
  }
  template <std::floating_point T>
  static bool apply(T a, T b, T& out) {
    out = a * b;
    if (std::isinf(out)) return std::isinf(a) || std::isinf(b);
    return out != 0 || a == 0 || b == 0;
  }
  template <std::floating_point T>
  static Error error(T a, T b) {
    return float_range_error(a * b);
  }
};

struct Divide {
  template <std::integral T>
  static bool apply(T a, T b, T& out) {
    if (b == 0) return false;
    if constexpr (std::signed_integral<T>) {
      if (b == -1) {
        out = static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
        return a != std::numeric_limits<T>::min();
      }
    }
    out = static_cast<T>(a / b);
    return true;
  }
  template <std::integral T>
  static Error error(T a, T b) {
    return b == 0 ? division_by_zero() : integer_overflow(a, '/', b);
  }
  template <std::floating_point T>
  static bool apply(T a, T b, T& out) {
    out = a / b;
    if (b == 0) return false;
    if (std::isinf(out)) return std::isinf(a);
    return out != 0 || a == 0 || std::isinf(b);
  }
  template <std::floating_point T>
  static Error error(T a, T b) {
    return b == 0 ? division_by_zero() : float_range_error(a / b);
  }
};

struct Modulo {
  template <std::integral T>
  static bool apply(T a, T b, T& out) {
    if (b == 0) return false;
    if constexpr (std::signed_integral<T>) {
      if (b == -1) {
        out = 0;
        return true;
      }
    }
    out = static_cast<T>(a % b);
    return true;
  }
  template <std::floating_point T>
  static bool apply(T a, T b, T& out) {
    out = std::fmod(a, b);
    return b != 0;
  }
  template <typename T>
  static Error error(T, T) {
    return division_by_zero();
  }
};

struct Negate {
  template <typename T>
  static bool apply(T a, T& out) {
    if constexpr (std::integral<T>) {
      return !__builtin_sub_overflow(T{0}, a, &out);
    } else {
      out = -a;
      return true;
    }
  }
  template <std::integral T>
  static Error error(T) {
    return integer_out_of_range<T>();
  }
};

struct Absolute {
  template <typename T>
  static bool apply(T a, T& out) {
    if constexpr (std::integral<T>) {
      if (a < 0) return !__builtin_sub_overflow(T{0}, a, &out);
      out = a;
      return true;
    } else {
      out = std::fabs(a);
      return true;
    }
  }
  template <std::integral T>
  static Error error(T) {
    return integer_out_of_range<T>();
  }
};

template <typename Op, typename T>
constexpr FunctionSpec binary(std::string_view name, TypeId type) {
  return entry(name, {type, type}, type, binary_kernel<Op, T, T, T>());
}
template <typename Op, typename T>
constexpr FunctionSpec unary(std::string_view name, TypeId type) {
  return entry(name, {type}, type, unary_kernel<Op, T, T>());
}
constexpr FunctionSpec identity(std::string_view name, TypeId type) {
  return preserving_uniqueness(pass_through(entry(name, {type}, type, {})));
}

constexpr FunctionSpec kFunctions[] = {
    binary<Add, int16_t>("+", TypeId::kInt2),
    binary<Add, int32_t>("+", TypeId::kInt4),
    binary<Add, int64_t>("+", TypeId::kInt8),
    binary<Add, uint16_t>("+", TypeId::kUInt2),
    binary<Add, uint32_t>("+", TypeId::kUInt4),
    binary<Add, uint64_t>("+", TypeId::kUInt8),
    binary<Add, float>("+", TypeId::kFloat4),
    binary<Add, double>("+", TypeId::kFloat8),
    binary<Subtract, int16_t>("-", TypeId::kInt2),
    binary<Subtract, int32_t>("-", TypeId::kInt4),
    binary<Subtract, int64_t>("-", TypeId::kInt8),
    binary<Subtract, uint16_t>("-", TypeId::kUInt2),
    binary<Subtract, uint32_t>("-", TypeId::kUInt4),
    binary<Subtract, uint64_t>("-", TypeId::kUInt8),
    binary<Subtract, float>("-", TypeId::kFloat4),
    binary<Subtract, double>("-", TypeId::kFloat8),
    binary<Multiply, int16_t>("*", TypeId::kInt2),
    binary<Multiply, int32_t>("*", TypeId::kInt4),
    binary<Multiply, int64_t>("*", TypeId::kInt8),
    binary<Multiply, uint16_t>("*", TypeId::kUInt2),
    binary<Multiply, uint32_t>("*", TypeId::kUInt4),
    binary<Multiply, uint64_t>("*", TypeId::kUInt8),
    binary<Multiply, float>("*", TypeId::kFloat4),
    binary<Multiply, double>("*", TypeId::kFloat8),
    binary<Divide, int16_t>("/", TypeId::kInt2),
    binary<Divide, int32_t>("/", TypeId::kInt4),
    binary<Divide, int64_t>("/", TypeId::kInt8),
    binary<Divide, uint16_t>("/", TypeId::kUInt2),
    binary<Divide, uint32_t>("/", TypeId::kUInt4),
    binary<Divide, uint64_t>("/", TypeId::kUInt8),
    binary<Divide, float>("/", TypeId::kFloat4),
    binary<Divide, double>("/", TypeId::kFloat8),
    binary<Modulo, int16_t>("%", TypeId::kInt2),
    binary<Modulo, int32_t>("%", TypeId::kInt4),
    binary<Modulo, int64_t>("%", TypeId::kInt8),
    binary<Modulo, uint16_t>("%", TypeId::kUInt2),
    binary<Modulo, uint32_t>("%", TypeId::kUInt4),
    binary<Modulo, uint64_t>("%", TypeId::kUInt8),
    binary<Modulo, float>("%", TypeId::kFloat4),
    binary<Modulo, double>("%", TypeId::kFloat8),
    binary<Modulo, int16_t>("mod", TypeId::kInt2),
    binary<Modulo, int32_t>("mod", TypeId::kInt4),
    binary<Modulo, int64_t>("mod", TypeId::kInt8),
    binary<Modulo, uint16_t>("mod", TypeId::kUInt2),
    binary<Modulo, uint32_t>("mod", TypeId::kUInt4),
    binary<Modulo, uint64_t>("mod", TypeId::kUInt8),
    binary<Modulo, float>("mod", TypeId::kFloat4),
    binary<Modulo, double>("mod", TypeId::kFloat8),
    preserving_uniqueness(unary<Negate, int16_t>("-", TypeId::kInt2)),
    preserving_uniqueness(unary<Negate, int32_t>("-", TypeId::kInt4)),
    preserving_uniqueness(unary<Negate, int64_t>("-", TypeId::kInt8)),
    preserving_uniqueness(unary<Negate, float>("-", TypeId::kFloat4)),
    preserving_uniqueness(unary<Negate, double>("-", TypeId::kFloat8)),
    identity("+", TypeId::kInt2),
    identity("+", TypeId::kInt4),
    identity("+", TypeId::kInt8),
    identity("+", TypeId::kUInt2),
    identity("+", TypeId::kUInt4),
    identity("+", TypeId::kUInt8),
    identity("+", TypeId::kFloat4),
    identity("+", TypeId::kFloat8),
    identity("+", TypeId::kNumeric),
    unary<Absolute, int16_t>("abs", TypeId::kInt2),
    unary<Absolute, int32_t>("abs", TypeId::kInt4),
    unary<Absolute, int64_t>("abs", TypeId::kInt8),
    unary<Absolute, float>("abs", TypeId::kFloat4),
    unary<Absolute, double>("abs", TypeId::kFloat8),
};

}  // namespace

std::span<const FunctionSpec> arithmetic_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
