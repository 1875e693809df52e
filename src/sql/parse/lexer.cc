// The scanner: one pass over the bytes, no look-back except for operators.
#include "sql/parse/lexer.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "sql/parse/keyword.h"
#include "sql/parse/parse.h"

namespace penstock::sql {
namespace {

constexpr std::size_t kIdentifierBytesMax = 255;
constexpr std::string_view kOperatorCharacters = "+-*/<>=~!@#%^&|`?";
// An operator of several characters may end in + or - only if it has one of these.
constexpr std::string_view kUnusualCharacters = "~!@#%^&|`?";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool is_word_part(char c) {
  return is_word_start(c) || is_digit(c) || c == '$';
}
char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = fold(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Length of the UTF-8 sequence at `offset`, 0 when it is malformed (RFC 3629: no overlong forms,
// no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) {
    return offset + i < text.size() ? static_cast<unsigned char>(text[offset + i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool bounds = first == 0xE0 ? byte(1) >= 0xA0 : first != 0xED || byte(1) < 0xA0;
    return tail(1) && tail(2) && bounds ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool bounds = first == 0xF0 ? byte(1) >= 0x90 : first != 0xF4 || byte(1) < 0x90;
    return tail(1) && tail(2) && tail(3) && bounds ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    while (true) {
      RETURN_IF_ERROR(skip_blanks());
      Token token;
      token.range.begin = static_cast<std::uint32_t>(at_);
      if (at_ == text_.size()) {
        token.range.end = token.range.begin;
        tokens_.push_back(std::move(token));
        return std::move(tokens_);
      }
      RETURN_IF_ERROR(scan(token));
      token.range.end = static_cast<std::uint32_t>(at_);
      tokens_.push_back(std::move(token));
    }
  }

 private:
  char peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::unexpected<Error> error_at(std::size_t offset, std::string message) const {
    return fail(Error(sql_state::kSyntaxError, std::move(message))
                    .with_position(character_position(text_, offset)));
  }

  // Skips blanks and comments. newline_: whether a line ended, which lets strings continue.
  Status skip_blanks() {
    newline_ = false;
    while (at_ < text_.size()) {
      if (is_blank(text_[at_])) {
        newline_ = newline_ || text_[at_] == '\n' || text_[at_] == '\r';
        ++at_;
      } else if (peek(0) == '-' && peek(1) == '-') {
        while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
      } else if (peek(0) == '/' && peek(1) == '*') {
        RETURN_IF_ERROR(skip_block_comment());
      } else {
        break;
      }
    }
    return {};
  }

  Status skip_block_comment() {
    const std::size_t begin = at_;
    std::size_t open = 0;
    while (at_ < text_.size()) {
      if (peek(0) == '/' && peek(1) == '*') {
        ++open;
        at_ += 2;
      } else if (peek(0) == '*' && peek(1) == '/') {
        at_ += 2;
        if (--open == 0) return {};
      } else {
        ++at_;
      }
    }
    return error_at(begin, "unterminated multiline comment");
  }

  Status scan(Token& token) {
    const char c = text_[at_];
    if ((c == 'e' || c == 'E') && peek(1) == '\'') return scan_string(token, true);
    if ((c == 'x' || c == 'X' || c == 'b' || c == 'B') && peek(1) == '\'') {
      ++at_;
      RETURN_IF_ERROR(scan_string(token, false));
      token.kind = TokenKind::kBitString;
      return {};
    }
    if (is_word_start(c)) return scan_word(token);
    if (c == '"') return scan_quoted_word(token);
    if (c == '\'') return scan_string(token, false);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return scan_number(token);
    if (c == '$') return scan_dollar(token);
    if (kOperatorCharacters.find(c) != std::string_view::npos) return scan_operator(token);
    return scan_punctuation(token);
  }

  Status scan_word(Token& token) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word_part(text_[at_])) ++at_;
    token.kind = TokenKind::kWord;
    token.text.assign(text_.substr(begin, at_ - begin));
    for (char& c : token.text) c = fold(c);
    token.keyword = find_keyword(token.text);
    return check_length(token, begin);
  }

  Status scan_quoted_word(Token& token) {
    const std::size_t begin = at_++;
    while (true) {
      if (at_ == text_.size()) return error_at(begin, "unterminated quoted identifier");
      if (text_[at_] == '"') {
        if (peek(1) != '"') break;
        ++at_;
      }
      token.text.push_back(text_[at_++]);
    }
    ++at_;
    token.kind = TokenKind::kQuotedWord;
    return check_length(token, begin);
  }

  Status check_length(const Token& token, std::size_t begin) const {
    if (token.text.size() <= kIdentifierBytesMax) return {};
    return error_at(begin, fmt::format("identifier length exceeds {} bytes", kIdentifierBytesMax));
  }

  // '…' or E'…', with the pieces that follow on later lines.
  Status scan_string(Token& token, bool escapes) {
    const std::size_t begin = at_;
    if (escapes) ++at_;
    token.kind = TokenKind::kString;
    while (true) {
      RETURN_IF_ERROR(scan_string_piece(token.text, escapes, begin));
      const std::size_t end = at_;
      RETURN_IF_ERROR(skip_blanks());
      if (!newline_ || peek(0) != '\'') {
        at_ = end;
        break;
      }
    }
    if (escapes && !is_utf8(token.text)) {
      return fail(
          Error(sql_state::kCharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
              .with_position(character_position(text_, begin)));
    }
    return {};
  }

  Status scan_string_piece(std::string& out, bool escapes, std::size_t begin) {
    ++at_;  // The opening quote.
    while (true) {
      if (at_ >= text_.size()) return error_at(begin, "unterminated quoted string");
      const char c = text_[at_++];
      if (c == '\'') {
        if (peek(0) != '\'') return {};
        ++at_;
        out.push_back('\'');
      } else if (c == '\\' && escapes) {
        if (at_ == text_.size()) return error_at(begin, "unterminated quoted string");
        RETURN_IF_ERROR(scan_escape(out));
      } else {
        out.push_back(c);
      }
    }
  }

  Status scan_escape(std::string& out) {
    const std::size_t begin = at_ - 1;
    const char c = text_[at_++];
    constexpr std::string_view kNames = "bfnrt";
    constexpr std::string_view kValues = "\b\f\n\r\t";
    if (const std::size_t named = kNames.find(c); named != std::string_view::npos) {
      out.push_back(kValues[named]);
      return {};
    }
    if (c >= '0' && c <= '7') {
      --at_;
      return scan_byte_escape(out, 3, 8, begin);
    }
    if (c == 'x' && hex_digit(peek(0)) >= 0) return scan_byte_escape(out, 2, 16, begin);
    if (c == 'u') return scan_unicode_escape(out, 4, begin);
    if (c == 'U') return scan_unicode_escape(out, 8, begin);
    out.push_back(c);
    return {};
  }

  Status scan_byte_escape(std::string& out, int digits_max, int base, std::size_t begin) {
    int value = 0;
    for (int i = 0; i < digits_max; ++i) {
      const int digit = hex_digit(peek(0));
      if (digit < 0 || digit >= base) break;
      value = value * base + digit;
      ++at_;
    }
    if ((value & 0xFF) == 0) return error_at(begin, "invalid escape: the NUL character");
    out.push_back(static_cast<char>(value));
    return {};
  }

  std::optional<std::uint32_t> scan_code_unit(int digits) {
    std::uint32_t code = 0;
    for (int i = 0; i < digits; ++i) {
      const int digit = hex_digit(peek(0));
      if (digit < 0) return std::nullopt;
      code = (code << 4) | static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return code;
  }

  // \uXXXX or \UXXXXXXXX; two \u may be a surrogate pair.
  Status scan_unicode_escape(std::string& out, int digits, std::size_t begin) {
    std::optional<std::uint32_t> code = scan_code_unit(digits);
    if (code && *code >= 0xD800 && *code <= 0xDBFF && peek(0) == '\\' && peek(1) == 'u') {
      at_ += 2;
      const std::optional<std::uint32_t> low = scan_code_unit(4);
      const bool pair = low && *low >= 0xDC00 && *low <= 0xDFFF;
      code =
          pair ? std::optional(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00)) : std::nullopt;
    }
    const bool surrogate = code && *code >= 0xD800 && *code <= 0xDFFF;
    if (!code || *code == 0 || *code > 0x10FFFF || surrogate) {
      return error_at(begin, "invalid unicode escape");
    }
    append_utf8(out, *code);
    return {};
  }

  Status scan_number(Token& token) {
    const std::size_t begin = at_;
    while (is_digit(peek(0))) ++at_;
    if (peek(0) == '.' && peek(1) != '.') {
      ++at_;
      while (is_digit(peek(0))) ++at_;
    }
    if (peek(0) == 'e' || peek(0) == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) {
        at_ += 1 + sign;
        while (is_digit(peek(0))) ++at_;
      }
    }
    if (is_word_start(peek(0))) return error_at(at_, "trailing junk after numeric literal");
    token.kind = TokenKind::kNumber;
    token.text.assign(text_.substr(begin, at_ - begin));
    return {};
  }

  // $1, or $tag$ … $tag$.
  Status scan_dollar(Token& token) {
    const std::size_t begin = at_;
    if (is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek(0))) ++at_;
      if (is_word_start(peek(0))) return error_at(at_, "trailing junk after parameter");
      token.kind = TokenKind::kParameter;
      token.text.assign(text_.substr(begin + 1, at_ - begin - 1));
      return {};
    }
    std::size_t tag_end = at_ + 1;
    while (tag_end < text_.size() && text_[tag_end] != '$' && is_word_part(text_[tag_end])) {
      ++tag_end;
    }
    if (tag_end >= text_.size() || text_[tag_end] != '$') {
      return error_at(begin, "unexpected character in input: $");
    }
    const std::string_view delimiter = text_.substr(begin, tag_end + 1 - begin);
    const std::size_t end = text_.find(delimiter, tag_end + 1);
    if (end == std::string_view::npos) {
      return error_at(begin, "unterminated dollar-quoted string");
    }
    token.kind = TokenKind::kString;
    token.text.assign(text_.substr(tag_end + 1, end - tag_end - 1));
    at_ = end + delimiter.size();
    return {};
  }

  Status scan_operator(Token& token) {
    std::size_t end = at_;
    while (end < text_.size() && kOperatorCharacters.find(text_[end]) != std::string_view::npos) {
      const std::string_view two = text_.substr(end, 2);
      if (end > at_ && (two == "--" || two == "/*")) break;
      ++end;
    }
    std::string_view op = text_.substr(at_, end - at_);
    if (op.find_first_of(kUnusualCharacters) == std::string_view::npos) {
      while (op.size() > 1 && (op.back() == '+' || op.back() == '-')) op.remove_suffix(1);
    }
    at_ += op.size();
    token.text.assign(op);
    token.kind = op == "*"    ? TokenKind::kStar
                 : op == "="  ? TokenKind::kEqual
                 : op == "=>" ? TokenKind::kArrow
                              : TokenKind::kOperator;
    return {};
  }

  Status scan_punctuation(Token& token) {
    const char c = text_[at_++];
    token.text.assign(1, c);
    switch (c) {
      case '(':
        token.kind = TokenKind::kLeftParen;
        return {};
      case ')':
        token.kind = TokenKind::kRightParen;
        return {};
      case '[':
        token.kind = TokenKind::kLeftBracket;
        return {};
      case ']':
        token.kind = TokenKind::kRightBracket;
        return {};
      case ',':
        token.kind = TokenKind::kComma;
        return {};
      case ';':
        token.kind = TokenKind::kSemicolon;
        return {};
      case '.':
        token.kind = TokenKind::kDot;
        return {};
      case ':':
        token.kind = peek(0) == ':' ? TokenKind::kDoubleColon : TokenKind::kColon;
        at_ += peek(0) == ':' ? 1 : 0;
        return {};
      default:
        return error_at(at_ - 1, fmt::format("unexpected character in input: {}", c));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool newline_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) {
  if (text.size() >= std::numeric_limits<std::uint32_t>::max()) {
    return fail(sql_state::kProgramLimitExceeded, "statement text exceeds 4 GiB");
  }
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0 || text[i] == '\0') {
      return fail(Error(sql_state::kCharacterNotInRepertoire,
                        fmt::format("invalid byte sequence for encoding \"UTF8\": 0x{:02x}",
                                    static_cast<unsigned char>(text[i])))
                      .with_position(character_position(text, i)));
    }
    i += length;
  }
  return Lexer(text).run();
}

int character_position(std::string_view text, std::size_t offset) {
  int position = 1;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) ++position;
  }
  return position;
}

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
      return "EOF";
    case TokenKind::kWord:
      if (!token.keyword.empty()) return std::string(token.keyword);
      return fmt::format("identifier \"{}\"", token.text);
    case TokenKind::kQuotedWord:
      return fmt::format("identifier \"{}\"", token.text);
    case TokenKind::kString:
      return fmt::format("string literal '{}'", token.text);
    case TokenKind::kBitString:
      return fmt::format("hex string literal '{}'", token.text);
    case TokenKind::kNumber:
      return fmt::format("number \"{}\"", token.text);
    case TokenKind::kParameter:
      return fmt::format("parameter \"${}\"", token.text);
    case TokenKind::kOperator:
      return fmt::format("operator \"{}\"", token.text);
    case TokenKind::kStar:
      return "star";
    case TokenKind::kEqual:
      return "equals sign";
    case TokenKind::kLeftParen:
      return "left parenthesis";
    case TokenKind::kRightParen:
      return "right parenthesis";
    case TokenKind::kLeftBracket:
      return "left square bracket";
    case TokenKind::kRightBracket:
      return "right square bracket";
    case TokenKind::kComma:
      return "comma";
    case TokenKind::kSemicolon:
      return "semicolon";
    case TokenKind::kDot:
      return "dot";
    case TokenKind::kColon:
      return "colon";
    case TokenKind::kDoubleColon:
      return "double colon";
    case TokenKind::kArrow:
      return "arrow";
  }
  return "";
}

}  // namespace penstock::sql
