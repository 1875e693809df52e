// Values between columns and their text form, without a Datum in between where that is cheap.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/column.h"
#include "types/sql_type.h"

namespace penstock::format {

// As types::append_text, from a cell that is not NULL.
void append_text(const types::SqlType& type, const data::Column& column, size_t row,
                 std::string& out);

// As types::parse_text, into a column: PostgreSQL's own output is the common case and fast.
// On an error nothing was appended.
Status append_parsed(const types::SqlType& type, std::string_view text,
                     data::ColumnBuilder& column);

// UTF-8 (RFC 3629) without NUL characters. Error 22021.
Status check_utf8(std::string_view text);

}  // namespace penstock::format
