// Text forms of booleans, integers, floats and byte strings.
#include "types/scalar_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "types/integer.h"
#include "types/type_name.h"

namespace penstock::types {
namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}
bool is_date_time(TypeId id) {
  return id == TypeId::kDate || id == TypeId::kTime || id == TypeId::kTimestamp ||
         id == TypeId::kTimestampTz || id == TypeId::kInterval;
}

std::optional<double> special_float(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (equals_ignoring_case(text, "infinity") || equals_ignoring_case(text, "inf")) {
    return negative ? -kInfinity : kInfinity;
  }
  if (equals_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

template <typename Float>
Result<Float> parse_float(TypeId id, std::string_view text) {
  std::string_view body = trim_blanks(text);
  if (std::optional<double> special = special_float(body)) return static_cast<Float>(*special);
  std::string_view digits = body;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  bool signed_twice = digits.size() != body.size() && digits.starts_with('-');
  // from_chars takes "inf" and "nan" with other letters behind; those begin with a letter.
  size_t first = digits.starts_with('-') ? 1 : 0;
  bool begins_well = digits.size() > first &&
                     (digits[first] == '.' || (digits[first] >= '0' && digits[first] <= '9'));
  if (signed_twice || !begins_well) return fail(invalid_syntax(id, "", text));
  Float value = 0;
  const char* end = digits.data() + digits.size();
  std::from_chars_result read = std::from_chars(digits.data(), end, value);
  if (read.ptr != end || read.ec == std::errc::invalid_argument) {
    return fail(invalid_syntax(id, "", text));
  }
  if (read.ec == std::errc::result_out_of_range) return fail(out_of_range(id, "", text));
  return value;
}

// Lays out the shortest digits d1d2... * 10^(point - digits) in plain notation when
// min_point < point <= max_point, else as d.ddde+N.
template <typename Float>
void append_float(Float value, int min_point, int max_point, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::signbit(value)) out += '-';
  if (std::isinf(value)) {
    out += "Infinity";
    return;
  }
  if (value == 0) {
    out += '0';
    return;
  }
  std::array<char, 40> raw;
  std::to_chars_result written = std::to_chars(raw.data(), raw.data() + raw.size(), std::abs(value),
                                               std::chars_format::scientific);
  std::string_view text(raw.data(), static_cast<size_t>(written.ptr - raw.data()));
  size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const char* exponent_begin = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_begin, written.ptr, exponent);

  int point = exponent + 1;
  int count = static_cast<int>(digits.size());
  if (point <= min_point || point > max_point) {
    out += digits[0];
    if (count > 1) out.append(".").append(digits, 1);
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    out.append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    out.append(digits).append(static_cast<size_t>(point - count), '0');
  } else {
    auto whole = static_cast<size_t>(point);
    out.append(digits, 0, whole).append(".").append(digits, whole);
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Result<std::string> parse_hex(std::string_view digits) {
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (size_t i = 0; i < digits.size();) {
    if (is_blank(digits[i])) {
      ++i;
      continue;
    }
    int high = hex_digit(digits[i]);
    if (high < 0) {
      return fail(sql_state::kInvalidTextRepresentation,
                  "invalid hexadecimal digit: \"" + std::string(1, digits[i]) + "\"");
    }
    if (i + 1 >= digits.size()) {
      return fail(sql_state::kInvalidTextRepresentation,
                  "invalid hexadecimal data: odd number of digits");
    }
    int low = hex_digit(digits[i + 1]);
    if (low < 0) {
      return fail(sql_state::kInvalidTextRepresentation,
                  "invalid hexadecimal digit: \"" + std::string(1, digits[i + 1]) + "\"");
    }
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Error invalid_syntax(TypeId id, std::string_view detail, std::string_view text) {
  std::string message = "invalid input syntax for type " + display_name(SqlType::of(id)) + ": ";
  if (!detail.empty()) message.append(detail).append(": ");
  message.append("\"").append(text).append("\"");
  return Error(
      is_date_time(id) ? sql_state::kInvalidDatetimeFormat : sql_state::kInvalidTextRepresentation,
      std::move(message));
}

Error out_of_range(TypeId id, std::string_view detail, std::string_view text) {
  std::string message =
      "\"" + std::string(text) + "\" is out of range for type " + display_name(SqlType::of(id));
  if (!detail.empty()) message.append(": ").append(detail);
  return Error(is_date_time(id) ? sql_state::kDatetimeOverflow : sql_state::kNumericOutOfRange,
               std::move(message));
}

Result<bool> parse_bool(std::string_view text) {
  std::string_view word = trim_blanks(text);
  for (std::string_view spelling : {"true", "tru", "tr", "t", "yes", "ye", "y", "on", "1"}) {
    if (equals_ignoring_case(word, spelling)) return true;
  }
  for (std::string_view spelling :
       {"false", "fals", "fal", "fa", "f", "no", "n", "off", "of", "0"}) {
    if (equals_ignoring_case(word, spelling)) return false;
  }
  return fail(invalid_syntax(TypeId::kBool, "", text));
}

Result<int64_t> parse_integer(TypeId id, std::string_view text) {
  std::string_view digits = trim_blanks(text);
  if (digits.empty()) {
    return fail(invalid_syntax(id, "cannot parse integer from empty string", text));
  }
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || (negative && is_unsigned(id))) {
    return fail(invalid_syntax(id, "invalid digit found in string", text));
  }
  uint64_t limit = integer_max(id) + (negative ? 1 : 0);
  uint64_t value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') {
      return fail(invalid_syntax(id, "invalid digit found in string", text));
    }
    auto digit = static_cast<uint64_t>(c - '0');
    if (value > limit / 10 || value * 10 > limit - digit) {
      return fail(invalid_syntax(id,
                                 negative ? "number too small to fit in target type"
                                          : "number too large to fit in target type",
                                 text));
    }
    value = value * 10 + digit;
  }
  if (is_unsigned(id)) return bits_from_unsigned(id, value);
  return static_cast<int64_t>(negative ? 0 - value : value);
}

Result<double> parse_float8(std::string_view text) {
  return parse_float<double>(TypeId::kFloat8, text);
}
Result<float> parse_float4(std::string_view text) {
  return parse_float<float>(TypeId::kFloat4, text);
}

Result<std::string> parse_bytea(std::string_view text) {
  if (text.starts_with("\\x")) return parse_hex(text.substr(2));
  std::string bytes;
  bytes.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      bytes += '\\';
      ++i;
    } else {
      int value = 0;
      bool octal = i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3';
      for (size_t j = 1; octal && j <= 3; ++j) {
        octal = text[i + j] >= '0' && text[i + j] <= '7';
        value = value * 8 + (text[i + j] - '0');
      }
      if (!octal) return fail(invalid_syntax(TypeId::kBytea, "invalid escape sequence", text));
      bytes += static_cast<char>(value);
      i += 3;
    }
  }
  return bytes;
}

void append_integer(int64_t value, std::string& out) {
  std::array<char, 24> raw;
  std::to_chars_result written = std::to_chars(raw.data(), raw.data() + raw.size(), value);
  out.append(raw.data(), written.ptr);
}
void append_unsigned(uint64_t value, std::string& out) {
  std::array<char, 24> raw;
  std::to_chars_result written = std::to_chars(raw.data(), raw.data() + raw.size(), value);
  out.append(raw.data(), written.ptr);
}
void append_float8(double value, std::string& out) {
  append_float(value, -5, 16, out);
}
void append_float4(float value, std::string& out) {
  append_float(value, -6, 13, out);
}

void append_bytea(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

size_t count_characters(std::string_view utf8) {
  size_t count = 0;
  for (char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string_view first_characters(std::string_view utf8, size_t characters) {
  size_t at = 0;
  while (at < utf8.size()) {
    bool begins = (static_cast<unsigned char>(utf8[at]) & 0xC0) != 0x80;
    if (begins && characters-- == 0) break;
    ++at;
  }
  return utf8.substr(0, at);
}

}  // namespace penstock::types
