// Casts between dates, times, timestamps, intervals and mz_timestamp.
#include <fmt/core.h>

#include "expr/casts/cast_tables.h"
#include "expr/errors.h"
#include "expr/interval_value.h"
#include "types/date_time.h"

namespace penstock::expr {
namespace {

using types::TypeId;
using enum TypeId;

constexpr int64_t kMicrosPerMilli = 1000;

Result<int64_t> rounded(const KernelCall& call, int64_t timestamp) {
  if (call.type.modifier < 0) return timestamp;
  std::optional<int64_t> out = types::round_timestamp(timestamp, call.type.modifier);
  if (!out) return fail(timestamp_out_of_range());
  return *out;
}
int64_t date_to_timestamp(int32_t date) {
  return date * types::kMicrosPerDay;
}
int32_t timestamp_to_date(int64_t timestamp) {
  return static_cast<int32_t>(types::day_of(timestamp));
}
int64_t timestamp_to_time(int64_t timestamp) {
  return types::micros_of_day(timestamp);
}

std::unexpected<Error> mz_timestamp_out_of_range(const std::string& text) {
  return fail(sql_state::kNumericOutOfRange, fmt::format("\"{}\" mz_timestamp out of range", text));
}
// Milliseconds since 1970, the fraction dropped.
Result<uint64_t> timestamp_to_mz_timestamp(int64_t timestamp) {
  if (timestamp < 0) {
    std::string text;
    types::append_timestamp(timestamp, text);
    return mz_timestamp_out_of_range(text);
  }
  return static_cast<uint64_t>(timestamp / kMicrosPerMilli);
}
Result<uint64_t> timestamptz_to_mz_timestamp(int64_t timestamp) {
  if (timestamp < 0) {
    std::string text;
    types::append_timestamptz(timestamp, text);
    return mz_timestamp_out_of_range(text);
  }
  return static_cast<uint64_t>(timestamp / kMicrosPerMilli);
}
Result<uint64_t> date_to_mz_timestamp(int32_t date) {
  if (date < 0) {
    std::string text;
    types::append_date(date, text);
    return mz_timestamp_out_of_range(text);
  }
  return static_cast<uint64_t>(date_to_timestamp(date) / kMicrosPerMilli);
}
Result<int64_t> mz_timestamp_to_timestamp(const KernelCall& call, uint64_t millis) {
  if (millis > static_cast<uint64_t>(types::kMaxTimestamp / kMicrosPerMilli)) {
    return fail(timestamp_out_of_range());
  }
  return rounded(call, static_cast<int64_t>(millis) * kMicrosPerMilli);
}

types::Interval time_to_interval(int64_t time) {
  return {0, 0, time};
}
// What is left of a day; months and days do not count.
int64_t interval_to_time(const types::Interval& interval) {
  int64_t rest = interval.micros % types::kMicrosPerDay;
  return rest < 0 ? rest + types::kMicrosPerDay : rest;
}

constexpr CastContext I = CastContext::kImplicit;
constexpr CastContext A = CastContext::kAssignment;

constexpr CastEntry kCasts[] = {
    injective(cast_entry(kDate, kTimestamp, I, row_kernel<date_to_timestamp>)),
    injective(cast_entry(kDate, kTimestampTz, I, row_kernel<date_to_timestamp>)),
    injective(cast_entry(kTime, kInterval, I, row_kernel<time_to_interval>)),
    cast_entry(kInterval, kTime, A, row_kernel<interval_to_time>),
    injective(cast_entry(kDate, kMzTimestamp, I, row_kernel<date_to_mz_timestamp>)),
    same_bits(injective(cast_entry(kTimestamp, kTimestampTz, I, row_kernel<rounded>))),
    cast_entry(kTimestamp, kTimestamp, I, row_kernel<rounded>),
    cast_entry(kTimestamp, kMzTimestamp, I, row_kernel<timestamp_to_mz_timestamp>),
    cast_entry(kTimestamp, kDate, A, row_kernel<timestamp_to_date>),
    cast_entry(kTimestamp, kTime, A, row_kernel<timestamp_to_time>),
    same_bits(injective(cast_entry(kTimestampTz, kTimestamp, A, row_kernel<rounded>))),
    cast_entry(kTimestampTz, kTimestampTz, I, row_kernel<rounded>),
    cast_entry(kTimestampTz, kMzTimestamp, I, row_kernel<timestamptz_to_mz_timestamp>),
    cast_entry(kTimestampTz, kDate, A, row_kernel<timestamp_to_date>),
    cast_entry(kTimestampTz, kTime, A, row_kernel<timestamp_to_time>),
    cast_entry(kMzTimestamp, kTimestamp, A, row_kernel<mz_timestamp_to_timestamp>),
    cast_entry(kMzTimestamp, kTimestampTz, A, row_kernel<mz_timestamp_to_timestamp>),
};

}  // namespace

std::span<const CastEntry> time_casts() {
  return kCasts;
}

}  // namespace penstock::expr
