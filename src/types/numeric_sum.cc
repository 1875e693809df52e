// The exact sum of numerics.
#include "types/numeric_sum.h"

#include <utility>

#include "types/numeric_wide.h"

namespace penstock::types {

// total is magnitude and sign, in units of 10^-39.
struct NumericSum::Large {
  Wide magnitude = 0;
  bool negative = false;
  int64_t nans = 0;
  int64_t infinities = 0;
  int64_t negative_infinities = 0;

  void add(bool term_negative, const Wide& term) {
    if (term_negative == negative) {
      magnitude += term;
    } else if (magnitude >= term) {
      magnitude -= term;
    } else {
      magnitude = term - magnitude;
      negative = term_negative;
    }
    if (magnitude.is_zero()) negative = false;
  }
};

namespace {

Uint128 magnitude_of(__int128 value) {
  return value < 0 ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value);
}
Wide to_wide(Uint128 value) {
  return (Wide(static_cast<uint64_t>(value >> 64)) << 64) | Wide(static_cast<uint64_t>(value));
}
uint64_t absolute(int64_t value) {
  return value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

}  // namespace

NumericSum::NumericSum() = default;
NumericSum::NumericSum(NumericSum&&) noexcept = default;
NumericSum& NumericSum::operator=(NumericSum&&) noexcept = default;
NumericSum::~NumericSum() = default;

NumericSum::NumericSum(const NumericSum& other)
    : total_(other.total_),
      scale_(other.scale_),
      large_(other.large_ ? std::make_unique<Large>(*other.large_) : nullptr) {}

NumericSum& NumericSum::operator=(const NumericSum& other) {
  if (this != &other) *this = NumericSum(other);
  return *this;
}

NumericSum::Large& NumericSum::large() {
  if (large_) return *large_;
  large_ = std::make_unique<Large>();
  large_->add(total_ < 0,
              to_wide(magnitude_of(total_)) * wide_power_of_ten(Numeric::kMaxScale - scale_));
  return *large_;
}

// REQUIRES: large_ is absent.
void NumericSum::add_small(Int128 term, int scale) {
  Int128 own = total_;
  Int128 sum = 0;
  int target = std::max(scale, scale_);
  bool fits = target - scale <= 18 && target - scale_ <= 18;
  if (fits) {
    auto own_power = static_cast<Int128>(small_power_of_ten(target - scale_));
    auto term_power = static_cast<Int128>(small_power_of_ten(target - scale));
    Int128 scaled_term = 0;
    fits = !__builtin_mul_overflow(own, own_power, &own) &&
           !__builtin_mul_overflow(term, term_power, &scaled_term) &&
           !__builtin_add_overflow(own, scaled_term, &sum);
  }
  if (fits) {
    total_ = sum;
    scale_ = target;
    return;
  }
  large().add(term < 0,
              to_wide(magnitude_of(term)) * wide_power_of_ten(Numeric::kMaxScale - scale));
}

void NumericSum::add(const Numeric& value, int64_t weight) {
  if (!value.is_finite()) {
    Large& state = large();
    int64_t& count = value.is_nan()        ? state.nans
                     : value.is_negative() ? state.negative_infinities
                                           : state.infinities;
    count += weight;
    return;
  }
  if (!large_ && NumericParts::is_small(value) && value.exponent() <= 0) {
    Int128 coefficient = NumericParts::small(value);
    if (value.is_negative()) coefficient = -coefficient;
    Int128 term = 0;
    if (!__builtin_mul_overflow(coefficient, static_cast<Int128>(weight), &term)) {
      add_small(term, value.scale());
      return;
    }
  }
  Wide term = NumericParts::wide(value) * wide_power_of_ten(Numeric::kMaxScale + value.exponent()) *
              absolute(weight);
  large().add(value.is_negative() != (weight < 0), term);
}

void NumericSum::add_integer(int64_t value, int64_t weight) {
  // |int64 * int64| < 2^127.
  Int128 term = static_cast<Int128>(value) * weight;
  if (!large_) {
    add_small(term, 0);
    return;
  }
  large_->add(term < 0, to_wide(magnitude_of(term)) * wide_power_of_ten(Numeric::kMaxScale));
}

void NumericSum::add_unsigned(uint64_t value, int64_t weight) {
  // |uint64 * int64| <= (2^64 - 1) * 2^63 < 2^127.
  Int128 term = static_cast<Int128>(value) * weight;
  if (!large_) {
    add_small(term, 0);
    return;
  }
  large_->add(term < 0, to_wide(magnitude_of(term)) * wide_power_of_ten(Numeric::kMaxScale));
}

void NumericSum::merge(const NumericSum& other) {
  if (!other.large_ && !large_) {
    add_small(other.total_, other.scale_);
    return;
  }
  NumericSum copy = other;
  const Large& theirs = copy.large();
  Large& ours = large();
  ours.add(theirs.negative, theirs.magnitude);
  ours.nans += theirs.nans;
  ours.infinities += theirs.infinities;
  ours.negative_infinities += theirs.negative_infinities;
}

Numeric NumericSum::total() const {
  if (!large_) {
    auto made = NumericParts::make(total_ < 0, to_wide(magnitude_of(total_)), -scale_);
    return made ? *made : Numeric::infinity(total_ < 0);
  }
  bool positive = large_->infinities > 0;
  bool negative = large_->negative_infinities > 0;
  if (large_->nans > 0 || (positive && negative)) return Numeric::nan();
  if (positive || negative) return Numeric::infinity(negative);
  auto made = NumericParts::make(large_->negative, large_->magnitude, -Numeric::kMaxScale);
  return made ? *made : Numeric::infinity(large_->negative);
}

}  // namespace penstock::types
