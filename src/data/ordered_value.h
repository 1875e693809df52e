// One value as bytes whose memcmp order is the SQL order of its type: what SortKeyCodec writes for
// a column, and the parts of arrays, lists, maps, records and jsonb within it. Formats are in
// sort_key_codec.h.
#pragma once

#include <string>
#include <string_view>

#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::data {

// Whether what is read back is the very value, not only an equal one.
bool is_order_exact(const types::SqlType& type);

// REQUIRES: not NULL. No value's bytes are a prefix of another's of the type.
void append_ordered(const types::SqlType& type, const types::Datum& value, std::string& out);
// Takes a value that append_ordered wrote off the front of `bytes`.
types::Datum take_ordered(const types::SqlType& type, std::string_view& bytes);

void append_escaped(std::string_view text, std::string& out);
std::string_view without_trailing_blanks(std::string_view text);

}  // namespace penstock::data
