// Kernels out of functions that look at the whole call: for values made of values, whose types tell
// what is in them.
#pragma once

#include "expr/row_kernel.h"

namespace penstock::expr {

// Runs a function of (call, row) that gives what write_result takes.
template <auto function>
void run_call(KernelCall& call) {
  call.rows.for_each([&](size_t row) { write_result(call, row, function(call, row)); });
}
template <auto function>
constexpr RowKernel call_kernel() {
  return batch_kernel(run_call<function>);
}
// One whose result may be an error.
template <auto function>
constexpr RowKernel failing_call_kernel() {
  return failing_batch_kernel(run_call<function>);
}

// NULLs in, and perhaps out.
constexpr FunctionSpec with_nulls(FunctionSpec spec) {
  return seeing_nulls(spec, Nullability::kAlways);
}

// Of the argument: what an array, list or range is of; a map's values.
inline const types::SqlType& element_type(const KernelCall& call, size_t argument) {
  CHECK(call.argument_types[argument].element != nullptr);
  return *call.argument_types[argument].element;
}

}  // namespace penstock::expr
