// Decimals of a fixed scale as bytes of a fixed width: an encoder's hot path, so 64-bit limbs by
// hand instead of 512-bit arithmetic.
#include <array>

#include "base/check.h"
#include "types/numeric.h"
#include "types/numeric_wide.h"

namespace penstock::types {
namespace {

// Least significant first. 10^39 times 10^78 has 389 bits.
using Limbs = std::array<uint64_t, 8>;
constexpr size_t kPowerLimbs = 5;  // 10^78 has 260 bits.
constexpr size_t kValueLimbs = 3;
constexpr int kPowers = Numeric::kMaxScale + Numeric::kMaxDigits;

struct Powers {
  std::array<std::array<uint64_t, kPowerLimbs>, kPowers + 1> of = {};
  constexpr Powers() {
    of[0][0] = 1;
    for (size_t power = 1; power < of.size(); ++power) {
      Uint128 carry = 0;
      for (size_t i = 0; i < kPowerLimbs; ++i) {
        carry += static_cast<Uint128>(of[power - 1][i]) * 10;
        of[power][i] = static_cast<uint64_t>(carry);
        carry >>= 64;
      }
    }
  }
};
constexpr Powers kTens;

Limbs product(const std::array<uint64_t, kValueLimbs>& value, int power) {
  Limbs out = {};
  const auto& tens = kTens.of[static_cast<size_t>(power)];
  for (size_t i = 0; i < kValueLimbs; ++i) {
    if (value[i] == 0) continue;
    Uint128 carry = 0;
    for (size_t j = 0; j < kPowerLimbs; ++j) {
      carry += static_cast<Uint128>(value[i]) * tens[j] + out[i + j];
      out[i + j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    if (i + kPowerLimbs < out.size()) out[i + kPowerLimbs] = static_cast<uint64_t>(carry);
  }
  return out;
}

void negate_limbs(Limbs& limbs) {
  bool carry = true;
  for (uint64_t& limb : limbs) {
    limb = ~limb + (carry ? 1 : 0);
    carry = carry && limb == 0;
  }
}

}  // namespace

bool Numeric::append_unscaled(int scale, size_t width, std::string& out) const {
  DCHECK(scale >= 0 && scale <= kMaxScale && width > 0 && width <= sizeof(Limbs));
  const int power = scale + exponent_;
  if (!is_finite() || power < 0) return false;
  if (is_zero()) {
    out.append(width, '\0');
    return true;
  }
  if (power > kPowers) return false;
  Limbs limbs = product(limbs_, power);
  if (negative_) negate_limbs(limbs);
  // What is left out must be nothing but copies of the sign.
  auto byte = [&](size_t i) { return static_cast<uint8_t>(limbs[i / 8] >> (8 * (i % 8))); };
  const uint8_t sign = negative_ ? 0xff : 0;
  if (((byte(width - 1) ^ sign) & 0x80) != 0) return false;
  for (size_t i = width; i < sizeof(Limbs); ++i) {
    if (byte(i) != sign) return false;
  }
  for (size_t i = width; i-- > 0;) out += static_cast<char>(byte(i));
  return true;
}

}  // namespace penstock::types
