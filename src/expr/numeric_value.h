// Numerics in columns, for kernels.
#pragma once

#include "expr/row_kernel.h"
#include "types/numeric.h"

namespace penstock::expr {

template <>
struct Held<types::Numeric> {
  static types::Numeric read(const data::Column& column, size_t index) {
    return types::Numeric::decode(column.values<data::Slice>()[index].view());
  }
  static void write(ColumnWriter& out, size_t row, const types::Numeric& value) {
    std::string bytes;
    value.encode(bytes);
    out.set_bytes(row, bytes);
  }
};

}  // namespace penstock::expr
