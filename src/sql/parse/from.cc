// FROM: tables, derived tables, table functions and their joins.
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/keyword.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/query.h"

namespace penstock::sql {
namespace {

Result<TableExpr> parse_table_factor(Cursor& cursor);

bool starts_join(const Cursor& cursor) {
  return cursor.is_one_of({"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL"});
}

// [WITH ORDINALITY] [alias] [WITH ORDINALITY]: both orders occur.
Status parse_function_suffix(Cursor& cursor, FunctionTable& table) {
  table.with_ordinality = cursor.accept({"WITH", "ORDINALITY"});
  ASSIGN_OR_RETURN(table.alias, parse_table_alias(cursor));
  if (!table.with_ordinality) table.with_ordinality = cursor.accept({"WITH", "ORDINALITY"});
  return {};
}

// ROWS FROM (f(…), g(…))
Result<FunctionTable> parse_rows_from(Cursor& cursor) {
  FunctionTable table;
  table.rows_from = true;
  RETURN_IF_ERROR(cursor.expect({"ROWS", "FROM"}));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  do {
    ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
    if (!cursor.is(TokenKind::kLeftParen)) return cursor.expected("left parenthesis");
    ASSIGN_OR_RETURN(FunctionCall call, parse_call(cursor, std::move(name)));
    table.calls.push_back(std::move(call));
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return table;
}

Result<TableExpr> parse_function_table(Cursor& cursor, bool lateral) {
  const std::size_t place = cursor.place();
  FunctionTable table;
  if (cursor.is({"ROWS", "FROM"})) {
    ASSIGN_OR_RETURN(table, parse_rows_from(cursor));
  } else {
    ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
    if (!cursor.is(TokenKind::kLeftParen)) return cursor.expected("left parenthesis");
    ASSIGN_OR_RETURN(FunctionCall call, parse_call(cursor, std::move(name)));
    table.calls.push_back(std::move(call));
  }
  table.lateral = lateral;
  RETURN_IF_ERROR(parse_function_suffix(cursor, table));
  return TableExpr{cursor.range_from(place), std::move(table)};
}

// From behind the parenthesis of a query to behind its alias.
Result<TableExpr> parse_derived(Cursor& cursor, bool lateral, std::size_t place) {
  ASSIGN_OR_RETURN(Query query, parse_query(cursor));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  DerivedTable table{lateral, Box<Query>(std::move(query)), std::nullopt};
  ASSIGN_OR_RETURN(table.alias, parse_table_alias(cursor));
  return TableExpr{cursor.range_from(place), std::move(table)};
}

// ( query ) | ( table with joins ). What begins with two parentheses may turn out to be either:
// ((SELECT 1) UNION SELECT 2) or ((SELECT 1) x JOIN t ON …).
Result<TableExpr> parse_parenthesised_table(Cursor& cursor) {
  const std::size_t place = cursor.place();
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  if (starts_query(cursor)) return parse_derived(cursor, false, place);
  const bool maybe_query = cursor.is(TokenKind::kLeftParen);
  ASSIGN_OR_RETURN(TableExpr inner, parse_table_expr(cursor));
  auto* derived = maybe_query ? std::get_if<DerivedTable>(&inner.kind) : nullptr;
  const bool bare = derived != nullptr && !derived->alias && !derived->lateral;
  if (bare && (continues_query(cursor) || cursor.is(TokenKind::kRightParen))) {
    ASSIGN_OR_RETURN(Query query, continue_query(cursor, std::move(*derived->query)));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
    DerivedTable table{false, Box<Query>(std::move(query)), std::nullopt};
    ASSIGN_OR_RETURN(table.alias, parse_table_alias(cursor));
    return TableExpr{cursor.range_from(place), std::move(table)};
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  NestedTable nested{Box<TableExpr>(std::move(inner)), std::nullopt};
  ASSIGN_OR_RETURN(nested.alias, parse_table_alias(cursor));
  return TableExpr{cursor.range_from(place), std::move(nested)};
}

Result<TableExpr> parse_table_factor(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  const std::size_t place = cursor.place();
  if (cursor.is("LATERAL") && cursor.peek(1).kind != TokenKind::kDot) {
    cursor.take();
    if (cursor.is(TokenKind::kLeftParen)) {
      cursor.take();
      return parse_derived(cursor, true, place);
    }
    ASSIGN_OR_RETURN(TableExpr table, parse_function_table(cursor, true));
    table.range = cursor.range_from(place);
    return table;
  }
  if (cursor.is(TokenKind::kLeftParen)) return parse_parenthesised_table(cursor);
  if (cursor.is({"ROWS", "FROM"})) return parse_function_table(cursor, false);
  ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
  if (cursor.is(TokenKind::kLeftParen)) {
    cursor.go_back(place);
    return parse_function_table(cursor, false);
  }
  NamedTable table{std::move(name), std::nullopt};
  ASSIGN_OR_RETURN(table.alias, parse_table_alias(cursor));
  return TableExpr{cursor.range_from(place), std::move(table)};
}

// [INNER] JOIN, LEFT [OUTER] JOIN, … after an optional NATURAL; CROSS JOIN.
Result<JoinKind> parse_join_kind(Cursor& cursor) {
  JoinKind kind = JoinKind::kInner;
  if (cursor.accept("CROSS")) {
    kind = JoinKind::kCross;
  } else if (cursor.is_one_of({"LEFT", "RIGHT", "FULL"})) {
    const std::string_view side = cursor.take().keyword;
    kind = side == "LEFT" ? JoinKind::kLeft : side == "RIGHT" ? JoinKind::kRight : JoinKind::kFull;
    cursor.accept("OUTER");
  } else {
    cursor.accept("INNER");
  }
  RETURN_IF_ERROR(cursor.expect("JOIN"));
  return kind;
}

Status parse_join_condition(Cursor& cursor, Join& join) {
  if (cursor.accept("ON")) {
    ASSIGN_OR_RETURN(join.on, parse_expr(cursor));
    return {};
  }
  if (!cursor.accept("USING")) return cursor.expected("ON, or USING after JOIN");
  ASSIGN_OR_RETURN(join.using_columns, cursor.identifiers_in_parens());
  if (cursor.is("AS") && cursor.peek(1).keyword != "OF") {
    cursor.take();
    ASSIGN_OR_RETURN(join.using_alias, cursor.identifier());
  }
  return {};
}

// One join behind `left`. In `a JOIN b JOIN c ON … ON …` the inner join is the right side.
Result<TableExpr> parse_join(Cursor& cursor, TableExpr left) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  const std::uint32_t begin = left.range.begin;
  const bool natural = cursor.accept("NATURAL");
  ASSIGN_OR_RETURN(const JoinKind kind, parse_join_kind(cursor));
  ASSIGN_OR_RETURN(TableExpr right, parse_table_factor(cursor));
  const bool conditional = kind != JoinKind::kCross && !natural;
  while (conditional && starts_join(cursor)) {
    ASSIGN_OR_RETURN(right, parse_join(cursor, std::move(right)));
    RETURN_IF_ERROR(cursor.grow());
  }
  Join join{kind,
            Box<TableExpr>(std::move(left)),
            Box<TableExpr>(std::move(right)),
            natural,
            std::nullopt,
            {},
            std::nullopt};
  if (conditional) RETURN_IF_ERROR(parse_join_condition(cursor, join));
  return TableExpr{cursor.range_since(begin), std::move(join)};
}

}  // namespace

Result<std::optional<TableAlias>> parse_table_alias(Cursor& cursor) {
  const std::size_t place = cursor.place();
  if (cursor.is("AS")) {
    if (cursor.peek(1).keyword == "OF") return std::nullopt;
    cursor.take();
  } else if (!cursor.is_name() || reserved_as_table_alias(cursor.peek().keyword)) {
    return std::nullopt;
  }
  TableAlias alias;
  ASSIGN_OR_RETURN(alias.name, cursor.identifier());
  if (cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(alias.columns, cursor.identifiers_in_parens());
  }
  alias.range = cursor.range_from(place);
  return alias;
}

Result<TableExpr> parse_table_expr(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  ASSIGN_OR_RETURN(TableExpr table, parse_table_factor(cursor));
  while (starts_join(cursor)) {
    ASSIGN_OR_RETURN(table, parse_join(cursor, std::move(table)));
    RETURN_IF_ERROR(cursor.grow());
  }
  return table;
}

}  // namespace penstock::sql
