// Operators: the Pratt loop.
#include "sql/parse/expression.h"

#include <optional>
#include <string>
#include <utility>

#include "sql/parse/keyword.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/query.h"

namespace penstock::sql {
namespace {

Precedence operator_precedence(std::string_view op) {
  if (op == "<" || op == ">" || op == "<=" || op == ">=" || op == "<>" || op == "!=") {
    return Precedence::kComparison;
  }
  if (op == "+" || op == "-") return Precedence::kPlus;
  if (op == "/" || op == "%") return Precedence::kTimes;
  if (op == "^") return Precedence::kPower;
  return Precedence::kOther;
}

// Precedence of what the next token does to an expression before it; kLowest if nothing.
Precedence infix_precedence(const Cursor& cursor) {
  const Token& token = cursor.peek();
  switch (token.kind) {
    case TokenKind::kOperator:
      return operator_precedence(token.text);
    case TokenKind::kStar:
      return Precedence::kTimes;
    case TokenKind::kEqual:
      return Precedence::kComparison;
    default:
      break;
  }
  const std::string_view word = token.keyword;
  if (word.empty()) return Precedence::kLowest;
  if (word == "OR") return Precedence::kOr;
  if (word == "AND") return Precedence::kAnd;
  if (word == "IS" || word == "ISNULL" || word == "NOTNULL") return Precedence::kIs;
  if (word == "IN" || word == "LIKE" || word == "ILIKE" || word == "BETWEEN") {
    return Precedence::kLike;
  }
  if (word == "NOT") {
    const std::string_view next = cursor.peek(1).keyword;
    const bool test = next == "IN" || next == "LIKE" || next == "ILIKE" || next == "BETWEEN";
    return test ? Precedence::kLike : Precedence::kLowest;
  }
  if (word == "OPERATOR" && cursor.peek(1).kind == TokenKind::kLeftParen) {
    return Precedence::kOther;
  }
  if (word == "AT" && cursor.is({"AT", "TIME", "ZONE"})) return Precedence::kAtTimeZone;
  if (word == "COLLATE") return Precedence::kCollate;
  return Precedence::kLowest;
}

// An infix step: what stands left of the operator and where it began.
struct Left {
  Cursor& cursor;
  Expr expr;
  std::size_t place;

  Expr finish(ExprKind kind) { return Expr{cursor.range_from(place), std::move(kind)}; }
  Box<Expr> box() { return Box<Expr>(std::move(expr)); }
};

Result<Box<Expr>> parse_right(Cursor& cursor, Precedence floor) {
  ASSIGN_OR_RETURN(Expr right, parse_expr_above(cursor, floor));
  return Box<Expr>(std::move(right));
}

// left op {ANY | SOME | ALL} ( query | array )
Result<Expr> parse_quantified(Left& left, std::string op) {
  Cursor& cursor = left.cursor;
  const bool all = cursor.take().keyword == "ALL";
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  if (starts_query(cursor)) {
    ASSIGN_OR_RETURN(Query query, parse_query(cursor));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    return left.finish(
        QuantifiedSubquery{left.box(), std::move(op), all, Box<Query>(std::move(query))});
  }
  ASSIGN_OR_RETURN(Expr right, parse_expr(cursor));
  auto* subquery = std::get_if<SubqueryExpr>(&right.kind);
  if (subquery != nullptr && subquery->kind == SubqueryKind::kScalar) {
    if (continues_query(cursor)) {
      ASSIGN_OR_RETURN(*subquery->query, continue_query(cursor, std::move(*subquery->query)));
    }
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    return left.finish(
        QuantifiedSubquery{left.box(), std::move(op), all, std::move(subquery->query)});
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return left.finish(QuantifiedExpr{left.box(), std::move(op), all, Box<Expr>(std::move(right))});
}

bool at_quantifier(const Cursor& cursor) {
  return cursor.is_one_of({"ANY", "SOME", "ALL"}) && cursor.peek(1).kind == TokenKind::kLeftParen;
}

Result<Expr> parse_binary(Left& left, Precedence precedence) {
  Cursor& cursor = left.cursor;
  std::vector<Identifier> schema;
  std::string op = cursor.take().text;
  if (precedence == Precedence::kOther && op == "operator") {
    RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
    while (cursor.is_name()) {
      ASSIGN_OR_RETURN(Identifier part, cursor.identifier());
      schema.push_back(std::move(part));
      RETURN_IF_ERROR(cursor.expect(TokenKind::kDot));
    }
    const TokenKind kind = cursor.peek().kind;
    if (kind != TokenKind::kOperator && kind != TokenKind::kStar && kind != TokenKind::kEqual) {
      return cursor.expected("operator");
    }
    op = cursor.take().text;
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  if (op == "!=") op = "<>";
  if (at_quantifier(cursor)) return parse_quantified(left, std::move(op));
  ASSIGN_OR_RETURN(Box<Expr> right, parse_right(cursor, precedence));
  return left.finish(BinaryOp{std::move(op), std::move(schema), left.box(), std::move(right)});
}

// AND and OR: a chain read by one loop is one node; `chain` says that `left` is such a node.
Result<Expr> parse_logical(Left& left, bool& chain) {
  Cursor& cursor = left.cursor;
  const bool conjunction = cursor.take().keyword == "AND";
  ASSIGN_OR_RETURN(Expr right,
                   parse_expr_above(cursor, conjunction ? Precedence::kAnd : Precedence::kOr));
  auto* open = chain ? std::get_if<LogicalOp>(&left.expr.kind) : nullptr;
  if (open != nullptr && open->conjunction == conjunction) {
    open->operands.push_back(std::move(right));
    left.expr.range = cursor.range_from(left.place);
    return std::move(left.expr);
  }
  LogicalOp op{conjunction, {}};
  op.operands.push_back(std::move(left.expr));
  op.operands.push_back(std::move(right));
  chain = true;
  return left.finish(std::move(op));
}

Result<Expr> parse_is(Left& left) {
  Cursor& cursor = left.cursor;
  const std::string_view word = cursor.take().keyword;
  if (word != "IS") {
    return left.finish(IsTest{left.box(), TruthTest::kNull, word == "NOTNULL"});
  }
  const bool negated = cursor.accept("NOT");
  if (cursor.accept({"DISTINCT", "FROM"})) {
    ASSIGN_OR_RETURN(Box<Expr> right, parse_right(cursor, Precedence::kIs));
    return left.finish(DistinctTest{left.box(), std::move(right), negated});
  }
  TruthTest test = TruthTest::kNull;
  if (cursor.accept("TRUE")) {
    test = TruthTest::kTrue;
  } else if (cursor.accept("FALSE")) {
    test = TruthTest::kFalse;
  } else if (cursor.accept("UNKNOWN")) {
    test = TruthTest::kUnknown;
  } else if (!cursor.accept("NULL")) {
    return cursor.expected(
        "NULL, NOT NULL, TRUE, NOT TRUE, FALSE, NOT FALSE, UNKNOWN, NOT "
        "UNKNOWN, or [NOT] DISTINCT FROM after IS");
  }
  return left.finish(IsTest{left.box(), test, negated});
}

Result<Expr> parse_in(Left& left, bool negated) {
  Cursor& cursor = left.cursor;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  if (starts_query(cursor)) {
    ASSIGN_OR_RETURN(Query query, parse_query(cursor));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    return left.finish(InSubquery{left.box(), Box<Query>(std::move(query)), negated});
  }
  ASSIGN_OR_RETURN(std::vector<Expr> list, parse_expr_list(cursor));
  auto* first = std::get_if<SubqueryExpr>(&list[0].kind);
  const bool subquery =
      list.size() == 1 && first != nullptr && first->kind == SubqueryKind::kScalar;
  if (subquery && continues_query(cursor)) {
    ASSIGN_OR_RETURN(Query query, continue_query(cursor, std::move(*first->query)));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    return left.finish(InSubquery{left.box(), Box<Query>(std::move(query)), negated});
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  if (subquery) return left.finish(InSubquery{left.box(), std::move(first->query), negated});
  return left.finish(InList{left.box(), std::move(list), negated});
}

Result<Expr> parse_between(Left& left, bool negated) {
  Cursor& cursor = left.cursor;
  if (cursor.is("SYMMETRIC")) {
    return cursor.not_supported(cursor.peek().range, "BETWEEN SYMMETRIC not yet supported");
  }
  ASSIGN_OR_RETURN(Box<Expr> low, parse_right(cursor, Precedence::kLike));
  RETURN_IF_ERROR(cursor.expect("AND"));
  ASSIGN_OR_RETURN(Box<Expr> high, parse_right(cursor, Precedence::kLike));
  return left.finish(BetweenTest{left.box(), std::move(low), std::move(high), negated});
}

Result<Expr> parse_like(Left& left, bool case_insensitive, bool negated) {
  Cursor& cursor = left.cursor;
  if (at_quantifier(cursor)) {
    std::string op = case_insensitive ? "~~*" : "~~";
    if (negated) op.insert(0, "!");
    return parse_quantified(left, std::move(op));
  }
  ASSIGN_OR_RETURN(Box<Expr> pattern, parse_right(cursor, Precedence::kLike));
  std::optional<Box<Expr>> escape;
  if (cursor.accept("ESCAPE")) {
    ASSIGN_OR_RETURN(escape, parse_right(cursor, Precedence::kLike));
  }
  return left.finish(
      LikeTest{left.box(), std::move(pattern), std::move(escape), case_insensitive, negated});
}

// [NOT] IN | BETWEEN | LIKE | ILIKE
Result<Expr> parse_membership(Left& left) {
  Cursor& cursor = left.cursor;
  const bool negated = cursor.accept("NOT");
  const std::string_view word = cursor.take().keyword;
  if (word == "IN") return parse_in(left, negated);
  if (word == "BETWEEN") return parse_between(left, negated);
  return parse_like(left, word == "ILIKE", negated);
}

Result<Expr> parse_at_time_zone(Left& left) {
  Cursor& cursor = left.cursor;
  const std::size_t place = cursor.place();
  RETURN_IF_ERROR(cursor.expect({"AT", "TIME", "ZONE"}));
  const ByteRange range = cursor.range_from(place);
  ASSIGN_OR_RETURN(Expr zone, parse_expr_above(cursor, Precedence::kAtTimeZone));
  FunctionCall call;
  call.name = ItemName{{Identifier{"timezone", false, range}}, {}, {}, range};
  call.arguments.push_back(std::move(zone));
  call.arguments.push_back(std::move(left.expr));
  return left.finish(Box<FunctionCall>(std::move(call)));
}

Result<Expr> parse_collate(Left& left) {
  left.cursor.take();
  ASSIGN_OR_RETURN(ItemName collation, parse_item_name(left.cursor));
  return left.finish(Collate{left.box(), std::move(collation)});
}

Result<Expr> parse_infix(Left& left, Precedence precedence, bool& chain) {
  if (precedence == Precedence::kAnd || precedence == Precedence::kOr) {
    return parse_logical(left, chain);
  }
  chain = false;
  switch (precedence) {
    case Precedence::kIs:
      return parse_is(left);
    case Precedence::kLike:
      return parse_membership(left);
    case Precedence::kAtTimeZone:
      return parse_at_time_zone(left);
    case Precedence::kCollate:
      return parse_collate(left);
    default:
      return parse_binary(left, precedence);
  }
}

// -5 is a literal, so that a cast behind it binds to it; -0 stays an operation.
bool is_negative_literal(const Cursor& cursor) {
  return cursor.is_operator("-") && cursor.peek(1).kind == TokenKind::kNumber &&
         cursor.peek(1)
                 .text.substr(0, cursor.peek(1).text.find_first_of("eE"))
                 .find_first_of("123456789") != std::string::npos;
}

Result<Expr> parse_prefix(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const auto finish = [&](ExprKind kind) {
    return Expr{cursor.range_from(place), std::move(kind)};
  };
  if (cursor.accept("NOT")) {
    ASSIGN_OR_RETURN(Box<Expr> operand, parse_right(cursor, Precedence::kNot));
    return finish(NotOp{std::move(operand)});
  }
  if (!cursor.is(TokenKind::kOperator) || is_negative_literal(cursor)) {
    return parse_operand(cursor);
  }
  std::string op = cursor.take().text;
  const bool sign = op == "-" || op == "+";
  ASSIGN_OR_RETURN(Box<Expr> operand,
                   parse_right(cursor, sign ? Precedence::kUnary : Precedence::kOther));
  return finish(UnaryOp{std::move(op), std::move(operand)});
}

}  // namespace

Result<Expr> parse_expr(Cursor& cursor) {
  return parse_expr_above(cursor, Precedence::kLowest);
}

Result<Expr> parse_expr_above(Cursor& cursor, Precedence floor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(Expr expr, parse_prefix(cursor));
  bool chain = false;
  while (true) {
    const Precedence precedence = infix_precedence(cursor);
    if (precedence <= floor) return expr;
    Left left{cursor, std::move(expr), place};
    const bool was_chain = chain;
    ASSIGN_OR_RETURN(expr, parse_infix(left, precedence, chain));
    if (!(was_chain && chain)) RETURN_IF_ERROR(cursor.grow());
  }
}

Result<std::vector<Expr>> parse_expr_list(Cursor& cursor) {
  std::vector<Expr> list;
  do {
    ASSIGN_OR_RETURN(Expr expr, parse_expr(cursor));
    list.push_back(std::move(expr));
  } while (cursor.accept(TokenKind::kComma));
  return list;
}

Result<std::vector<OrderItem>> parse_order_items(Cursor& cursor) {
  std::vector<OrderItem> items;
  do {
    const std::size_t place = cursor.place();
    ASSIGN_OR_RETURN(Expr expr, parse_expr(cursor));
    OrderItem item{Box<Expr>(std::move(expr)), false, NullsOrder::kDefault, {}};
    if (!cursor.accept("ASC")) item.descending = cursor.accept("DESC");
    if (cursor.accept("NULLS")) {
      ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of({"FIRST", "LAST"}));
      item.nulls = word == "FIRST" ? NullsOrder::kFirst : NullsOrder::kLast;
    }
    item.range = cursor.range_from(place);
    items.push_back(std::move(item));
  } while (cursor.accept(TokenKind::kComma));
  return items;
}

}  // namespace penstock::sql
