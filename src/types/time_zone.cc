// Time zones: offsets and abbreviations by hand, names through abseil's reader of the system's
// database.
#include "types/time_zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <array>
#include <cctype>
#include <string>

#include "types/date_time.h"

namespace penstock::types {

struct TimeZone::Named {
  absl::TimeZone zone;
};

namespace {

struct Abbreviation {
  std::string_view name;
  int minutes_east;
};

// Abbreviations that PostgreSQL's default set knows.
constexpr std::array kAbbreviations = {
    Abbreviation{"z", 0},       Abbreviation{"zulu", 0},    Abbreviation{"utc", 0},
    Abbreviation{"ut", 0},      Abbreviation{"uct", 0},     Abbreviation{"gmt", 0},
    Abbreviation{"wet", 0},     Abbreviation{"west", 60},   Abbreviation{"bst", 60},
    Abbreviation{"cet", 60},    Abbreviation{"cest", 120},  Abbreviation{"met", 60},
    Abbreviation{"mest", 120},  Abbreviation{"eet", 120},   Abbreviation{"eest", 180},
    Abbreviation{"sast", 120},  Abbreviation{"msk", 180},   Abbreviation{"msd", 240},
    Abbreviation{"ist", 120},   Abbreviation{"idt", 180},   Abbreviation{"pkt", 300},
    Abbreviation{"npt", 345},   Abbreviation{"hkt", 480},   Abbreviation{"sgt", 480},
    Abbreviation{"awst", 480},  Abbreviation{"jst", 540},   Abbreviation{"kst", 540},
    Abbreviation{"acst", 570},  Abbreviation{"acdt", 630},  Abbreviation{"aest", 600},
    Abbreviation{"aedt", 660},  Abbreviation{"nzst", 720},  Abbreviation{"nzdt", 780},
    Abbreviation{"nst", -210},  Abbreviation{"ndt", -150},  Abbreviation{"ast", -240},
    Abbreviation{"adt", -180},  Abbreviation{"est", -300},  Abbreviation{"edt", -240},
    Abbreviation{"cst", -360},  Abbreviation{"cdt", -300},  Abbreviation{"mst", -420},
    Abbreviation{"mdt", -360},  Abbreviation{"pst", -480},  Abbreviation{"pdt", -420},
    Abbreviation{"akst", -540}, Abbreviation{"akdt", -480}, Abbreviation{"hst", -600},
    Abbreviation{"brt", -180},  Abbreviation{"art", -180},  Abbreviation{"clt", -240},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// +H, +HH, +HHMM, +HH:MM, +HH:MM:SS, up to 15:59:59.
std::optional<int32_t> parse_offset(std::string_view text) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  bool negative = text[0] == '-';
  text.remove_prefix(1);
  std::array<int, 3> parts = {};
  size_t count = 0;
  if (text.size() == 4 && text.find(':') == std::string_view::npos) {
    for (char c : text) {
      if (!is_digit(c)) return std::nullopt;
    }
    parts = {(text[0] - '0') * 10 + text[1] - '0', (text[2] - '0') * 10 + text[3] - '0', 0};
    text = {};
  }
  while (!text.empty()) {
    if (count == parts.size()) return std::nullopt;
    size_t length = 0;
    while (length < text.size() && is_digit(text[length])) ++length;
    if (length == 0 || length > 2) return std::nullopt;
    for (size_t i = 0; i < length; ++i) parts[count] = parts[count] * 10 + (text[i] - '0');
    ++count;
    text.remove_prefix(length);
    if (text.empty()) break;
    if (text[0] != ':' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  if (parts[0] > 15 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  int32_t seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  return negative ? -seconds : seconds;
}

std::string capitalised(std::string_view lower_case) {
  std::string out(lower_case);
  bool first = true;
  for (char& c : out) {
    auto byte = static_cast<unsigned char>(c);
    if (first && std::isalpha(byte)) c = static_cast<char>(std::toupper(byte));
    first = c == '/' || c == '_' || c == '-';
  }
  return out;
}

}  // namespace

TimeZone TimeZone::fixed(int32_t seconds_east) {
  TimeZone zone;
  zone.seconds_east_ = seconds_east;
  return zone;
}

std::optional<TimeZone> TimeZone::parse(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  if (std::optional<int32_t> offset = parse_offset(text)) return fixed(*offset);
  if (is_digit(text[0])) {
    std::optional<int32_t> offset = parse_offset("+" + std::string(text));
    return offset ? std::optional(fixed(*offset)) : std::nullopt;
  }
  std::string lower_case;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool allowed = std::isalnum(byte) || c == '/' || c == '_' || c == '+' || c == '-';
    if (!allowed) return std::nullopt;  // A name is a path below the database: nothing else opens.
    lower_case += static_cast<char>(std::tolower(byte));
  }
  if (!std::isalpha(static_cast<unsigned char>(text[0])) || lower_case == "localtime") {
    return std::nullopt;
  }
  for (const Abbreviation& abbreviation : kAbbreviations) {
    if (lower_case == abbreviation.name) return fixed(abbreviation.minutes_east * 60);
  }
  std::string upper_case = lower_case;
  for (char& c : upper_case) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& name : {std::string(text), capitalised(lower_case), upper_case}) {
    absl::TimeZone found;
    if (absl::LoadTimeZone(name, &found)) {
      TimeZone zone;
      zone.named_ = std::make_shared<const Named>(Named{found});
      return zone;
    }
  }
  return std::nullopt;
}

int64_t TimeZone::to_utc(int64_t local_micros) const {
  if (!named_) return local_micros - seconds_east_ * kMicrosPerSecond;
  int64_t day = day_of(local_micros);
  int64_t rest = micros_of_day(local_micros);
  absl::CivilSecond second(absl::CivilDay() + day);
  second += rest / kMicrosPerSecond;
  absl::TimeZone::TimeInfo info = named_->zone.At(second);
  bool repeated = info.kind == absl::TimeZone::TimeInfo::REPEATED;
  return absl::ToUnixMicros(repeated ? info.post : info.pre) + rest % kMicrosPerSecond;
}

int64_t TimeZone::to_local(int64_t utc_micros) const {
  if (!named_) return utc_micros + seconds_east_ * kMicrosPerSecond;
  absl::TimeZone::CivilInfo info = named_->zone.At(absl::FromUnixMicros(utc_micros));
  return utc_micros + info.offset * kMicrosPerSecond;
}

}  // namespace penstock::types
