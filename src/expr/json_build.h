// JSON values out of SQL values of any type.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::expr {

// Appends the canonical JSON of a value; NULL becomes null. Booleans, numbers, arrays, lists
// and records keep their structure, everything else becomes a string of its text form. Error 22003:
// a float that numeric cannot hold.
Status append_json(const types::SqlType& type, const types::Datum& value, std::string& out);

}  // namespace penstock::expr
