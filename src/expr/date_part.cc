// Calendar fields and truncation. Years are astronomical inside (1 BC is 0); the fields that users
// see have no year 0.
#include "expr/date_part.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "types/date_time.h"

namespace penstock::expr {
namespace {

using types::civil_from_days;
using types::CivilDate;
using types::days_from_civil;

struct UnitName {
  std::string_view text;
  DateUnit unit;
};
constexpr UnitName kNames[] = {
    {"epoch", DateUnit::kEpoch},
    {"mil", DateUnit::kMillennium},
    {"millennia", DateUnit::kMillennium},
    {"millennium", DateUnit::kMillennium},
    {"millenniums", DateUnit::kMillennium},
    {"c", DateUnit::kCentury},
    {"cent", DateUnit::kCentury},
    {"century", DateUnit::kCentury},
    {"centuries", DateUnit::kCentury},
    {"dec", DateUnit::kDecade},
    {"decs", DateUnit::kDecade},
    {"decade", DateUnit::kDecade},
    {"decades", DateUnit::kDecade},
    {"y", DateUnit::kYear},
    {"yr", DateUnit::kYear},
    {"yrs", DateUnit::kYear},
    {"year", DateUnit::kYear},
    {"years", DateUnit::kYear},
    {"qtr", DateUnit::kQuarter},
    {"quarter", DateUnit::kQuarter},
    {"mon", DateUnit::kMonth},
    {"mons", DateUnit::kMonth},
    {"month", DateUnit::kMonth},
    {"months", DateUnit::kMonth},
    {"w", DateUnit::kWeek},
    {"week", DateUnit::kWeek},
    {"weeks", DateUnit::kWeek},
    {"d", DateUnit::kDay},
    {"day", DateUnit::kDay},
    {"days", DateUnit::kDay},
    {"h", DateUnit::kHour},
    {"hr", DateUnit::kHour},
    {"hrs", DateUnit::kHour},
    {"hour", DateUnit::kHour},
    {"hours", DateUnit::kHour},
    {"m", DateUnit::kMinute},
    {"min", DateUnit::kMinute},
    {"mins", DateUnit::kMinute},
    {"minute", DateUnit::kMinute},
    {"minutes", DateUnit::kMinute},
    {"s", DateUnit::kSecond},
    {"sec", DateUnit::kSecond},
    {"secs", DateUnit::kSecond},
    {"second", DateUnit::kSecond},
    {"seconds", DateUnit::kSecond},
    {"ms", DateUnit::kMilliseconds},
    {"msec", DateUnit::kMilliseconds},
    {"msecs", DateUnit::kMilliseconds},
    {"msecond", DateUnit::kMilliseconds},
    {"mseconds", DateUnit::kMilliseconds},
    {"millisecond", DateUnit::kMilliseconds},
    {"milliseconds", DateUnit::kMilliseconds},
    {"us", DateUnit::kMicroseconds},
    {"usec", DateUnit::kMicroseconds},
    {"usecs", DateUnit::kMicroseconds},
    {"usecond", DateUnit::kMicroseconds},
    {"useconds", DateUnit::kMicroseconds},
    {"microsecond", DateUnit::kMicroseconds},
    {"microseconds", DateUnit::kMicroseconds},
    {"dow", DateUnit::kDayOfWeek},
    {"isodow", DateUnit::kIsoDayOfWeek},
    {"doy", DateUnit::kDayOfYear},
    {"isodoy", DateUnit::kIsoDayOfYear},
    {"timezone", DateUnit::kTimezone},
    {"timezone_hour", DateUnit::kTimezoneHour},
    {"timezone_h", DateUnit::kTimezoneHour},
    {"timezone_minute", DateUnit::kTimezoneMinute},
    {"timezone_m", DateUnit::kTimezoneMinute},
};

// In the order of the enum.
constexpr std::string_view kDisplay[] = {
    "epoch", "millennium", "century", "decade", "year",     "quarter",       "month",
    "week",  "day",        "hour",    "minute", "seconds",  "milliseconds",  "microseconds",
    "dow",   "isodow",     "doy",     "isodoy", "timezone", "timezone_hour", "timezone_minute"};

int64_t floor_divide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

// Number of the span of `length` years that holds the year: 1 is the first after Christ, -1 the
// last before.
int64_t span_number(int64_t year, int64_t length) {
  return year > 0 ? (year + length - 1) / length : -((length - 1 - (year - 1)) / length);
}
// The first year of that span, astronomically.
int64_t span_start(int64_t year, int64_t length) {
  return floor_divide(year - 1, length) * length + 1;
}

std::optional<int64_t> start_of_day(int64_t days) {
  int64_t out = 0;
  if (__builtin_mul_overflow(days, types::kMicrosPerDay, &out)) return std::nullopt;
  return out;
}

std::optional<int64_t> truncate_days(DateUnit unit, int64_t days) {
  CivilDate date = civil_from_days(days);
  switch (unit) {
    case DateUnit::kMillennium:
      return days_from_civil({span_start(date.year, 1000), 1, 1});
    case DateUnit::kCentury:
      return days_from_civil({span_start(date.year, 100), 1, 1});
    case DateUnit::kDecade:
      return days_from_civil({floor_divide(date.year, 10) * 10, 1, 1});
    case DateUnit::kYear:
      return days_from_civil({date.year, 1, 1});
    case DateUnit::kQuarter:
      return days_from_civil({date.year, (date.month - 1) / 3 * 3 + 1, 1});
    case DateUnit::kMonth:
      return days_from_civil({date.year, date.month, 1});
    case DateUnit::kWeek:
      return days - days_after_monday(days);
    case DateUnit::kDay:
      return days;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<DateUnit> parse_date_unit(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  const UnitName* found = std::ranges::find(kNames, lower, &UnitName::text);
  if (found == std::end(kNames)) {
    return fail(sql_state::kInvalidParameterValue, fmt::format("unit '{}' not recognized", text));
  }
  return found->unit;
}

std::string_view date_unit_name(DateUnit unit) {
  return kDisplay[static_cast<size_t>(unit)];
}

Error unsupported_unit(DateUnit unit, std::string_view type) {
  if (unit >= DateUnit::kIsoDayOfYear || type == "timestamp") {
    return {sql_state::kFeatureNotSupported,
            fmt::format("'{}' timestamp units not yet supported", date_unit_name(unit))};
  }
  return {sql_state::kInvalidParameterValue,
          fmt::format("unit '{}' not supported for type {}", date_unit_name(unit), type)};
}

int days_after_monday(int64_t days) {
  int64_t weekday = (days + 3) % 7;  // 1970-01-01 was a Thursday.
  return static_cast<int>(weekday < 0 ? weekday + 7 : weekday);
}

int day_of_year(int64_t days) {
  return static_cast<int>(days - days_from_civil({civil_from_days(days).year, 1, 1})) + 1;
}

// The week belongs to the year of its Thursday.
IsoWeek iso_week(int64_t days) {
  int64_t thursday = days - days_after_monday(days) + 3;
  return {civil_from_days(thursday).year, (day_of_year(thursday) - 1) / 7 + 1};
}

std::optional<int64_t> date_field(DateUnit unit, int64_t days) {
  CivilDate date = civil_from_days(days);
  switch (unit) {
    case DateUnit::kMillennium:
      return span_number(date.year, 1000);
    case DateUnit::kCentury:
      return span_number(date.year, 100);
    case DateUnit::kDecade:
      return floor_divide(date.year, 10);
    case DateUnit::kYear:
      return date.year > 0 ? date.year : date.year - 1;
    case DateUnit::kQuarter:
      return (date.month - 1) / 3 + 1;
    case DateUnit::kMonth:
      return date.month;
    case DateUnit::kWeek:
      return iso_week(days).week;
    case DateUnit::kDay:
      return date.day;
    case DateUnit::kDayOfWeek:
      return (days_after_monday(days) + 1) % 7;
    case DateUnit::kIsoDayOfWeek:
      return days_after_monday(days) + 1;
    case DateUnit::kDayOfYear:
      return day_of_year(days);
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> truncate_timestamp(DateUnit unit, int64_t timestamp) {
  int64_t unit_micros = 0;
  switch (unit) {
    case DateUnit::kHour:
      unit_micros = types::kMicrosPerHour;
      break;
    case DateUnit::kMinute:
      unit_micros = types::kMicrosPerMinute;
      break;
    case DateUnit::kSecond:
      unit_micros = types::kMicrosPerSecond;
      break;
    case DateUnit::kMilliseconds:
      unit_micros = 1000;
      break;
    case DateUnit::kMicroseconds:
      return timestamp;
    default: {
      std::optional<int64_t> days = truncate_days(unit, types::day_of(timestamp));
      return days ? start_of_day(*days) : std::nullopt;
    }
  }
  return floor_divide(timestamp, unit_micros) * unit_micros;
}

}  // namespace penstock::expr
