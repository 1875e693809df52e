// Reading intervals: "1 year 2 mons 3 days 04:05:06.7", "1-2 3 4:5:6", "-1.5 h", "3 days ago".
//
// The text is cut into numbers, words and the compact forms Y-M and H:M:S. Every amount is exact in
// microseconds of its field's unit, so that fractions spill to the next smaller field exactly.
#include <array>
#include <bitset>
#include <limits>

#include "types/date_time.h"
#include "types/interval.h"
#include "types/scalar_text.h"

namespace penstock::types {
namespace {

__extension__ using Int128 = __int128;

// A unit in months, days or microseconds: exactly one of the three.
struct Unit {
  std::string_view name;
  IntervalField field;
  int64_t months;
  int64_t days;
  int64_t micros;
};

using enum IntervalField;
constexpr std::array kUnits = {
    Unit{"mil", kYear, 12000, 0, 0},
    Unit{"mils", kYear, 12000, 0, 0},
    Unit{"millennium", kYear, 12000, 0, 0},
    Unit{"millennia", kYear, 12000, 0, 0},
    Unit{"millenniums", kYear, 12000, 0, 0},
    Unit{"c", kYear, 1200, 0, 0},
    Unit{"cent", kYear, 1200, 0, 0},
    Unit{"century", kYear, 1200, 0, 0},
    Unit{"centuries", kYear, 1200, 0, 0},
    Unit{"dec", kYear, 120, 0, 0},
    Unit{"decs", kYear, 120, 0, 0},
    Unit{"decade", kYear, 120, 0, 0},
    Unit{"decades", kYear, 120, 0, 0},
    Unit{"y", kYear, 12, 0, 0},
    Unit{"yr", kYear, 12, 0, 0},
    Unit{"yrs", kYear, 12, 0, 0},
    Unit{"year", kYear, 12, 0, 0},
    Unit{"years", kYear, 12, 0, 0},
    Unit{"mon", kMonth, 1, 0, 0},
    Unit{"mons", kMonth, 1, 0, 0},
    Unit{"month", kMonth, 1, 0, 0},
    Unit{"months", kMonth, 1, 0, 0},
    Unit{"w", kDay, 0, 7, 0},
    Unit{"week", kDay, 0, 7, 0},
    Unit{"weeks", kDay, 0, 7, 0},
    Unit{"d", kDay, 0, 1, 0},
    Unit{"day", kDay, 0, 1, 0},
    Unit{"days", kDay, 0, 1, 0},
    Unit{"h", kHour, 0, 0, kMicrosPerHour},
    Unit{"hr", kHour, 0, 0, kMicrosPerHour},
    Unit{"hrs", kHour, 0, 0, kMicrosPerHour},
    Unit{"hour", kHour, 0, 0, kMicrosPerHour},
    Unit{"hours", kHour, 0, 0, kMicrosPerHour},
    Unit{"m", kMinute, 0, 0, kMicrosPerMinute},
    Unit{"min", kMinute, 0, 0, kMicrosPerMinute},
    Unit{"mins", kMinute, 0, 0, kMicrosPerMinute},
    Unit{"minute", kMinute, 0, 0, kMicrosPerMinute},
    Unit{"minutes", kMinute, 0, 0, kMicrosPerMinute},
    Unit{"s", kSecond, 0, 0, kMicrosPerSecond},
    Unit{"sec", kSecond, 0, 0, kMicrosPerSecond},
    Unit{"secs", kSecond, 0, 0, kMicrosPerSecond},
    Unit{"second", kSecond, 0, 0, kMicrosPerSecond},
    Unit{"seconds", kSecond, 0, 0, kMicrosPerSecond},
    Unit{"ms", kSecond, 0, 0, 1000},
    Unit{"msec", kSecond, 0, 0, 1000},
    Unit{"msecs", kSecond, 0, 0, 1000},
    Unit{"millisecond", kSecond, 0, 0, 1000},
    Unit{"milliseconds", kSecond, 0, 0, 1000},
    Unit{"us", kSecond, 0, 0, 1},
    Unit{"usec", kSecond, 0, 0, 1},
    Unit{"usecs", kSecond, 0, 0, 1},
    Unit{"microsecond", kSecond, 0, 0, 1},
    Unit{"microseconds", kSecond, 0, 0, 1},
};

constexpr std::array<std::string_view, 6> kFieldNames = {"YEAR", "MONTH",  "DAY",
                                                         "HOUR", "MINUTE", "SECOND"};

const Unit& unit_of(IntervalField field) {
  constexpr std::array<std::string_view, 6> kNames = {"year", "month",  "day",
                                                      "hour", "minute", "second"};
  for (const Unit& unit : kUnits) {
    if (unit.name == kNames[static_cast<size_t>(field)]) return unit;
  }
  return kUnits[0];
}

// A decimal number as an exact count of millionths.
struct Amount {
  bool negative = false;
  int64_t whole = 0;
  int64_t millionths = 0;
  bool has_fraction = false;
};

class IntervalReader {
 public:
  IntervalReader(std::string_view text, IntervalFields fields)
      : text_(text), rest_(text), fields_(fields) {}

  Result<Interval> read();

 private:
  std::unexpected<Error> bad(std::string_view detail) const {
    return fail(invalid_syntax(TypeId::kInterval, detail, text_));
  }
  std::unexpected<Error> out_of_range_error() const { return fail(interval_out_of_range()); }
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || (rest_[0] >= '\t' && rest_[0] <= '\r'))) {
      rest_.remove_prefix(1);
    }
  }
  bool at(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool at_digit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }

  Status read_piece();
  Result<Amount> read_amount();
  Status read_year_month(const Amount& years);
  Status read_time(const Amount& first);
  Status read_bare_number(const Amount& amount);
  std::string_view take_word();
  Status set_once(IntervalField field);
  Status add(const Unit& unit, const Amount& amount);
  Result<Interval> finish();
  void truncate(int64_t months, int64_t days);

  std::string_view text_;
  std::string_view rest_;
  IntervalFields fields_;
  std::bitset<6> seen_;
  bool ago_ = false;
  Int128 months_ = 0;
  Int128 days_ = 0;
  Int128 micros_ = 0;
};

Result<Amount> IntervalReader::read_amount() {
  Amount out;
  if (at('-') || at('+')) {
    out.negative = at('-');
    rest_.remove_prefix(1);
  }
  bool any = false;
  while (at_digit()) {
    any = true;
    if (out.whole > (std::numeric_limits<int64_t>::max() - 9) / 10) return out_of_range_error();
    out.whole = out.whole * 10 + (rest_[0] - '0');
    rest_.remove_prefix(1);
  }
  if (at('.')) {
    rest_.remove_prefix(1);
    out.has_fraction = true;
    int64_t digits = 0;
    for (; at_digit(); rest_.remove_prefix(1), ++digits) {
      any = true;
      if (digits < 6) out.millionths = out.millionths * 10 + (rest_[0] - '0');
      if (digits == 6 && rest_[0] >= '5') ++out.millionths;
    }
    for (; digits < 6; ++digits) out.millionths *= 10;
  }
  if (!any) return bad("expected a number");
  return out;
}

Status IntervalReader::set_once(IntervalField field) {
  auto index = static_cast<size_t>(field);
  if (seen_[index]) return bad(std::string(kFieldNames[index]) + " field set twice");
  seen_[index] = true;
  return {};
}

// Adds amount * unit; a fraction of a unit of months spills to days (of 30 a month) only below one
// month, a fraction of days to microseconds.
Status IntervalReader::add(const Unit& unit, const Amount& amount) {
  constexpr int64_t kMillion = 1'000'000;
  Int128 millionths = Int128{amount.whole} * kMillion + amount.millionths;
  if (amount.negative) millionths = -millionths;
  if (unit.months != 0) {
    Int128 exact = millionths * unit.months;
    months_ += exact / kMillion;
    Int128 exact_days = exact % kMillion * 30;
    days_ += exact_days / kMillion;
    micros_ += exact_days % kMillion * kMicrosPerDay / kMillion;
  } else if (unit.days != 0) {
    Int128 exact = millionths * unit.days;
    days_ += exact / kMillion;
    micros_ += exact % kMillion * kMicrosPerDay / kMillion;
  } else {
    micros_ += millionths * unit.micros / kMillion;
  }
  return {};
}

Status IntervalReader::read_year_month(const Amount& years) {
  rest_.remove_prefix(1);
  ASSIGN_OR_RETURN(Amount months, read_amount());
  if (months.negative || months.has_fraction || years.has_fraction) {
    return bad("invalid YEAR-MONTH");
  }
  if (months.whole > 12) {
    return bad("MONTH must be [-12, 12], got " + std::to_string(months.whole));
  }
  RETURN_IF_ERROR(set_once(kYear));
  RETURN_IF_ERROR(set_once(kMonth));
  months.negative = years.negative;
  RETURN_IF_ERROR(add(unit_of(kYear), years));
  return add(unit_of(kMonth), months);
}

// H:M, H:M:S, or M:S when the fields begin with minutes or a fraction says so.
Status IntervalReader::read_time(const Amount& first) {
  if (first.has_fraction) return bad("invalid time");
  std::array<Amount, 3> parts = {first};
  size_t count = 1;
  while (at(':')) {
    if (count == 3) return bad("invalid time");
    rest_.remove_prefix(1);
    if (!at_digit()) return bad("invalid time");
    ASSIGN_OR_RETURN(parts[count], read_amount());
    parts[count].negative = first.negative;
    ++count;
  }
  bool minutes_first = fields_.first == kMinute || (count == 2 && parts[1].has_fraction);
  if (count == 3 && parts[1].has_fraction) return bad("invalid time");
  auto field = static_cast<size_t>(count == 2 && minutes_first ? kMinute : kHour);
  for (size_t i = 0; i < count; ++i, ++field) {
    if (i > 0 && parts[i].whole > 59) {
      return bad(std::string(kFieldNames[field]) + " must be [-59, 59], got " +
                 std::to_string(parts[i].whole));
    }
    RETURN_IF_ERROR(set_once(static_cast<IntervalField>(field)));
    RETURN_IF_ERROR(add(unit_of(static_cast<IntervalField>(field)), parts[i]));
  }
  return {};
}

std::string_view IntervalReader::take_word() {
  size_t length = 0;
  while (length < rest_.size() && ((rest_[length] >= 'a' && rest_[length] <= 'z') ||
                                   (rest_[length] >= 'A' && rest_[length] <= 'Z'))) {
    ++length;
  }
  std::string_view word = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return word;
}

// Days when a time of day follows, else the last field, else seconds.
Status IntervalReader::read_bare_number(const Amount& amount) {
  size_t next = 0;
  if (next < rest_.size() && (rest_[next] == '+' || rest_[next] == '-')) ++next;
  size_t digits = next;
  while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') ++digits;
  bool time_follows = digits > next && digits < rest_.size() && rest_[digits] == ':';
  IntervalField field = time_follows ? kDay : fields_.last.value_or(kSecond);
  RETURN_IF_ERROR(set_once(field));
  return add(unit_of(field), amount);
}

Status IntervalReader::read_piece() {
  ASSIGN_OR_RETURN(Amount amount, read_amount());
  if (at('-') && rest_.size() > 1 && rest_[1] >= '0' && rest_[1] <= '9') {
    return read_year_month(amount);
  }
  if (at(':')) return read_time(amount);
  skip_blanks();
  std::string_view word = take_word();
  std::string lower_case;
  for (char c : word) lower_case += static_cast<char>(c | 32);
  if (lower_case == "ago") {
    ago_ = true;
    word = {};
  }
  if (word.empty()) return read_bare_number(amount);
  for (const Unit& unit : kUnits) {
    if (unit.name != lower_case) continue;
    // Units that share a field (weeks and days) may both be given; one unit may not be twice.
    const Unit& own = unit_of(unit.field);
    bool own_field =
        unit.months == own.months && unit.days == own.days && unit.micros == own.micros;
    if (own_field) RETURN_IF_ERROR(set_once(unit.field));
    return add(unit, amount);
  }
  return bad("invalid DateTimeField: " + std::string(word));
}

// Cuts off what is smaller than the last field.
void IntervalReader::truncate(int64_t months, int64_t days) {
  if (months != 0) {
    months_ -= months_ % months;
    days_ = 0;
    micros_ = 0;
  } else if (days != 0) {
    micros_ = 0;
  }
}

Result<Interval> IntervalReader::finish() {
  if (fields_.last) {
    const Unit& unit = unit_of(*fields_.last);
    truncate(unit.months, unit.days);
    if (unit.micros != 0 && *fields_.last != kSecond) micros_ -= micros_ % unit.micros;
  }
  if (ago_) {
    months_ = -months_;
    days_ = -days_;
    micros_ = -micros_;
  }
  auto fits = [](Int128 value, int64_t min, int64_t max) { return value >= min && value <= max; };
  using Small = std::numeric_limits<int32_t>;
  using Large = std::numeric_limits<int64_t>;
  if (!fits(months_, Small::min(), Small::max()) || !fits(days_, Small::min(), Small::max()) ||
      !fits(micros_, Large::min(), Large::max())) {
    return out_of_range_error();
  }
  return Interval{static_cast<int32_t>(months_), static_cast<int32_t>(days_),
                  static_cast<int64_t>(micros_)};
}

Result<Interval> IntervalReader::read() {
  skip_blanks();
  if (at('@')) rest_.remove_prefix(1);
  skip_blanks();
  if (rest_.empty()) return bad("empty interval");
  while (!rest_.empty()) {
    if (!ago_ && seen_.any() && (at('a') || at('A'))) {
      std::string_view word = take_word();
      if (word.size() != 3 || (word[1] | 32) != 'g' || (word[2] | 32) != 'o') {
        return bad("unexpected word \"" + std::string(word) + "\"");
      }
      ago_ = true;
    } else if (ago_) {
      return bad("unexpected text after \"ago\"");
    } else {
      RETURN_IF_ERROR(read_piece());
    }
    skip_blanks();
  }
  return finish();
}

}  // namespace

Result<Interval> parse_interval(std::string_view text, IntervalFields fields) {
  return IntervalReader(text, fields).read();
}

}  // namespace penstock::types
