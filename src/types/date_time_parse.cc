// Reading dates, times and timestamps.
//
// The text is cut into pieces (numbers with their separators, words, offsets), each piece fills in
// fields, and the fields are checked at the end: so the pieces may stand in any order that
// PostgreSQL takes too ("Jan 8 1999 04:05", "1999-01-08T04:05:06Z", "04:05 PST 19990108").
#include <array>
#include <optional>

#include "types/date_time.h"
#include "types/scalar_text.h"
#include "types/time_zone.h"

namespace penstock::types {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// 1 to 12, or 0: at least the first three letters of an English month.
int month_of(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  std::string lower_case = lowered(word);
  if (lower_case == "sept") return 9;
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (lower_case == kMonths[i] || lower_case == kMonths[i].substr(0, 3)) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

bool is_weekday(std::string_view lower_case) {
  for (std::string_view day : {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday",
                               "saturday", "tues", "wednes", "thur", "thurs"}) {
    if (lower_case == day || lower_case == day.substr(0, 3)) return true;
  }
  return false;
}

// Collects the fields of one text. Plain local of the parse functions.
class FieldReader {
 public:
  FieldReader(TypeId type, std::string_view text) : type_(type), text_(text), rest_(text) {}

  Status read();
  // Days since 1970 of the date given.
  Result<int64_t> date();
  Result<int64_t> timestamp();

  bool has_date() const { return year_ && month_ && day_; }
  bool is_epoch() const { return epoch_; }
  const std::optional<int64_t>& time() const { return time_micros_; }
  const std::optional<TimeZone>& zone() const { return zone_; }
  std::unexpected<Error> bad(std::string_view detail) const {
    return fail(invalid_syntax(type_, detail, text_));
  }

 private:
  Status read_number();
  Status read_date(std::string_view first, char separator);
  Status read_time();
  Status read_word();
  Status read_offset();
  Status set_number(std::string_view digits);
  Status set_date(std::string_view a, std::string_view b, std::string_view c);
  Status set_packed_time(std::string_view digits);
  Status set_field(std::optional<int64_t>& field, std::string_view name, std::string_view digits);
  void set_year(std::string_view digits);
  std::string_view take_digits();
  std::string_view take_letters_or_digits();

  TypeId type_;
  std::string_view text_;
  std::string_view rest_;
  std::optional<int64_t> year_;
  std::optional<int64_t> month_;
  std::optional<int64_t> day_;
  std::optional<int64_t> time_micros_;
  std::optional<TimeZone> zone_;
  std::optional<bool> afternoon_;
  bool before_christ_ = false;
  bool epoch_ = false;
};

int64_t to_number(std::string_view digits) {
  int64_t value = 0;
  for (char c : digits.substr(0, 18)) value = value * 10 + (c - '0');
  return value;
}
bool all_digits(std::string_view text) {
  for (char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

std::string_view FieldReader::take_digits() {
  size_t length = 0;
  while (length < rest_.size() && is_digit(rest_[length])) ++length;
  std::string_view taken = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return taken;
}

std::string_view FieldReader::take_letters_or_digits() {
  bool digits = !rest_.empty() && is_digit(rest_[0]);
  size_t length = 0;
  while (length < rest_.size() && (digits ? is_digit(rest_[length]) : is_letter(rest_[length]))) {
    ++length;
  }
  std::string_view taken = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return taken;
}

void FieldReader::set_year(std::string_view digits) {
  int64_t year = to_number(digits);
  if (digits.size() <= 2) year += year < 70 ? 2000 : 1900;
  year_ = year;
}

Status FieldReader::set_field(std::optional<int64_t>& field, std::string_view name,
                              std::string_view digits) {
  if (field) return bad(std::string(name) + " field set twice");
  field = to_number(digits);
  return {};
}

// Three parts in the order year-month-day when the first has three digits or more, else
// month-day-year; a month may be a name.
Status FieldReader::set_date(std::string_view a, std::string_view b, std::string_view c) {
  if (year_ || day_) return bad("date given twice");
  int month_a = month_of(a);
  int month_b = month_of(b);
  std::string_view year;
  std::string_view day;
  if (month_a != 0) {  // Jan-08-1999
    month_ = month_a;
    day = b;
    year = c;
  } else if (month_b != 0) {  // 08-Jan-1999 or 1999-Jan-08
    month_ = month_b;
    bool year_first = a.size() > 2;
    year = year_first ? a : c;
    day = year_first ? c : a;
  } else if (a.size() > 2) {
    year = a;
    if (!all_digits(b)) return bad("unexpected text in a date");
    month_ = to_number(b);
    day = c;
  } else {
    if (!all_digits(a)) return bad("unexpected text in a date");
    month_ = to_number(a);
    day = b;
    year = c;
  }
  if (!all_digits(year) || !all_digits(day)) return bad("YEAR, MONTH, DAY are all required");
  set_year(year);
  day_ = to_number(day);
  return {};
}

Status FieldReader::read_date(std::string_view first, char separator) {
  rest_.remove_prefix(1);
  std::string_view second = take_letters_or_digits();
  if (rest_.empty() || rest_[0] != separator) return bad("YEAR, MONTH, DAY are all required");
  rest_.remove_prefix(1);
  std::string_view third = take_digits();
  return set_date(first, second, third);
}

// HHMM or HHMMSS.
Status FieldReader::set_packed_time(std::string_view digits) {
  CivilTime time;
  time.hour = static_cast<int>(to_number(digits.substr(0, 2)));
  time.minute = static_cast<int>(to_number(digits.substr(2, 2)));
  if (digits.size() == 6) time.second = static_cast<int>(to_number(digits.substr(4, 2)));
  if (time.hour > 24 || time.minute > 59 || time.second > 60) return bad("time out of range");
  time_micros_ = micros_from_civil(time);
  return {};
}

// A number that stands alone: what it is depends on its length and on what is still missing.
Status FieldReader::set_number(std::string_view digits) {
  size_t length = digits.size();
  bool date_begun = year_ || day_;
  if (date_begun && has_date() && !time_micros_ && (length == 4 || length == 6)) {
    return set_packed_time(digits);
  }
  if (!date_begun && !month_ && (length == 8 || length == 6)) {
    size_t year_length = length - 4;
    set_year(digits.substr(0, year_length));
    month_ = to_number(digits.substr(year_length, 2));
    day_ = to_number(digits.substr(year_length + 2));
    return {};
  }
  if (length <= 2 && !day_) return set_field(day_, "DAY", digits);
  if (year_) return bad("YEAR field set twice");
  set_year(digits);
  return {};
}

Status FieldReader::read_time() {
  // rest_ stands at the first ':'; the hour was taken before.
  CivilTime time;
  time.hour = static_cast<int>(*time_micros_);
  rest_.remove_prefix(1);
  std::string_view minute = take_digits();
  if (minute.empty() || minute.size() > 2) return bad("invalid MINUTE");
  time.minute = static_cast<int>(to_number(minute));
  if (!rest_.empty() && rest_[0] == ':') {
    rest_.remove_prefix(1);
    std::string_view second = take_digits();
    if (second.empty() || second.size() > 2) return bad("invalid SECOND");
    time.second = static_cast<int>(to_number(second));
  }
  int64_t fraction = 0;
  if (!rest_.empty() && rest_[0] == '.') {
    rest_.remove_prefix(1);
    std::string_view digits = take_digits();
    for (size_t i = 0; i < 6; ++i) {
      fraction = fraction * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    }
    if (digits.size() > 6 && digits[6] >= '5') ++fraction;
  }
  if (time.hour > 24) return bad("HOUR must be [0, 24], got " + std::to_string(time.hour));
  if (time.minute > 59) return bad("MINUTE must be [0, 59], got " + std::to_string(time.minute));
  if (time.second > 60) return bad("SECOND must be [0, 60], got " + std::to_string(time.second));
  time_micros_ = micros_from_civil(time) + fraction;
  if (time.hour == 24 && *time_micros_ > kMicrosPerDay) return bad("HOUR must be [0, 24], got 24");
  return {};
}

Status FieldReader::read_number() {
  std::string_view digits = take_digits();
  if (digits.size() > 18) return bad("number too long");
  char next = rest_.empty() ? ' ' : rest_[0];
  if (next == ':') {
    if (time_micros_ || digits.size() > 2) return bad("unexpected time");
    time_micros_ = to_number(digits);
    return read_time();
  }
  bool date_open = !year_ && !day_;
  if (date_open && (next == '-' || next == '/' || next == '.')) return read_date(digits, next);
  return set_number(digits);
}

Status FieldReader::read_offset() {
  size_t length = 1;
  while (length < rest_.size() && (is_digit(rest_[length]) || rest_[length] == ':')) ++length;
  std::string_view offset = rest_.substr(0, length);
  if (!time_micros_ || zone_) return bad("unexpected sign");
  zone_ = TimeZone::parse(offset);
  if (!zone_) {
    return bad("Invalid timezone string (" + std::string(offset) + "): not an offset from UTC");
  }
  rest_.remove_prefix(length);
  return {};
}

Status FieldReader::read_word() {
  size_t length = 0;
  bool path = false;
  while (length < rest_.size()) {
    char c = rest_[length];
    if (c == '/') path = true;
    bool inside =
        is_letter(c) || c == '/' || c == '_' || (path && (is_digit(c) || c == '-' || c == '+'));
    if (!inside) break;
    ++length;
  }
  if (length == 0) return bad("unexpected character \"" + std::string(rest_.substr(0, 1)) + "\"");
  std::string_view word = rest_.substr(0, length);
  std::string lower_case = lowered(word);
  char next = length < rest_.size() ? rest_[length] : ' ';
  if (int month = month_of(word); month != 0 && !month_) {
    rest_.remove_prefix(length);
    if (next == '-' && !year_ && !day_) return read_date(word, '-');
    month_ = month;
    return {};
  }
  rest_.remove_prefix(length);
  if (lower_case == "t" && is_digit(next)) return {};
  if (lower_case == "bc" || lower_case == "ad") {
    before_christ_ = lower_case == "bc";
    return {};
  }
  if ((lower_case == "am" || lower_case == "pm") && time_micros_ && !afternoon_) {
    afternoon_ = lower_case == "pm";
    return {};
  }
  if (lower_case == "epoch") {
    epoch_ = true;
    return {};
  }
  if (lower_case == "allballs" && !time_micros_) {
    time_micros_ = 0;
    return {};
  }
  if (is_weekday(lower_case)) return {};
  if (zone_ || (!time_micros_ && !has_date())) {
    return bad("unexpected word \"" + std::string(word) + "\"");
  }
  zone_ = TimeZone::parse(word);
  if (!zone_) return bad("Invalid timezone string (" + std::string(word) + "): unknown time zone");
  return {};
}

Status FieldReader::read() {
  while (true) {
    while (!rest_.empty() &&
           (rest_[0] == ' ' || rest_[0] == ',' || (rest_[0] >= '\t' && rest_[0] <= '\r'))) {
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) break;
    char c = rest_[0];
    if (is_digit(c)) {
      RETURN_IF_ERROR(read_number());
    } else if (c == '+' || c == '-') {
      RETURN_IF_ERROR(read_offset());
    } else {
      RETURN_IF_ERROR(read_word());
    }
  }
  if (afternoon_) {
    int64_t hour = *time_micros_ / kMicrosPerHour;
    if (hour < 1 || hour > 12) return bad("HOUR must be [1, 12] before AM or PM");
    *time_micros_ += (hour == 12 ? -12 : 0) * kMicrosPerHour;
    *time_micros_ += (*afternoon_ ? 12 : 0) * kMicrosPerHour;
  }
  return {};
}

Result<int64_t> FieldReader::date() {
  if (epoch_) return 0;
  if (!has_date()) return bad("YEAR, MONTH, DAY are all required");
  if (*month_ < 1 || *month_ > 12) {
    return bad("MONTH must be [1, 12], got " + std::to_string(*month_));
  }
  if (*year_ == 0) return bad("YEAR cannot be zero");
  if (*year_ > 1'000'000) return fail(out_of_range(type_, "", text_));
  CivilDate civil{before_christ_ ? 1 - *year_ : *year_, static_cast<int>(*month_), 1};
  int last = days_in_month(civil.year, civil.month);
  if (*day_ < 1 || *day_ > last) {
    return bad("DAY must be [1, " + std::to_string(last) + "], got " + std::to_string(*day_));
  }
  civil.day = static_cast<int>(*day_);
  int64_t days = days_from_civil(civil);
  if (!is_valid_date(days)) return fail(out_of_range(type_, "", text_));
  return days;
}

Result<int64_t> FieldReader::timestamp() {
  ASSIGN_OR_RETURN(int64_t days, date());
  int64_t micros = days * kMicrosPerDay + time_micros_.value_or(0);
  if (zone_ && type_ == TypeId::kTimestampTz) micros = zone_->to_utc(micros);
  if (!is_valid_timestamp(micros)) return fail(out_of_range(type_, "", text_));
  return micros;
}

}  // namespace

Result<int32_t> parse_date(std::string_view text) {
  FieldReader fields(TypeId::kDate, text);
  RETURN_IF_ERROR(fields.read());
  ASSIGN_OR_RETURN(int64_t days, fields.date());
  return static_cast<int32_t>(days);
}

Result<int64_t> parse_time(std::string_view text) {
  FieldReader fields(TypeId::kTime, text);
  RETURN_IF_ERROR(fields.read());
  if (!fields.time()) return fields.bad("HOUR, MINUTE are required");
  if (*fields.time() >= kMicrosPerDay) return fields.bad("time out of range");
  return *fields.time();
}

Result<int64_t> parse_timestamp(std::string_view text) {
  FieldReader fields(TypeId::kTimestamp, text);
  RETURN_IF_ERROR(fields.read());
  return fields.timestamp();
}

Result<int64_t> parse_timestamptz(std::string_view text) {
  FieldReader fields(TypeId::kTimestampTz, text);
  RETURN_IF_ERROR(fields.read());
  return fields.timestamp();
}

}  // namespace penstock::types
