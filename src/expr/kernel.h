// What a kernel is given and how it answers. A kernel computes one function over the rows of a
// batch; it never throws and never sees a row with a failed argument, nor, if the function is
// strict, with a NULL one.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "data/column.h"
#include "data/rows.h"
#include "expr/column_writer.h"
#include "expr/evaluator.h"
#include "types/sql_type.h"

namespace penstock::expr {

// What a call keeps between batches: compiled patterns, parsed formats. Owned by the evaluator's
// node, so by one thread.
class KernelState {
 public:
  virtual ~KernelState() = default;
};

struct KernelCall {
  std::span<const data::Column> arguments;  // Each of `size` rows.
  std::span<const types::SqlType> argument_types;
  const types::SqlType& type;  // Of the result, with the modifier a cast applies.
  const data::Rows& rows;      // To compute. Others may be written too; they mean nothing.
  size_t size;
  ColumnWriter& out;
  EvalErrors& errors;
  std::unique_ptr<KernelState>& state;  // Null at first.

  // The row failed; its value is made zero.
  void fail(size_t row, data::RowError error) const {
    out.clear_value(row);
    errors.add(row, std::move(error));
  }
  void fail(size_t row, const Error& error) const {
    fail(row, data::RowError{error.state, error.message});
  }

  template <typename State>
  State& state_of() const {
    if (!state) state = std::make_unique<State>();
    return static_cast<State&>(*state);
  }
};

}  // namespace penstock::expr
