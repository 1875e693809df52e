// Reading JSON (RFC 8259) into jsonb's canonical text.
#include <string>

#include "types/jsonb.h"
#include "types/scalar_text.h"
#include "types/sql_type.h"

namespace penstock::types {
namespace {

constexpr int kMaxDepth = 128;

void append_utf8(uint32_t character, std::string& out) {
  if (character < 0x80) {
    out += static_cast<char>(character);
  } else if (character < 0x800) {
    out += static_cast<char>(0xC0 | (character >> 6));
    out += static_cast<char>(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    out += static_cast<char>(0xE0 | (character >> 12));
    out += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (character & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (character >> 18));
    out += static_cast<char>(0x80 | ((character >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (character & 0x3F));
  }
}

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text), rest_(text) {}

  Result<std::string> parse() {
    std::string out;
    RETURN_IF_ERROR(value(out, 0));
    skip_blanks();
    if (!rest_.empty()) return bad("trailing characters");
    return out;
  }

 private:
  std::unexpected<Error> bad(std::string_view what) const {
    size_t offset = text_.size() - rest_.size();
    size_t line = 1;
    size_t column = 1;
    for (char c : text_.substr(0, offset)) {
      column = c == '\n' ? 1 : column + 1;
      if (c == '\n') ++line;
    }
    return fail(invalid_syntax(TypeId::kJsonb,
                               std::string(what) + " at line " + std::to_string(line) + " column " +
                                   std::to_string(column),
                               text_));
  }
  void skip_blanks() {
    while (!rest_.empty() &&
           (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\r' || rest_[0] == '\t')) {
      rest_.remove_prefix(1);
    }
  }
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Status value(std::string& out, int depth);
  Status word(std::string_view expected, std::string& out);
  Status number(std::string& out);
  Status string(std::string& out);
  Status escape(std::string& out);
  Result<uint32_t> hex4();
  Status array(std::string& out, int depth);
  Status object(std::string& out, int depth);

  std::string_view text_;
  std::string_view rest_;
};

Status JsonParser::value(std::string& out, int depth) {
  if (depth > kMaxDepth) return bad("recursion limit exceeded");
  skip_blanks();
  if (rest_.empty()) return bad("EOF while parsing a value");
  switch (rest_[0]) {
    case '{':
      return object(out, depth);
    case '[':
      return array(out, depth);
    case '"': {
      std::string text;
      RETURN_IF_ERROR(string(text));
      append_json_string(text, out);
      return {};
    }
    case 't':
      return word("true", out);
    case 'f':
      return word("false", out);
    case 'n':
      return word("null", out);
    default:
      return number(out);
  }
}

Status JsonParser::word(std::string_view expected, std::string& out) {
  if (!rest_.starts_with(expected)) return bad("expected ident");
  rest_.remove_prefix(expected.size());
  out += expected;
  return {};
}

Status JsonParser::number(std::string& out) {
  size_t at = 0;
  auto digit = [&] { return at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9'; };
  auto is = [&](char c) { return at < rest_.size() && rest_[at] == c; };
  if (is('-')) ++at;
  if (!digit()) return bad(at == 0 ? "expected value" : "invalid number");
  if (is('0')) {
    ++at;
  } else {
    while (digit()) ++at;
  }
  bool plain = true;
  if (digit()) return bad("invalid number");
  if (is('.')) {
    plain = false;
    ++at;
    if (!digit()) return bad("invalid number");
    while (digit()) ++at;
  }
  if (is('e') || is('E')) {
    plain = false;
    ++at;
    if (is('+') || is('-')) ++at;
    if (!digit()) return bad("invalid number");
    while (digit()) ++at;
  }
  std::string_view text = rest_.substr(0, at);
  if (plain && at <= 18 && text != "-0") {
    out += text;
  } else {
    Result<Numeric> parsed = Numeric::parse(text, ExcessDigits::kRound);
    if (!parsed) return fail(invalid_syntax(TypeId::kJsonb, parsed.error().message, text_));
    parsed->append_text(out);
  }
  rest_.remove_prefix(at);
  return {};
}

Result<uint32_t> JsonParser::hex4() {
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    if (rest_.empty()) return bad("EOF while parsing a string");
    char c = rest_[0];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return bad("invalid escape");
    code = code * 16 + static_cast<uint32_t>(digit);
    rest_.remove_prefix(1);
  }
  return code;
}

Status JsonParser::escape(std::string& out) {
  if (rest_.empty()) return bad("EOF while parsing a string");
  char c = rest_[0];
  rest_.remove_prefix(1);
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  size_t simple = kFrom.find(c);
  if (simple != std::string_view::npos) {
    out += kTo[simple];
    return {};
  }
  if (c != 'u') return bad("invalid escape");
  ASSIGN_OR_RETURN(uint32_t code, hex4());
  if (code == 0) return bad("\\u0000 cannot be converted to text");
  if (code >= 0xDC00 && code < 0xE000) return bad("lone surrogate in hex escape");
  if (code >= 0xD800 && code < 0xDC00) {
    if (!take('\\') || !take('u')) return bad("lone surrogate in hex escape");
    ASSIGN_OR_RETURN(uint32_t low, hex4());
    if (low < 0xDC00 || low >= 0xE000) return bad("lone surrogate in hex escape");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(code, out);
  return {};
}

Status JsonParser::string(std::string& out) {
  rest_.remove_prefix(1);
  while (true) {
    size_t plain = 0;
    while (plain < rest_.size() && rest_[plain] != '"' && rest_[plain] != '\\' &&
           static_cast<unsigned char>(rest_[plain]) >= 0x20) {
      ++plain;
    }
    out += rest_.substr(0, plain);
    rest_.remove_prefix(plain);
    if (rest_.empty()) return bad("EOF while parsing a string");
    if (take('"')) return {};
    if (!take('\\')) return bad("control character found while parsing a string");
    RETURN_IF_ERROR(escape(out));
  }
}

Status JsonParser::array(std::string& out, int depth) {
  rest_.remove_prefix(1);
  out += '[';
  skip_blanks();
  if (take(']')) {
    out += ']';
    return {};
  }
  while (true) {
    RETURN_IF_ERROR(value(out, depth + 1));
    skip_blanks();
    if (take(']')) break;
    if (!take(',')) return bad("expected `,` or `]`");
    out += ',';
  }
  out += ']';
  return {};
}

Status JsonParser::object(std::string& out, int depth) {
  rest_.remove_prefix(1);
  JsonObjectBuilder members;
  skip_blanks();
  bool first = true;
  while (!take('}')) {
    if (!first && !take(',')) return bad("expected `,` or `}`");
    first = false;
    skip_blanks();
    if (rest_.empty() || rest_[0] != '"') return bad("key must be a string");
    std::string key;
    RETURN_IF_ERROR(string(key));
    skip_blanks();
    if (!take(':')) return bad("expected `:`");
    std::string member;
    RETURN_IF_ERROR(value(member, depth + 1));
    members.set(key, member);
    skip_blanks();
  }
  out += members.finish();
  return {};
}

}  // namespace

Result<std::string> parse_jsonb(std::string_view text) {
  return JsonParser(text).parse();
}

}  // namespace penstock::types
