// Operators between dates, times, timestamps and intervals.
#include "expr/errors.h"
#include "expr/functions/families.h"
#include "expr/interval_value.h"
#include "types/date_time.h"

namespace penstock::expr {
namespace {

using types::Interval;
using types::kMicrosPerDay;
using types::TypeId;
using enum TypeId;

Result<int64_t> timestamp_or_error(std::optional<int64_t> timestamp) {
  if (!timestamp) return fail(timestamp_out_of_range());
  return *timestamp;
}
Result<Interval> interval_or_error(std::optional<Interval> interval) {
  if (!interval) return fail(types::interval_out_of_range());
  return *interval;
}

// --- timestamps and dates with intervals ---

Result<int64_t> timestamp_plus(int64_t timestamp, const Interval& interval) {
  return timestamp_or_error(types::add_interval(timestamp, interval));
}
Result<int64_t> plus_timestamp(const Interval& interval, int64_t timestamp) {
  return timestamp_plus(timestamp, interval);
}
Result<int64_t> timestamp_minus(int64_t timestamp, const Interval& interval) {
  return timestamp_or_error(types::subtract_interval(timestamp, interval));
}
Result<int64_t> date_plus(int32_t date, const Interval& interval) {
  return timestamp_plus(date * kMicrosPerDay, interval);
}
Result<int64_t> plus_date(const Interval& interval, int32_t date) {
  return date_plus(date, interval);
}
Result<int64_t> date_minus(int32_t date, const Interval& interval) {
  return timestamp_minus(date * kMicrosPerDay, interval);
}
int64_t date_plus_time(int32_t date, int64_t time) {
  return date * kMicrosPerDay + time;
}
int64_t time_plus_date(int64_t time, int32_t date) {
  return date_plus_time(date, time);
}

// --- differences ---

int32_t date_difference(int32_t left, int32_t right) {
  return left - right;
}
Interval difference(int64_t left, int64_t right) {
  return types::timestamp_difference(left, right);
}
Interval time_difference(int64_t left, int64_t right) {
  return {0, 0, left - right};
}

// --- times of day wrap around midnight; months and days do not touch them ---

int64_t wrapped(int64_t micros) {
  int64_t rest = micros % kMicrosPerDay;
  return rest < 0 ? rest + kMicrosPerDay : rest;
}
int64_t time_plus(int64_t time, const Interval& interval) {
  return wrapped(time + interval.micros % kMicrosPerDay);
}
int64_t plus_time(const Interval& interval, int64_t time) {
  return time_plus(time, interval);
}
int64_t time_minus(int64_t time, const Interval& interval) {
  return wrapped(time - interval.micros % kMicrosPerDay);
}

// --- intervals ---

Result<Interval> add(const Interval& a, const Interval& b) {
  return interval_or_error(a.add(b));
}
Result<Interval> subtract(const Interval& a, const Interval& b) {
  return interval_or_error(a.subtract(b));
}
Result<Interval> negate(const Interval& a) {
  return interval_or_error(a.negate());
}
Result<Interval> multiply(const Interval& a, double factor) {
  return interval_or_error(a.multiply(factor));
}
Result<Interval> multiplied(double factor, const Interval& a) {
  return multiply(a, factor);
}
Result<Interval> divide(const Interval& a, double divisor) {
  if (divisor == 0) return fail(division_by_zero());
  return interval_or_error(a.divide(divisor));
}

// 30 days are a month, 24 hours a day; signs are made alike.
Result<Interval> justify_days(const Interval& a) {
  int64_t months = int64_t{a.months} + a.days / 30;
  int64_t days = a.days % 30;
  if (months > 0 && days < 0) {
    days += 30;
    --months;
  } else if (months < 0 && days > 0) {
    days -= 30;
    ++months;
  }
  if (!std::in_range<int32_t>(months)) return fail(types::interval_out_of_range());
  return Interval{static_cast<int32_t>(months), static_cast<int32_t>(days), a.micros};
}
Result<Interval> justify_hours(const Interval& a) {
  int64_t days = a.days + a.micros / kMicrosPerDay;
  int64_t micros = a.micros % kMicrosPerDay;
  if (days > 0 && micros < 0) {
    micros += kMicrosPerDay;
    --days;
  } else if (days < 0 && micros > 0) {
    micros -= kMicrosPerDay;
    ++days;
  }
  if (!std::in_range<int32_t>(days)) return fail(types::interval_out_of_range());
  return Interval{a.months, static_cast<int32_t>(days), micros};
}
Result<Interval> justify_interval(const Interval& a) {
  int64_t total_days = a.days + a.micros / kMicrosPerDay;
  int64_t micros = a.micros % kMicrosPerDay;
  int64_t months = a.months + total_days / 30;
  int64_t days = total_days % 30;
  if (months > 0 && (days < 0 || (days == 0 && micros < 0))) {
    days += 30;
    --months;
  } else if (months < 0 && (days > 0 || (days == 0 && micros > 0))) {
    days -= 30;
    ++months;
  }
  if (days > 0 && micros < 0) {
    micros += kMicrosPerDay;
    --days;
  } else if (days < 0 && micros > 0) {
    micros -= kMicrosPerDay;
    ++days;
  }
  if (!std::in_range<int32_t>(months)) return fail(types::interval_out_of_range());
  return Interval{static_cast<int32_t>(months), static_cast<int32_t>(days), micros};
}

constexpr FunctionSpec kFunctions[] = {
    entry("+", {kTimestamp, kInterval}, kTimestamp, row_kernel<timestamp_plus>),
    entry("+", {kInterval, kTimestamp}, kTimestamp, row_kernel<plus_timestamp>),
    entry("-", {kTimestamp, kInterval}, kTimestamp, row_kernel<timestamp_minus>),
    entry("+", {kTimestampTz, kInterval}, kTimestampTz, row_kernel<timestamp_plus>),
    entry("+", {kInterval, kTimestampTz}, kTimestampTz, row_kernel<plus_timestamp>),
    entry("-", {kTimestampTz, kInterval}, kTimestampTz, row_kernel<timestamp_minus>),
    entry("+", {kDate, kInterval}, kTimestamp, row_kernel<date_plus>),
    entry("+", {kInterval, kDate}, kTimestamp, row_kernel<plus_date>),
    entry("-", {kDate, kInterval}, kTimestamp, row_kernel<date_minus>),
    entry("+", {kDate, kTime}, kTimestamp, row_kernel<date_plus_time>),
    entry("+", {kTime, kDate}, kTimestamp, row_kernel<time_plus_date>),
    entry("-", {kDate, kDate}, kInt4, row_kernel<date_difference>),
    entry("-", {kTimestamp, kTimestamp}, kInterval, row_kernel<difference>),
    entry("-", {kTimestampTz, kTimestampTz}, kInterval, row_kernel<difference>),
    entry("-", {kTime, kTime}, kInterval, row_kernel<time_difference>),
    entry("+", {kTime, kInterval}, kTime, row_kernel<time_plus>),
    entry("+", {kInterval, kTime}, kTime, row_kernel<plus_time>),
    entry("-", {kTime, kInterval}, kTime, row_kernel<time_minus>),
    entry("+", {kInterval, kInterval}, kInterval, row_kernel<add>),
    entry("-", {kInterval, kInterval}, kInterval, row_kernel<subtract>),
    preserving_uniqueness(entry("-", {kInterval}, kInterval, row_kernel<negate>)),
    entry("*", {kInterval, kFloat8}, kInterval, row_kernel<multiply>),
    entry("*", {kFloat8, kInterval}, kInterval, row_kernel<multiplied>),
    entry("/", {kInterval, kFloat8}, kInterval, row_kernel<divide>),
    entry("justify_days", {kInterval}, kInterval, row_kernel<justify_days>),
    entry("justify_hours", {kInterval}, kInterval, row_kernel<justify_hours>),
    entry("justify_interval", {kInterval}, kInterval, row_kernel<justify_interval>),
};

}  // namespace

std::span<const FunctionSpec> date_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
