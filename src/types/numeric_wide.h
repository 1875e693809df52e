// Internal to numeric*.cc: 512-bit integers for intermediate results, and the one place where a
// result becomes a Numeric again (rounding, range, trailing zeros).
//
// 512 bits hold every intermediate: sums aligned over the whole exponent range have up to 39 + 77
// digits (386 bits), products 78, dividends 79.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <expected>

#include "types/numeric.h"

namespace penstock::types {

using Wide = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    512, 512, boost::multiprecision::unsigned_magnitude, boost::multiprecision::unchecked, void>>;
__extension__ using Uint128 = unsigned __int128;

inline constexpr int kMaxPower = 130;
// REQUIRES: 0 <= power <= kMaxPower.
const Wide& wide_power_of_ten(int power);
// REQUIRES: 0 <= power <= 19.
uint64_t small_power_of_ten(int power);
// Number of decimal digits; 0 for zero.
int count_digits(const Wide& value);

enum class NumericFault : uint8_t { kOverflow, kUnderflow };
Error numeric_fault(NumericFault fault);

struct NumericParts {
  static bool is_small(const Numeric& x) { return (x.limbs_[1] | x.limbs_[2]) == 0; }
  static uint64_t small(const Numeric& x) { return x.limbs_[0]; }
  static Wide wide(const Numeric& x);
  // Rounds to 39 significant and 39 fractional digits.
  static std::expected<Numeric, NumericFault> make(bool negative, Wide magnitude, int exponent);
  // The same where nothing can need rounding. REQUIRES: -39 <= exponent and the value is in range.
  static Numeric make_small(bool negative, Uint128 magnitude, int exponent);
  static void set_wide(Numeric& x, const Wide& magnitude);
};

}  // namespace penstock::types
