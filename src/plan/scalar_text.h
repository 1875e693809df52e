// Scalar expressions as EXPLAIN shows them: columns as #n, operators between their operands.
#pragma once

#include <string>

#include "expr/scalar.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::plan {

std::string scalar_text(const expr::ScalarExpr& expression);
// 5, true, NULL; everything else in quotes.
std::string literal_text(const types::Datum& value, const types::SqlType& type);

}  // namespace penstock::plan
