// SELECT, SUBSCRIBE, INSERT, UPDATE, DELETE, COPY.
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/query.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

// KEY ( columns ), in parentheses, behind the envelope's word.
Status parse_envelope_key(Cursor& cursor, SubscribeStatement& subscribe) {
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  RETURN_IF_ERROR(cursor.expect("KEY"));
  ASSIGN_OR_RETURN(subscribe.key, cursor.identifiers_in_parens());
  return cursor.expect(TokenKind::kRightParen);
}

// ENVELOPE … | WITHIN TIMESTAMP ORDER BY …
Status parse_subscribe_output(Cursor& cursor, SubscribeStatement& subscribe) {
  if (cursor.accept("WITHIN")) {
    RETURN_IF_ERROR(cursor.expect({"TIMESTAMP", "ORDER", "BY"}));
    subscribe.output = SubscribeOutput::kWithinTimestampOrderBy;
    ASSIGN_OR_RETURN(subscribe.order_by, parse_order_items(cursor));
    return {};
  }
  RETURN_IF_ERROR(cursor.expect("ENVELOPE"));
  if (cursor.accept("UPSERT")) {
    subscribe.output = SubscribeOutput::kUpsert;
  } else if (cursor.accept("DEBEZIUM")) {
    subscribe.output = SubscribeOutput::kDebezium;
  } else {
    return cursor.expected("one of UPSERT or DEBEZIUM");
  }
  return parse_envelope_key(cursor, subscribe);
}

// The clauses behind the relation, in any order, each at most once.
Status parse_subscribe_clauses(Cursor& cursor, SubscribeStatement& subscribe) {
  bool with = false;
  while (true) {
    if (cursor.is("WITH") && !with) {
      with = true;
      ASSIGN_OR_RETURN(subscribe.options, parse_with_options(cursor, option_specs::kSubscribe));
    } else if (cursor.is({"AS", "OF"}) && !subscribe.as_of) {
      ASSIGN_OR_RETURN(subscribe.as_of, parse_as_of(cursor));
    } else if (cursor.is({"UP", "TO"}) && !subscribe.up_to) {
      RETURN_IF_ERROR(cursor.expect({"UP", "TO"}));
      ASSIGN_OR_RETURN(subscribe.up_to, parse_expr(cursor));
    } else if (cursor.is_one_of({"ENVELOPE", "WITHIN"}) &&
               subscribe.output == SubscribeOutput::kDiffs) {
      RETURN_IF_ERROR(parse_subscribe_output(cursor, subscribe));
    } else {
      return {};
    }
  }
}

Result<SubscribeStatement> parse_subscribe_statement(Cursor& cursor) {
  SubscribeStatement subscribe;
  RETURN_IF_ERROR(cursor.expect("SUBSCRIBE"));
  if (cursor.is("TO")) {
    const TokenKind next = cursor.peek(1).kind;
    const bool relation = next == TokenKind::kWord || next == TokenKind::kQuotedWord ||
                          next == TokenKind::kLeftParen || next == TokenKind::kLeftBracket;
    if (relation) cursor.take();
  }
  if (cursor.accept(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(subscribe.relation, parse_query(cursor));
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  } else {
    ASSIGN_OR_RETURN(subscribe.relation, parse_item_name(cursor));
  }
  RETURN_IF_ERROR(parse_subscribe_clauses(cursor, subscribe));
  return subscribe;
}

Result<Expr> parse_value_or_default(Cursor& cursor) {
  if (cursor.is("DEFAULT")) return Expr{cursor.take().range, DefaultValue{}};
  return parse_expr(cursor);
}

// --- COPY ---

// [INTO] t [(columns)] | ( query | SUBSCRIBE … )
Status parse_copy_relation(Cursor& cursor, CopyStatement& copy) {
  if (cursor.accept(TokenKind::kLeftParen)) {
    if (cursor.is("SUBSCRIBE")) {
      ASSIGN_OR_RETURN(copy.relation, parse_subscribe_statement(cursor));
    } else {
      ASSIGN_OR_RETURN(copy.relation, parse_select_statement(cursor));
    }
    return cursor.expect(TokenKind::kRightParen);
  }
  if (cursor.is("INTO") && cursor.peek(1).kind != TokenKind::kDot) cursor.take();
  CopyTable table;
  ASSIGN_OR_RETURN(table.table, parse_item_name(cursor));
  if (cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(table.columns, cursor.identifiers_in_parens());
  }
  copy.relation = std::move(table);
  return {};
}

Status parse_copy_target(Cursor& cursor, CopyStatement& copy) {
  ASSIGN_OR_RETURN(const std::string_view word, cursor.expect_one_of({"FROM", "TO"}));
  const bool from = word == "FROM";
  if (from && !std::holds_alternative<CopyTable>(copy.relation)) {
    return cursor.error("COPY FROM is only supported with a table");
  }
  if (cursor.accept(from ? "STDIN" : "STDOUT")) {
    copy.direction = from ? CopyDirection::kFromStdin : CopyDirection::kToStdout;
    return {};
  }
  copy.direction = from ? CopyDirection::kFromExpr : CopyDirection::kToExpr;
  ASSIGN_OR_RETURN(copy.target, parse_expr(cursor));
  return {};
}

}  // namespace

Result<StatementKind> parse_select_or_values(Cursor& cursor) {
  ASSIGN_OR_RETURN(SelectStatement select, parse_select_statement(cursor));
  return select;
}

Result<StatementKind> parse_subscribe(Cursor& cursor) {
  ASSIGN_OR_RETURN(SubscribeStatement subscribe, parse_subscribe_statement(cursor));
  return subscribe;
}

Result<StatementKind> parse_insert(Cursor& cursor) {
  InsertStatement insert;
  RETURN_IF_ERROR(cursor.expect({"INSERT", "INTO"}));
  ASSIGN_OR_RETURN(insert.table, parse_item_name(cursor));
  if (cursor.is(TokenKind::kLeftParen) && cursor.peek(1).keyword != "SELECT" &&
      cursor.peek(1).keyword != "WITH" && cursor.peek(1).kind != TokenKind::kLeftParen) {
    ASSIGN_OR_RETURN(insert.columns, cursor.identifiers_in_parens());
  }
  if (!cursor.accept({"DEFAULT", "VALUES"})) {
    ASSIGN_OR_RETURN(insert.source, parse_query(cursor));
  }
  if (cursor.accept("RETURNING")) {
    ASSIGN_OR_RETURN(insert.returning, parse_select_items(cursor));
  }
  return insert;
}

Result<StatementKind> parse_update(Cursor& cursor) {
  UpdateStatement update;
  RETURN_IF_ERROR(cursor.expect("UPDATE"));
  ASSIGN_OR_RETURN(update.table, parse_item_name(cursor));
  ASSIGN_OR_RETURN(update.alias, parse_table_alias(cursor));
  RETURN_IF_ERROR(cursor.expect("SET"));
  do {
    ASSIGN_OR_RETURN(Identifier column, cursor.identifier());
    RETURN_IF_ERROR(cursor.expect(TokenKind::kEqual));
    ASSIGN_OR_RETURN(Expr value, parse_value_or_default(cursor));
    update.assignments.push_back(Assignment{std::move(column), std::move(value)});
  } while (cursor.accept(TokenKind::kComma));
  if (cursor.accept("WHERE")) {
    ASSIGN_OR_RETURN(update.where, parse_expr(cursor));
  }
  return update;
}

Result<StatementKind> parse_delete(Cursor& cursor) {
  DeleteStatement statement;
  RETURN_IF_ERROR(cursor.expect({"DELETE", "FROM"}));
  ASSIGN_OR_RETURN(statement.table, parse_item_name(cursor));
  ASSIGN_OR_RETURN(statement.alias, parse_table_alias(cursor));
  if (cursor.accept("USING")) {
    do {
      ASSIGN_OR_RETURN(TableExpr table, parse_table_expr(cursor));
      statement.using_tables.push_back(std::move(table));
    } while (cursor.accept(TokenKind::kComma));
  }
  if (cursor.accept("WHERE")) {
    ASSIGN_OR_RETURN(statement.where, parse_expr(cursor));
  }
  return statement;
}

Result<StatementKind> parse_copy(Cursor& cursor) {
  CopyStatement copy;
  RETURN_IF_ERROR(cursor.expect("COPY"));
  RETURN_IF_ERROR(parse_copy_relation(cursor, copy));
  RETURN_IF_ERROR(parse_copy_target(cursor, copy));
  const bool with = cursor.accept("WITH");
  if (with || cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(copy.options, parse_options_in_parens(cursor, option_specs::kCopy));
  }
  return copy;
}

}  // namespace penstock::sql
