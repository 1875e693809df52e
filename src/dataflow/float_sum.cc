// Adding a double at its place, and rounding the sum.
#include "dataflow/float_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

namespace penstock::dataflow {

namespace {

__extension__ using Int128 = __int128;

constexpr size_t kNarrowWords = 4;
constexpr int kNarrowExponent = -128;
constexpr size_t kWideWords = 35;  // Up to 2^1152: 2^128 of the greatest doubles.
constexpr int kWideExponent = -1088;
constexpr size_t kNarrowInWide = (kNarrowExponent - kWideExponent) / 64;
constexpr size_t kNaN = kWideWords;
constexpr size_t kPositive = kWideWords + 1;
constexpr size_t kNegative = kWideWords + 2;
constexpr size_t kWideBytes = (kWideWords + 3) * 8;
constexpr size_t kAddress = kNarrowWords * 8;

uint64_t* wide_of(const char* state) {
  uint64_t address;
  std::memcpy(&address, state + kAddress, sizeof(address));
  return reinterpret_cast<uint64_t*>(address);
}

// words += term * 2^(64 * place + shift), shift < 64. False: the signed sum left its range.
bool add_shifted(std::span<uint64_t> words, Int128 term, size_t place, unsigned shift) {
  uint64_t sign = term < 0 ? ~uint64_t{0} : 0;
  auto low = static_cast<uint64_t>(term);
  auto high = static_cast<uint64_t>(term >> 64);
  uint64_t parts[3] = {low << shift, shift == 0 ? high : high << shift | low >> (64 - shift),
                       shift == 0 ? sign : sign << shift | high >> (64 - shift)};
  bool was_negative = (words.back() >> 63) != 0;
  uint64_t carry = 0;
  for (size_t i = place; i < words.size(); ++i) {
    uint64_t part = i - place < 3 ? parts[i - place] : sign;
    uint64_t sum;
    bool overflow = __builtin_add_overflow(words[i], part, &sum);
    overflow |= __builtin_add_overflow(sum, carry, &sum);
    words[i] = sum;
    carry = overflow ? 1 : 0;
  }
  bool is_negative = (words.back() >> 63) != 0;
  // Same signs in, another sign out.
  return was_negative != (term < 0) || is_negative == was_negative;
}

template <typename Float>
struct Format;
template <>
struct Format<double> {
  static constexpr int kDigits = 53;
  static constexpr int kLowest = -1074;
};
template <>
struct Format<float> {
  static constexpr int kDigits = 24;
  static constexpr int kLowest = -149;
};

// words * 2^exponent, rounded to nearest even.
template <typename Float>
Float rounded(std::span<const uint64_t> two_complement, int exponent) {
  uint64_t words[kWideWords];
  size_t count = two_complement.size();
  bool negative = (two_complement.back() >> 63) != 0;
  uint64_t carry = negative ? 1 : 0;
  for (size_t i = 0; i < count; ++i) {
    words[i] = (negative ? ~two_complement[i] : two_complement[i]) + carry;
    carry = carry != 0 && words[i] == 0 ? 1 : 0;
  }
  while (count > 0 && words[count - 1] == 0) --count;
  if (count == 0) return Float{0};
  int top = static_cast<int>(count) * 64 - 1 - std::countl_zero(words[count - 1]);
  // The 64 bits from the highest one downwards, and whether anything is below them.
  int below = top - 63;
  uint64_t window = 0;
  bool rest = false;
  for (size_t i = 0; i < count; ++i) {
    int at = static_cast<int>(i) * 64 - below;
    if (at <= -64) {
      rest = rest || words[i] != 0;
    } else if (at < 0) {
      window |= words[i] >> -at;
      rest = rest || (words[i] << (64 + at)) != 0;
    } else {
      window |= words[i] << at;
    }
  }
  int high = top + exponent;
  int digits = std::clamp(high - Format<Float>::kLowest + 1, 1, Format<Float>::kDigits);
  int dropped = 64 - digits;
  uint64_t kept = window >> dropped;
  uint64_t half = uint64_t{1} << (dropped - 1);
  uint64_t tail = window & (half * 2 - 1);
  if (tail > half || (tail == half && (rest || (kept & 1) != 0))) ++kept;
  double magnitude = std::ldexp(static_cast<double>(kept), high - digits + 1);
  if (magnitude > static_cast<double>(std::numeric_limits<Float>::max())) {
    magnitude = std::numeric_limits<double>::infinity();
  }
  return static_cast<Float>(negative ? -magnitude : magnitude);
}

}  // namespace

uint64_t* FloatSum::widen(char* state) {
  auto* wide = reinterpret_cast<uint64_t*>(arena_.allocate(kWideBytes));
  uint64_t narrow[kNarrowWords];
  std::memcpy(narrow, state, sizeof(narrow));
  uint64_t sign = (narrow[kNarrowWords - 1] >> 63) != 0 ? ~uint64_t{0} : 0;
  for (size_t i = 0; i < kWideWords; ++i) {
    bool inside = i >= kNarrowInWide && i < kNarrowInWide + kNarrowWords;
    wide[i] = inside ? narrow[i - kNarrowInWide] : i < kNarrowInWide ? 0 : sign;
  }
  wide[kNaN] = wide[kPositive] = wide[kNegative] = 0;
  uint64_t address = reinterpret_cast<uintptr_t>(wide);
  std::memcpy(state + kAddress, &address, sizeof(address));
  return wide;
}

void FloatSum::add(char* state, double value, int64_t weight) {
  if (value == 0 || weight == 0) return;
  uint64_t* wide = wide_of(state);
  if (!std::isfinite(value)) {
    if (wide == nullptr) wide = widen(state);
    size_t counter = std::isnan(value) ? kNaN : value > 0 ? kPositive : kNegative;
    wide[counter] += static_cast<uint64_t>(weight);
    return;
  }
  auto bits = std::bit_cast<uint64_t>(value);
  int biased = static_cast<int>(bits >> 52 & 0x7FF);
  uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  auto mantissa = static_cast<int64_t>(biased == 0 ? fraction : fraction | uint64_t{1} << 52);
  int exponent = std::max(biased, 1) - 1075;
  Int128 term = static_cast<Int128>(value < 0 ? -mantissa : mantissa) * weight;
  // The term has at most 117 bits; it must not reach the narrow form's last bits.
  if (wide == nullptr && exponent >= kNarrowExponent && exponent < kNarrowExponent + 128) {
    uint64_t words[kNarrowWords];
    std::memcpy(words, state, sizeof(words));
    auto shift = static_cast<unsigned>(exponent - kNarrowExponent);
    if (add_shifted(words, term, shift / 64, shift % 64)) {
      std::memcpy(state, words, sizeof(words));
      return;
    }
  }
  if (wide == nullptr) wide = widen(state);
  auto shift = static_cast<unsigned>(exponent - kWideExponent);
  add_shifted({wide, kWideWords}, term, shift / 64, shift % 64);
}

template <typename Float>
Float FloatSum::total(const char* state) const {
  const uint64_t* wide = wide_of(state);
  if (wide == nullptr) {
    uint64_t words[kNarrowWords];
    std::memcpy(words, state, sizeof(words));
    return rounded<Float>(words, kNarrowExponent);
  }
  if (wide[kNaN] != 0 || (wide[kPositive] != 0 && wide[kNegative] != 0)) {
    return std::numeric_limits<Float>::quiet_NaN();
  }
  if (wide[kPositive] != 0) return std::numeric_limits<Float>::infinity();
  if (wide[kNegative] != 0) return -std::numeric_limits<Float>::infinity();
  return rounded<Float>({wide, kWideWords}, kWideExponent);
}

double FloatSum::to_double(const char* state) const {
  return total<double>(state);
}
float FloatSum::to_float(const char* state) const {
  return total<float>(state);
}

void FloatSum::release(char* state) {
  if (uint64_t* wide = wide_of(state)) {
    arena_.release(reinterpret_cast<char*>(wide), kWideBytes);
  }
}

}  // namespace penstock::dataflow
