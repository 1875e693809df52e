// SQL order and equality of two values of one type; a total order (NaN greatest and equal to
// itself, -0 = 0). NULLs are the caller's business.
#pragma once

#include <compare>

#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::types {

// REQUIRES: neither is NULL and both are of `type`.
std::strong_ordering compare_values(const SqlType& type, const Datum& left, const Datum& right);

}  // namespace penstock::types
