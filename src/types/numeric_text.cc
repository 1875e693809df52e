// Numeric and decimal digits: reading, printing, base-10 exchange forms, ordered bytes.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "types/numeric.h"
#include "types/numeric_wide.h"
#include "types/scalar_text.h"

namespace penstock::types {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string decimal_digits(Wide value) {
  constexpr uint64_t kChunk = 10'000'000'000'000'000'000U;  // 10^19
  const Wide chunk = kChunk;
  std::string out;
  while (value > std::numeric_limits<uint64_t>::max()) {
    Wide quotient;
    Wide remainder;
    boost::multiprecision::divide_qr(value, chunk, quotient, remainder);
    std::string part = std::to_string(static_cast<uint64_t>(remainder));
    out.insert(0, std::string(19 - part.size(), '0') + part);
    value = quotient;
  }
  return std::to_string(static_cast<uint64_t>(value)) + out;
}

Wide wide_from_digits(std::string_view digits) {
  Wide value = 0;
  while (!digits.empty()) {
    std::string_view part = digits.substr(0, 19);
    uint64_t number = 0;
    for (char c : part) number = number * 10 + static_cast<uint64_t>(c - '0');
    value = value * small_power_of_ten(static_cast<int>(part.size())) + number;
    digits.remove_prefix(part.size());
  }
  return value;
}

struct Scanned {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
};

// [+-]digits[.digits][e[+-]digits]
std::optional<Scanned> scan(std::string_view text) {
  Scanned out;
  out.negative = text.starts_with('-');
  if (out.negative || text.starts_with('+')) text.remove_prefix(1);
  bool point = false;
  bool any = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (is_digit(text[at])) {
      any = true;
      out.digits += text[at];
      if (point) --out.exponent;
    } else if (text[at] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (at == text.size()) return out;
  if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
  text.remove_prefix(at + 1);
  bool minus = text.starts_with('-');
  if (minus || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  int64_t exponent = 0;
  for (char c : text) {
    if (!is_digit(c)) return std::nullopt;
    exponent = std::min<int64_t>(exponent * 10 + (c - '0'), 1'000'000'000);
  }
  out.exponent += minus ? -exponent : exponent;
  return out;
}

}  // namespace

std::optional<Numeric> Numeric::from_digits(bool negative, std::string_view digits,
                                            int64_t exponent, ExcessDigits excess) {
  while (digits.starts_with('0')) digits.remove_prefix(1);
  while (digits.ends_with('0')) {
    digits.remove_suffix(1);
    ++exponent;
  }
  if (digits.empty()) return Numeric();
  auto count = static_cast<int64_t>(digits.size());
  bool loses = count > kMaxDigits || exponent < -kMaxScale;
  if (loses && excess == ExcessDigits::kRefuse) return std::nullopt;
  if (count + exponent > kMaxDigits || count + exponent < -kMaxScale) return std::nullopt;
  if (count > 100) {  // Rounding half up looks at one digit; the rest cannot change it.
    exponent += count - 100;
    digits = digits.substr(0, 100);
  }
  if (digits.size() <= 19 && !loses && exponent <= 0) {
    uint64_t small = 0;
    for (char c : digits) small = small * 10 + static_cast<uint64_t>(c - '0');
    return NumericParts::make_small(negative, small, static_cast<int>(exponent));
  }
  auto made = NumericParts::make(negative, wide_from_digits(digits), static_cast<int>(exponent));
  if (!made) return std::nullopt;
  return *made;
}

Result<Numeric> Numeric::parse(std::string_view text, ExcessDigits excess) {
  std::string_view body = trim_blanks(text);
  if (body.size() == 3 && (body[0] | 32) == 'n' && (body[1] | 32) == 'a' && (body[2] | 32) == 'n') {
    return nan();
  }
  std::optional<Scanned> scanned = scan(body);
  if (!scanned) return fail(invalid_syntax(TypeId::kNumeric, "", text));
  std::optional<Numeric> value =
      from_digits(scanned->negative, scanned->digits, scanned->exponent, excess);
  if (!value) {
    return fail(out_of_range(TypeId::kNumeric, "exceeds maximum precision 39", text));
  }
  return *value;
}

std::optional<Numeric> Numeric::from_unscaled(std::string_view big_endian, int scale) {
  bool negative = !big_endian.empty() && static_cast<signed char>(big_endian[0]) < 0;
  const char fill = negative ? '\xFF' : '\0';
  while (big_endian.size() > 1 && big_endian[0] == fill) big_endian.remove_prefix(1);
  if (big_endian.size() > 40 || scale > kMaxPower) return std::nullopt;
  Wide magnitude = 0;
  for (char c : big_endian) {
    auto byte = static_cast<uint8_t>(c);
    magnitude =
        (magnitude << 8) | static_cast<unsigned>(negative ? static_cast<uint8_t>(~byte) : byte);
  }
  if (negative) ++magnitude;
  auto made = NumericParts::make(negative, magnitude, -scale);
  if (!made) return std::nullopt;
  return *made;
}

std::string Numeric::digits() const {
  if (NumericParts::is_small(*this)) return std::to_string(limbs_[0]);
  return decimal_digits(NumericParts::wide(*this));
}

void Numeric::append_text(std::string& out) const {
  if (is_nan()) {
    out += "NaN";
    return;
  }
  if (negative_) out += '-';
  if (is_infinite()) {
    out += "Infinity";
    return;
  }
  std::string all = digits();
  int count = static_cast<int>(all.size());
  if (exponent_ >= 0) {
    out.append(all);
    if (!is_zero()) out.append(static_cast<size_t>(exponent_), '0');
  } else if (-exponent_ >= count) {
    out.append("0.").append(static_cast<size_t>(-exponent_ - count), '0').append(all);
  } else {
    auto whole = static_cast<size_t>(count + exponent_);
    out.append(all, 0, whole).append(".").append(all, whole);
  }
}

std::string Numeric::text() const {
  std::string out;
  append_text(out);
  return out;
}

// Layout: a class byte (-Infinity 0, negative 1, zero 2, positive 3, Infinity 4, NaN 5); for
// numbers the position of the point + 64; pairs of digits + 1 (1 to 100); an end byte 0. All bytes
// but the class are complemented for negative numbers, which turns their order round.
void Numeric::append_ordered(std::string& out) const {
  if (is_nan() || is_infinite() || is_zero()) {
    out += static_cast<char>(is_nan() ? 5 : is_zero() ? 2 : negative_ ? 0 : 4);
    return;
  }
  std::string all = digits();
  uint8_t flip = negative_ ? 0xFF : 0;
  out += static_cast<char>(negative_ ? 1 : 3);
  out +=
      static_cast<char>(static_cast<uint8_t>(static_cast<int>(all.size()) + exponent_ + 64) ^ flip);
  for (size_t i = 0; i < all.size(); i += 2) {
    int pair = (all[i] - '0') * 10 + (i + 1 < all.size() ? all[i + 1] - '0' : 0);
    out += static_cast<char>(static_cast<uint8_t>(pair + 1) ^ flip);
  }
  out += static_cast<char>(flip);
}

Numeric Numeric::take_ordered(std::string_view& bytes) {
  auto take = [&bytes]() {
    CHECK(!bytes.empty());
    auto byte = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    return byte;
  };
  uint8_t order_class = take();
  if (order_class == 5) return nan();
  if (order_class == 2) return Numeric();
  if (order_class == 0 || order_class == 4) return infinity(order_class == 0);
  bool negative = order_class == 1;
  uint8_t flip = negative ? 0xFF : 0;
  int point = (take() ^ flip) - 64;
  std::string all;
  for (uint8_t pair = take() ^ flip; pair != 0; pair = take() ^ flip) {
    all += static_cast<char>('0' + (pair - 1) / 10);
    all += static_cast<char>('0' + (pair - 1) % 10);
  }
  std::optional<Numeric> value =
      from_digits(negative, all, point - static_cast<int64_t>(all.size()), ExcessDigits::kRound);
  CHECK(value.has_value());
  return *value;
}

}  // namespace penstock::types
