// Civil arithmetic and printing of dates, times and timestamps. Reading is in date_time_parse.cc.
#include "types/date_time.h"

#include <algorithm>
#include <array>

#include "types/scalar_text.h"

namespace penstock::types {
namespace {

void append_padded(int64_t value, size_t width, std::string& out) {
  std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

// The date without its era; whether it is before Christ.
bool append_date_part(int64_t days, std::string& out) {
  CivilDate date = civil_from_days(days);
  bool before_christ = date.year <= 0;
  append_padded(before_christ ? 1 - date.year : date.year, 4, out);
  out += '-';
  append_padded(date.month, 2, out);
  out += '-';
  append_padded(date.day, 2, out);
  return before_christ;
}

void append_timestamp_with(int64_t micros, std::string_view zone, std::string& out) {
  bool before_christ = append_date_part(day_of(micros), out);
  out += ' ';
  append_time(micros_of_day(micros), out);
  out += zone;
  if (before_christ) out += " BC";
}

}  // namespace

int64_t days_from_civil(const CivilDate& date) {
  int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t month = date.month + (date.month > 2 ? -3 : 9);
  int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate civil_from_days(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

CivilTime civil_from_micros(int64_t micros_of_day) {
  return {static_cast<int>(micros_of_day / kMicrosPerHour),
          static_cast<int>(micros_of_day / kMicrosPerMinute % 60),
          static_cast<int>(micros_of_day / kMicrosPerSecond % 60),
          static_cast<int>(micros_of_day % kMicrosPerSecond)};
}

int64_t micros_from_civil(const CivilTime& time) {
  return time.hour * kMicrosPerHour + time.minute * kMicrosPerMinute +
         time.second * kMicrosPerSecond + time.micros;
}

int days_in_month(int64_t year, int month) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[static_cast<size_t>(month - 1)] + (leap && month == 2 ? 1 : 0);
}

int64_t day_of(int64_t timestamp) {
  return (timestamp - micros_of_day(timestamp)) / kMicrosPerDay;
}
int64_t micros_of_day(int64_t timestamp) {
  int64_t rest = timestamp % kMicrosPerDay;
  return rest < 0 ? rest + kMicrosPerDay : rest;
}

bool is_valid_date(int64_t days) {
  return days >= kMinDate && days <= kMaxDate;
}
bool is_valid_timestamp(int64_t micros) {
  return micros >= kMinTimestamp && micros <= kMaxTimestamp;
}

std::optional<int64_t> add_months(int64_t timestamp, int64_t months) {
  CivilDate date = civil_from_days(day_of(timestamp));
  int64_t total = date.year * 12 + date.month - 1 + months;
  int64_t month = total % 12;
  if (month < 0) month += 12;
  date.year = (total - month) / 12;
  date.month = static_cast<int>(month) + 1;
  date.day = std::min(date.day, days_in_month(date.year, date.month));
  int64_t days = days_from_civil(date);
  if (!is_valid_date(days)) return std::nullopt;
  return days * kMicrosPerDay + micros_of_day(timestamp);
}

std::optional<int64_t> round_timestamp(int64_t timestamp, int digits) {
  int64_t unit = 1;
  for (int i = digits; i < 6; ++i) unit *= 10;
  int64_t shifted = timestamp + unit / 2;
  int64_t rest = shifted % unit;
  int64_t rounded = shifted - (rest < 0 ? rest + unit : rest);
  if (!is_valid_timestamp(rounded)) return std::nullopt;
  return rounded;
}

void append_date(int64_t days, std::string& out) {
  if (append_date_part(days, out)) out += " BC";
}

void append_time(int64_t micros_of_day, std::string& out) {
  CivilTime time = civil_from_micros(micros_of_day);
  append_padded(time.hour, 2, out);
  out += ':';
  append_padded(time.minute, 2, out);
  out += ':';
  append_padded(time.second, 2, out);
  if (time.micros == 0) return;
  out += '.';
  append_padded(time.micros, 6, out);
  while (out.back() == '0') out.pop_back();
}

void append_timestamp(int64_t micros, std::string& out) {
  append_timestamp_with(micros, "", out);
}
void append_timestamptz(int64_t micros, std::string& out) {
  append_timestamp_with(micros, "+00", out);
}

}  // namespace penstock::types
