// Intervals: months, days and microseconds, three numbers that are never converted into each other
// by comparison: '1 month' is more than any number of days.
//
// As Fixed16: months (i32), days (i32), microseconds (i64), each little-endian. Plain value.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/datum.h"

namespace penstock::types {

// What may stand behind an interval literal: INTERVAL '1-2' YEAR TO MONTH.
enum class IntervalField : uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond };
// One unit alone is `last`; of two, the greater is `first`.
struct IntervalFields {
  std::optional<IntervalField> first;
  std::optional<IntervalField> last;
};

struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;

  static Interval from_fixed16(const Fixed16& bytes);
  Fixed16 to_fixed16() const;

  // Field by field, each in 64 bits; nothing on overflow.
  std::optional<Interval> add(const Interval& other) const;
  std::optional<Interval> subtract(const Interval& other) const;
  std::optional<Interval> negate() const;
  // A fraction of a month goes to days of a 30-day month, a fraction of a day to hours. Nothing on
  // overflow or when `factor` is not finite.
  std::optional<Interval> multiply(double factor) const;
  // REQUIRES: divisor != 0.
  std::optional<Interval> divide(double divisor) const;

  friend auto operator<=>(const Interval&, const Interval&) = default;
};

// `timestamp + interval`: months (clamped to the month's end), then days, then time. Nothing when
// out of range.
std::optional<int64_t> add_interval(int64_t timestamp, const Interval& interval);
std::optional<int64_t> subtract_interval(int64_t timestamp, const Interval& interval);
// Days and time between two timestamps, without months.
Interval timestamp_difference(int64_t left, int64_t right);

void append_interval(const Interval& interval, std::string& out);
// A bare number counts seconds, or the last field when one is given; what is smaller than the last
// field is cut off.
Result<Interval> parse_interval(std::string_view text, IntervalFields fields);

Error interval_out_of_range();

}  // namespace penstock::types
