// PostgreSQL's binary wire forms (the send and receive functions of its types), big-endian.
// Unsigned integers are 2, 4 and 8 bytes; mz_timestamp is its decimal text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/column.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::format {

// Whether values of the type have a binary form: lists and maps have none, nor what holds them.
// Error 42883.
Status check_binary_output(const types::SqlType& type);

// Appends a value that is not NULL, without its length. REQUIRES: check_binary_output(type).
void append_binary(const types::SqlType& type, const types::Datum& value, std::string& out);
void append_binary(const types::SqlType& type, const data::Column& column, size_t row,
                   std::string& out);

// Reads one value. Errors: 22P03 when the bytes are no such value, else as parse_text.
Result<types::Datum> parse_binary(const types::SqlType& type, std::string_view bytes);

}  // namespace penstock::format
