// Movement of the cursor and the wording of syntax errors.
#include "sql/parse/cursor.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/core.h>

#include "base/check.h"
#include "sql/parse/keyword.h"
#include "sql/parse/lexer.h"
#include "sql/parse/parse.h"

namespace penstock::sql {
namespace {

std::string_view punctuation(TokenKind kind) {
  switch (kind) {
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
    case TokenKind::kEqual:
      return "equals sign";
    case TokenKind::kDot:
      return "dot";
    case TokenKind::kArrow:
      return "arrow";
    case TokenKind::kEnd:
      return "end of statement";
    default:
      return "token";
  }
}

}  // namespace

bool Cursor::is(std::initializer_list<std::string_view> keywords) const {
  std::size_t ahead = 0;
  for (const std::string_view keyword : keywords) {
    if (peek(ahead++).keyword != keyword) return false;
  }
  return true;
}

bool Cursor::is_one_of(std::initializer_list<std::string_view> keywords) const {
  return std::any_of(keywords.begin(), keywords.end(),
                     [&](std::string_view keyword) { return is(keyword); });
}

Token Cursor::take() {
  const std::size_t taken = at_;
  if (at_ + 1 < tokens_.size()) ++at_;
  return tokens_[taken];
}

bool Cursor::accept(TokenKind kind) {
  if (!is(kind)) return false;
  if (at_ + 1 < tokens_.size()) ++at_;
  return true;
}

bool Cursor::accept(std::string_view keyword) {
  DCHECK(!find_keyword(keyword).empty());
  if (!is(keyword)) return false;
  ++at_;
  return true;
}

bool Cursor::accept(std::initializer_list<std::string_view> keywords) {
  if (!is(keywords)) return false;
  at_ += keywords.size();
  return true;
}

bool Cursor::accept_phrase(std::string_view words) {
  std::size_t count = 0;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    if (peek(count).keyword != word) return false;
    ++count;
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  at_ += count;
  return true;
}

Status Cursor::expect(TokenKind kind) {
  if (!accept(kind)) return expected(punctuation(kind));
  return {};
}

Status Cursor::expect(std::string_view keyword) {
  if (!accept(keyword)) return expected(keyword);
  return {};
}

Status Cursor::expect(std::initializer_list<std::string_view> keywords) {
  for (const std::string_view keyword : keywords) RETURN_IF_ERROR(expect(keyword));
  return {};
}

Result<std::string_view> Cursor::expect_one_of(std::span<const std::string_view> keywords) {
  const std::string_view next = peek().keyword;
  for (const std::string_view keyword : keywords) {
    if (next == keyword) {
      ++at_;
      return keyword;
    }
  }
  std::string list = keywords.size() > 1 ? "one of " : "";
  for (std::size_t i = 0; i < keywords.size(); ++i) {
    if (i > 0) list += " or ";
    list += keywords[i];
  }
  return expected(list);
}

Result<std::string_view> Cursor::expect_one_of(std::initializer_list<std::string_view> keywords) {
  return expect_one_of(std::span(keywords.begin(), keywords.size()));
}

Result<Identifier> Cursor::identifier() {
  if (!is_name()) return expected("identifier");
  if (peek().text.empty()) return error("zero-length delimited identifier");
  const bool quoted = is(TokenKind::kQuotedWord);
  const ByteRange range = peek().range;
  return Identifier{take().text, quoted, range};
}

Result<std::string> Cursor::string_literal() {
  if (!is(TokenKind::kString)) return expected("literal string");
  return take().text;
}

Result<std::uint64_t> Cursor::unsigned_number() {
  if (!is(TokenKind::kNumber)) return expected("literal unsigned integer");
  std::uint64_t value = 0;
  const std::string& digits = peek().text;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size()) {
    return expected("literal unsigned integer");
  }
  take();
  return value;
}

Result<std::vector<Identifier>> Cursor::identifiers_in_parens() {
  RETURN_IF_ERROR(expect(TokenKind::kLeftParen));
  std::vector<Identifier> names;
  do {
    ASSIGN_OR_RETURN(Identifier name, identifier());
    names.push_back(std::move(name));
  } while (accept(TokenKind::kComma));
  RETURN_IF_ERROR(expect(TokenKind::kRightParen));
  return names;
}

ByteRange Cursor::range_from(std::size_t place) const {
  return range_since(tokens_[place].range.begin);
}

ByteRange Cursor::range_since(std::uint32_t begin) const {
  const std::uint32_t end = at_ == 0 ? begin : tokens_[at_ - 1].range.end;
  return {begin, std::max(begin, end)};
}

std::unexpected<Error> Cursor::expected(std::string_view what) const {
  return error(fmt::format("Expected {}, found {}", what, describe(peek())));
}

std::unexpected<Error> Cursor::error(std::string message) const {
  return error_at(peek().range, std::move(message));
}

std::unexpected<Error> Cursor::error_at(ByteRange range, std::string message) const {
  return fail(Error(sql_state::kSyntaxError, std::move(message))
                  .with_position(character_position(text_, range.begin)));
}

std::unexpected<Error> Cursor::not_supported(ByteRange range, std::string message) const {
  return fail(Error(sql_state::kFeatureNotSupported, std::move(message))
                  .with_position(character_position(text_, range.begin)));
}

Status Cursor::grow() {
  if (++height_ > kHeightMax) {
    return error(fmt::format("statement exceeds nesting limit of {}", kHeightMax));
  }
  return {};
}

Level::Level(Cursor& cursor) : cursor_(cursor), outer_height_(cursor.height_) {
  ++cursor_.depth_;
  cursor_.height_ = 0;
}

Level::~Level() {
  --cursor_.depth_;
  cursor_.height_ = std::max(outer_height_, cursor_.height_ + 1);
}

Status Level::check() const {
  if (cursor_.depth_ > kNestingMax) {
    return cursor_.error(fmt::format("statement exceeds nesting limit of {}", kNestingMax));
  }
  return {};
}

}  // namespace penstock::sql
