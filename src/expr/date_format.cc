// The fields of to_char, by their spellings, and how each is written.
#include "expr/date_format.h"

#include <fmt/core.h>

#include <array>

#include "expr/date_part.h"
#include "types/date_time.h"

namespace penstock::expr {

struct DateFormat::Instant {
  int64_t days;
  int64_t micros;  // Of the day.
  types::CivilDate date;
  types::CivilTime time;
  bool zoned;

  int64_t display_year() const { return date.year > 0 ? date.year : 1 - date.year; }
  bool before_christ() const { return date.year <= 0; }
};

namespace {

using Instant = DateFormat::Instant;

constexpr int64_t kJulianDayOfEpoch = 2440588;
constexpr size_t kNameWidth = 9;   // Of "September" and "Wednesday".
constexpr size_t kRomanWidth = 4;  // Of "VIII".
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kRomans = {"I",   "II",   "III", "IV", "V",  "VI",
                                                      "VII", "VIII", "IX",  "X",  "XI", "XII"};

// --- writing numbers and names ---

void put_number(int64_t value, int width, bool padded, std::string& out) {
  int places = value < 0 ? width + 1 : width;
  out += padded ? fmt::format("{:0{}}", value, places) : std::to_string(value);
}
template <auto field, int width>
void number(const Instant& instant, bool padded, std::string& out) {
  put_number(field(instant), width, padded, out);
}

enum class Letters : uint8_t { kUpper, kCapital, kLower };
template <auto field, Letters letters, size_t length, size_t width>
void name(const Instant& instant, bool padded, std::string& out) {
  std::string text(field(instant).substr(0, length));
  for (size_t i = 0; i < text.size(); ++i) {
    char& c = text[i];
    bool upper = letters == Letters::kUpper || (letters == Letters::kCapital && i == 0);
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  if (padded && text.size() < width) text.resize(width, ' ');
  out += text;
}

// --- fields ---

int64_t hour12(const Instant& t) {
  return t.time.hour % 12 == 0 ? 12 : t.time.hour % 12;
}
int64_t hour24(const Instant& t) {
  return t.time.hour;
}
int64_t minute(const Instant& t) {
  return t.time.minute;
}
int64_t second(const Instant& t) {
  return t.time.second;
}
int64_t millis(const Instant& t) {
  return t.time.micros / 1000;
}
int64_t micros(const Instant& t) {
  return t.time.micros;
}
int64_t second_of_day(const Instant& t) {
  return t.micros / types::kMicrosPerSecond;
}
int64_t year(const Instant& t) {
  return t.display_year();
}
int64_t year3(const Instant& t) {
  return t.display_year() % 1000;
}
int64_t year2(const Instant& t) {
  return t.display_year() % 100;
}
int64_t year1(const Instant& t) {
  return t.display_year() % 10;
}
int64_t iso_year(const Instant& t) {
  int64_t out = iso_week(t.days).year;
  return out > 0 ? out : 1 - out;
}
int64_t iso_year3(const Instant& t) {
  return iso_year(t) % 1000;
}
int64_t iso_year2(const Instant& t) {
  return iso_year(t) % 100;
}
int64_t iso_year1(const Instant& t) {
  return iso_year(t) % 10;
}
int64_t century(const Instant& t) {
  return *date_field(DateUnit::kCentury, t.days);
}
int64_t quarter(const Instant& t) {
  return (t.date.month - 1) / 3 + 1;
}
int64_t month(const Instant& t) {
  return t.date.month;
}
int64_t day(const Instant& t) {
  return t.date.day;
}
int64_t year_day(const Instant& t) {
  return day_of_year(t.days);
}
int64_t week_day(const Instant& t) {
  return (days_after_monday(t.days) + 1) % 7 + 1;
}
int64_t iso_week_day(const Instant& t) {
  return days_after_monday(t.days) + 1;
}
int64_t iso_year_day(const Instant& t) {
  return (iso_week(t.days).week - 1) * 7 + iso_week_day(t);
}
int64_t month_week(const Instant& t) {
  return (t.date.day - 1) / 7 + 1;
}
int64_t year_week(const Instant& t) {
  return (day_of_year(t.days) - 1) / 7 + 1;
}
int64_t iso_year_week(const Instant& t) {
  return iso_week(t.days).week;
}
int64_t julian_day(const Instant& t) {
  return t.days + kJulianDayOfEpoch;
}

std::string_view month_name(const Instant& t) {
  return kMonths[static_cast<size_t>(t.date.month) - 1];
}
std::string_view day_name(const Instant& t) {
  return kDays[static_cast<size_t>(week_day(t)) - 1];
}
std::string_view roman_month(const Instant& t) {
  return kRomans[static_cast<size_t>(t.date.month) - 1];
}
std::string_view meridiem(const Instant& t) {
  return t.time.hour < 12 ? "AM" : "PM";
}
std::string_view dotted_meridiem(const Instant& t) {
  return t.time.hour < 12 ? "A.M." : "P.M.";
}
std::string_view era(const Instant& t) {
  return t.before_christ() ? "BC" : "AD";
}
std::string_view dotted_era(const Instant& t) {
  return t.before_christ() ? "B.C." : "A.D.";
}
std::string_view zone(const Instant& t) {
  return t.zoned ? "UTC" : "";
}
std::string_view zone_hours(const Instant&) {
  return "+00";
}
std::string_view zone_minutes(const Instant&) {
  return "00";
}

void year_with_comma(const Instant& t, bool, std::string& out) {
  out += fmt::format("{},{:03}", t.display_year() / 1000, t.display_year() % 1000);
}

constexpr size_t kWhole = 16;  // More than any name is long.
template <auto field, Letters letters>
constexpr DateFormat::Writer kWord = name<field, letters, kWhole, 0>;
template <Letters letters>
constexpr DateFormat::Writer kMonthName = name<month_name, letters, kWhole, kNameWidth>;
template <Letters letters>
constexpr DateFormat::Writer kDayName = name<day_name, letters, kWhole, kNameWidth>;

struct Field {
  std::string_view text;
  DateFormat::Writer writer;
  bool numeric;   // May have an ordinal suffix.
  bool any_case;  // The lower-case spelling means the same.
};
constexpr Letters kUpper = Letters::kUpper;
constexpr Letters kCapital = Letters::kCapital;
constexpr Letters kLower = Letters::kLower;

// A spelling stands before its own prefixes.
constexpr Field kFields[] = {
    {"HH24", number<hour24, 2>, true, true},
    {"HH12", number<hour12, 2>, true, true},
    {"HH", number<hour12, 2>, true, true},
    {"MI", number<minute, 2>, true, true},
    {"SSSSS", number<second_of_day, 1>, true, true},
    {"SSSS", number<second_of_day, 1>, true, true},
    {"SS", number<second, 2>, true, true},
    {"MS", number<millis, 3>, true, true},
    {"US", number<micros, 6>, true, true},
    {"Y,YYY", year_with_comma, true, true},
    {"YYYY", number<year, 4>, true, true},
    {"YYY", number<year3, 3>, true, true},
    {"YY", number<year2, 2>, true, true},
    {"Y", number<year1, 1>, true, true},
    {"IYYY", number<iso_year, 4>, true, true},
    {"IYY", number<iso_year3, 3>, true, true},
    {"IY", number<iso_year2, 2>, true, true},
    {"IDDD", number<iso_year_day, 3>, true, true},
    {"ID", number<iso_week_day, 1>, true, true},
    {"IW", number<iso_year_week, 2>, true, true},
    {"I", number<iso_year1, 1>, true, true},
    {"A.M.", kWord<dotted_meridiem, kUpper>, false, false},
    {"P.M.", kWord<dotted_meridiem, kUpper>, false, false},
    {"a.m.", kWord<dotted_meridiem, kLower>, false, false},
    {"p.m.", kWord<dotted_meridiem, kLower>, false, false},
    {"AM", kWord<meridiem, kUpper>, false, false},
    {"PM", kWord<meridiem, kUpper>, false, false},
    {"am", kWord<meridiem, kLower>, false, false},
    {"pm", kWord<meridiem, kLower>, false, false},
    {"B.C.", kWord<dotted_era, kUpper>, false, false},
    {"A.D.", kWord<dotted_era, kUpper>, false, false},
    {"b.c.", kWord<dotted_era, kLower>, false, false},
    {"a.d.", kWord<dotted_era, kLower>, false, false},
    {"BC", kWord<era, kUpper>, false, false},
    {"AD", kWord<era, kUpper>, false, false},
    {"bc", kWord<era, kLower>, false, false},
    {"ad", kWord<era, kLower>, false, false},
    {"MONTH", kMonthName<kUpper>, false, false},
    {"Month", kMonthName<kCapital>, false, false},
    {"month", kMonthName<kLower>, false, false},
    {"MON", name<month_name, kUpper, 3, 0>, false, false},
    {"Mon", name<month_name, kCapital, 3, 0>, false, false},
    {"mon", name<month_name, kLower, 3, 0>, false, false},
    {"MM", number<month, 2>, true, true},
    {"DAY", kDayName<kUpper>, false, false},
    {"Day", kDayName<kCapital>, false, false},
    {"day", kDayName<kLower>, false, false},
    {"DY", name<day_name, kUpper, 3, 0>, false, false},
    {"Dy", name<day_name, kCapital, 3, 0>, false, false},
    {"dy", name<day_name, kLower, 3, 0>, false, false},
    {"DDD", number<year_day, 3>, true, true},
    {"DD", number<day, 2>, true, true},
    {"D", number<week_day, 1>, true, true},
    {"WW", number<year_week, 2>, true, true},
    {"W", number<month_week, 1>, true, true},
    {"CC", number<century, 2>, true, true},
    {"J", number<julian_day, 1>, true, true},
    {"Q", number<quarter, 1>, true, true},
    {"RM", name<roman_month, kUpper, kWhole, kRomanWidth>, false, false},
    {"rm", name<roman_month, kLower, kWhole, kRomanWidth>, false, false},
    {"TZH", kWord<zone_hours, kUpper>, false, true},
    {"TZM", kWord<zone_minutes, kUpper>, false, true},
    {"TZ", kWord<zone, kUpper>, false, false},
    {"tz", kWord<zone, kLower>, false, false},
    {"OF", kWord<zone_hours, kUpper>, false, true},
};

bool starts_with_field(std::string_view format, const Field& field) {
  if (format.starts_with(field.text)) return true;
  if (!field.any_case || format.size() < field.text.size()) return false;
  for (size_t i = 0; i < field.text.size(); ++i) {
    char c = field.text[i];
    if (format[i] != (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c)) return false;
  }
  return true;
}

const Field* field_at(std::string_view format) {
  for (const Field& field : kFields) {
    if (starts_with_field(format, field)) return &field;
  }
  return nullptr;
}

std::string_view ordinal_suffix(std::string_view digits) {
  char last = digits.back();
  bool teen = digits.size() > 1 && digits[digits.size() - 2] == '1';
  if (teen) return "th";
  return last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
}

}  // namespace

DateFormat DateFormat::compile(std::string_view format) {
  DateFormat out;
  bool padded = true;
  bool quoted = false;
  auto literal = [&](char c) {
    if (out.items_.empty() || out.items_.back().writer != nullptr) out.items_.emplace_back();
    out.items_.back().literal.push_back(c);
  };
  while (!format.empty()) {
    char c = format[0];
    if (c == '"') {
      quoted = !quoted;
      format.remove_prefix(1);
    } else if (c == '\\' && format.size() > 1 && (quoted || format[1] == '"')) {
      literal(format[1]);
      format.remove_prefix(2);
    } else if (quoted) {
      literal(c);
      format.remove_prefix(1);
    } else if (format.starts_with("FM") || format.starts_with("fm")) {
      padded = !padded;
      format.remove_prefix(2);
    } else if (format.starts_with("FX") || format.starts_with("fx")) {
      format.remove_prefix(2);
    } else if (const Field* field = field_at(format)) {
      format.remove_prefix(field->text.size());
      Item item{.literal = {}, .writer = field->writer, .padded = padded};
      if (field->numeric && (format.starts_with("TH") || format.starts_with("th"))) {
        item.ordinal = format[0] == 'T' ? Suffix::kUpper : Suffix::kLower;
        format.remove_prefix(2);
      }
      out.items_.push_back(std::move(item));
    } else {
      literal(c);
      format.remove_prefix(1);
    }
  }
  return out;
}

void DateFormat::append(int64_t timestamp, bool zoned, std::string& out) const {
  int64_t days = types::day_of(timestamp);
  int64_t micros_of_day = types::micros_of_day(timestamp);
  Instant instant{.days = days,
                  .micros = micros_of_day,
                  .date = types::civil_from_days(days),
                  .time = types::civil_from_micros(micros_of_day),
                  .zoned = zoned};
  for (const Item& item : items_) {
    if (item.writer == nullptr) {
      out += item.literal;
      continue;
    }
    size_t begin = out.size();
    item.writer(instant, item.padded, out);
    if (item.ordinal == Suffix::kNone) continue;
    for (char c : std::string(ordinal_suffix(std::string_view(out).substr(begin)))) {
      out.push_back(item.ordinal == Suffix::kUpper ? static_cast<char>(c - 32) : c);
    }
  }
}

}  // namespace penstock::expr
