// CREATE: dispatch, and databases, schemas, secrets, views, indexes and types.
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

// Words between CREATE and the kind of object.
struct Prefix {
  bool or_replace = false;
  bool temporary = false;
};

Result<std::vector<Identifier>> parse_optional_columns(Cursor& cursor) {
  if (!cursor.is(TokenKind::kLeftParen)) return std::vector<Identifier>();
  return cursor.identifiers_in_parens();
}

Result<StatementKind> parse_create_database(Cursor& cursor) {
  CreateDatabase create;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, cursor.identifier());
  return create;
}

Result<StatementKind> parse_create_schema(Cursor& cursor) {
  CreateSchema create;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  return create;
}

Result<StatementKind> parse_create_secret(Cursor& cursor) {
  CreateSecret create;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  RETURN_IF_ERROR(cursor.expect("AS"));
  ASSIGN_OR_RETURN(create.value, parse_expr(cursor));
  return create;
}

Result<StatementKind> parse_create_view(Cursor& cursor, const Prefix& prefix) {
  CreateView create;
  create.or_replace = prefix.or_replace;
  create.temporary = prefix.temporary;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  ASSIGN_OR_RETURN(create.columns, parse_optional_columns(cursor));
  RETURN_IF_ERROR(cursor.expect("AS"));
  ASSIGN_OR_RETURN(create.query, parse_query(cursor));
  return create;
}

Result<StatementKind> parse_create_materialized_view(Cursor& cursor, const Prefix& prefix,
                                                     bool replacement) {
  CreateMaterializedView create;
  create.or_replace = prefix.or_replace;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  if (replacement) {
    RETURN_IF_ERROR(cursor.expect("FOR"));
    ASSIGN_OR_RETURN(create.replacement_for, parse_item_name(cursor));
  }
  ASSIGN_OR_RETURN(create.columns, parse_optional_columns(cursor));
  ASSIGN_OR_RETURN(create.in_cluster, parse_in_cluster(cursor));
  ASSIGN_OR_RETURN(create.with, parse_with_options(cursor, option_specs::kMaterializedViewWith));
  RETURN_IF_ERROR(cursor.expect("AS"));
  ASSIGN_OR_RETURN(create.query, parse_query(cursor));
  ASSIGN_OR_RETURN(create.as_of, parse_as_of(cursor));
  return create;
}

// From behind INDEX.
Result<StatementKind> parse_create_index(Cursor& cursor, bool is_default) {
  CreateIndex create;
  create.is_default = is_default;
  ASSIGN_OR_RETURN(create.if_not_exists, parse_if_not_exists(cursor));
  const bool named =
      !is_default && !cursor.is({"IN", "CLUSTER"}) &&
      !(cursor.is("ON") && cursor.peek(1).keyword != "ON" && cursor.peek(1).keyword != "IN");
  if (named) {
    ASSIGN_OR_RETURN(create.name, cursor.identifier());
  }
  ASSIGN_OR_RETURN(create.in_cluster, parse_in_cluster(cursor));
  RETURN_IF_ERROR(cursor.expect("ON"));
  ASSIGN_OR_RETURN(create.on, parse_item_name(cursor));
  if (cursor.accept("USING")) {
    ASSIGN_OR_RETURN(create.method, cursor.identifier());
  }
  if (!is_default) {
    RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
    if (!cursor.is(TokenKind::kRightParen)) {
      ASSIGN_OR_RETURN(create.key, parse_expr_list(cursor));
    }
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  ASSIGN_OR_RETURN(create.with, parse_with_options(cursor, option_specs::kIndexWith));
  return create;
}

// From behind TYPE: n AS LIST (…) | AS MAP (…) | AS (field type, …)
Result<StatementKind> parse_create_type(Cursor& cursor) {
  CreateType create;
  ASSIGN_OR_RETURN(create.name, parse_item_name(cursor));
  RETURN_IF_ERROR(cursor.expect("AS"));
  if (cursor.accept("LIST")) {
    create.kind = TypeDefinitionKind::kList;
    ASSIGN_OR_RETURN(create.options, parse_options_in_parens(cursor, option_specs::kListType));
    return create;
  }
  if (cursor.accept("MAP")) {
    create.kind = TypeDefinitionKind::kMap;
    ASSIGN_OR_RETURN(create.options, parse_options_in_parens(cursor, option_specs::kMapType));
    return create;
  }
  if (!cursor.is(TokenKind::kLeftParen)) {
    return cursor.expected("one of LIST or MAP or left parenthesis");
  }
  cursor.take();
  do {
    ASSIGN_OR_RETURN(ColumnDefinition field, parse_column_definition(cursor, false));
    create.fields.push_back(std::move(field));
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return create;
}

// What may follow CREATE OR REPLACE and CREATE TEMPORARY.
Result<StatementKind> parse_prefixed(Cursor& cursor, const Prefix& prefix) {
  if (cursor.accept("VIEW")) return parse_create_view(cursor, prefix);
  if (!prefix.temporary && cursor.accept({"MATERIALIZED", "VIEW"})) {
    return parse_create_materialized_view(cursor, prefix, false);
  }
  if (!prefix.or_replace && cursor.accept("TABLE")) {
    return parse_create_table(cursor, prefix.temporary);
  }
  if (prefix.or_replace && !prefix.temporary) {
    return cursor.expected("one of VIEW or MATERIALIZED VIEW after CREATE OR REPLACE");
  }
  return cursor.expected(prefix.or_replace ? "VIEW" : "one of VIEW or TABLE");
}

}  // namespace

Result<StatementKind> parse_create(Cursor& cursor) {
  RETURN_IF_ERROR(cursor.expect("CREATE"));
  Prefix prefix;
  prefix.or_replace = cursor.accept({"OR", "REPLACE"});
  prefix.temporary = cursor.accept("TEMPORARY") || cursor.accept("TEMP");
  if (prefix.or_replace || prefix.temporary) return parse_prefixed(cursor, prefix);
  if (cursor.accept("TABLE")) return parse_create_table(cursor, false);
  if (cursor.accept("VIEW")) return parse_create_view(cursor, prefix);
  if (cursor.accept({"MATERIALIZED", "VIEW"})) {
    return parse_create_materialized_view(cursor, prefix, false);
  }
  if (cursor.accept({"REPLACEMENT", "MATERIALIZED", "VIEW"})) {
    return parse_create_materialized_view(cursor, prefix, true);
  }
  if (cursor.accept("INDEX")) return parse_create_index(cursor, false);
  if (cursor.accept({"DEFAULT", "INDEX"})) return parse_create_index(cursor, true);
  if (cursor.accept("SINK")) return parse_create_sink(cursor);
  if (cursor.accept("SOURCE")) return parse_create_source(cursor);
  if (cursor.accept("CONNECTION")) return parse_create_connection(cursor);
  if (cursor.accept("SECRET")) return parse_create_secret(cursor);
  if (cursor.accept("DATABASE")) return parse_create_database(cursor);
  if (cursor.accept("SCHEMA")) return parse_create_schema(cursor);
  if (cursor.accept("TYPE")) return parse_create_type(cursor);
  if (cursor.accept("ROLE")) return parse_create_role(cursor);
  if (cursor.accept({"CLUSTER", "REPLICA"})) return parse_create_cluster_replica(cursor);
  if (cursor.accept("CLUSTER")) return parse_create_cluster(cursor);
  return cursor.expected(
      "one of DATABASE or SCHEMA or ROLE or TYPE or INDEX or SINK or SOURCE or TABLE or SECRET or "
      "CLUSTER or CONNECTION or VIEW or MATERIALIZED VIEW after CREATE");
}

}  // namespace penstock::sql
