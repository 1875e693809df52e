// extract, date_part, date_trunc, date_bin, datediff and what else takes dates apart.
#include <fmt/core.h>

#include <cmath>

#include "expr/date_part.h"
#include "expr/errors.h"
#include "expr/functions/families.h"
#include "expr/interval_value.h"
#include "expr/numeric_value.h"
#include "types/date_time.h"
#include "types/text_io.h"
#include "types/time_zone.h"

namespace penstock::expr {
namespace {

using std::string;
using std::string_view;
using types::Interval;
using types::kMicrosPerDay;
using types::kMicrosPerHour;
using types::kMicrosPerMinute;
using types::kMicrosPerSecond;
using types::Numeric;
using types::TypeId;
using enum TypeId;

// The unit a call named last; nearly always the only one.
class UnitCache final : public KernelState {
 public:
  const Result<DateUnit>& get(string_view text) {
    if (!unit_ || text != text_) {
      text_ = text;
      unit_ = parse_date_unit(text);
    }
    return *unit_;
  }

 private:
  string text_;
  std::optional<Result<DateUnit>> unit_;
};

// `units` / 10^places, as the two results of extract and date_part.
template <typename T>
T decimal(int64_t units, int places) {
  if constexpr (std::same_as<T, double>) {
    return static_cast<double>(units) / std::pow(10, places);
  } else {
    string digits =
        std::to_string(units < 0 ? 0 - static_cast<uint64_t>(units) : static_cast<uint64_t>(units));
    return *Numeric::from_digits(units < 0, digits, -places, types::ExcessDigits::kRound);
  }
}

// Fields finer than a day of a time of day, or of the time part of an interval (which may be
// negative and more than a day).
template <typename T>
std::optional<T> time_field(DateUnit unit, int64_t micros) {
  switch (unit) {
    case DateUnit::kHour:
      return decimal<T>(micros / kMicrosPerHour, 0);
    case DateUnit::kMinute:
      return decimal<T>(micros % kMicrosPerHour / kMicrosPerMinute, 0);
    case DateUnit::kSecond:
      return decimal<T>(micros % kMicrosPerMinute, 6);
    case DateUnit::kMilliseconds:
      return decimal<T>(micros % kMicrosPerMinute, 3);
    case DateUnit::kMicroseconds:
      return decimal<T>(micros % kMicrosPerMinute, 0);
    default:
      return std::nullopt;
  }
}

template <typename T>
Result<T> timestamp_part(const KernelCall& call, string_view text, int64_t timestamp) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  if (unit == DateUnit::kEpoch) return decimal<T>(timestamp, 6);
  if (auto field = date_field(unit, types::day_of(timestamp))) return decimal<T>(*field, 0);
  if (auto field = time_field<T>(unit, types::micros_of_day(timestamp))) return *field;
  return fail(unsupported_unit(unit, "timestamp"));
}

Result<Numeric> date_part_of_date(const KernelCall& call, string_view text, int32_t date) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  if (unit == DateUnit::kEpoch) return decimal<Numeric>(int64_t{date} * 86400, 0);
  if (auto field = date_field(unit, date)) return decimal<Numeric>(*field, 0);
  return fail(unsupported_unit(unit, "date"));
}

template <typename T>
Result<T> time_part(const KernelCall& call, string_view text, int64_t time) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  if (unit == DateUnit::kEpoch) return decimal<T>(time, 6);
  if (auto field = time_field<T>(unit, time)) return *field;
  return fail(unsupported_unit(unit, "time"));
}

// A year is 365.25 days and a month 30.
template <typename T>
T interval_epoch(const Interval& interval) {
  int64_t quarter_days = int64_t{interval.months / 12} * 1461 +
                         (int64_t{interval.months % 12} * 30 + interval.days) * 4;
  int64_t seconds = quarter_days * (86400 / 4) + interval.micros / kMicrosPerSecond;
  int64_t micros = interval.micros % kMicrosPerSecond;
  if constexpr (std::same_as<T, double>) {
    return static_cast<double>(seconds) + static_cast<double>(micros) / 1e6;
  } else {
    return *decimal<T>(seconds, 0).add(decimal<T>(micros, 6));
  }
}
template <typename T>
Result<T> interval_part(const KernelCall& call, string_view text, const Interval& interval) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  int64_t years = interval.months / 12;
  switch (unit) {
    case DateUnit::kEpoch:
      return interval_epoch<T>(interval);
    case DateUnit::kMillennium:
      return decimal<T>(years / 1000, 0);
    case DateUnit::kCentury:
      return decimal<T>(years / 100, 0);
    case DateUnit::kDecade:
      return decimal<T>(years / 10, 0);
    case DateUnit::kYear:
      return decimal<T>(years, 0);
    case DateUnit::kQuarter:
      return decimal<T>(interval.months % 12 / 3 + 1, 0);
    case DateUnit::kMonth:
      return decimal<T>(interval.months % 12, 0);
    case DateUnit::kDay:
      return decimal<T>(interval.days, 0);
    default:
      break;
  }
  if (auto field = time_field<T>(unit, interval.micros)) return *field;
  return fail(unsupported_unit(unit, "interval"));
}

// --- date_trunc ---

Result<int64_t> truncate(const KernelCall& call, string_view text, int64_t timestamp) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  bool refused = unit == DateUnit::kEpoch || unit >= DateUnit::kDayOfWeek;
  if (refused) return fail(unsupported_unit(unit, "timestamp"));
  std::optional<int64_t> out = truncate_timestamp(unit, timestamp);
  if (!out || !types::is_valid_timestamp(*out)) return fail(timestamp_out_of_range());
  return *out;
}

Result<Interval> truncate_interval(const KernelCall& call, string_view text,
                                   const Interval& interval) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  auto months = [&](int32_t length) { return Interval{interval.months / length * length, 0, 0}; };
  auto micros = [&](int64_t length) {
    return Interval{interval.months, interval.days, interval.micros / length * length};
  };
  switch (unit) {
    case DateUnit::kMillennium:
      return months(12000);
    case DateUnit::kCentury:
      return months(1200);
    case DateUnit::kDecade:
      return months(120);
    case DateUnit::kYear:
      return months(12);
    case DateUnit::kQuarter:
      return months(3);
    case DateUnit::kMonth:
      return months(1);
    case DateUnit::kDay:
      return Interval{interval.months, interval.days, 0};
    case DateUnit::kHour:
      return micros(kMicrosPerHour);
    case DateUnit::kMinute:
      return micros(kMicrosPerMinute);
    case DateUnit::kSecond:
      return micros(kMicrosPerSecond);
    case DateUnit::kMilliseconds:
      return micros(1000);
    case DateUnit::kMicroseconds:
      return interval;
    default:
      return fail(unsupported_unit(unit, "interval"));
  }
}

// --- date_bin ---

Result<int64_t> bin(const Interval& stride, int64_t source, int64_t origin) {
  constexpr int64_t kLimitMicros = INT64_MAX / 1000;  // 2^63 nanoseconds.
  auto refuse = [](const char* why) { return fail(sql_state::kDatetimeOverflow, why); };
  if (stride.months != 0) {
    return refuse("timestamps cannot be binned into intervals containing months or years");
  }
  int64_t width = 0;
  if (__builtin_mul_overflow(int64_t{stride.days}, kMicrosPerDay, &width) ||
      __builtin_add_overflow(width, stride.micros, &width) || width > kLimitMicros) {
    return refuse("stride cannot exceed 2^63 nanoseconds");
  }
  if (width <= 0) return refuse("stride must be greater than zero");
  int64_t distance = 0;
  if (__builtin_sub_overflow(source, origin, &distance) || distance > kLimitMicros ||
      distance < -kLimitMicros) {
    return refuse("source and origin must not differ more than 2^63 nanoseconds");
  }
  int64_t rest = distance % width;
  int64_t out = source - (rest < 0 ? rest + width : rest);
  if (!types::is_valid_timestamp(out)) return fail(timestamp_out_of_range());
  return out;
}
Result<int64_t> bin_from_epoch(const Interval& stride, int64_t source) {
  return bin(stride, source, 0);
}

// --- datediff: boundaries of the unit between two instants ---

Result<int64_t> difference(DateUnit unit, int64_t start, int64_t end) {
  auto quotient = [&](int64_t length) {
    auto floor = [&](int64_t t) { return t / length - (t % length < 0 ? 1 : 0); };
    return floor(end) - floor(start);
  };
  auto months = [](int64_t timestamp) {
    types::CivilDate date = types::civil_from_days(types::day_of(timestamp));
    return date.year * 12 + date.month - 1;
  };
  auto months_between = [&](int64_t length, int64_t offset) {
    auto floor = [&](int64_t m) { return (m - offset) / length - ((m - offset) % length < 0); };
    return floor(months(end)) - floor(months(start));
  };
  switch (unit) {
    case DateUnit::kMillennium:  // Begins with year 1.
      return months_between(12000, 12);
    case DateUnit::kCentury:
      return months_between(1200, 12);
    case DateUnit::kDecade:
      return months_between(120, 0);
    case DateUnit::kYear:
      return months_between(12, 0);
    case DateUnit::kQuarter:
      return months_between(3, 0);
    case DateUnit::kMonth:
      return months_between(1, 0);
    case DateUnit::kWeek: {
      auto monday = [](int64_t t) {
        int64_t days = types::day_of(t);
        return days - days_after_monday(days);
      };
      return (monday(end) - monday(start)) / 7;
    }
    case DateUnit::kDay:
      return quotient(kMicrosPerDay);
    case DateUnit::kHour:
      return quotient(kMicrosPerHour);
    case DateUnit::kMinute:
      return quotient(kMicrosPerMinute);
    case DateUnit::kSecond:
      return quotient(kMicrosPerSecond);
    case DateUnit::kMilliseconds:
      return quotient(1000);
    case DateUnit::kMicroseconds: {
      int64_t out = 0;
      if (__builtin_sub_overflow(end, start, &out)) return fail(timestamp_out_of_range());
      return out;
    }
    default:
      return fail(unsupported_unit(unit, "timestamp"));
  }
}
Result<int64_t> timestamp_difference(const KernelCall& call, string_view text, int64_t start,
                                     int64_t end) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  return difference(unit, start, end);
}
Result<int64_t> date_difference(const KernelCall& call, string_view text, int32_t start,
                                int32_t end) {
  return timestamp_difference(call, text, start * kMicrosPerDay, end * kMicrosPerDay);
}
Result<int64_t> time_difference(const KernelCall& call, string_view text, int64_t start,
                                int64_t end) {
  ASSIGN_OR_RETURN(DateUnit unit, call.state_of<UnitCache>().get(text));
  bool finer_than_day = unit >= DateUnit::kHour && unit <= DateUnit::kMicroseconds;
  if (!finer_than_day) return fail(unsupported_unit(unit, "time"));
  return difference(unit, start, end);
}

// --- age: years, months and days as a calendar counts them ---

Interval age(int64_t left, int64_t right) {
  if (left < right) return *age(right, left).negate();
  types::CivilDate a = types::civil_from_days(types::day_of(left));
  types::CivilDate b = types::civil_from_days(types::day_of(right));
  int64_t micros = types::micros_of_day(left) - types::micros_of_day(right);
  int64_t days = a.day - b.day;
  int64_t months = (a.year - b.year) * 12 + a.month - b.month;
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  // What is missing is borrowed from the earlier date's month.
  if (days < 0) {
    days += types::days_in_month(b.year, b.month);
    --months;
  }
  return {static_cast<int32_t>(months), static_cast<int32_t>(days), micros};
}

// --- time zones ---

class ZoneCache final : public KernelState {
 public:
  // Null when there is no such zone.
  const types::TimeZone* get(string_view text) {
    if (!known_ || text != text_) {
      text_ = text;
      zone_ = types::TimeZone::parse(text);
      known_ = true;
    }
    return zone_ ? &*zone_ : nullptr;
  }

 private:
  string text_;
  bool known_ = false;
  std::optional<types::TimeZone> zone_;
};

Result<int64_t> checked(int64_t timestamp) {
  if (!types::is_valid_timestamp(timestamp)) return fail(timestamp_out_of_range());
  return timestamp;
}
std::unexpected<Error> invalid_zone(string_view text) {
  return fail(sql_state::kInvalidParameterValue, fmt::format("invalid time zone '{}'", text));
}
Result<int64_t> local_to_utc(const KernelCall& call, string_view zone, int64_t local) {
  const types::TimeZone* found = call.state_of<ZoneCache>().get(zone);
  if (found == nullptr) return invalid_zone(zone);
  return checked(found->to_utc(local));
}
Result<int64_t> utc_to_local(const KernelCall& call, string_view zone, int64_t utc) {
  const types::TimeZone* found = call.state_of<ZoneCache>().get(zone);
  if (found == nullptr) return invalid_zone(zone);
  return checked(found->to_local(utc));
}
Result<int64_t> shifted(int64_t timestamp, const Interval& offset, bool east) {
  if (offset.months != 0) {
    return fail(sql_state::kInvalidParameterValue,
                "timezone interval must not contain months or years");
  }
  std::optional<int64_t> out =
      east ? types::add_interval(timestamp, offset) : types::subtract_interval(timestamp, offset);
  if (!out) return fail(timestamp_out_of_range());
  return *out;
}
Result<int64_t> local_to_utc_by(const Interval& offset, int64_t local) {
  return shifted(local, offset, false);
}
Result<int64_t> utc_to_local_by(const Interval& offset, int64_t utc) {
  return shifted(utc, offset, true);
}

// --- making timestamps ---

Result<int64_t> to_timestamp(double seconds) {
  if (std::isnan(seconds)) return fail(sql_state::kDatetimeOverflow, "timestamp cannot be nan");
  double micros = std::nearbyint(seconds * 1e6);
  if (!(std::fabs(micros) < 9.2e18)) return fail(timestamp_out_of_range());
  return checked(static_cast<int64_t>(micros));
}

// NULL when it is no date or time of day.
std::optional<int64_t> make_timestamp(int64_t year, int64_t month, int64_t day, int64_t hour,
                                      int64_t minute, double second) {
  constexpr int64_t kMaxYear = 300000;
  if (year < -kMaxYear || year > kMaxYear || month < 1 || month > 12 || day < 1) return {};
  if (day > types::days_in_month(year, static_cast<int>(month))) return {};
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 60)) {
    return {};
  }
  int64_t days = types::days_from_civil({year, static_cast<int>(month), static_cast<int>(day)});
  if (!types::is_valid_date(days)) return {};
  auto micros = static_cast<int64_t>(std::nearbyint(second * 1e6));
  return days * kMicrosPerDay + hour * kMicrosPerHour + minute * kMicrosPerMinute + micros;
}

// Exactly YYYY-MM-DDThh:mm:ss.sssZ, the form whose text order is the order of time.
std::optional<int64_t> parse_iso8601(string_view text) {
  constexpr string_view kShape = "0000-00-00T00:00:00.000Z";
  if (text.size() != kShape.size()) return {};
  for (size_t i = 0; i < text.size(); ++i) {
    bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return {};
  }
  auto number = [&](size_t at, size_t length) {
    int64_t out = 0;
    for (char c : text.substr(at, length)) out = out * 10 + (c - '0');
    return out;
  };
  std::optional<int64_t> seconds =
      make_timestamp(number(0, 4), number(5, 2), number(8, 2), number(11, 2), number(14, 2),
                     static_cast<double>(number(17, 2)));
  if (!seconds) return {};
  return *seconds + number(20, 3) * 1000;
}

Result<int32_t> date_of_text(string_view text) {
  return types::parse_date(text);
}
int32_t date_of_timestamp(int64_t timestamp) {
  return static_cast<int32_t>(types::day_of(timestamp));
}

constexpr FunctionSpec kFunctions[] = {
    entry("extract", {kText, kTimestamp}, kNumeric, row_kernel<timestamp_part<Numeric>>),
    entry("extract", {kText, kTimestampTz}, kNumeric, row_kernel<timestamp_part<Numeric>>),
    entry("extract", {kText, kDate}, kNumeric, row_kernel<date_part_of_date>),
    entry("extract", {kText, kTime}, kNumeric, row_kernel<time_part<Numeric>>),
    entry("extract", {kText, kInterval}, kNumeric, row_kernel<interval_part<Numeric>>),
    entry("date_part", {kText, kTimestamp}, kFloat8, row_kernel<timestamp_part<double>>),
    entry("date_part", {kText, kTimestampTz}, kFloat8, row_kernel<timestamp_part<double>>),
    entry("date_part", {kText, kTime}, kFloat8, row_kernel<time_part<double>>),
    entry("date_part", {kText, kInterval}, kFloat8, row_kernel<interval_part<double>>),
    entry("date_trunc", {kText, kTimestamp}, kTimestamp, row_kernel<truncate>),
    entry("date_trunc", {kText, kTimestampTz}, kTimestampTz, row_kernel<truncate>),
    entry("date_trunc", {kText, kInterval}, kInterval, row_kernel<truncate_interval>),
    entry("date_bin", {kInterval, kTimestamp, kTimestamp}, kTimestamp, row_kernel<bin>),
    entry("date_bin", {kInterval, kTimestampTz, kTimestampTz}, kTimestampTz, row_kernel<bin>),
    entry("date_bin", {kInterval, kTimestamp}, kTimestamp, row_kernel<bin_from_epoch>),
    entry("date_bin", {kInterval, kTimestampTz}, kTimestampTz, row_kernel<bin_from_epoch>),
    entry("datediff", {kText, kTimestamp, kTimestamp}, kInt8, row_kernel<timestamp_difference>),
    entry("datediff", {kText, kTimestampTz, kTimestampTz}, kInt8, row_kernel<timestamp_difference>),
    entry("datediff", {kText, kDate, kDate}, kInt8, row_kernel<date_difference>),
    entry("datediff", {kText, kTime, kTime}, kInt8, row_kernel<time_difference>),
    entry("age", {kTimestamp, kTimestamp}, kInterval, row_kernel<age>),
    entry("age", {kTimestampTz, kTimestampTz}, kInterval, row_kernel<age>),
    entry("timezone", {kText, kTimestamp}, kTimestampTz, row_kernel<local_to_utc>),
    entry("timezone", {kText, kTimestampTz}, kTimestamp, row_kernel<utc_to_local>),
    entry("timezone", {kInterval, kTimestamp}, kTimestampTz, row_kernel<local_to_utc_by>),
    entry("timezone", {kInterval, kTimestampTz}, kTimestamp, row_kernel<utc_to_local_by>),
    entry("to_timestamp", {kFloat8}, kTimestampTz, row_kernel<to_timestamp>),
    entry("make_timestamp", {kInt8, kInt8, kInt8, kInt8, kInt8, kFloat8}, kTimestamp,
          row_kernel<make_timestamp>),
    entry("try_parse_monotonic_iso8601_timestamp", {kText}, kTimestamp, row_kernel<parse_iso8601>),
    entry("date", {kText}, kDate, row_kernel<date_of_text>),
    entry("date", {kTimestamp}, kDate, row_kernel<date_of_timestamp>),
    entry("date", {kTimestampTz}, kDate, row_kernel<date_of_timestamp>),
};

}  // namespace

std::span<const FunctionSpec> date_part_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
