// SELECT, from its keyword to the clause before ORDER BY.
#include <string>
#include <utility>

#include <fmt/core.h>

#include "sql/parse/expression.h"
#include "sql/parse/keyword.h"
#include "sql/parse/query.h"

namespace penstock::sql {
namespace {

// [AS alias | alias]; AS OF is a clause of the statement, not an alias.
Result<std::optional<Identifier>> parse_column_alias(Cursor& cursor) {
  if (cursor.is("AS")) {
    if (cursor.peek(1).keyword == "OF") return std::nullopt;
    cursor.take();
    ASSIGN_OR_RETURN(Identifier alias, cursor.identifier());
    return alias;
  }
  if (!cursor.is_name() || reserved_as_column_alias(cursor.peek().keyword)) return std::nullopt;
  ASSIGN_OR_RETURN(Identifier alias, cursor.identifier());
  return alias;
}

Result<SelectItem> parse_select_item(Cursor& cursor) {
  if (cursor.is(TokenKind::kStar)) {
    return SelectItem{Expr{cursor.take().range, Wildcard{}}, std::nullopt};
  }
  ASSIGN_OR_RETURN(Expr expr, parse_expr(cursor));
  if (std::holds_alternative<Wildcard>(expr.kind)) {
    return SelectItem{std::move(expr), std::nullopt};
  }
  ASSIGN_OR_RETURN(std::optional<Identifier> alias, parse_column_alias(cursor));
  return SelectItem{std::move(expr), std::move(alias)};
}

// A select list may be empty: the next token then ends the list.
bool at_end_of_items(const Cursor& cursor) {
  const TokenKind kind = cursor.peek().kind;
  if (kind == TokenKind::kEnd || kind == TokenKind::kSemicolon || kind == TokenKind::kRightParen) {
    return true;
  }
  return cursor.is_one_of({"FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER",
                           "LIMIT", "OFFSET", "FETCH", "OPTIONS", "UNION", "EXCEPT", "INTERSECT"});
}

Status parse_distinct(Cursor& cursor, Select& select) {
  if (cursor.accept("ALL")) return {};
  if (!cursor.accept("DISTINCT")) return {};
  select.distinct = true;
  if (!cursor.accept("ON")) return {};
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  ASSIGN_OR_RETURN(select.distinct_on, parse_expr_list(cursor));
  return cursor.expect(TokenKind::kRightParen);
}

Status parse_group_by(Cursor& cursor, Select& select) {
  if (!cursor.accept({"GROUP", "BY"})) return {};
  select.group_by_present = true;
  if (cursor.is(TokenKind::kLeftParen) && cursor.peek(1).kind == TokenKind::kRightParen) {
    cursor.take();
    cursor.take();
    return {};
  }
  ASSIGN_OR_RETURN(select.group_by, parse_expr_list(cursor));
  return {};
}

Status parse_windows(Cursor& cursor, Select& select) {
  do {
    ASSIGN_OR_RETURN(Identifier name, cursor.identifier());
    RETURN_IF_ERROR(cursor.expect("AS"));
    ASSIGN_OR_RETURN(WindowSpec spec, parse_window_definition(cursor));
    select.windows.push_back(NamedWindow{std::move(name), std::move(spec)});
  } while (cursor.accept(TokenKind::kComma));
  return {};
}

// ( {AGGREGATE INPUT | DISTINCT ON INPUT | LIMIT INPUT | EXPECTED} GROUP SIZE [=] n, … )
Status parse_hints(Cursor& cursor, Select& select) {
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  do {
    ASSIGN_OR_RETURN(const std::string_view word,
                     cursor.expect_one_of({"EXPECTED", "AGGREGATE", "DISTINCT", "LIMIT"}));
    GroupSizeHint hint;
    hint.name = word;
    if (word == "DISTINCT") {
      RETURN_IF_ERROR(cursor.expect("ON"));
      hint.name += " ON";
    }
    if (word != "EXPECTED") {
      RETURN_IF_ERROR(cursor.expect("INPUT"));
      hint.name += " INPUT";
    }
    RETURN_IF_ERROR(cursor.expect({"GROUP", "SIZE"}));
    hint.name += " GROUP SIZE";
    cursor.accept(TokenKind::kEqual);
    ASSIGN_OR_RETURN(hint.value, cursor.unsigned_number());
    select.hints.push_back(std::move(hint));
  } while (cursor.accept(TokenKind::kComma));
  return cursor.expect(TokenKind::kRightParen);
}

// HAVING, WINDOW, QUALIFY and OPTIONS, each at most once.
Status parse_clauses_after_group(Cursor& cursor, Select& select) {
  while (true) {
    if (cursor.is("HAVING") && !select.having) {
      cursor.take();
      ASSIGN_OR_RETURN(select.having, parse_expr(cursor));
    } else if (cursor.is("WINDOW") && select.windows.empty()) {
      cursor.take();
      RETURN_IF_ERROR(parse_windows(cursor, select));
    } else if (cursor.is("QUALIFY") && !select.qualify) {
      cursor.take();
      ASSIGN_OR_RETURN(select.qualify, parse_expr(cursor));
    } else if (cursor.is("OPTIONS") && select.hints.empty()) {
      cursor.take();
      RETURN_IF_ERROR(parse_hints(cursor, select));
    } else {
      return {};
    }
  }
}

}  // namespace

Result<std::vector<SelectItem>> parse_select_items(Cursor& cursor) {
  std::vector<SelectItem> items;
  do {
    ASSIGN_OR_RETURN(SelectItem item, parse_select_item(cursor));
    items.push_back(std::move(item));
  } while (cursor.accept(TokenKind::kComma));
  return items;
}

Result<Select> parse_select(Cursor& cursor) {
  Select select;
  RETURN_IF_ERROR(cursor.expect("SELECT"));
  RETURN_IF_ERROR(parse_distinct(cursor, select));
  if (!at_end_of_items(cursor)) {
    ASSIGN_OR_RETURN(select.items, parse_select_items(cursor));
  }
  if (cursor.accept("FROM")) {
    do {
      ASSIGN_OR_RETURN(TableExpr table, parse_table_expr(cursor));
      select.from.push_back(std::move(table));
    } while (cursor.accept(TokenKind::kComma));
  }
  if (cursor.accept("WHERE")) {
    ASSIGN_OR_RETURN(select.where, parse_expr(cursor));
  }
  RETURN_IF_ERROR(parse_group_by(cursor, select));
  RETURN_IF_ERROR(parse_clauses_after_group(cursor, select));
  return select;
}

}  // namespace penstock::sql
