// Dates, times of day and timestamps: civil fields to numbers and back, text forms, ranges.
//
// date: days since 1970-01-01 (proleptic Gregorian); time: microseconds since midnight; timestamp
// and timestamptz: microseconds since 1970-01-01 00:00:00 (UTC). Years are astronomical: 1 BC is 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/sql_type.h"

namespace penstock::types {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;
// 4714-11-24 BC and 262142-12-31.
inline constexpr int32_t kMinDate = -2440588;
inline constexpr int32_t kMaxDate = 95026236;
inline constexpr int64_t kMinTimestamp = kMinDate * kMicrosPerDay;
inline constexpr int64_t kMaxTimestamp = kMaxDate * kMicrosPerDay + kMicrosPerDay - 1;

struct CivilDate {
  int64_t year = 1970;
  int month = 1;
  int day = 1;
};
struct CivilTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micros = 0;
};

// Days since 1970-01-01 of any year, month and day (Hinnant, "chrono-compatible low-level date
// algorithms"). REQUIRES: 1 <= month <= 12.
int64_t days_from_civil(const CivilDate& date);
CivilDate civil_from_days(int64_t days);
CivilTime civil_from_micros(int64_t micros_of_day);
int64_t micros_from_civil(const CivilTime& time);
int days_in_month(int64_t year, int month);

// Days of a timestamp, rounded down, and what is left of it, never negative.
int64_t day_of(int64_t timestamp);
int64_t micros_of_day(int64_t timestamp);

bool is_valid_date(int64_t days);
bool is_valid_timestamp(int64_t micros);

// `months` later, clamped to the end of the month; nothing when out of range.
std::optional<int64_t> add_months(int64_t timestamp, int64_t months);
// Rounded half up to `digits` fractional digits, 0 to 6; nothing when that leaves the range.
std::optional<int64_t> round_timestamp(int64_t timestamp, int digits);

void append_date(int64_t days, std::string& out);
void append_time(int64_t micros_of_day, std::string& out);
void append_timestamp(int64_t micros, std::string& out);
// As append_timestamp, with +00 before any BC.
void append_timestamptz(int64_t micros, std::string& out);

Result<int32_t> parse_date(std::string_view text);
Result<int64_t> parse_time(std::string_view text);
// A zone in the text is read and ignored.
Result<int64_t> parse_timestamp(std::string_view text);
// A text without a zone is UTC.
Result<int64_t> parse_timestamptz(std::string_view text);

}  // namespace penstock::types
