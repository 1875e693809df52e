// Text of the dialect -> syntax trees. Pure functions; safe from any thread.
//
// Every error is 42601 (0A000 for what is recognised and not supported) and has a position: the
// 1-based character, not byte, of the text given. Text that is no UTF-8 is an error. Trees are
// bounded: nesting beyond kNestingMax and chains beyond kHeightMax are errors, so that whoever
// walks a tree may recurse.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_statement.h"
#include "sql/parse/ast_type.h"

namespace penstock::sql {

inline constexpr int kNestingMax = 256;   // Of parentheses, subqueries, … in the text.
inline constexpr int kHeightMax = 1'000;  // Of the tree: `1 + 1 + 1 …` is as high as it is long.

struct ParsedStatement {
  Statement statement;
  ByteRange range;  // Of the text given; without the semicolon and surrounding blanks.
};

// The 1-based character at a byte of UTF-8 text. Errors of planning count bytes of the text.
int character_position(std::string_view text, size_t offset);

// All statements of `text`, separated by semicolons; empty ones are left out.
Result<std::vector<ParsedStatement>> parse_statements(std::string_view text);
// Exactly one statement, with or without a semicolon: what is stored in the catalog.
Result<Statement> parse_statement(std::string_view text);
Result<Expr> parse_expression(std::string_view text);
Result<TypeName> parse_type(std::string_view text);
// A possibly qualified name: `db.schema."Table"`.
Result<ItemName> parse_item_name(std::string_view text);

}  // namespace penstock::sql
