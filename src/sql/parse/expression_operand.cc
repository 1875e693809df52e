// Operands: literals, names, parentheses, constructors, CASE, casts, subscripts.
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/keyword.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/query.h"

namespace penstock::sql {
namespace {

Result<Box<Expr>> parse_boxed(Cursor& cursor) {
  ASSIGN_OR_RETURN(Expr expr, parse_expr(cursor));
  return Box<Expr>(std::move(expr));
}

// Puts what `result` holds into the range that began at `place`.
Result<Expr> placed(Cursor& cursor, std::size_t place, ExprKind kind) {
  return Expr{cursor.range_from(place), std::move(kind)};
}

// --- parentheses ---

// From behind "(" of a query to behind ")".
Result<Box<Query>> parse_rest_of_subquery(Cursor& cursor) {
  ASSIGN_OR_RETURN(Query query, parse_query(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return Box<Query>(std::move(query));
}

// ( query ) | ( expression ) | ( a, b, … )
Result<Expr> parse_parenthesised(Cursor& cursor) {
  const std::size_t place = cursor.place();
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  if (starts_query(cursor)) {
    ASSIGN_OR_RETURN(Box<Query> query, parse_rest_of_subquery(cursor));
    return placed(cursor, place, SubqueryExpr{SubqueryKind::kScalar, std::move(query)});
  }
  ASSIGN_OR_RETURN(Expr first, parse_expr(cursor));
  if (cursor.accept(TokenKind::kRightParen)) {
    first.range = cursor.range_from(place);
    return first;
  }
  // ((SELECT 1) UNION SELECT 2): what looked like an expression was the first part of a query.
  if (auto* subquery = std::get_if<SubqueryExpr>(&first.kind);
      subquery != nullptr && subquery->kind == SubqueryKind::kScalar && continues_query(cursor)) {
    ASSIGN_OR_RETURN(Query query, continue_query(cursor, std::move(*subquery->query)));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    return placed(cursor, place, SubqueryExpr{SubqueryKind::kScalar, Box<Query>(std::move(query))});
  }
  RowExpr row;
  row.fields.push_back(std::move(first));
  while (cursor.accept(TokenKind::kComma)) {
    ASSIGN_OR_RETURN(Expr field, parse_expr(cursor));
    row.fields.push_back(std::move(field));
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return placed(cursor, place, std::move(row));
}

// --- ARRAY, LIST, MAP, ROW ---

// [a, b, …] of ARRAY or LIST, from the bracket on. A bracket inside is a nested constructor.
template <typename Constructor>
Result<Constructor> parse_elements(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftBracket));
  Constructor constructor;
  if (cursor.accept(TokenKind::kRightBracket)) return constructor;
  do {
    if (cursor.is(TokenKind::kLeftBracket) && !starts_item_name(cursor)) {
      const std::size_t place = cursor.place();
      ASSIGN_OR_RETURN(Constructor inner, parse_elements<Constructor>(cursor));
      constructor.elements.push_back(Expr{cursor.range_from(place), std::move(inner)});
    } else {
      ASSIGN_OR_RETURN(Expr element, parse_expr(cursor));
      constructor.elements.push_back(std::move(element));
    }
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightBracket));
  return constructor;
}

// [k => v, …], from the bracket on.
Result<MapExpr> parse_map(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftBracket));
  MapExpr map;
  if (cursor.accept(TokenKind::kRightBracket)) return map;
  do {
    ASSIGN_OR_RETURN(Box<Expr> key, parse_boxed(cursor));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kArrow));
    if (cursor.is(TokenKind::kLeftBracket) && !starts_item_name(cursor)) {
      const std::size_t place = cursor.place();
      ASSIGN_OR_RETURN(MapExpr inner, parse_map(cursor));
      map.entries.push_back(
          MapEntry{std::move(key), Box<Expr>(Expr{cursor.range_from(place), std::move(inner)})});
    } else {
      ASSIGN_OR_RETURN(Box<Expr> value, parse_boxed(cursor));
      map.entries.push_back(MapEntry{std::move(key), std::move(value)});
    }
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightBracket));
  return map;
}

// ARRAY | LIST | MAP, with [ … ] or ( query ).
Result<Expr> parse_constructor(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const std::string_view word = cursor.take().keyword;
  if (cursor.accept(TokenKind::kLeftParen)) {
    const SubqueryKind kind = word == "ARRAY"  ? SubqueryKind::kArray
                              : word == "LIST" ? SubqueryKind::kList
                                               : SubqueryKind::kMap;
    ASSIGN_OR_RETURN(Box<Query> query, parse_rest_of_subquery(cursor));
    return placed(cursor, place, SubqueryExpr{kind, std::move(query)});
  }
  if (!cursor.is(TokenKind::kLeftBracket)) {
    return cursor.expected("left square bracket or left parenthesis");
  }
  if (word == "ARRAY") {
    ASSIGN_OR_RETURN(ArrayExpr array, parse_elements<ArrayExpr>(cursor));
    return placed(cursor, place, std::move(array));
  }
  if (word == "LIST") {
    ASSIGN_OR_RETURN(ListExpr list, parse_elements<ListExpr>(cursor));
    return placed(cursor, place, std::move(list));
  }
  ASSIGN_OR_RETURN(MapExpr map, parse_map(cursor));
  return placed(cursor, place, std::move(map));
}

Result<Expr> parse_row(Cursor& cursor) {
  const std::size_t place = cursor.place();
  cursor.take();
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  RowExpr row;
  if (!cursor.is(TokenKind::kRightParen)) {
    ASSIGN_OR_RETURN(row.fields, parse_expr_list(cursor));
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return placed(cursor, place, std::move(row));
}

// --- CASE, CAST, conditionals ---

Result<Expr> parse_case(Cursor& cursor) {
  const std::size_t place = cursor.place();
  cursor.take();
  CaseExpr expr;
  if (!cursor.is("WHEN")) {
    ASSIGN_OR_RETURN(expr.operand, parse_boxed(cursor));
  }
  RETURN_IF_ERROR(cursor.expect("WHEN"));
  do {
    ASSIGN_OR_RETURN(Box<Expr> condition, parse_boxed(cursor));
    RETURN_IF_ERROR(cursor.expect("THEN"));
    ASSIGN_OR_RETURN(Box<Expr> result, parse_boxed(cursor));
    expr.arms.push_back(CaseArm{std::move(condition), std::move(result)});
  } while (cursor.accept("WHEN"));
  if (cursor.accept("ELSE")) {
    ASSIGN_OR_RETURN(expr.otherwise, parse_boxed(cursor));
  }
  RETURN_IF_ERROR(cursor.expect("END"));
  return placed(cursor, place, std::move(expr));
}

Result<Expr> parse_cast(Cursor& cursor) {
  const std::size_t place = cursor.place();
  cursor.take();
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  ASSIGN_OR_RETURN(Box<Expr> operand, parse_boxed(cursor));
  RETURN_IF_ERROR(cursor.expect("AS"));
  ASSIGN_OR_RETURN(TypeName type, parse_type_name(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return placed(cursor, place, Cast{std::move(operand), std::move(type)});
}

Result<Expr> parse_conditional(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const std::string_view word = cursor.take().keyword;
  Conditional conditional;
  conditional.kind = word == "COALESCE"   ? ConditionalKind::kCoalesce
                     : word == "NULLIF"   ? ConditionalKind::kNullif
                     : word == "GREATEST" ? ConditionalKind::kGreatest
                                          : ConditionalKind::kLeast;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  ASSIGN_OR_RETURN(conditional.arguments, parse_expr_list(cursor));
  if (conditional.kind == ConditionalKind::kNullif && conditional.arguments.size() < 2) {
    return cursor.expected("comma");
  }
  if (conditional.kind == ConditionalKind::kNullif && conditional.arguments.size() > 2) {
    return cursor.error_at(conditional.arguments[2].range, "NULLIF requires exactly two arguments");
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return placed(cursor, place, std::move(conditional));
}

// --- literals and names ---

Result<Expr> parse_number(Cursor& cursor) {
  const std::size_t place = cursor.place();
  std::string text;
  if (cursor.is(TokenKind::kOperator)) text = cursor.take().text;  // The minus of the literal.
  text += cursor.take().text;
  return placed(cursor, place, NumberLiteral{std::move(text)});
}

Result<Expr> parse_parameter(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const Token& token = cursor.peek();
  int number = 0;
  const char* end = token.text.data() + token.text.size();
  constexpr int kParametersMax = 65'535;  // What a Bind message can carry.
  const auto [stop, status] = std::from_chars(token.text.data(), end, number);
  if (status != std::errc() || stop != end || number < 1 || number > kParametersMax) {
    return cursor.error("there is no parameter $" + token.text);
  }
  cursor.take();
  return placed(cursor, place, Parameter{number});
}

// type 'string', where the type is more than one word or has modifiers. Only the words that begin
// such a type are tried, so this looks ahead a few tokens at most.
Result<std::optional<Expr>> parse_typed_string(Cursor& cursor) {
  if (!cursor.is_name() || reserved_in_expression(cursor.peek().keyword)) return std::nullopt;
  const std::size_t place = cursor.place();
  const TokenKind next = cursor.peek(1).kind;
  const std::string& word = cursor.peek().text;
  const bool spelled =
      cursor.is(TokenKind::kWord) &&
      (word == "timestamp" || word == "time" || word == "timestamptz" || word == "double" ||
       word == "character" || word == "char" || word == "varchar" || word == "numeric" ||
       word == "decimal" || word == "dec" || word == "float" || word == "bpchar");
  const bool dotted = next == TokenKind::kDot;
  if (next != TokenKind::kString && !spelled && !dotted) return std::nullopt;
  Result<TypeName> type = parse_type_name(cursor);
  if (!type || !cursor.is(TokenKind::kString)) {
    cursor.go_back(place);
    return std::nullopt;
  }
  const ByteRange range = cursor.peek().range;
  Expr text{range, StringLiteral{cursor.take().text}};
  return Expr{cursor.range_from(place), Cast{Box<Expr>(std::move(text)), *std::move(type)}};
}

// a.b.c | a.b.* | f(…)
Result<Expr> parse_name(Cursor& cursor) {
  const std::size_t place = cursor.place();
  std::vector<Identifier> parts;
  while (true) {
    ASSIGN_OR_RETURN(Identifier part, cursor.identifier());
    parts.push_back(std::move(part));
    if (!cursor.is(TokenKind::kDot)) break;
    cursor.take();
    if (cursor.accept(TokenKind::kStar)) {
      return placed(cursor, place, Wildcard{std::move(parts)});
    }
  }
  constexpr std::size_t kPartsMax = 4;
  if (parts.size() > kPartsMax) {
    return cursor.error_at(parts[0].range, "qualified name has more than 4 parts");
  }
  if (!cursor.is(TokenKind::kLeftParen)) {
    return placed(cursor, place, ColumnRef{std::move(parts)});
  }
  ItemName name{std::move(parts), {}, {}, cursor.range_from(place)};
  ASSIGN_OR_RETURN(FunctionCall call, parse_call(cursor, std::move(name)));
  return placed(cursor, place, Box<FunctionCall>(std::move(call)));
}

// A word that is a keyword at this place; absent when it is only a name.
Result<std::optional<Expr>> parse_keyword_operand(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const std::string_view word = cursor.peek().keyword;
  const TokenKind next = cursor.peek(1).kind;
  const auto found = [](Result<Expr> expr) -> Result<std::optional<Expr>> {
    if (!expr) return std::unexpected(std::move(expr).error());
    return std::optional<Expr>(std::move(expr).value());
  };
  if (word == "NULL" || word == "TRUE" || word == "FALSE") {
    cursor.take();
    if (word == "NULL") return found(placed(cursor, place, NullLiteral{}));
    return found(placed(cursor, place, BoolLiteral{word == "TRUE"}));
  }
  if (word == "CASE") return found(parse_case(cursor));
  if (word == "CAST") return found(parse_cast(cursor));
  if (word == "ARRAY") return found(parse_constructor(cursor));
  if (word == "LIST" || word == "MAP") {
    const bool bracket = next == TokenKind::kLeftBracket;
    if (bracket || next == TokenKind::kLeftParen) return found(parse_constructor(cursor));
  }
  if (word == "INTERVAL" && next == TokenKind::kString) {
    cursor.take();
    ASSIGN_OR_RETURN(IntervalLiteral literal, parse_interval(cursor));
    return found(placed(cursor, place, std::move(literal)));
  }
  if (next == TokenKind::kLeftParen) {
    if (word == "ROW") return found(parse_row(cursor));
    if (word == "EXISTS") {
      cursor.take();
      RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
      ASSIGN_OR_RETURN(Box<Query> query, parse_rest_of_subquery(cursor));
      return found(placed(cursor, place, SubqueryExpr{SubqueryKind::kExists, std::move(query)}));
    }
    if (word == "COALESCE" || word == "NULLIF" || word == "GREATEST" || word == "LEAST") {
      return found(parse_conditional(cursor));
    }
  }
  if (reserved_in_expression(word)) return cursor.expected("an expression");
  return parse_keyword_call(cursor);
}

// A function by id: [s5 AS pg_catalog.abs](x)
Result<Expr> parse_call_by_id(Cursor& cursor) {
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
  if (!cursor.is(TokenKind::kLeftParen)) return cursor.expected("left parenthesis");
  ASSIGN_OR_RETURN(FunctionCall call, parse_call(cursor, std::move(name)));
  return placed(cursor, place, Box<FunctionCall>(std::move(call)));
}

Result<Expr> parse_plain_operand(Cursor& cursor) {
  const std::size_t place = cursor.place();
  switch (cursor.peek().kind) {
    case TokenKind::kNumber:
    case TokenKind::kOperator:  // Only the minus of a literal comes here.
      return parse_number(cursor);
    case TokenKind::kString: {
      std::string text = cursor.take().text;
      return placed(cursor, place, StringLiteral{std::move(text)});
    }
    case TokenKind::kBitString:
      return cursor.not_supported(cursor.peek().range, "hex string literals not yet supported");
    case TokenKind::kParameter:
      return parse_parameter(cursor);
    case TokenKind::kLeftParen:
      return parse_parenthesised(cursor);
    case TokenKind::kLeftBracket:
      if (starts_item_name(cursor)) return parse_call_by_id(cursor);
      return cursor.expected("an expression");
    case TokenKind::kWord:
    case TokenKind::kQuotedWord:
      break;
    default:
      return cursor.expected("an expression");
  }
  ASSIGN_OR_RETURN(std::optional<Expr> keyword, parse_keyword_operand(cursor));
  if (keyword) return *std::move(keyword);
  ASSIGN_OR_RETURN(std::optional<Expr> typed, parse_typed_string(cursor));
  if (typed) return *std::move(typed);
  return parse_name(cursor);
}

// --- what follows an operand ---

// [i] | [a:b] | [a:b, c:d], from the bracket on.
Result<std::vector<SubscriptPart>> parse_subscript(Cursor& cursor) {
  std::vector<SubscriptPart> parts;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftBracket));
  do {
    SubscriptPart part;
    if (!cursor.is(TokenKind::kColon)) {
      ASSIGN_OR_RETURN(Expr start, parse_expr(cursor));
      part.start.push_back(std::move(start));
    }
    part.slice = cursor.accept(TokenKind::kColon);
    if (part.slice && !cursor.is(TokenKind::kRightBracket) && !cursor.is(TokenKind::kComma)) {
      ASSIGN_OR_RETURN(Expr end, parse_expr(cursor));
      part.end.push_back(std::move(end));
    }
    parts.push_back(std::move(part));
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightBracket));
  return parts;
}

Result<Expr> parse_field(Cursor& cursor, Expr operand) {
  cursor.take();  // The dot.
  if (cursor.accept(TokenKind::kStar)) {
    return Expr{{}, FieldWildcard{Box<Expr>(std::move(operand))}};
  }
  ASSIGN_OR_RETURN(Identifier field, cursor.identifier());
  return Expr{{}, FieldAccess{Box<Expr>(std::move(operand)), std::move(field)}};
}

}  // namespace

Result<Expr> parse_operand(Cursor& cursor) {
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(Expr expr, parse_plain_operand(cursor));
  while (true) {
    if (cursor.accept(TokenKind::kDoubleColon)) {
      ASSIGN_OR_RETURN(TypeName type, parse_type_name(cursor));
      expr = Expr{{}, Cast{Box<Expr>(std::move(expr)), std::move(type)}};
    } else if (cursor.is(TokenKind::kLeftBracket)) {
      ASSIGN_OR_RETURN(std::vector<SubscriptPart> parts, parse_subscript(cursor));
      expr = Expr{{}, Subscript{Box<Expr>(std::move(expr)), std::move(parts)}};
    } else if (cursor.is(TokenKind::kDot)) {
      ASSIGN_OR_RETURN(expr, parse_field(cursor, std::move(expr)));
    } else {
      return expr;
    }
    expr.range = cursor.range_from(place);
    RETURN_IF_ERROR(cursor.grow());
  }
}

}  // namespace penstock::sql
