// SHOW, which may also stand in the place of a query.
#pragma once

#include <optional>

#include "base/result.h"
#include "sql/parse/ast_show.h"
#include "sql/parse/cursor.h"

namespace penstock::sql {

Result<ShowStatement> parse_show(Cursor& cursor);
// TABLE, MATERIALIZED VIEW, …: one object's kind, taken.
Result<ObjectType> parse_object_type(Cursor& cursor);
// TABLES, MATERIALIZED VIEWS, …; absent (and nothing taken) if the next words are none.
std::optional<ObjectType> accept_plural_object_type(Cursor& cursor);

}  // namespace penstock::sql
