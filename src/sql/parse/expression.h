// Scalar expressions: precedence climbing over PostgreSQL's table of operators.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "sql/parse/ast_expression.h"
#include "sql/parse/cursor.h"

namespace penstock::sql {

// How tightly an operator binds, as PostgreSQL's grammar lists them.
enum class Precedence {
  kLowest,
  kOr,
  kAnd,
  kNot,
  kIs,
  kComparison,
  kLike,  // BETWEEN, IN, LIKE
  kOther,
  kPlus,
  kTimes,
  kPower,
  kAtTimeZone,
  kCollate,
  kUnary,
  kPostfix  // Subscripts, casts, fields.
};

Result<Expr> parse_expr(Cursor& cursor);
// Only operators that bind tighter than `floor`.
Result<Expr> parse_expr_above(Cursor& cursor, Precedence floor);
Result<std::vector<Expr>> parse_expr_list(Cursor& cursor);  // One or more.
Result<std::vector<OrderItem>> parse_order_items(Cursor& cursor);

// What an operator is applied to, with subscripts, casts and fields behind it.
Result<Expr> parse_operand(Cursor& cursor);
// A call from its name on; the next token is the left parenthesis.
Result<FunctionCall> parse_call(Cursor& cursor, ItemName name);
// A call spelled with keywords (EXTRACT, TRIM, …) or a bare function (CURRENT_USER), at its word;
// absent when the next tokens are neither.
Result<std::optional<Expr>> parse_keyword_call(Cursor& cursor);
Result<WindowSpec> parse_window_definition(Cursor& cursor);  // ( … )
// INTERVAL '…' [units], from behind the word INTERVAL.
Result<IntervalLiteral> parse_interval(Cursor& cursor);

}  // namespace penstock::sql
