// Tokens of the lexer.
#pragma once

#include <string>
#include <string_view>

#include "sql/parse/ast_name.h"

namespace penstock::sql {

enum class TokenKind {
  kEnd,
  kWord,        // Unquoted: `text` is folded, `keyword` set if it is one.
  kQuotedWord,  // "…": `text` is the name.
  kString,      // '…', E'…', $$…$$: `text` is the value.
  kBitString,   // x'…', b'…'
  kNumber,
  kParameter,  // $1: `text` is the digits.
  kOperator,
  kStar,
  kEqual,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kComma,
  kSemicolon,
  kDot,
  kColon,
  kDoubleColon,
  kArrow  // =>
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  std::string_view keyword;  // Upper case, of static storage; empty when it is no keyword.
  ByteRange range;
};

// How an error names the token: `EOF`, `SELECT`, `identifier "x"`, `equals sign`.
std::string describe(const Token& token);

}  // namespace penstock::sql
