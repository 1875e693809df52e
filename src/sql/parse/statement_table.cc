// CREATE TABLE and the definitions of columns and constraints.
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/option_list.h"
#include "sql/parse/option_specs.h"
#include "sql/parse/statement.h"

namespace penstock::sql {
namespace {

// REFERENCES t [(columns)], from behind REFERENCES; actions are not part of the dialect.
template <typename Constraint>
Status parse_references(Cursor& cursor, Constraint& constraint) {
  ASSIGN_OR_RETURN(constraint.referenced_table, parse_item_name(cursor));
  if (cursor.is(TokenKind::kLeftParen)) {
    ASSIGN_OR_RETURN(constraint.referenced_columns, cursor.identifiers_in_parens());
  }
  return {};
}

template <typename Constraint>
Status parse_check(Cursor& cursor, Constraint& constraint) {
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  ASSIGN_OR_RETURN(constraint.expr, parse_expr(cursor));
  return cursor.expect(TokenKind::kRightParen);
}

// One constraint of a column; absent when none follows.
Result<std::optional<ColumnConstraint>> parse_column_constraint(Cursor& cursor) {
  const std::size_t place = cursor.place();
  ColumnConstraint constraint;
  if (cursor.accept("CONSTRAINT")) {
    ASSIGN_OR_RETURN(constraint.name, cursor.identifier());
  }
  if (cursor.accept({"NOT", "NULL"})) {
    constraint.kind = ConstraintKind::kNotNull;
  } else if (cursor.accept("NULL")) {
    constraint.kind = ConstraintKind::kNull;
  } else if (cursor.accept("DEFAULT")) {
    constraint.kind = ConstraintKind::kDefault;
    ASSIGN_OR_RETURN(constraint.expr, parse_expr_above(cursor, Precedence::kNot));
  } else if (cursor.accept({"PRIMARY", "KEY"})) {
    constraint.kind = ConstraintKind::kPrimaryKey;
  } else if (cursor.accept("UNIQUE")) {
    constraint.kind = ConstraintKind::kUnique;
  } else if (cursor.accept("REFERENCES")) {
    constraint.kind = ConstraintKind::kReferences;
    RETURN_IF_ERROR(parse_references(cursor, constraint));
  } else if (cursor.accept("CHECK")) {
    constraint.kind = ConstraintKind::kCheck;
    RETURN_IF_ERROR(parse_check(cursor, constraint));
  } else if (constraint.name) {
    return cursor.expected("column constraint");
  } else {
    return std::nullopt;
  }
  constraint.range = cursor.range_from(place);
  return constraint;
}

bool starts_table_constraint(const Cursor& cursor) {
  if (cursor.is({"PRIMARY", "KEY"}) || cursor.is({"FOREIGN", "KEY"})) return true;
  if (cursor.is("CONSTRAINT")) {
    const std::string_view kind = cursor.peek(2).keyword;
    return kind == "PRIMARY" || kind == "UNIQUE" || kind == "FOREIGN" || kind == "CHECK";
  }
  const bool call = cursor.peek(1).kind == TokenKind::kLeftParen;
  if (cursor.is("CHECK")) return call;
  return cursor.is("UNIQUE") && (call || cursor.peek(1).keyword == "NULLS");
}

Result<TableConstraint> parse_table_constraint(Cursor& cursor) {
  const std::size_t place = cursor.place();
  TableConstraint constraint;
  if (cursor.accept("CONSTRAINT")) {
    ASSIGN_OR_RETURN(constraint.name, cursor.identifier());
  }
  if (cursor.accept("CHECK")) {
    constraint.kind = ConstraintKind::kCheck;
    RETURN_IF_ERROR(parse_check(cursor, constraint));
  } else if (cursor.accept({"FOREIGN", "KEY"})) {
    constraint.kind = ConstraintKind::kReferences;
    ASSIGN_OR_RETURN(constraint.columns, cursor.identifiers_in_parens());
    RETURN_IF_ERROR(cursor.expect("REFERENCES"));
    RETURN_IF_ERROR(parse_references(cursor, constraint));
  } else {
    if (cursor.accept("UNIQUE")) {
      constraint.kind = ConstraintKind::kUnique;
      constraint.nulls_not_distinct = cursor.accept({"NULLS", "NOT", "DISTINCT"});
    } else {
      RETURN_IF_ERROR(cursor.expect({"PRIMARY", "KEY"}));
    }
    ASSIGN_OR_RETURN(constraint.columns, cursor.identifiers_in_parens());
    constraint.not_enforced = cursor.accept({"NOT", "ENFORCED"});
  }
  constraint.range = cursor.range_from(place);
  return constraint;
}

}  // namespace

Result<ColumnDefinition> parse_column_definition(Cursor& cursor, bool names_only_allowed) {
  const std::size_t place = cursor.place();
  ColumnDefinition column;
  ASSIGN_OR_RETURN(column.name, cursor.identifier());
  const bool ended = cursor.is(TokenKind::kComma) || cursor.is(TokenKind::kRightParen);
  if (!(names_only_allowed && ended)) {
    ASSIGN_OR_RETURN(column.type, parse_type_name(cursor));
    if (cursor.accept("COLLATE")) {
      ASSIGN_OR_RETURN(column.collation, parse_item_name(cursor));
    }
    while (true) {
      ASSIGN_OR_RETURN(std::optional<ColumnConstraint> constraint, parse_column_constraint(cursor));
      if (!constraint) break;
      column.constraints.push_back(*std::move(constraint));
    }
  }
  column.range = cursor.range_from(place);
  return column;
}

Result<TableElements> parse_table_elements(Cursor& cursor, bool names_only_allowed) {
  TableElements elements;
  if (!cursor.accept(TokenKind::kLeftParen)) return elements;
  if (cursor.accept(TokenKind::kRightParen)) return elements;
  do {
    if (starts_table_constraint(cursor)) {
      ASSIGN_OR_RETURN(TableConstraint constraint, parse_table_constraint(cursor));
      elements.constraints.push_back(std::move(constraint));
    } else {
      ASSIGN_OR_RETURN(ColumnDefinition column,
                       parse_column_definition(cursor, names_only_allowed));
      elements.columns.push_back(std::move(column));
    }
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return elements;
}

Result<StatementKind> parse_create_table(Cursor& cursor, bool temporary) {
  CreateTable create;
  create.temporary = temporary;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  const std::size_t list = cursor.place();
  const bool has_list = cursor.is(TokenKind::kLeftParen);
  ASSIGN_OR_RETURN(TableElements elements, parse_table_elements(cursor, true));
  const bool from = cursor.is("FROM") || cursor.is({"IN", "CLUSTER"});
  create.columns = std::move(elements.columns);
  create.constraints = std::move(elements.constraints);
  if (from && !temporary) return parse_table_from_source(cursor, std::move(create));
  if (!has_list) return cursor.expected("left parenthesis");
  for (const ColumnDefinition& column : create.columns) {
    if (column.type) continue;
    cursor.go_back(list);  // A table of its own needs types: read again to name the place.
    ASSIGN_OR_RETURN(elements, parse_table_elements(cursor, false));
  }
  ASSIGN_OR_RETURN(create.with, parse_with_options(cursor, option_specs::kTableWith));
  return create;
}

}  // namespace penstock::sql
