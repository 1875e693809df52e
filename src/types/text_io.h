// A value's text form: what the output function prints and the input function reads. The session's
// time zone is always UTC. Formats differ from PostgreSQL where docs/reference/types.md says so.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::types {

// Reads `text` as a value of `type`, applying the type's modifier (rounding a numeric to its scale,
// refusing an over-long varchar). Errors: 22P02, 22007 for dates and times, 22003, 22008, 22001.
Result<Datum> parse_text(const SqlType& type, std::string_view text);

// Appends the output form of a value that is not NULL: bool as t/f, bpchar blank-padded.
void append_text(const SqlType& type, const Datum& value, std::string& out);

// The form of a cast to text: as append_text, but bool as true/false and bpchar without padding.
void append_cast_text(const SqlType& type, const Datum& value, std::string& out);

}  // namespace penstock::types
