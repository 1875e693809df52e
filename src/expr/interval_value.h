// Intervals in columns, for kernels.
#pragma once

#include "expr/row_kernel.h"
#include "types/interval.h"

namespace penstock::expr {

template <>
struct Held<types::Interval> {
  static types::Interval read(const data::Column& column, size_t index) {
    return types::Interval::from_fixed16(column.values<types::Fixed16>()[index]);
  }
  static void write(ColumnWriter& out, size_t row, const types::Interval& value) {
    out.values<types::Fixed16>()[row] = value.to_fixed16();
  }
};

}  // namespace penstock::expr
