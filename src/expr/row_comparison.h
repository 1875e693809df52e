// SQL order of two values in columns, chosen once per type: for functions that compare values of
// any type, where compare.h's owned Datums would be slow.
#pragma once

#include <compare>

#include "data/column.h"
#include "types/sql_type.h"

namespace penstock::expr {

// REQUIRES: neither value is NULL.
using RowComparison = std::strong_ordering (*)(const types::SqlType& type, const data::Column& a,
                                               size_t row_a, const data::Column& b, size_t row_b);

RowComparison row_comparison(types::TypeId type);

}  // namespace penstock::expr
