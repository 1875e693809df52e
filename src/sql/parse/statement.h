// One function per family of statements. Each begins behind the words that chose it, as its comment
// says, and leaves the cursor behind the last token of the statement.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/parse/ast_statement.h"
#include "sql/parse/cursor.h"

namespace penstock::sql {

// Any statement, up to the token that ends it.
Result<Statement> parse_any_statement(Cursor& cursor);

// At the first word.
Result<StatementKind> parse_select_or_values(Cursor& cursor);
Result<StatementKind> parse_subscribe(Cursor& cursor);
Result<StatementKind> parse_insert(Cursor& cursor);
Result<StatementKind> parse_update(Cursor& cursor);
Result<StatementKind> parse_delete(Cursor& cursor);
Result<StatementKind> parse_copy(Cursor& cursor);
Result<StatementKind> parse_explain(Cursor& cursor);
Result<StatementKind> parse_cursor_statement(Cursor& cursor);    // DECLARE, FETCH, CLOSE
Result<StatementKind> parse_prepared_statement(Cursor& cursor);  // PREPARE, EXECUTE, DEALLOCATE
Result<StatementKind> parse_transaction(Cursor& cursor);         // BEGIN … ROLLBACK
Result<StatementKind> parse_set(Cursor& cursor);                 // SET, RESET
Result<StatementKind> parse_discard(Cursor& cursor);
Result<StatementKind> parse_create(Cursor& cursor);
Result<StatementKind> parse_drop(Cursor& cursor);
Result<StatementKind> parse_alter(Cursor& cursor);
Result<StatementKind> parse_validate(Cursor& cursor);
Result<StatementKind> parse_audit(Cursor& cursor);
Result<StatementKind> parse_comment(Cursor& cursor);
Result<StatementKind> parse_grant(Cursor& cursor);  // GRANT, REVOKE

// Behind CREATE and the word that names what is created.
Result<StatementKind> parse_create_connection(Cursor& cursor);
Result<StatementKind> parse_create_source(Cursor& cursor);
Result<StatementKind> parse_create_sink(Cursor& cursor);
Result<StatementKind> parse_create_cluster(Cursor& cursor);
Result<StatementKind> parse_create_cluster_replica(Cursor& cursor);
Result<StatementKind> parse_create_role(Cursor& cursor);
Result<StatementKind> parse_create_table(Cursor& cursor, bool temporary);
// FROM SOURCE … or FROM WEBHOOK … of a table whose head has been read; at FROM.
Result<StatementKind> parse_table_from_source(Cursor& cursor, CreateTable head);

// --- shared pieces ---
Result<bool> parse_if_not_exists(Cursor& cursor);
Result<bool> parse_if_exists(Cursor& cursor);
Result<std::optional<Identifier>> parse_in_cluster(Cursor& cursor);  // [IN CLUSTER c]
// [( column | constraint, … )]; types may be left out when `names_only_allowed`.
struct TableElements {
  std::vector<ColumnDefinition> columns;
  std::vector<TableConstraint> constraints;
};
Result<TableElements> parse_table_elements(Cursor& cursor, bool names_only_allowed);
Result<ColumnDefinition> parse_column_definition(Cursor& cursor, bool names_only_allowed);
Result<std::vector<ExternalReference>> parse_external_references(Cursor& cursor);
Result<std::vector<Option>> parse_role_attributes(Cursor& cursor);
Result<SetVariable> parse_set_variable(Cursor& cursor);  // From the name on.
Result<std::vector<SetValue>> parse_set_values(Cursor& cursor);
Result<std::string> parse_variable_name(Cursor& cursor);

}  // namespace penstock::sql
