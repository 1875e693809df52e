// Kernels of operators on fixed-width values: one tight loop over whole columns where that is
// cheaper than looking at the selection, with the operand that is constant kept in a register.
//
// An Op has `static bool apply(A, B, R& out)`, false where the row fails (out is then unspecified;
// it must not trap on any bits, since rows that are not selected are computed as well), and, if it
// can fail, `static Error error(A, B)`.
#pragma once

#include "expr/kernel.h"
#include "expr/row_kernel.h"

namespace penstock::expr {

// Below this share of selected rows, only they are computed.
inline constexpr size_t kDenseShare = 8;

template <typename Op, typename A, typename B, typename R>
bool apply_dense(const KernelCall& call, const A* a, const B* b, R* out) {
  size_t size = call.size;
  bool failed = false;
  if (call.arguments[1].is_constant() && size > 1) {
    B right = b[0];
    if (call.arguments[0].is_constant()) {
      A left = a[0];
      for (size_t row = 0; row < size; ++row) failed |= !Op::apply(left, right, out[row]);
      return !failed;
    }
    for (size_t row = 0; row < size; ++row) failed |= !Op::apply(a[row], right, out[row]);
    return !failed;
  }
  if (call.arguments[0].is_constant() && size > 1) {
    A left = a[0];
    for (size_t row = 0; row < size; ++row) failed |= !Op::apply(left, b[row], out[row]);
    return !failed;
  }
  for (size_t row = 0; row < size; ++row) failed |= !Op::apply(a[row], b[row], out[row]);
  return !failed;
}

template <typename Op, typename A, typename B, typename R>
void run_binary(KernelCall& call) {
  const A* a = call.arguments[0].values<A>();
  const B* b = call.arguments[1].values<B>();
  R* out = call.out.values<R>();
  bool dense = call.rows.count() * kDenseShare >= call.size;
  if (dense && apply_dense<Op, A, B, R>(call, a, b, out)) return;
  size_t step_a = call.arguments[0].is_constant() ? 0 : 1;
  size_t step_b = call.arguments[1].is_constant() ? 0 : 1;
  call.rows.for_each([&](size_t row) {
    A left = a[row * step_a];
    B right = b[row * step_b];
    if (!Op::apply(left, right, out[row])) {
      if constexpr (requires { Op::error(left, right); }) call.fail(row, Op::error(left, right));
    }
  });
}

// An Op of one operand: `static bool apply(A, R& out)` and `error(A)`.
template <typename Op, typename A, typename R>
void run_unary(KernelCall& call) {
  const A* a = call.arguments[0].values<A>();
  R* out = call.out.values<R>();
  size_t step = call.arguments[0].is_constant() ? 0 : 1;
  if (call.rows.count() * kDenseShare >= call.size) {
    bool failed = false;
    for (size_t row = 0; row < call.size; ++row) failed |= !Op::apply(a[row * step], out[row]);
    if (!failed) return;
  }
  call.rows.for_each([&](size_t row) {
    A value = a[row * step];
    if (!Op::apply(value, out[row])) {
      if constexpr (requires { Op::error(value); }) call.fail(row, Op::error(value));
    }
  });
}

template <typename Op, typename A, typename B, typename R>
constexpr RowKernel binary_kernel() {
  return {.kernel = run_binary<Op, A, B, R>, .can_fail = requires(A a, B b){Op::error(a, b);
}
};  // namespace penstock::expr
}
template <typename Op, typename A, typename R>
constexpr RowKernel unary_kernel() {
  return {.kernel = run_unary<Op, A, R>, .can_fail = requires(A a){Op::error(a);
}
}
;
}

}  // namespace penstock::expr
