// Elements of nested values: bytes, text, reading of text.
#include "types/element.h"

#include <algorithm>

#include "types/compare.h"
#include "types/scalar_text.h"
#include "types/text_io.h"

namespace penstock::types {

void put_element(const SqlType& type, const Datum& value, std::string& out) {
  out += static_cast<char>(value.is_null() ? 0 : 1);
  if (value.is_null()) return;
  switch (physical_kind(type)) {
    case PhysicalKind::kBool8:
      out += static_cast<char>(value.as_bool() ? 1 : 0);
      return;
    case PhysicalKind::kInt16:
      put_fixed(out, static_cast<int16_t>(value.as_int()));
      return;
    case PhysicalKind::kInt32:
      put_fixed(out, static_cast<int32_t>(value.as_int()));
      return;
    case PhysicalKind::kInt64:
      put_fixed(out, value.as_int());
      return;
    case PhysicalKind::kFloat32:
      put_fixed(out, static_cast<float>(value.as_double()));
      return;
    case PhysicalKind::kFloat64:
      put_fixed(out, value.as_double());
      return;
    case PhysicalKind::kFixed16:
      put_fixed(out, value.as_fixed16());
      return;
    case PhysicalKind::kBytes:
      put_string(out, value.as_bytes());
  }
}

Datum take_element(const SqlType& type, ByteReader& in) {
  if (in.fixed<uint8_t>() == 0) return Datum::null();
  switch (physical_kind(type)) {
    case PhysicalKind::kBool8:
      return Datum::boolean(in.fixed<uint8_t>() != 0);
    case PhysicalKind::kInt16:
      return Datum::integer(in.fixed<int16_t>());
    case PhysicalKind::kInt32:
      return Datum::integer(in.fixed<int32_t>());
    case PhysicalKind::kInt64:
      return Datum::integer(in.fixed<int64_t>());
    case PhysicalKind::kFloat32:
      return Datum::floating(static_cast<double>(in.fixed<float>()));
    case PhysicalKind::kFloat64:
      return Datum::floating(in.fixed<double>());
    case PhysicalKind::kFixed16:
      return Datum::fixed16(in.fixed<Fixed16>());
    case PhysicalKind::kBytes:
      return Datum::bytes(std::string(in.string()));
  }
  return Datum::null();
}

std::string_view take_element_bytes(const SqlType& type, ByteReader& in) {
  std::string_view before = in.rest();
  if (in.fixed<uint8_t>() != 0) {
    PhysicalKind kind = physical_kind(type);
    if (kind == PhysicalKind::kBytes) {
      in.string();
    } else {
      in.bytes(physical_size(kind));
    }
  }
  return before.substr(0, before.size() - in.rest().size());
}

std::strong_ordering compare_elements(const SqlType& type, const Datum& left, const Datum& right) {
  if (left.is_null() || right.is_null()) return left.is_null() <=> right.is_null();
  return compare_values(type, left, right);
}

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool spells_null(std::string_view text) {
  return text.size() == 4 && (text[0] | 32) == 'n' && (text[1] | 32) == 'u' &&
         (text[2] | 32) == 'l' && (text[3] | 32) == 'l';
}

bool has_braces(const SqlType& type) {
  return type.id == TypeId::kArray || type.id == TypeId::kList || type.id == TypeId::kMap;
}

void append_quoted(std::string_view text, std::string_view special, std::string& out) {
  bool quote = text.empty() || spells_null(text);
  for (char c : text) {
    quote = quote || is_blank(c) || c == '{' || c == '}' || c == ',' || c == '"' || c == '\\' ||
            special.contains(c);
  }
  if (!quote) {
    out += text;
    return;
  }
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_doubling_quotes(std::string_view text, std::string_view special, std::string& out) {
  bool quote = text.empty();
  for (char c : text) {
    quote = quote || is_blank(c) || c == '"' || c == '\\' || special.contains(c);
  }
  if (quote) out += '"';
  for (char c : text) {
    if (quote && (c == '"' || c == '\\')) out += c;
    out += c;
  }
  if (quote) out += '"';
}

void append_element_text(const SqlType& type, const Datum& value, std::string_view special,
                         std::string& out) {
  if (value.is_null()) {
    out += "NULL";
    return;
  }
  std::string text;
  append_text(type, value, text);
  // An array with bounds of its own begins with a bracket and needs the quotes.
  if (has_braces(type) && text.starts_with('{')) {
    out += text;
  } else {
    append_quoted(text, special, out);
  }
}

namespace {

std::unexpected<Error> bad_text(std::string_view what, std::string_view detail,
                                std::string_view text) {
  std::string message = "invalid input syntax for type ";
  message.append(what).append(": ").append(detail).append(": \"").append(text).append("\"");
  return fail(sql_state::kInvalidTextRepresentation, std::move(message));
}

}  // namespace

// --- DoubledQuotesReader ---

DoubledQuotesReader::DoubledQuotesReader(std::string_view what, std::string_view text)
    : what_(what), text_(text), rest_(trim_blanks(text)) {}

std::unexpected<Error> DoubledQuotesReader::bad(std::string_view detail) const {
  return bad_text(what_, detail, text_);
}

bool DoubledQuotesReader::take(char c) {
  if (!is(c)) return false;
  rest_.remove_prefix(1);
  return true;
}

bool DoubledQuotesReader::take_word(std::string_view lower_case) {
  if (rest_.size() < lower_case.size()) return false;
  for (size_t i = 0; i < lower_case.size(); ++i) {
    if ((rest_[i] | 32) != lower_case[i]) return false;
  }
  rest_.remove_prefix(lower_case.size());
  return true;
}

Result<Datum> DoubledQuotesReader::value(const SqlType& type, std::string_view ends) {
  if (is_one_of(ends)) return Datum::null();
  std::string text;
  bool in_quotes = false;
  while (in_quotes || !is_one_of(ends)) {
    if (take('"')) {
      if (in_quotes && take('"')) {
        text += '"';
      } else {
        in_quotes = !in_quotes;
      }
      continue;
    }
    take('\\');
    if (at_end()) return bad("Unexpected end of input.");
    text += rest_[0];
    rest_.remove_prefix(1);
  }
  Result<Datum> value = parse_text(type, text);
  if (!value) return bad(value.error().message);
  return value;
}

// --- BracedReader ---

std::unexpected<Error> BracedReader::bad(std::string_view detail) const {
  return bad_text(what_, detail, text_);
}

std::unexpected<Error> BracedReader::expected(std::string_view wanted) const {
  std::string detail = "expected ";
  detail += wanted;
  detail += rest_.empty() ? ", found end of input" : ", found " + std::string(rest_.substr(0, 1));
  return bad(detail);
}

void BracedReader::skip_blanks() {
  while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
}

bool BracedReader::take(std::string_view token) {
  if (!rest_.starts_with(token)) return false;
  rest_.remove_prefix(token.size());
  return true;
}

Result<std::string> BracedReader::quoted() {
  std::string out;
  while (!take("\"")) {
    take("\\");
    if (rest_.empty()) return bad("unterminated quoted string");
    out += rest_[0];
    rest_.remove_prefix(1);
  }
  return out;
}

Result<std::optional<std::string>> BracedReader::text(std::string_view end) {
  if (take("\"")) {
    ASSIGN_OR_RETURN(std::string out, quoted());
    return std::optional(std::move(out));
  }
  std::string out;
  size_t kept = 0;  // Blanks behind the last kept character are not part of the text.
  bool escaped = false;
  while (!rest_.empty() && rest_[0] != ',' && rest_[0] != '}') {
    if (!end.empty() && rest_.starts_with(end)) break;
    if (rest_[0] == '{' || rest_[0] == '"') {
      return bad("malformed literal; must escape special character '" +
                 std::string(rest_.substr(0, 1)) + "'");
    }
    bool literal = take("\\");
    if (literal && rest_.empty()) return bad("unterminated escape sequence");
    escaped = escaped || literal;
    out += rest_[0];
    if (literal || !is_blank(rest_[0])) kept = out.size();
    rest_.remove_prefix(1);
  }
  out.resize(kept);
  if (out.empty()) return bad("malformed literal; missing element");
  if (!escaped && spells_null(out)) return std::optional<std::string>();
  return std::optional(std::move(out));
}

Result<std::string_view> BracedReader::braces() {
  size_t depth = 0;
  bool in_quotes = false;
  for (size_t i = 0; i < rest_.size(); ++i) {
    char c = rest_[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"') {
      in_quotes = !in_quotes;
    } else if (!in_quotes && c == '{') {
      ++depth;
    } else if (!in_quotes && c == '}' && --depth == 0) {
      std::string_view out = rest_.substr(0, i + 1);
      rest_.remove_prefix(i + 1);
      return out;
    }
  }
  return bad("unterminated braces");
}

}  // namespace penstock::types
