// Queries: WITH, set operations, ORDER BY, LIMIT. SELECT and FROM are in select.cc and from.cc.
#include "sql/parse/query.h"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "sql/parse/expression.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/show.h"

namespace penstock::sql {
namespace {

// --- WITH ---

Result<CommonTable> parse_common_table(Cursor& cursor) {
  const std::size_t place = cursor.place();
  TableAlias alias;
  ASSIGN_OR_RETURN(alias.name, cursor.identifier());
  if (cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(alias.columns, cursor.identifiers_in_parens());
  }
  alias.range = cursor.range_from(place);
  RETURN_IF_ERROR(cursor.expect("AS"));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  ASSIGN_OR_RETURN(Query query, parse_query(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return CommonTable{std::move(alias), Box<Query>(std::move(query))};
}

// ( {RECURSION LIMIT | RETURN AT RECURSION LIMIT | ERROR AT RECURSION LIMIT} [=] n, … )
Result<std::vector<RecursionLimit>> parse_recursion_limits(Cursor& cursor) {
  std::vector<RecursionLimit> limits;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  do {
    ASSIGN_OR_RETURN(const std::string_view word,
                     cursor.expect_one_of({"RECURSION", "RETURN", "ERROR"}));
    RecursionLimit limit;
    if (word == "RECURSION") {
      RETURN_IF_ERROR(cursor.expect("LIMIT"));
      limit.name = "RECURSION LIMIT";
    } else {
      RETURN_IF_ERROR(cursor.expect({"AT", "RECURSION", "LIMIT"}));
      limit.name = fmt::format("{} AT RECURSION LIMIT", word);
    }
    cursor.accept(TokenKind::kEqual);
    const bool negative = cursor.is_operator("-") && cursor.peek(1).kind == TokenKind::kNumber;
    if (negative) limit.value = cursor.take().text;
    if (!cursor.is(TokenKind::kNumber)) return cursor.expected("number");
    limit.value += cursor.take().text;
    limits.push_back(std::move(limit));
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return limits;
}

Result<RecursiveTable> parse_recursive_table(Cursor& cursor) {
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
  std::vector<RecursiveColumn> columns;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  do {
    ASSIGN_OR_RETURN(Identifier column, cursor.identifier());
    ASSIGN_OR_RETURN(TypeName type, parse_type_name(cursor));
    columns.push_back(RecursiveColumn{std::move(column), std::move(type)});
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  RETURN_IF_ERROR(cursor.expect("AS"));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  ASSIGN_OR_RETURN(Query query, parse_query(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return RecursiveTable{std::move(name), std::move(columns), Box<Query>(std::move(query)),
                        cursor.range_from(place)};
}

Result<MutualRecursion> parse_mutual_recursion(Cursor& cursor) {
  MutualRecursion recursion;
  if (cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(recursion.limits, parse_recursion_limits(cursor));
  }
  do {
    ASSIGN_OR_RETURN(RecursiveTable table, parse_recursive_table(cursor));
    recursion.tables.push_back(std::move(table));
  } while (cursor.accept(TokenKind::kComma));
  return recursion;
}

// [WITH …] in front of a query.
Status parse_with(Cursor& cursor, Query& query) {
  const std::size_t place = cursor.place();
  if (!cursor.accept("WITH")) return {};
  if (cursor.accept({"MUTUALLY", "RECURSIVE"})) {
    ASSIGN_OR_RETURN(query.recursion, parse_mutual_recursion(cursor));
    return {};
  }
  if (cursor.is("RECURSIVE") && cursor.peek(1).keyword != "AS" &&
      cursor.peek(1).kind != TokenKind::kLeftParen) {
    return cursor.not_supported(cursor.range_from(place), "WITH RECURSIVE not yet supported");
  }
  do {
    ASSIGN_OR_RETURN(CommonTable table, parse_common_table(cursor));
    query.with.push_back(std::move(table));
  } while (cursor.accept(TokenKind::kComma));
  return {};
}

// --- bodies ---

Result<ValuesBody> parse_values(Cursor& cursor) {
  ValuesBody values;
  RETURN_IF_ERROR(cursor.expect("VALUES"));
  do {
    RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
    std::vector<Expr> row;
    while (!cursor.is(TokenKind::kRightParen)) {
      const TokenKind next = cursor.peek(1).kind;
      if (cursor.is("DEFAULT") && (next == TokenKind::kComma || next == TokenKind::kRightParen)) {
        row.push_back(Expr{cursor.take().range, DefaultValue{}});
      } else {
        ASSIGN_OR_RETURN(Expr value, parse_expr(cursor));
        row.push_back(std::move(value));
      }
      if (!cursor.accept(TokenKind::kComma)) break;
      if (cursor.is(TokenKind::kRightParen)) return cursor.expected("an expression");
    }
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    values.rows.push_back(std::move(row));
  } while (cursor.accept(TokenKind::kComma));
  return values;
}

Result<QueryBody> parse_simple_body(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const auto finish = [&](auto kind) {
    return QueryBody{cursor.range_from(place), std::move(kind)};
  };
  if (cursor.is("SELECT")) {
    ASSIGN_OR_RETURN(Select select, parse_select(cursor));
    return finish(Box<Select>(std::move(select)));
  }
  if (cursor.accept(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(Query query, parse_query(cursor));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    return finish(NestedQuery{Box<Query>(std::move(query))});
  }
  if (cursor.is("VALUES")) {
    ASSIGN_OR_RETURN(ValuesBody values, parse_values(cursor));
    return finish(std::move(values));
  }
  if (cursor.accept("TABLE")) {
    ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
    return finish(TableBody{std::move(name)});
  }
  if (cursor.is("SHOW")) {
    ASSIGN_OR_RETURN(ShowStatement show, parse_show(cursor));
    return finish(ShowBody{Box<ShowStatement>(std::move(show))});
  }
  return cursor.expected("SELECT, VALUES, or a subquery in the query body");
}

enum class SetPrecedence { kNone, kUnion, kIntersect };

SetPrecedence set_precedence(const Cursor& cursor) {
  if (cursor.is("INTERSECT")) return SetPrecedence::kIntersect;
  if (cursor.is_one_of({"UNION", "EXCEPT"})) return SetPrecedence::kUnion;
  return SetPrecedence::kNone;
}

// Set operations behind `left` that bind tighter than `floor`.
Result<QueryBody> parse_set_operations(Cursor& cursor, QueryBody left, SetPrecedence floor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  while (set_precedence(cursor) > floor) {
    const SetPrecedence precedence = set_precedence(cursor);
    const std::string_view word = cursor.take().keyword;
    const bool all = cursor.accept("ALL");
    if (!all) cursor.accept("DISTINCT");
    ASSIGN_OR_RETURN(QueryBody first, parse_simple_body(cursor));
    ASSIGN_OR_RETURN(QueryBody right, parse_set_operations(cursor, std::move(first), precedence));
    const std::uint32_t begin = left.range.begin;
    const SetOperator op = word == "UNION"    ? SetOperator::kUnion
                           : word == "EXCEPT" ? SetOperator::kExcept
                                              : SetOperator::kIntersect;
    SetOperation operation{op, all, Box<QueryBody>(std::move(left)),
                           Box<QueryBody>(std::move(right))};
    left = QueryBody{cursor.range_since(begin), std::move(operation)};
    RETURN_IF_ERROR(cursor.grow());
  }
  return left;
}

// --- ORDER BY, LIMIT, OFFSET, FETCH ---

Status parse_limit(Cursor& cursor, Query& query) {
  if (query.limit) return cursor.error("LIMIT specified more than once");
  if (cursor.accept("ALL")) return {};
  ASSIGN_OR_RETURN(query.limit, parse_expr(cursor));
  return {};
}

// FETCH {FIRST | NEXT} [n] {ROW | ROWS} {ONLY | WITH TIES}
Status parse_fetch(Cursor& cursor, Query& query) {
  if (query.limit) return cursor.error("LIMIT specified more than once");
  ASSIGN_OR_RETURN(std::string_view word, cursor.expect_one_of({"FIRST", "NEXT"}));
  if (cursor.is_one_of({"ROW", "ROWS"})) {
    query.limit = Expr{cursor.peek().range, NumberLiteral{"1"}};
  } else {
    ASSIGN_OR_RETURN(query.limit, parse_expr(cursor));
  }
  ASSIGN_OR_RETURN(word, cursor.expect_one_of({"ROW", "ROWS"}));
  ASSIGN_OR_RETURN(word, cursor.expect_one_of({"ONLY", "WITH"}));
  query.with_ties = word == "WITH";
  if (query.with_ties) RETURN_IF_ERROR(cursor.expect("TIES"));
  return {};
}

Status parse_query_end(Cursor& cursor, Query& query) {
  if (cursor.accept({"ORDER", "BY"})) {
    ASSIGN_OR_RETURN(query.order_by, parse_order_items(cursor));
  }
  while (true) {
    if (cursor.accept("LIMIT")) {
      RETURN_IF_ERROR(parse_limit(cursor, query));
    } else if (cursor.is("OFFSET")) {
      if (query.offset) return cursor.error("OFFSET specified more than once");
      cursor.take();
      ASSIGN_OR_RETURN(query.offset, parse_expr(cursor));
      if (!cursor.accept("ROWS")) cursor.accept("ROW");
    } else if (cursor.accept("FETCH")) {
      RETURN_IF_ERROR(parse_fetch(cursor, query));
    } else {
      return {};
    }
  }
}

}  // namespace

bool starts_query(const Cursor& cursor) {
  if (cursor.is_one_of({"SELECT", "WITH"})) return true;
  if (cursor.is("VALUES")) return cursor.peek(1).kind == TokenKind::kLeftParen;
  const TokenKind next = cursor.peek(1).kind;
  const bool word = next == TokenKind::kWord || next == TokenKind::kQuotedWord;
  return word && cursor.is_one_of({"TABLE", "SHOW"});
}

bool continues_query(const Cursor& cursor) {
  return cursor.is_one_of({"UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT", "OFFSET", "FETCH"});
}

Result<Query> parse_query(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  const std::size_t place = cursor.place();
  Query query;
  RETURN_IF_ERROR(parse_with(cursor, query));
  ASSIGN_OR_RETURN(QueryBody first, parse_simple_body(cursor));
  ASSIGN_OR_RETURN(query.body,
                   parse_set_operations(cursor, std::move(first), SetPrecedence::kNone));
  RETURN_IF_ERROR(parse_query_end(cursor, query));
  query.range = cursor.range_from(place);
  return query;
}

Result<Query> continue_query(Cursor& cursor, Query first) {
  const ByteRange range = first.range;
  QueryBody body{range, NestedQuery{Box<Query>(std::move(first))}};
  Query query;
  ASSIGN_OR_RETURN(query.body, parse_set_operations(cursor, std::move(body), SetPrecedence::kNone));
  RETURN_IF_ERROR(parse_query_end(cursor, query));
  query.range = cursor.range_since(range.begin);
  return query;
}

Result<std::optional<AsOf>> parse_as_of(Cursor& cursor) {
  if (!cursor.accept({"AS", "OF"})) return std::nullopt;
  const bool at_least = cursor.accept({"AT", "LEAST"});
  ASSIGN_OR_RETURN(Expr time, parse_expr(cursor));
  return AsOf{at_least, std::move(time)};
}

Result<SelectStatement> parse_select_statement(Cursor& cursor) {
  ASSIGN_OR_RETURN(Query query, parse_query(cursor));
  ASSIGN_OR_RETURN(std::optional<AsOf> as_of, parse_as_of(cursor));
  return SelectStatement{std::move(query), std::move(as_of)};
}

}  // namespace penstock::sql
