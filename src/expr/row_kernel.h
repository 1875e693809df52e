// Makes kernels out of plain C++ functions of one row, and table entries out of those.
//
// row_kernel<f> reads each parameter of `f` from its column and writes what it returns:
//   bool, intN_t, uintN_t, float, double, Fixed16   the physical value
//   std::string_view (in), std::string (out), Bytes kinds
//   types with a Held<T> specialisation             Numeric, Interval
//   std::optional<T>    parameter: the function sees NULLs; result: may be NULL
//   Result<T>           the row may fail
// A first parameter `const KernelCall&` gives the types and the state.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "expr/function_spec.h"
#include "expr/kernel.h"

namespace penstock::expr {

// How a C++ type lies in a column.
template <typename T>
struct Held {
  static T read(const data::Column& column, size_t index) { return column.values<T>()[index]; }
  static void write(ColumnWriter& out, size_t row, T value) { out.values<T>()[row] = value; }
};
template <>
struct Held<std::string_view> {
  // The view may point into the column itself.
  static std::string_view read(const data::Column& column, size_t index) {
    return column.values<data::Slice>()[index].view();
  }
  static void write(ColumnWriter& out, size_t row, std::string_view value) {
    out.set_bytes(row, value);
  }
};
template <>
struct Held<std::string> {
  static void write(ColumnWriter& out, size_t row, const std::string& value) {
    out.set_bytes(row, value);
  }
};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsResult : std::false_type {};
template <typename T>
struct IsResult<Result<T>> : std::true_type {};

// The values of one argument.
template <typename T>
class ArgumentReader {
 public:
  explicit ArgumentReader(const data::Column& column)
      : column_(column), step_(column.is_constant() ? 0 : 1) {}
  T operator()(size_t row) const {
    if constexpr (IsOptional<T>::value) {
      if (column_.is_null(row)) return std::nullopt;
      return Held<typename T::value_type>::read(column_, row * step_);
    } else {
      return Held<T>::read(column_, row * step_);
    }
  }

 private:
  const data::Column& column_;
  size_t step_;
};

template <typename Value>
void write_result(const KernelCall& call, size_t row, Value&& value) {
  using Plain = std::remove_cvref_t<Value>;
  if constexpr (IsResult<Plain>::value) {
    if (value) {
      write_result(call, row, *std::forward<Value>(value));
    } else {
      call.fail(row, value.error());
    }
  } else if constexpr (IsOptional<Plain>::value) {
    if (value) {
      write_result(call, row, *std::forward<Value>(value));
    } else {
      call.out.set_null(row);
    }
  } else {
    Held<Plain>::write(call.out, row, value);
  }
}

template <typename Function>
struct RowSignature;
template <typename R, typename... A>
struct RowSignature<R (*)(A...)> {
  using Value = R;
  using Arguments = std::tuple<std::remove_cvref_t<A>...>;
  static constexpr bool kSeesCall = false;
};
template <typename R, typename... A>
struct RowSignature<R (*)(const KernelCall&, A...)> {
  using Value = R;
  using Arguments = std::tuple<std::remove_cvref_t<A>...>;
  static constexpr bool kSeesCall = true;
};

template <auto function, typename Arguments, size_t... I>
void run_rows(KernelCall& call, std::index_sequence<I...>) {
  CHECK_OP(==, call.arguments.size(), sizeof...(I));
  [[maybe_unused]] std::tuple<ArgumentReader<std::tuple_element_t<I, Arguments>>...> readers(
      ArgumentReader<std::tuple_element_t<I, Arguments>>(call.arguments[I])...);
  call.rows.for_each([&](size_t row) {
    if constexpr (RowSignature<decltype(function)>::kSeesCall) {
      write_result(call, row, function(std::as_const(call), std::get<I>(readers)(row)...));
    } else {
      write_result(call, row, function(std::get<I>(readers)(row)...));
    }
  });
}

// A kernel and what its C++ signature tells about it.
struct RowKernel {
  Kernel kernel = nullptr;
  bool can_fail = false;
  bool may_return_null = false;
  bool sees_nulls = false;
};

template <typename T>
constexpr bool may_be_null() {
  if constexpr (IsResult<T>::value) {
    return may_be_null<typename T::value_type>();
  } else {
    return IsOptional<T>::value;
  }
}
template <typename Arguments, size_t... I>
constexpr bool any_optional(std::index_sequence<I...>) {
  return (IsOptional<std::tuple_element_t<I, Arguments>>::value || ...);
}

template <auto function>
constexpr RowKernel make_row_kernel() {
  using Signature = RowSignature<decltype(function)>;
  using Arguments = typename Signature::Arguments;
  using Indices = std::make_index_sequence<std::tuple_size_v<Arguments>>;
  RowKernel out;
  out.kernel = [](KernelCall& call) { run_rows<function, Arguments>(call, Indices()); };
  out.can_fail = IsResult<typename Signature::Value>::value;
  out.may_return_null = may_be_null<typename Signature::Value>();
  out.sees_nulls = any_optional<Arguments>(Indices());
  return out;
}
template <auto function>
inline constexpr RowKernel row_kernel = make_row_kernel<function>();

// A table entry. What the kernel's signature tells is filled in; the rest by the modifiers below.
constexpr FunctionSpec entry(std::string_view name, std::initializer_list<TypePattern> parameters,
                             TypePattern result, RowKernel kernel) {
  FunctionSpec out;
  out.name = name;
  for (TypePattern parameter : parameters) {
    out.parameter_array[out.num_parameters++] = parameter;
  }
  out.result = result;
  out.kernel = kernel.kernel;
  out.can_fail = kernel.can_fail;
  out.may_return_null = kernel.may_return_null;
  if (kernel.may_return_null) out.nullability = Nullability::kAlways;
  if (kernel.sees_nulls) {
    out.null_policy = NullPolicy::kSeesNulls;
    if (!kernel.may_return_null) out.nullability = Nullability::kNever;
  }
  return out;
}
// A kernel over whole batches.
constexpr RowKernel batch_kernel(Kernel kernel) {
  return {.kernel = kernel};
}
constexpr RowKernel failing_batch_kernel(Kernel kernel) {
  return {.kernel = kernel, .can_fail = true};
}

constexpr FunctionSpec with_derived_type(FunctionSpec spec, DerivedType type) {
  spec.derived_type = type;
  return spec;
}
constexpr FunctionSpec preserving_uniqueness(FunctionSpec spec) {
  spec.preserves_uniqueness = true;
  return spec;
}
constexpr FunctionSpec variadic(FunctionSpec spec) {
  spec.variadic = true;
  return spec;
}
constexpr FunctionSpec with_nullability(FunctionSpec spec, Nullability nullability) {
  spec.nullability = nullability;
  spec.may_return_null = nullability == Nullability::kAlways;
  return spec;
}
constexpr FunctionSpec seeing_nulls(FunctionSpec spec, Nullability nullability) {
  spec.null_policy = NullPolicy::kSeesNulls;
  return with_nullability(spec, nullability);
}
constexpr FunctionSpec pass_through(FunctionSpec spec) {
  spec.pass_through = true;
  return spec;
}

}  // namespace penstock::expr
