// FORMAT, INCLUDE and ENVELOPE clauses.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "sql/parse/ast_option.h"
#include "sql/parse/ast_statement_create.h"
#include "sql/parse/cursor.h"

namespace penstock::sql {

Result<Format> parse_format(Cursor& cursor);
// [FORMAT f | KEY FORMAT f VALUE FORMAT f]
Result<std::optional<FormatClause>> parse_format_clause(Cursor& cursor);
Result<std::vector<IncludeItem>> parse_include(Cursor& cursor);  // [INCLUDE item, …]
// From behind HEADER: 'k' AS n [BYTES]
Result<IncludeItem> parse_include_header(Cursor& cursor);
Result<std::optional<Envelope>> parse_source_envelope(Cursor& cursor);
Result<std::optional<Envelope>> parse_sink_envelope(Cursor& cursor);

}  // namespace penstock::sql
