// The units of EXTRACT, date_part, date_trunc and datediff, and the calendar fields behind them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "types/numeric.h"

namespace penstock::expr {

enum class DateUnit : uint8_t {
  kEpoch,
  kMillennium,
  kCentury,
  kDecade,
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMilliseconds,
  kMicroseconds,
  kDayOfWeek,     // Sunday = 0
  kIsoDayOfWeek,  // Monday = 1
  kDayOfYear,
  kIsoDayOfYear,  // The last four are recognised and refused.
  kTimezone,
  kTimezoneHour,
  kTimezoneMinute,
};

// Any letter case, any usual abbreviation. Error 22023: `unit 'x' not recognized`.
Result<DateUnit> parse_date_unit(std::string_view text);
// As messages name it: "hour", "milliseconds".
std::string_view date_unit_name(DateUnit unit);
// `unit 'hour' not supported for type date`, or `'timezone' timestamp units not yet supported`.
Error unsupported_unit(DateUnit unit, std::string_view type);

// A field of a date; nothing for units that are finer than days or refused.
std::optional<int64_t> date_field(DateUnit unit, int64_t days);
// The week of ISO 8601 and the year that it belongs to.
struct IsoWeek {
  int64_t year = 1970;
  int week = 1;
};
IsoWeek iso_week(int64_t days);
int day_of_year(int64_t days);
// Monday = 0.
int days_after_monday(int64_t days);

// The start of the unit that contains the timestamp; nothing for units that have none.
std::optional<int64_t> truncate_timestamp(DateUnit unit, int64_t timestamp);

}  // namespace penstock::expr
