// PostgreSQL's binary form of ranges: a byte of flags (range_value.h has the same), then each bound
// that there is as its length in 32 bits, big-endian, and its own binary form.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::format {

// `type` is the range's; `bytes` are range_value.h's.
void append_range_binary(const types::SqlType& type, std::string_view bytes, std::string& out);

// Errors: 22P03 for what is not such a form, and those of bounds and of types::make_range.
Result<types::Datum> parse_range_binary(const types::SqlType& type, std::string_view bytes);

}  // namespace penstock::format
