// Casts between bool, integers, floats, numeric, oid and mz_timestamp.
#include <fmt/core.h>

#include <cmath>
#include <concepts>
#include <limits>

#include "expr/casts/cast_tables.h"
#include "expr/numeric_value.h"
#include "types/scalar_text.h"

namespace penstock::expr {
namespace {

using types::Numeric;
using types::TypeId;
using enum TypeId;

// The C++ type that holds a number of the type.
template <TypeId id>
struct Holder;
template <>
struct Holder<kInt2> {
  using Type = int16_t;
  static constexpr const char* kName = "smallint";
};
template <>
struct Holder<kInt4> {
  using Type = int32_t;
  static constexpr const char* kName = "integer";
};
template <>
struct Holder<kInt8> {
  using Type = int64_t;
  static constexpr const char* kName = "bigint";
};
template <>
struct Holder<kUInt2> {
  using Type = uint16_t;
  static constexpr const char* kName = "uint2";
};
template <>
struct Holder<kUInt4> {
  using Type = uint32_t;
  static constexpr const char* kName = "uint4";
};
template <>
struct Holder<kUInt8> {
  using Type = uint64_t;
  static constexpr const char* kName = "uint8";
};
template <>
struct Holder<kFloat4> {
  using Type = float;
  static constexpr const char* kName = "real";
};
template <>
struct Holder<kFloat8> {
  using Type = double;
  static constexpr const char* kName = "double precision";
};
template <>
struct Holder<kNumeric> {
  using Type = Numeric;
  static constexpr const char* kName = "numeric";
};
template <>
struct Holder<kOid> {
  using Type = uint32_t;
  static constexpr const char* kName = "OID";
};
template <>
struct Holder<kMzTimestamp> {
  using Type = uint64_t;
  static constexpr const char* kName = "mz_timestamp";
};

template <typename T>
std::string text_of(const T& value) {
  std::string out;
  if constexpr (std::same_as<T, Numeric>) {
    value.append_text(out);
  } else if constexpr (std::same_as<T, double>) {
    types::append_float8(value, out);
  } else if constexpr (std::same_as<T, float>) {
    types::append_float4(value, out);
  } else if constexpr (std::signed_integral<T>) {
    types::append_integer(value, out);
  } else {
    types::append_unsigned(value, out);
  }
  return out;
}
template <TypeId to, typename T>
std::unexpected<Error> out_of_range(const T& value) {
  return fail(sql_state::kNumericOutOfRange,
              fmt::format("\"{}\" {} out of range", text_of(value), Holder<to>::kName));
}

// --- integers from anything ---

template <TypeId from, TypeId to>
Result<typename Holder<to>::Type> integer_to_integer(typename Holder<from>::Type value) {
  using To = typename Holder<to>::Type;
  if (!std::in_range<To>(value)) return out_of_range<to>(value);
  return static_cast<To>(value);
}
template <TypeId from, TypeId to>
typename Holder<to>::Type widen(typename Holder<from>::Type value) {
  return static_cast<typename Holder<to>::Type>(value);
}
// Ties to even, as the processor rounds.
template <TypeId from, TypeId to>
Result<typename Holder<to>::Type> float_to_integer(typename Holder<from>::Type value) {
  using To = typename Holder<to>::Type;
  double rounded = std::nearbyint(static_cast<double>(value));
  // The first value too large is a power of two, which a double holds exactly.
  double limit = std::ldexp(1.0, std::numeric_limits<To>::digits);
  double least = std::signed_integral<To> ? -limit : 0.0;
  if (!(rounded >= least && rounded < limit)) return out_of_range<to>(value);
  return static_cast<To>(rounded);
}
// Half away from zero.
template <TypeId to>
Result<typename Holder<to>::Type> numeric_to_integer(const Numeric& value) {
  using To = typename Holder<to>::Type;
  if constexpr (std::signed_integral<To>) {
    std::optional<int64_t> integer = value.to_int64();
    if (!integer || !std::in_range<To>(*integer)) return out_of_range<to>(value);
    return static_cast<To>(*integer);
  } else {
    std::optional<uint64_t> integer = value.to_uint64();
    if (!integer || !std::in_range<To>(*integer)) return out_of_range<to>(value);
    return static_cast<To>(*integer);
  }
}
Result<uint64_t> numeric_to_mz_timestamp(const Numeric& value) {
  if (!value.is_finite() || value.scale() > 0) return out_of_range<kMzTimestamp>(value);
  return numeric_to_integer<kMzTimestamp>(value);
}

// --- floats ---

Result<float> float8_to_float4(double value) {
  float out = static_cast<float>(value);
  if (std::isinf(out) && !std::isinf(value)) return out_of_range<kFloat4>(value);
  if (out == 0 && value != 0) return out_of_range<kFloat4>(value);
  return out;
}
Result<float> numeric_to_float4(const Numeric& value) {
  float out = value.to_float();
  if (std::isinf(out) && value.is_finite()) return out_of_range<kFloat4>(value);
  return out;
}
double numeric_to_float8(const Numeric& value) {
  return value.to_double();
}

// --- numerics, rounded to the scale asked for ---

Result<Numeric> scaled(const KernelCall& call, const Numeric& value) {
  if (call.type.modifier < 0) return value;
  return value.rescale(call.type.modifier);
}
template <TypeId from>
Result<Numeric> to_numeric(const KernelCall& call, typename Holder<from>::Type value) {
  using From = typename Holder<from>::Type;
  if constexpr (std::same_as<From, double> || std::same_as<From, float>) {
    if (std::isinf(value)) {
      return fail(sql_state::kNumericOutOfRange,
                  fmt::format("function casting {} to numeric is only defined for finite arguments",
                              Holder<from>::kName));
    }
    Result<Numeric> exact = std::same_as<From, double>
                                ? Numeric::from_double(value)
                                : Numeric::from_float(static_cast<float>(value));
    return exact ? scaled(call, *exact) : exact;
  } else if constexpr (std::signed_integral<From>) {
    return scaled(call, Numeric::from_int64(value));
  } else {
    return scaled(call, Numeric::from_uint64(value));
  }
}

// --- bool, "char" ---

template <TypeId from>
bool to_bool(typename Holder<from>::Type value) {
  return value != 0;
}
template <TypeId to>
typename Holder<to>::Type from_bool(bool value) {
  return value ? 1 : 0;
}
// "char" holds one byte, zero as the empty string.
Result<std::string> int4_to_char(int32_t value) {
  if (value < -128 || value > 127) {
    return fail(sql_state::kNumericOutOfRange, fmt::format("\"{}\" \"char\" out of range", value));
  }
  return value == 0 ? std::string() : std::string(1, static_cast<char>(value));
}
int32_t char_to_int4(std::string_view value) {
  return value.empty() ? 0 : static_cast<signed char>(value[0]);
}

// --- the table ---

template <TypeId from, TypeId to>
constexpr CastEntry narrowing(CastContext context) {
  return injective(cast_entry(from, to, context, row_kernel<integer_to_integer<from, to>>));
}
template <TypeId from, TypeId to>
constexpr CastEntry widening(CastContext context) {
  return injective(cast_entry(from, to, context, row_kernel<widen<from, to>>));
}
template <TypeId from, TypeId to>
constexpr CastEntry from_float(CastContext context) {
  return cast_entry(from, to, context, row_kernel<float_to_integer<from, to>>);
}
template <TypeId to>
constexpr CastEntry from_numeric() {
  return cast_entry(kNumeric, to, CastContext::kAssignment, row_kernel<numeric_to_integer<to>>);
}
template <TypeId from>
constexpr CastEntry into_numeric(CastContext context) {
  return cast_entry(from, kNumeric, context, row_kernel<to_numeric<from>>);
}
constexpr CastEntry not_injective(CastEntry cast) {
  cast.function.preserves_uniqueness = false;
  return cast;
}

constexpr CastContext I = CastContext::kImplicit;
constexpr CastContext A = CastContext::kAssignment;
constexpr CastContext E = CastContext::kExplicit;

constexpr CastEntry kCasts[] = {
    injective(cast_entry(kBool, kInt4, E, row_kernel<from_bool<kInt4>>)),
    injective(cast_entry(kBool, kInt8, E, row_kernel<from_bool<kInt8>>)),

    widening<kInt2, kInt4>(I),
    widening<kInt2, kInt8>(I),
    widening<kInt2, kFloat4>(I),
    widening<kInt2, kFloat8>(I),
    into_numeric<kInt2>(I),
    narrowing<kInt2, kOid>(I),
    narrowing<kInt2, kUInt2>(A),
    narrowing<kInt2, kUInt4>(A),
    narrowing<kInt2, kUInt8>(A),

    widening<kInt4, kInt8>(I),
    not_injective(widening<kInt4, kFloat4>(I)),
    widening<kInt4, kFloat8>(I),
    into_numeric<kInt4>(I),
    widening<kInt4, kOid>(I),
    narrowing<kInt4, kMzTimestamp>(I),
    narrowing<kInt4, kInt2>(A),
    narrowing<kInt4, kUInt2>(A),
    narrowing<kInt4, kUInt4>(A),
    narrowing<kInt4, kUInt8>(A),
    cast_entry(kInt4, kBool, E, row_kernel<to_bool<kInt4>>),
    cast_entry(kInt4, kChar, E, row_kernel<int4_to_char>),

    not_injective(widening<kInt8, kFloat4>(I)),
    not_injective(widening<kInt8, kFloat8>(I)),
    into_numeric<kInt8>(I),
    narrowing<kInt8, kOid>(I),
    narrowing<kInt8, kMzTimestamp>(I),
    narrowing<kInt8, kInt2>(A),
    narrowing<kInt8, kInt4>(A),
    narrowing<kInt8, kUInt2>(A),
    narrowing<kInt8, kUInt4>(A),
    narrowing<kInt8, kUInt8>(A),
    cast_entry(kInt8, kBool, E, row_kernel<to_bool<kInt8>>),

    widening<kUInt2, kUInt4>(I),
    widening<kUInt2, kUInt8>(I),
    widening<kUInt2, kInt4>(I),
    widening<kUInt2, kInt8>(I),
    into_numeric<kUInt2>(I),
    widening<kUInt2, kFloat4>(I),
    widening<kUInt2, kFloat8>(I),
    not_injective(narrowing<kUInt2, kInt2>(A)),

    widening<kUInt4, kUInt8>(I),
    widening<kUInt4, kInt8>(I),
    into_numeric<kUInt4>(I),
    not_injective(widening<kUInt4, kFloat4>(I)),
    widening<kUInt4, kFloat8>(I),
    widening<kUInt4, kMzTimestamp>(I),
    not_injective(narrowing<kUInt4, kUInt2>(A)),
    not_injective(narrowing<kUInt4, kInt2>(A)),
    not_injective(narrowing<kUInt4, kInt4>(A)),

    into_numeric<kUInt8>(I),
    not_injective(widening<kUInt8, kFloat4>(I)),
    not_injective(widening<kUInt8, kFloat8>(I)),
    same_bits(widening<kUInt8, kMzTimestamp>(I)),
    narrowing<kUInt8, kUInt2>(A),
    narrowing<kUInt8, kUInt4>(A),
    narrowing<kUInt8, kInt2>(A),
    narrowing<kUInt8, kInt4>(A),
    narrowing<kUInt8, kInt8>(A),

    not_injective(widening<kFloat4, kFloat8>(I)),
    from_float<kFloat4, kInt2>(A),
    from_float<kFloat4, kInt4>(A),
    from_float<kFloat4, kInt8>(A),
    from_float<kFloat4, kUInt2>(A),
    from_float<kFloat4, kUInt4>(A),
    from_float<kFloat4, kUInt8>(A),
    into_numeric<kFloat4>(A),

    from_float<kFloat8, kInt2>(A),
    from_float<kFloat8, kInt4>(A),
    from_float<kFloat8, kInt8>(A),
    from_float<kFloat8, kUInt2>(A),
    from_float<kFloat8, kUInt4>(A),
    from_float<kFloat8, kUInt8>(A),
    cast_entry(kFloat8, kFloat4, A, row_kernel<float8_to_float4>),
    into_numeric<kFloat8>(A),

    cast_entry(kNumeric, kFloat4, I, row_kernel<numeric_to_float4>),
    cast_entry(kNumeric, kFloat8, I, row_kernel<numeric_to_float8>),
    injective(cast_entry(kNumeric, kMzTimestamp, I, row_kernel<numeric_to_mz_timestamp>)),
    from_numeric<kInt2>(),
    from_numeric<kInt4>(),
    from_numeric<kInt8>(),
    from_numeric<kUInt2>(),
    from_numeric<kUInt4>(),
    from_numeric<kUInt8>(),
    cast_entry(kNumeric, kNumeric, I, row_kernel<scaled>),

    cast_entry(kChar, kInt4, E, row_kernel<char_to_int4>),
    // Between oid and integer the bits stay as they are.
    same_bits(injective(cast_entry(kOid, kInt4, A, row_kernel<widen<kOid, kInt4>>))),
    injective(cast_entry(kOid, kInt8, A, row_kernel<widen<kOid, kInt8>>)),
};

}  // namespace

std::span<const CastEntry> number_casts() {
  return kCasts;
}

}  // namespace penstock::expr
