// Numeric's representation: canonical form, bytes, comparison and conversions to other numbers.
#include "types/numeric.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "types/numeric_wide.h"

namespace penstock::types {
namespace {

constexpr uint8_t kNegativeInfinityTag = 0xFD;
constexpr uint8_t kInfinityTag = 0xFE;
constexpr uint8_t kNaNTag = 0xFF;
constexpr int kExponentBias = 64;

template <typename Float>
Result<Numeric> from_float_type(Float value, const char* type_name) {
  if (std::isnan(value)) return Numeric::nan();
  if (std::isinf(value)) {
    return fail(sql_state::kInvalidParameterValue,
                "function casting " + std::string(type_name) +
                    " to numeric is only defined for finite arguments");
  }
  std::array<char, 40> raw;
  std::to_chars_result written = std::to_chars(raw.data(), raw.data() + raw.size(), std::abs(value),
                                               std::chars_format::scientific);
  std::string_view text(raw.data(), static_cast<size_t>(written.ptr - raw.data()));
  size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), written.ptr, exponent);
  if (exponent < -Numeric::kMaxScale) return Numeric();
  std::optional<Numeric> out =
      Numeric::from_digits(std::signbit(value), digits,
                           exponent - static_cast<int>(digits.size()) + 1, ExcessDigits::kRound);
  if (!out) return fail(sql_state::kNumericOutOfRange, "numeric field overflow");
  return *out;
}

}  // namespace

const Wide& wide_power_of_ten(int power) {
  static const std::array<Wide, kMaxPower + 1> kPowers = [] {
    std::array<Wide, kMaxPower + 1> powers;
    powers[0] = 1;
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10U;
    return powers;
  }();
  return kPowers[static_cast<size_t>(power)];
}

uint64_t small_power_of_ten(int power) {
  static constexpr std::array<uint64_t, 20> kPowers = [] {
    std::array<uint64_t, 20> powers = {1};
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
  }();
  return kPowers[static_cast<size_t>(power)];
}

int count_digits(const Wide& value) {
  if (value.is_zero()) return 0;
  // log10(2) = 0.30103: at most one too few.
  int digits = static_cast<int>(boost::multiprecision::msb(value)) * 30103 / 100000 + 1;
  return value >= wide_power_of_ten(digits) ? digits + 1 : digits;
}

Error numeric_fault(NumericFault fault) {
  return Error(sql_state::kNumericOutOfRange, fault == NumericFault::kOverflow
                                                  ? "value out of range: overflow"
                                                  : "value out of range: underflow");
}

Wide NumericParts::wide(const Numeric& x) {
  Wide out = x.limbs_[0];
  if (!is_small(x)) {
    out |= Wide(x.limbs_[1]) << 64;
    out |= Wide(x.limbs_[2]) << 128;
  }
  return out;
}

void NumericParts::set_wide(Numeric& x, const Wide& magnitude) {
  const Wide mask = std::numeric_limits<uint64_t>::max();
  x.limbs_[0] = static_cast<uint64_t>(magnitude & mask);
  x.limbs_[1] = static_cast<uint64_t>((magnitude >> 64) & mask);
  x.limbs_[2] = static_cast<uint64_t>((magnitude >> 128) & mask);
}

std::expected<Numeric, NumericFault> NumericParts::make(bool negative, Wide magnitude,
                                                        int exponent) {
  Numeric out;
  if (magnitude.is_zero()) return out;
  int digits = count_digits(magnitude);
  if (digits + exponent - 1 < -Numeric::kMaxScale) {
    return std::unexpected(NumericFault::kUnderflow);
  }
  int excess = std::max(digits - Numeric::kMaxDigits, -Numeric::kMaxScale - exponent);
  if (excess > 0) {
    const Wide& divisor = wide_power_of_ten(excess);
    Wide quotient;
    Wide remainder;
    boost::multiprecision::divide_qr(magnitude, divisor, quotient, remainder);
    if (remainder * 2U >= divisor) ++quotient;
    magnitude = quotient;
    exponent += excess;
    digits = count_digits(magnitude);
  }
  if (digits + exponent > Numeric::kMaxDigits) return std::unexpected(NumericFault::kOverflow);
  while (magnitude > std::numeric_limits<uint64_t>::max()) {
    Wide quotient;
    Wide remainder;
    boost::multiprecision::divide_qr(magnitude, wide_power_of_ten(1), quotient, remainder);
    if (!remainder.is_zero()) {
      set_wide(out, magnitude);
      out.exponent_ = static_cast<int8_t>(exponent);
      out.negative_ = negative;
      return out;
    }
    magnitude = quotient;
    ++exponent;
  }
  return make_small(negative, static_cast<uint64_t>(magnitude), exponent);
}

Numeric NumericParts::make_small(bool negative, Uint128 magnitude, int exponent) {
  Numeric out;
  if (magnitude == 0) return out;
  while ((magnitude >> 64) != 0 && magnitude % 10 == 0) {
    magnitude /= 10;
    ++exponent;
  }
  auto low = static_cast<uint64_t>(magnitude);
  auto high = static_cast<uint64_t>(magnitude >> 64);
  if (high == 0) {
    while (low % 100 == 0) {
      low /= 100;
      exponent += 2;
    }
    if (low % 10 == 0) {
      low /= 10;
      ++exponent;
    }
  }
  out.limbs_ = {low, high, 0};
  out.exponent_ = static_cast<int8_t>(exponent);
  out.negative_ = negative;
  return out;
}

Numeric Numeric::from_int64(int64_t value) {
  uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return NumericParts::make_small(value < 0, magnitude, 0);
}
Numeric Numeric::from_uint64(uint64_t value) {
  return NumericParts::make_small(false, value, 0);
}
Numeric Numeric::nan() {
  Numeric out;
  out.kind_ = Kind::kNaN;
  return out;
}
Numeric Numeric::infinity(bool negative) {
  Numeric out;
  out.kind_ = Kind::kInfinity;
  out.negative_ = negative;
  return out;
}
Result<Numeric> Numeric::from_double(double value) {
  return from_float_type(value, "double precision");
}
Result<Numeric> Numeric::from_float(float value) {
  return from_float_type(value, "real");
}

Numeric Numeric::decode(std::string_view bytes) {
  Numeric out;
  CHECK(!bytes.empty() && bytes.size() <= 18);
  auto tag = static_cast<uint8_t>(bytes[0]);
  if (tag == kNaNTag) return nan();
  if (tag >= kNegativeInfinityTag) return infinity(tag == kNegativeInfinityTag);
  out.exponent_ = static_cast<int8_t>(tag - kExponentBias);
  bytes.remove_prefix(1);
  if (bytes.empty()) return out;
  bool negative = static_cast<signed char>(bytes.back()) < 0;
  std::array<uint64_t, 3> limbs;
  std::memset(limbs.data(), negative ? 0xFF : 0, sizeof(limbs));
  std::memcpy(limbs.data(), bytes.data(), bytes.size());
  if (negative) {
    bool carry = true;
    for (uint64_t& limb : limbs) {
      limb = ~limb + (carry ? 1 : 0);
      carry = carry && limb == 0;
    }
  }
  out.limbs_ = limbs;
  out.negative_ = negative;
  return out;
}

void Numeric::encode(std::string& out) const {
  if (kind_ != Kind::kFinite) {
    uint8_t tag = is_nan() ? kNaNTag : (negative_ ? kNegativeInfinityTag : kInfinityTag);
    out += static_cast<char>(tag);
    return;
  }
  out += static_cast<char>(exponent_ + kExponentBias);
  if (is_zero()) return;
  std::array<uint64_t, 3> limbs = limbs_;
  if (negative_) {
    bool carry = true;
    for (uint64_t& limb : limbs) {
      limb = ~limb + (carry ? 1 : 0);
      carry = carry && limb == 0;
    }
  }
  std::array<char, 24> raw;
  std::memcpy(raw.data(), limbs.data(), raw.size());
  const char fill = negative_ ? '\xFF' : '\0';
  size_t size = raw.size();
  // A byte of pure sign may go as long as the one below still carries the sign.
  while (size > 1 && raw[size - 1] == fill && (raw[size - 2] < 0) == negative_) --size;
  out.append(raw.data(), size);
}

std::string Numeric::encoded() const {
  std::string out;
  encode(out);
  return out;
}

std::strong_ordering Numeric::compare(const Numeric& other) const {
  auto rank = [](const Numeric& x) {
    if (x.is_nan()) return 3;
    if (x.is_infinite()) return x.negative_ ? 0 : 2;
    return 1;
  };
  if (!is_finite() || !other.is_finite()) return rank(*this) <=> rank(other);
  if (negative_ != other.negative_) {
    return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  bool zero = is_zero();
  if (zero || other.is_zero()) {
    if (zero && other.is_zero()) return std::strong_ordering::equal;
    return zero ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  std::strong_ordering magnitudes = std::strong_ordering::equal;
  if (exponent_ == other.exponent_) {
    magnitudes = std::lexicographical_compare_three_way(limbs_.rbegin(), limbs_.rend(),
                                                        other.limbs_.rbegin(), other.limbs_.rend());
  } else {
    Wide left = NumericParts::wide(*this);
    Wide right = NumericParts::wide(other);
    int difference = exponent_ - other.exponent_;
    if (difference > 0) {
      left *= wide_power_of_ten(difference);
    } else {
      right *= wide_power_of_ten(-difference);
    }
    int order = left.compare(right);
    magnitudes = order <=> 0;
  }
  return negative_ ? 0 <=> magnitudes : magnitudes;
}

std::optional<uint64_t> Numeric::to_uint64() const {
  if (!is_finite()) return std::nullopt;
  Result<Numeric> whole = round(0);
  if (!whole || (whole->negative_ && !whole->is_zero())) return std::nullopt;
  Wide magnitude = NumericParts::wide(*whole) * wide_power_of_ten(whole->exponent_);
  if (magnitude > std::numeric_limits<uint64_t>::max()) return std::nullopt;
  return static_cast<uint64_t>(magnitude);
}

std::optional<int64_t> Numeric::to_int64() const {
  if (!is_finite()) return std::nullopt;
  std::optional<uint64_t> magnitude = absolute().to_uint64();
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (!magnitude || *magnitude > kMax + (negative_ ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative_ ? 0 - *magnitude : *magnitude);
}

double Numeric::to_double() const {
  if (is_nan()) return std::numeric_limits<double>::quiet_NaN();
  if (is_infinite()) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return negative_ ? -kInfinity : kInfinity;
  }
  // Both the coefficient and the power are exact doubles, so one rounding is all (Clinger 1990).
  constexpr uint64_t kExact = uint64_t{1} << 53;
  if (NumericParts::is_small(*this) && limbs_[0] <= kExact && std::abs(exponent_) <= 19) {
    auto power = static_cast<double>(small_power_of_ten(std::abs(exponent_)));
    auto magnitude = static_cast<double>(limbs_[0]);
    magnitude = exponent_ < 0 ? magnitude / power : magnitude * power;
    return negative_ ? -magnitude : magnitude;
  }
  std::string text = (negative_ ? "-" : "") + digits() + "e" + std::to_string(exponent_);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

float Numeric::to_float() const {
  if (!is_finite()) return static_cast<float>(to_double());
  std::string text = (negative_ ? "-" : "") + digits() + "e" + std::to_string(exponent_);
  float value = 0;
  std::from_chars_result read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    value = exponent_ < 0 ? 0.0F : (negative_ ? -kInfinity : kInfinity);
  }
  return value;
}

}  // namespace penstock::types
