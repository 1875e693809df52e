// Where a parse stands: the tokens, the one being looked at, and how deep the tree has become.
// Every grammar file is written as functions over a Cursor. One parse, one thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/token.h"

namespace penstock::sql {

class Cursor {
 public:
  Cursor(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  // --- looking ---
  const Token& peek() const { return tokens_[at_]; }
  // The token `ahead` places on; the end token beyond the end.
  const Token& peek(std::size_t ahead) const {
    return tokens_[at_ + ahead < tokens_.size() ? at_ + ahead : tokens_.size() - 1];
  }
  bool is(TokenKind kind) const { return peek().kind == kind; }
  bool is(std::string_view keyword) const { return peek().keyword == keyword; }
  // The next tokens are these keywords.
  bool is(std::initializer_list<std::string_view> keywords) const;
  bool is_one_of(std::initializer_list<std::string_view> keywords) const;
  bool is_operator(std::string_view text) const {
    return is(TokenKind::kOperator) && peek().text == text;
  }
  bool is_name() const { return is(TokenKind::kWord) || is(TokenKind::kQuotedWord); }

  // --- moving ---
  Token take();
  bool accept(TokenKind kind);
  bool accept(std::string_view keyword);
  bool accept(std::initializer_list<std::string_view> keywords);  // All of them or none.
  // All the words of "MATERIALIZED VIEW" or none.
  bool accept_phrase(std::string_view words);
  Status expect(TokenKind kind);
  Status expect(std::string_view keyword);
  Status expect(std::initializer_list<std::string_view> keywords);
  // One of the keywords, taken. Error: "Expected one of A or B, found …".
  Result<std::string_view> expect_one_of(std::span<const std::string_view> keywords);
  Result<std::string_view> expect_one_of(std::initializer_list<std::string_view> keywords);
  std::size_t place() const { return at_; }
  void go_back(std::size_t place) { at_ = place; }

  // --- small pieces ---
  Result<Identifier> identifier();
  Result<std::string> string_literal();
  Result<std::uint64_t> unsigned_number();
  Result<std::vector<Identifier>> identifiers_in_parens();
  // From the token at `place` to the last one taken.
  ByteRange range_from(std::size_t place) const;
  std::uint32_t offset() const { return peek().range.begin; }
  ByteRange range_since(std::uint32_t begin) const;
  std::string_view text() const { return text_; }

  // --- errors ---
  // "Expected {what}, found {the next token}" at the next token.
  std::unexpected<Error> expected(std::string_view what) const;
  std::unexpected<Error> error(std::string message) const;  // At the next token.
  std::unexpected<Error> error_at(ByteRange range, std::string message) const;
  std::unexpected<Error> not_supported(ByteRange range, std::string message) const;

  // The tree becomes one node higher without recursion (a chain of operators, joins, unions).
  Status grow();

 private:
  friend class Level;

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;   // Of recursion.
  int height_ = 0;  // At least that of the tree read since the innermost Level began.
};

// One level of recursion while it lives; heights of siblings do not add up.
class Level {
 public:
  explicit Level(Cursor& cursor);
  ~Level();
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  Status check() const;

 private:
  Cursor& cursor_;
  int outer_height_;
};

}  // namespace penstock::sql
