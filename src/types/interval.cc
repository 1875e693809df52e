// Interval arithmetic and printing. Reading is in interval_parse.cc.
#include "types/interval.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "types/date_time.h"

namespace penstock::types {
namespace {

template <typename Int>
std::optional<Int> to_int(double value) {
  // The bounds are powers of two, hence exact; NaN fails both comparisons.
  constexpr double kLimit = -static_cast<double>(std::numeric_limits<Int>::min());
  if (!(value >= -kLimit && value < kLimit)) return std::nullopt;
  return static_cast<Int>(value);
}

double round_to_micros(double value) {
  return std::rint(value * 1e6) / 1e6;
}

void append_unit(int64_t count, std::string_view unit, bool plus, std::string& out) {
  if (count == 0) return;
  if (!out.empty() && out.back() != ' ') out += ' ';
  if (plus && count > 0) out += '+';
  out += std::to_string(count);
  out += ' ';
  out += unit;
  if (count != 1) out += 's';
}

}  // namespace

Error interval_out_of_range() {
  return Error(sql_state::kIntervalOverflow, "interval out of range");
}

Interval Interval::from_fixed16(const Fixed16& bytes) {
  Interval out;
  std::memcpy(&out.months, bytes.data(), 4);
  std::memcpy(&out.days, bytes.data() + 4, 4);
  std::memcpy(&out.micros, bytes.data() + 8, 8);
  return out;
}

Fixed16 Interval::to_fixed16() const {
  Fixed16 out;
  std::memcpy(out.data(), &months, 4);
  std::memcpy(out.data() + 4, &days, 4);
  std::memcpy(out.data() + 8, &micros, 8);
  return out;
}

std::optional<Interval> Interval::add(const Interval& other) const {
  Interval out;
  if (__builtin_add_overflow(months, other.months, &out.months) ||
      __builtin_add_overflow(days, other.days, &out.days) ||
      __builtin_add_overflow(micros, other.micros, &out.micros)) {
    return std::nullopt;
  }
  return out;
}

std::optional<Interval> Interval::subtract(const Interval& other) const {
  Interval out;
  if (__builtin_sub_overflow(months, other.months, &out.months) ||
      __builtin_sub_overflow(days, other.days, &out.days) ||
      __builtin_sub_overflow(micros, other.micros, &out.micros)) {
    return std::nullopt;
  }
  return out;
}

std::optional<Interval> Interval::negate() const {
  return Interval{}.subtract(*this);
}

std::optional<Interval> Interval::multiply(double factor) const {
  constexpr double kSecondsPerDay = 86400;
  double exact_months = months * factor;
  double exact_days = days * factor;
  std::optional<int32_t> whole_months = to_int<int32_t>(exact_months);
  std::optional<int32_t> whole_days = to_int<int32_t>(exact_days);
  if (!whole_months || !whole_days) return std::nullopt;

  double spilled_days = round_to_micros((exact_months - *whole_months) * 30);
  double whole_spilled = std::trunc(spilled_days);
  double seconds =
      round_to_micros((exact_days - *whole_days + spilled_days - whole_spilled) * kSecondsPerDay);
  double carried_days = std::trunc(seconds / kSecondsPerDay);
  seconds -= carried_days * kSecondsPerDay;
  std::optional<int32_t> total_days = to_int<int32_t>(*whole_days + whole_spilled + carried_days);
  std::optional<int64_t> total_micros =
      to_int<int64_t>(std::rint(static_cast<double>(micros) * factor + seconds * kMicrosPerSecond));
  if (!total_days || !total_micros) return std::nullopt;
  return Interval{*whole_months, *total_days, *total_micros};
}

std::optional<Interval> Interval::divide(double divisor) const {
  return multiply(1 / divisor);
}

std::optional<int64_t> add_interval(int64_t timestamp, const Interval& interval) {
  std::optional<int64_t> shifted = timestamp;
  if (interval.months != 0) shifted = add_months(timestamp, interval.months);
  if (!shifted) return std::nullopt;
  int64_t days = 0;
  int64_t total = 0;
  if (__builtin_mul_overflow(int64_t{interval.days}, kMicrosPerDay, &days) ||
      __builtin_add_overflow(*shifted, days, &total) ||
      __builtin_add_overflow(total, interval.micros, &total) || !is_valid_timestamp(total)) {
    return std::nullopt;
  }
  return total;
}

std::optional<int64_t> subtract_interval(int64_t timestamp, const Interval& interval) {
  std::optional<Interval> negated = interval.negate();
  return negated ? add_interval(timestamp, *negated) : std::nullopt;
}

Interval timestamp_difference(int64_t left, int64_t right) {
  int64_t micros = left - right;  // Both are in range: at most 2^63 apart.
  return {0, static_cast<int32_t>(micros / kMicrosPerDay), micros % kMicrosPerDay};
}

void append_interval(const Interval& interval, std::string& out) {
  std::string text;
  append_unit(interval.months / 12, "year", false, text);
  append_unit(interval.months % 12, "mon", false, text);
  append_unit(interval.days, "day", interval.months < 0, text);
  if (interval.micros != 0 || text.empty()) {
    if (!text.empty()) text += ' ';
    bool after_negative = interval.days < 0 || (interval.days == 0 && interval.months < 0);
    if (interval.micros < 0) {
      text += '-';
    } else if (after_negative) {
      text += '+';
    }
    uint64_t left = interval.micros < 0 ? 0 - static_cast<uint64_t>(interval.micros)
                                        : static_cast<uint64_t>(interval.micros);
    uint64_t hours = left / kMicrosPerHour;
    // append_time prints minutes and below; hours may be many.
    std::string rest;
    append_time(static_cast<int64_t>(left % kMicrosPerHour), rest);
    if (hours < 10) text += '0';
    text += std::to_string(hours);
    text.append(rest, 2);
  }
  out += text;
}

}  // namespace penstock::types
