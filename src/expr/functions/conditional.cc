// GREATEST, LEAST and NULLIF over any type. CASE and COALESCE are kinds of expressions.
#include "expr/functions/families.h"
#include "expr/row_comparison.h"
#include "expr/row_kernel.h"

namespace penstock::expr {
namespace {

using data::Column;

// The greatest or least argument that is not NULL; the first of equals.
template <bool greatest>
void choose_extreme(KernelCall& call) {
  const types::SqlType& type = call.type;
  RowComparison compare = row_comparison(type.id);
  for (const Column& argument : call.arguments) call.out.keep_buffers(argument);
  call.rows.for_each([&](size_t row) {
    const Column* best = nullptr;
    for (const Column& argument : call.arguments) {
      if (argument.is_null(row)) continue;
      if (best != nullptr) {
        std::strong_ordering order = compare(type, argument, row, *best, row);
        if (greatest ? order <= 0 : order >= 0) continue;
      }
      best = &argument;
    }
    if (best != nullptr) {
      call.out.copy_value(row, *best, row);
    } else {
      call.out.set_null(row);
    }
  });
}

void null_if(KernelCall& call) {
  const types::SqlType& type = call.type;
  RowComparison compare = row_comparison(type.id);
  const Column& a = call.arguments[0];
  const Column& b = call.arguments[1];
  call.out.keep_buffers(a);
  call.rows.for_each([&](size_t row) {
    bool equal = !a.is_null(row) && !b.is_null(row) && compare(type, a, row, b, row) == 0;
    if (equal) {
      call.out.set_null(row);
    } else {
      call.out.copy_value(row, a, row);
    }
  });
}

constexpr FunctionSpec kFunctions[] = {
    seeing_nulls(variadic(entry("greatest", {kAnyCompatible, kAnyCompatible}, kAnyCompatible,
                                batch_kernel(choose_extreme<true>))),
                 Nullability::kOfAllArguments),
    seeing_nulls(variadic(entry("least", {kAnyCompatible, kAnyCompatible}, kAnyCompatible,
                                batch_kernel(choose_extreme<false>))),
                 Nullability::kOfAllArguments),
    seeing_nulls(
        entry("nullif", {kAnyCompatible, kAnyCompatible}, kAnyCompatible, batch_kernel(null_if)),
        Nullability::kAlways),
};

}  // namespace

std::span<const FunctionSpec> conditional_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
