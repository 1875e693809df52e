// Numeric's arithmetic: a path in 64-bit coefficients where nothing can need rounding, and one in
// 512-bit integers for everything else.
#include <algorithm>
#include <utility>

#include "types/numeric.h"
#include "types/numeric_wide.h"

namespace penstock::types {
namespace {

Result<Numeric> checked(std::expected<Numeric, NumericFault> result) {
  if (!result) return fail(numeric_fault(result.error()));
  return *result;
}

Error division_by_zero() {
  return Error(sql_state::kDivisionByZero, "division by zero");
}

Result<Numeric> add_special(const Numeric& a, const Numeric& b) {
  if (a.is_nan() || b.is_nan()) return Numeric::nan();
  if (a.is_infinite() && b.is_infinite()) {
    return a.is_negative() == b.is_negative() ? a : Numeric::nan();
  }
  return a.is_infinite() ? a : b;
}

// Both magnitudes at the smaller of the two exponents, which is returned.
int align(const Numeric& a, const Numeric& b, Wide& left, Wide& right) {
  left = NumericParts::wide(a);
  right = NumericParts::wide(b);
  int difference = a.exponent() - b.exponent();
  if (difference > 0) {
    left *= wide_power_of_ten(difference);
  } else {
    right *= wide_power_of_ten(-difference);
  }
  return std::min(a.exponent(), b.exponent());
}

Result<Numeric> add_wide(const Numeric& a, const Numeric& b) {
  Wide left;
  Wide right;
  int exponent = align(a, b, left, right);
  if (a.is_negative() == b.is_negative()) {
    return checked(NumericParts::make(a.is_negative(), left + right, exponent));
  }
  if (left >= right) return checked(NumericParts::make(a.is_negative(), left - right, exponent));
  return checked(NumericParts::make(b.is_negative(), right - left, exponent));
}

// Drops the digits below 10^-places, counting up where `up` says so for (quotient, remainder,
// divisor).
template <typename RoundsUp>
std::expected<Numeric, NumericFault> drop_digits(const Numeric& x, int places, RoundsUp up) {
  int drop = -places - x.exponent();
  if (!x.is_finite() || drop <= 0) return x;
  drop = std::min(drop, kMaxPower - 1);
  Wide quotient;
  Wide remainder;
  const Wide& divisor = wide_power_of_ten(drop);
  Wide magnitude = NumericParts::wide(x);
  boost::multiprecision::divide_qr(magnitude, divisor, quotient, remainder);
  if (up(remainder, divisor)) ++quotient;
  return NumericParts::make(x.is_negative(), quotient, x.exponent() + drop);
}

}  // namespace

Result<Numeric> Numeric::add(const Numeric& other) const {
  if (!is_finite() || !other.is_finite()) return add_special(*this, other);
  const Numeric* high = this;
  const Numeric* low = &other;
  if (high->exponent_ < low->exponent_) std::swap(high, low);
  int difference = high->exponent_ - low->exponent_;
  // 2^64 * 10^18 + 2^64 < 2^128 and has at most 39 digits; exponents up to 0 keep it in range.
  bool small = NumericParts::is_small(*this) && NumericParts::is_small(other);
  if (!small || difference > 18 || low->exponent_ > 0) return add_wide(*this, other);
  Uint128 left = Uint128{high->limbs_[0]} * small_power_of_ten(difference);
  Uint128 right = low->limbs_[0];
  if (high->negative_ == low->negative_) {
    return NumericParts::make_small(high->negative_, left + right, low->exponent_);
  }
  if (left >= right) return NumericParts::make_small(high->negative_, left - right, low->exponent_);
  return NumericParts::make_small(low->negative_, right - left, low->exponent_);
}

Result<Numeric> Numeric::subtract(const Numeric& other) const {
  return add(other.negate());
}

Result<Numeric> Numeric::multiply(const Numeric& other) const {
  bool negative = negative_ != other.negative_;
  if (!is_finite() || !other.is_finite()) {
    if (is_nan() || other.is_nan() || is_zero() || other.is_zero()) return nan();
    return infinity(negative);
  }
  int exponent = exponent_ + other.exponent_;
  bool small = NumericParts::is_small(*this) && NumericParts::is_small(other);
  if (small && exponent >= -kMaxScale && exponent <= 0) {
    Uint128 product = Uint128{limbs_[0]} * other.limbs_[0];
    return NumericParts::make_small(negative, product, exponent);
  }
  return checked(NumericParts::make(negative, NumericParts::wide(*this) * NumericParts::wide(other),
                                    exponent));
}

Result<Numeric> Numeric::divide(const Numeric& other) const {
  if (is_nan() || other.is_nan()) return nan();
  if (other.is_zero()) return fail(division_by_zero());
  bool negative = negative_ != other.negative_;
  if (is_infinite()) return other.is_infinite() ? nan() : infinity(negative);
  if (other.is_infinite() || is_zero()) return Numeric();
  Wide dividend = NumericParts::wide(*this);
  Wide divisor = NumericParts::wide(other);
  // Enough digits that the quotient has one more than are kept.
  int shift = std::max(0, kMaxDigits + 2 - count_digits(dividend) + count_digits(divisor));
  Wide quotient;
  Wide remainder;
  Wide shifted = dividend * wide_power_of_ten(shift);
  boost::multiprecision::divide_qr(shifted, divisor, quotient, remainder);
  return checked(NumericParts::make(negative, quotient, exponent_ - other.exponent_ - shift));
}

Result<Numeric> Numeric::modulo(const Numeric& other) const {
  if (is_nan() || other.is_nan() || is_infinite()) return nan();
  if (other.is_zero()) return fail(division_by_zero());
  if (other.is_infinite()) return *this;
  Wide left;
  Wide right;
  int exponent = align(*this, other, left, right);
  return checked(NumericParts::make(negative_, left % right, exponent));
}

Numeric Numeric::negate() const {
  Numeric out = *this;
  if (!is_nan() && !is_zero()) out.negative_ = !negative_;
  return out;
}

Numeric Numeric::absolute() const {
  Numeric out = *this;
  out.negative_ = false;
  return out;
}

Result<Numeric> Numeric::round(int places) const {
  constexpr int kFar = 2 * kMaxDigits;  // No number has digits as far from its point.
  places = std::clamp(places, -kFar, kFar);
  return checked(drop_digits(*this, places, [](const Wide& remainder, const Wide& divisor) {
    return remainder * 2U >= divisor;
  }));
}

Numeric Numeric::truncate(int places) const {
  return drop_digits(*this, places, [](const Wide&, const Wide&) { return false; })
      .value_or(Numeric());
}

Result<Numeric> Numeric::floor() const {
  bool down = negative_;
  return checked(drop_digits(*this, 0, [down](const Wide& remainder, const Wide&) {
    return down && !remainder.is_zero();
  }));
}

Result<Numeric> Numeric::ceiling() const {
  bool up = !negative_;
  return checked(drop_digits(
      *this, 0, [up](const Wide& remainder, const Wide&) { return up && !remainder.is_zero(); }));
}

Result<Numeric> Numeric::rescale(int scale) const {
  if (!is_finite()) return *this;
  ASSIGN_OR_RETURN(Numeric rounded, round(scale));
  int whole_digits = count_digits(NumericParts::wide(rounded)) + rounded.exponent_;
  if (!rounded.is_zero() && std::max(whole_digits, 0) + scale > kMaxDigits) {
    return fail(sql_state::kNumericOutOfRange, "numeric field overflow");
  }
  return rounded;
}

}  // namespace penstock::types
