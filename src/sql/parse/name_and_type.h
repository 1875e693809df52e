// Names of objects and types.
#pragma once

#include "base/result.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/ast_type.h"
#include "sql/parse/cursor.h"

namespace penstock::sql {

// a.b.c, or [u1 AS a.b.c]; one to four parts.
Result<ItemName> parse_item_name(Cursor& cursor);
Result<std::vector<ItemName>> parse_item_names(Cursor& cursor);  // Comma-separated.
bool starts_item_name(const Cursor& cursor);
Result<TypeName> parse_type_name(Cursor& cursor);

}  // namespace penstock::sql
