// Queries.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "sql/parse/ast_query.h"
#include "sql/parse/ast_statement_query.h"
#include "sql/parse/cursor.h"

namespace penstock::sql {

// The next token begins a query that is not parenthesised: SELECT, WITH, VALUES, TABLE t, SHOW.
bool starts_query(const Cursor& cursor);
Result<Query> parse_query(Cursor& cursor);
// The next token continues a query: UNION, ORDER BY, LIMIT, ….
bool continues_query(const Cursor& cursor);
// Goes on behind a parenthesised query that stood first.
Result<Query> continue_query(Cursor& cursor, Query first);
Result<SelectStatement> parse_select_statement(Cursor& cursor);  // query [AS OF …]
Result<std::optional<AsOf>> parse_as_of(Cursor& cursor);

Result<TableExpr> parse_table_expr(Cursor& cursor);  // With its joins.
Result<std::optional<TableAlias>> parse_table_alias(Cursor& cursor);
// Select items and items of RETURNING.
Result<std::vector<SelectItem>> parse_select_items(Cursor& cursor);
// SELECT … from its keyword to the clause that ends it.
Result<Select> parse_select(Cursor& cursor);

}  // namespace penstock::sql
