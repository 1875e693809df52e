// The pieces of JSON text.
#include "format/json/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "types/date_time.h"

namespace penstock::format {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101ULL;
constexpr uint64_t kHighs = 0x8080808080808080ULL;

constexpr uint64_t bytes_below(uint64_t word, uint64_t limit) {
  return (word - kOnes * limit) & ~word & kHighs;
}
constexpr uint64_t bytes_equal(uint64_t word, uint8_t byte) {
  return bytes_below(word ^ (kOnes * byte), 1);
}

// Whether some of 8 bytes must be escaped: below a blank, quote or backslash. (Exact about "none";
// a borrow may report one too many, and the slow path then finds nothing to do.)
bool needs_escape(uint64_t word) {
  return (bytes_below(word, 0x20) | bytes_equal(word, '"') | bytes_equal(word, '\\')) != 0;
}

void append_escaped(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      constexpr std::string_view kHex = "0123456789abcdef";
      auto byte = static_cast<uint8_t>(c);
      if (byte >= 0x20) {
        out += c;
        return;
      }
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

template <typename T>
void append_number(T value, std::string& out) {
  std::array<char, 24> text;
  auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

// Two or more digits of a non-negative number.
void append_padded(int64_t value, size_t width, std::string& out) {
  std::array<char, 24> text;
  auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  auto length = static_cast<size_t>(end - text.data());
  if (length < width) out.append(width - length, '0');
  out.append(text.data(), length);
}

// The digits d.ddd and the exponent of std::to_chars' scientific form, laid out anew.
void append_layout(std::string_view scientific, int fixed_from, int fixed_to, std::string& out) {
  if (scientific.front() == '-') {
    out += '-';
    scientific.remove_prefix(1);
  }
  size_t e = scientific.find('e');
  int exponent = 0;
  std::string_view power = scientific.substr(e + 1);
  if (power.front() == '+') power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  std::array<char, 24> digits;
  size_t count = 0;
  for (char c : scientific.substr(0, e)) {
    if (c != '.') digits[count++] = c;
  }
  std::string_view all(digits.data(), count);
  if (exponent < fixed_from || exponent > fixed_to) {
    out += all[0];
    if (count > 1) {
      out += '.';
      out += all.substr(1);
    }
    out += exponent < 0 ? "e" : "e+";
    append_number(exponent, out);
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out += all;
  } else {
    auto whole = static_cast<size_t>(exponent) + 1;
    if (count <= whole) {
      out += all;
      out.append(whole - count, '0');
      out += ".0";
    } else {
      out += all.substr(0, whole);
      out += '.';
      out += all.substr(whole);
    }
  }
}

template <typename T>
void append_floating(T value, int fixed_from, int fixed_to, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 40> text;
  auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  append_layout({text.data(), static_cast<size_t>(end - text.data())}, fixed_from, fixed_to, out);
}

}  // namespace

void append_json_string(std::string_view utf8, std::string& out) {
  out += '"';
  const char* run = utf8.data();
  const char* at = run;
  const char* end = run + utf8.size();
  while (at != end) {
    if (end - at >= 8) {
      uint64_t word;
      std::memcpy(&word, at, 8);
      if (!needs_escape(word)) {
        at += 8;
        continue;
      }
    }
    auto byte = static_cast<uint8_t>(*at);
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      out.append(run, at);
      append_escaped(*at, out);
      run = at + 1;
    }
    ++at;
  }
  out.append(run, end);
  out += '"';
}

void append_json_integer(int64_t value, std::string& out) {
  append_number(value, out);
}
void append_json_unsigned(uint64_t value, std::string& out) {
  append_number(value, out);
}
void append_json_double(double value, std::string& out) {
  append_floating(value, -5, 15, out);
}
void append_json_float(float value, std::string& out) {
  append_floating(value, -6, 12, out);
}

void append_json_date(int64_t days, std::string& out) {
  types::CivilDate date = types::civil_from_days(days);
  out += '"';
  if (date.year < 0) {
    out += '-';
    append_padded(-date.year, 4, out);
  } else {
    if (date.year > 9999) out += '+';
    append_padded(date.year, 4, out);
  }
  out += '-';
  append_padded(date.month, 2, out);
  out += '-';
  append_padded(date.day, 2, out);
  out += '"';
}

void append_json_time(int64_t micros_of_day, std::string& out) {
  types::CivilTime time = types::civil_from_micros(micros_of_day);
  out += '"';
  append_padded(time.hour, 2, out);
  out += ':';
  append_padded(time.minute, 2, out);
  out += ':';
  append_padded(time.second, 2, out);
  if (time.micros != 0) {
    out += '.';
    bool whole_millis = time.micros % 1000 == 0;
    append_padded(whole_millis ? time.micros / 1000 : time.micros, whole_millis ? 3 : 6, out);
  }
  out += '"';
}

void append_json_timestamp(int64_t micros, std::string& out) {
  int64_t millis = micros / 1000 - (micros % 1000 < 0 ? 1 : 0);
  out += '"';
  append_number(millis, out);
  out += '.';
  append_padded(micros - millis * 1000, 3, out);
  out += '"';
}

void append_json_bytes(std::string_view bytes, std::string& out) {
  out += '[';
  bool first = true;
  for (char c : bytes) {
    if (!first) out += ',';
    first = false;
    append_number(static_cast<int>(static_cast<uint8_t>(c)), out);
  }
  out += ']';
}

}  // namespace penstock::format
