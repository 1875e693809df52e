// = <> < <= > >= on every type, IS DISTINCT FROM, IS NULL/TRUE/FALSE and NOT.
#include <cmath>
#include <concepts>
#include <cstring>

#include "expr/binary_kernel.h"
#include "expr/functions/families.h"
#include "expr/row_comparison.h"
#include "types/numeric.h"

namespace penstock::expr {
namespace {

using data::Column;
using data::Slice;
using types::Fixed16;
using types::TypeId;

std::string_view bytes_of(const Slice& slice) {
  return slice.view();
}
std::string_view bytes_of(const Fixed16& value) {
  return {value.data(), value.size()};
}

template <typename T>
bool same(const T& a, const T& b) {
  if constexpr (std::floating_point<T>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else {
    return a == b;
  }
}
template <typename T>
bool less(const T& a, const T& b) {
  if constexpr (std::floating_point<T>) {
    return a < b || (std::isnan(b) && !std::isnan(a));
  } else if constexpr (std::integral<T>) {
    return a < b;
  } else {
    return bytes_of(a) < bytes_of(b);
  }
}

// The six operators; `holds` is what they say of an ordering.
struct Equal {
  template <typename T>
  static bool apply(const T& a, const T& b, bool& out) {
    out = same(a, b);
    return true;
  }
  static bool holds(std::strong_ordering order) { return order == 0; }
};
struct NotEqual {
  template <typename T>
  static bool apply(const T& a, const T& b, bool& out) {
    out = !same(a, b);
    return true;
  }
  static bool holds(std::strong_ordering order) { return order != 0; }
};
struct Less {
  template <typename T>
  static bool apply(const T& a, const T& b, bool& out) {
    out = less(a, b);
    return true;
  }
  static bool holds(std::strong_ordering order) { return order < 0; }
};
struct LessOrEqual {
  template <typename T>
  static bool apply(const T& a, const T& b, bool& out) {
    out = !less(b, a);
    return true;
  }
  static bool holds(std::strong_ordering order) { return order <= 0; }
};
struct Greater {
  template <typename T>
  static bool apply(const T& a, const T& b, bool& out) {
    out = less(b, a);
    return true;
  }
  static bool holds(std::strong_ordering order) { return order > 0; }
};
struct GreaterOrEqual {
  template <typename T>
  static bool apply(const T& a, const T& b, bool& out) {
    out = !less(a, b);
    return true;
  }
  static bool holds(std::strong_ordering order) { return order >= 0; }
};

// The order of numerics; only of rows that are selected, since the bytes of others are no numbers.
template <typename Op>
void compare_numerics(KernelCall& call) {
  const Slice* a = call.arguments[0].values<Slice>();
  const Slice* b = call.arguments[1].values<Slice>();
  size_t step_a = call.arguments[0].is_constant() ? 0 : 1;
  size_t step_b = call.arguments[1].is_constant() ? 0 : 1;
  bool* out = call.out.values<bool>();
  call.rows.for_each([&](size_t row) {
    types::Numeric left = types::Numeric::decode(a[row * step_a].view());
    types::Numeric right = types::Numeric::decode(b[row * step_b].view());
    out[row] = Op::holds(left.compare(right));
  });
}

// For types whose bytes do not tell.
template <typename Op>
void compare_rows(KernelCall& call) {
  const types::SqlType& type = call.argument_types[0];
  RowComparison compare = row_comparison(type.id);
  const Column& a = call.arguments[0];
  const Column& b = call.arguments[1];
  bool* out = call.out.values<bool>();
  call.rows.for_each([&](size_t row) { out[row] = Op::holds(compare(type, a, row, b, row)); });
}

constexpr size_t kComparedTypes = 27;

template <typename Op, typename T>
constexpr FunctionSpec typed(std::string_view name, TypeId type) {
  return entry(name, {type, type}, TypeId::kBool, binary_kernel<Op, T, T, bool>());
}
template <typename Op>
constexpr FunctionSpec generic(std::string_view name, TypePattern type) {
  return entry(name, {type, type}, TypeId::kBool, batch_kernel(compare_rows<Op>));
}

template <typename Op>
constexpr FunctionSpec numerics(std::string_view name) {
  // A numeric has one encoding, so equality needs no decoding.
  if constexpr (std::same_as<Op, Equal> || std::same_as<Op, NotEqual>) {
    return typed<Op, Slice>(name, TypeId::kNumeric);
  } else {
    return entry(name, {TypeId::kNumeric, TypeId::kNumeric}, TypeId::kBool,
                 batch_kernel(compare_numerics<Op>));
  }
}

template <typename Op>
constexpr std::array<FunctionSpec, kComparedTypes> overloads(std::string_view name) {
  return {
      typed<Op, bool>(name, TypeId::kBool),
      typed<Op, int16_t>(name, TypeId::kInt2),
      typed<Op, int32_t>(name, TypeId::kInt4),
      typed<Op, int64_t>(name, TypeId::kInt8),
      typed<Op, uint16_t>(name, TypeId::kUInt2),
      typed<Op, uint32_t>(name, TypeId::kUInt4),
      typed<Op, uint64_t>(name, TypeId::kUInt8),
      typed<Op, float>(name, TypeId::kFloat4),
      typed<Op, double>(name, TypeId::kFloat8),
      numerics<Op>(name),
      typed<Op, Slice>(name, TypeId::kText),
      generic<Op>(name, TypeId::kBpchar),
      typed<Op, Slice>(name, TypeId::kChar),
      typed<Op, Slice>(name, TypeId::kName),
      typed<Op, Slice>(name, TypeId::kBytea),
      typed<Op, int32_t>(name, TypeId::kDate),
      typed<Op, int64_t>(name, TypeId::kTime),
      typed<Op, int64_t>(name, TypeId::kTimestamp),
      typed<Op, int64_t>(name, TypeId::kTimestampTz),
      generic<Op>(name, TypeId::kInterval),
      typed<Op, Fixed16>(name, TypeId::kUuid),
      generic<Op>(name, TypeId::kJsonb),
      typed<Op, uint32_t>(name, TypeId::kOid),
      typed<Op, uint64_t>(name, TypeId::kMzTimestamp),
      generic<Op>(name, kAnyArray),
      generic<Op>(name, kAnyRecord),
      generic<Op>(name, kAnyRange),
  };
}

void is_distinct_from(KernelCall& call) {
  const types::SqlType& type = call.argument_types[0];
  RowComparison compare = row_comparison(type.id);
  const Column& a = call.arguments[0];
  const Column& b = call.arguments[1];
  bool* out = call.out.values<bool>();
  call.rows.for_each([&](size_t row) {
    bool null_a = a.is_null(row);
    bool null_b = b.is_null(row);
    out[row] = null_a || null_b ? null_a != null_b : compare(type, a, row, b, row) != 0;
  });
}

void is_null(KernelCall& call) {
  bool* out = call.out.values<bool>();
  const Column& argument = call.arguments[0];
  if (!argument.has_nulls()) return;
  call.rows.for_each([&](size_t row) { out[row] = argument.is_null(row); });
}

bool is_true(std::optional<bool> value) {
  return value == true;
}
bool is_false(std::optional<bool> value) {
  return value == false;
}

struct Not {
  static bool apply(bool a, bool& out) {
    out = !a;
    return true;
  }
};

constexpr FunctionSpec kTests[] = {
    generic<Equal>("=", kAnyList),  // The one operator that compares lists.
    preserving_uniqueness(
        entry("not", {TypeId::kBool}, TypeId::kBool, unary_kernel<Not, bool, bool>())),
    seeing_nulls(entry("is_null", {kAny}, TypeId::kBool, batch_kernel(is_null)),
                 Nullability::kNever),
    entry("is_true", {TypeId::kBool}, TypeId::kBool, row_kernel<is_true>),
    entry("is_false", {TypeId::kBool}, TypeId::kBool, row_kernel<is_false>),
    seeing_nulls(entry("is_distinct_from", {kAnyCompatible, kAnyCompatible}, TypeId::kBool,
                       batch_kernel(is_distinct_from)),
                 Nullability::kNever),
};

constexpr size_t kNumFunctions = 6 * kComparedTypes + std::size(kTests);

constexpr std::array<FunctionSpec, kNumFunctions> all() {
  std::array<FunctionSpec, kNumFunctions> out;
  size_t next = 0;
  auto add = [&](const auto& some) {
    for (const FunctionSpec& function : some) out[next++] = function;
  };
  add(overloads<Equal>("="));
  add(overloads<NotEqual>("<>"));
  add(overloads<Less>("<"));
  add(overloads<LessOrEqual>("<="));
  add(overloads<Greater>(">"));
  add(overloads<GreaterOrEqual>(">="));
  add(kTests);
  return out;
}
constexpr std::array<FunctionSpec, kNumFunctions> kFunctions = all();

}  // namespace

std::span<const FunctionSpec> comparison_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
