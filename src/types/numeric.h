// Exact decimals: up to 39 significant digits and 39 fractional digits, |x| < 10^39, and NaN and
// the infinities (which only sums produce). Results are rounded half away from zero.
//
// A finite value is coefficient * 10^exponent without trailing zeros in the coefficient, so equal
// values have equal members and equal bytes. Canonical bytes (also what a column holds):
//
//   1 byte   exponent + 64 (25 to 102); 0xFD -Infinity, 0xFE Infinity, 0xFF NaN
//   0-17     coefficient, two's complement, little-endian, as few bytes as hold it; none for zero
//
// Up to 26 digits take 12 bytes or fewer. Plain value, freely copied between threads.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::types {

// What to do with digits beyond the 39th when reading a text.
enum class ExcessDigits : uint8_t { kRound, kRefuse };

class Numeric {
 public:
  static constexpr int kMaxDigits = 39;
  static constexpr int kMaxScale = 39;

  Numeric() = default;  // Zero.
  static Numeric from_int64(int64_t value);
  static Numeric from_uint64(uint64_t value);
  static Numeric nan();
  static Numeric infinity(bool negative);
  // The shortest decimal that reads back as the float. Error: infinite, or too large.
  static Result<Numeric> from_double(double value);
  static Result<Numeric> from_float(float value);
  // Plain or exponent notation, or NaN; blanks around it. Error: syntax, or out of range.
  static Result<Numeric> parse(std::string_view text, ExcessDigits excess);
  // digits * 10^exponent; `digits` may be long. Nothing when out of range (with kRefuse, also when
  // digits would be lost).
  static std::optional<Numeric> from_digits(bool negative, std::string_view digits,
                                            int64_t exponent, ExcessDigits excess);
  // A big-endian two's complement integer * 10^-scale; nothing when out of range.
  static std::optional<Numeric> from_unscaled(std::string_view big_endian, int scale);

  // REQUIRES: bytes that encode() made.
  static Numeric decode(std::string_view bytes);
  void encode(std::string& out) const;
  std::string encoded() const;
  // Bytes whose memcmp order is the order of values, none a prefix of another's.
  void append_ordered(std::string& out) const;
  // What append_ordered wrote, taken off the front of `bytes`.
  static Numeric take_ordered(std::string_view& bytes);

  bool is_nan() const { return kind_ == Kind::kNaN; }
  bool is_infinite() const { return kind_ == Kind::kInfinity; }
  bool is_finite() const { return kind_ == Kind::kFinite; }
  bool is_zero() const { return is_finite() && (limbs_[0] | limbs_[1] | limbs_[2]) == 0; }
  bool is_negative() const { return negative_; }
  int exponent() const { return exponent_; }
  // Fractional digits.
  int scale() const { return exponent_ < 0 ? -exponent_ : 0; }
  // Decimal digits of the coefficient; "0" for zero. REQUIRES: finite.
  std::string digits() const;

  Result<Numeric> add(const Numeric& other) const;
  Result<Numeric> subtract(const Numeric& other) const;
  Result<Numeric> multiply(const Numeric& other) const;
  Result<Numeric> divide(const Numeric& other) const;
  // The sign follows the dividend.
  Result<Numeric> modulo(const Numeric& other) const;
  Numeric negate() const;
  Numeric absolute() const;

  // To `places` fractional digits, negative to the left of the point.
  Result<Numeric> round(int places) const;
  Numeric truncate(int places) const;
  Result<Numeric> floor() const;
  Result<Numeric> ceiling() const;
  // As numeric(p, scale): rounded, and refused when it and `scale` fractional digits need more
  // than 39 digits.
  Result<Numeric> rescale(int scale) const;

  // Rounded to an integer; nothing when not finite or out of range.
  std::optional<int64_t> to_int64() const;
  std::optional<uint64_t> to_uint64() const;
  // The nearest.
  double to_double() const;
  float to_float() const;
  // value * 10^scale as big-endian two's complement in `width` bytes; false, and nothing appended,
  // when it is not an integer, not finite, or needs more bytes. REQUIRES: 0 <= scale <= kMaxScale,
  // width <= 64.
  bool append_unscaled(int scale, size_t width, std::string& out) const;

  // -Infinity < finite < Infinity < NaN, and NaN = NaN.
  std::strong_ordering compare(const Numeric& other) const;
  // Plain notation.
  void append_text(std::string& out) const;
  std::string text() const;

  friend bool operator==(const Numeric&, const Numeric&) = default;

 private:
  friend struct NumericParts;  // numeric_wide.h
  enum class Kind : uint8_t { kFinite, kInfinity, kNaN };

  std::array<uint64_t, 3> limbs_ = {};  // Least significant first.
  int8_t exponent_ = 0;
  Kind kind_ = Kind::kFinite;
  bool negative_ = false;
};

// Up to 39 digits. Errors (22023, 2201F): outside the function's domain; 22003: out of range.
Result<Numeric> numeric_sqrt(const Numeric& x);
Result<Numeric> numeric_exp(const Numeric& x);
Result<Numeric> numeric_ln(const Numeric& x);
Result<Numeric> numeric_log10(const Numeric& x);
Result<Numeric> numeric_log(const Numeric& base, const Numeric& x);
Result<Numeric> numeric_pow(const Numeric& x, const Numeric& y);

}  // namespace penstock::types
