// Arrays: constructors, subscripts, functions.
#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "expr/functions/call_kernel.h"
#include "expr/functions/families.h"
#include "expr/utf8.h"
#include "types/array_value.h"
#include "types/compare.h"
#include "types/text_io.h"

namespace penstock::expr {
namespace {

using std::optional;
using std::string;
using std::string_view;
using types::ArrayDimension;
using types::ArrayValue;
using types::Datum;
using types::SqlType;
using types::TypeId;
using enum TypeId;

constexpr size_t kMaxArrayBytes = 268435455;

std::unexpected<Error> incompatible() {
  return fail(sql_state::kArraySubscript, "cannot concatenate incompatible arrays");
}
std::unexpected<Error> too_large() {
  return fail(sql_state::kProgramLimitExceeded,
              fmt::format("array size exceeds the maximum allowed ({} bytes)", kMaxArrayBytes));
}

ArrayValue array_at(const KernelCall& call, size_t argument, size_t row) {
  return types::decode_array(element_type(call, argument), call.arguments[argument].bytes(row));
}
bool same_value(const SqlType& type, const Datum& a, const Datum& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  return types::compare_values(type, a, b) == 0;
}

// --- constructors ---

string build_array(const KernelCall& call, size_t row) {
  std::vector<Datum> elements;
  elements.reserve(call.arguments.size());
  for (const data::Column& argument : call.arguments) elements.push_back(argument.datum(row));
  if (elements.empty()) return types::encode_array(*call.type.element, ArrayValue());
  return types::encode_array(*call.type.element, ArrayValue::one_dimensional(std::move(elements)));
}

// ARRAY[a, b] of arrays: one dimension more, if all have the same shape.
Result<string> build_nested_array(const KernelCall& call, size_t row) {
  ArrayValue out;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    ArrayValue inner;
    if (!call.arguments[i].is_null(row)) inner = array_at(call, i, row);
    std::vector<ArrayDimension> dimensions = inner.dimensions;
    if (i == 0) {
      out.dimensions = dimensions;
    } else if (dimensions != out.dimensions) {
      return fail(sql_state::kArraySubscript,
                  "multidimensional arrays must have array expressions with matching dimensions");
    }
    std::ranges::move(inner.elements, std::back_inserter(out.elements));
  }
  if (out.dimensions.empty()) return types::encode_array(*call.type.element, ArrayValue());
  if (out.dimensions.size() == types::kMaxArrayDimensions) {
    return fail(sql_state::kProgramLimitExceeded,
                fmt::format("number of array dimensions ({}) exceeds the maximum allowed ({})",
                            out.dimensions.size() + 1, types::kMaxArrayDimensions));
  }
  for (ArrayDimension& dimension : out.dimensions) dimension.lower = 1;
  out.dimensions.insert(out.dimensions.begin(), {static_cast<int32_t>(call.arguments.size()), 1});
  return types::encode_array(*call.type.element, out);
}

// --- subscripts ---

void subscript(KernelCall& call) {
  size_t num_subscripts = call.arguments.size() - 1;
  call.rows.for_each([&](size_t row) {
    ArrayValue array = array_at(call, 0, row);
    if (array.dimensions.size() != num_subscripts) return call.out.set_null(row);
    size_t position = 0;
    for (size_t i = 0; i < num_subscripts; ++i) {
      const ArrayDimension& dimension = array.dimensions[i];
      int64_t subscript = call.arguments[i + 1].value<int64_t>(row);
      if (subscript < dimension.lower || subscript - dimension.lower >= dimension.length) {
        return call.out.set_null(row);
      }
      position = position * static_cast<size_t>(dimension.length) +
                 static_cast<size_t>(subscript - dimension.lower);
    }
    call.out.set_datum(row, array.elements[position]);
  });
}

// a[i:j] of the first dimension, clamped.
string slice(const KernelCall& call, size_t row) {
  ArrayValue array = array_at(call, 0, row);
  const SqlType& element = element_type(call, 0);
  if (array.dimensions.empty()) return types::encode_array(element, ArrayValue());
  ArrayDimension& outer = array.dimensions[0];
  int64_t end = int64_t{outer.lower} + outer.length - 1;
  int64_t from = std::max(call.arguments[1].value<int64_t>(row), int64_t{outer.lower});
  int64_t to = std::min(call.arguments[2].value<int64_t>(row), end);
  if (from > to) return types::encode_array(element, ArrayValue());
  size_t stride = array.elements.size() / static_cast<size_t>(outer.length);
  auto begin = array.elements.begin() +
               static_cast<ptrdiff_t>(static_cast<size_t>(from - outer.lower) * stride);
  auto count = static_cast<ptrdiff_t>(static_cast<size_t>(to - from + 1) * stride);
  ArrayValue out;
  out.elements.assign(begin, begin + count);
  out.dimensions = array.dimensions;
  for (ArrayDimension& dimension : out.dimensions) dimension.lower = 1;
  out.dimensions[0].length = static_cast<int32_t>(to - from + 1);
  return types::encode_array(element, out);
}

// --- shape ---

optional<ArrayDimension> dimension_of(const KernelCall& call, size_t row) {
  ArrayValue array = array_at(call, 0, row);
  int64_t number = call.arguments[1].value<int64_t>(row);
  if (number < 1 || static_cast<size_t>(number) > array.dimensions.size()) return std::nullopt;
  return array.dimensions[static_cast<size_t>(number) - 1];
}
optional<int32_t> array_length(const KernelCall& call, size_t row) {
  optional<ArrayDimension> dimension = dimension_of(call, row);
  return dimension ? optional(dimension->length) : std::nullopt;
}
optional<int32_t> array_lower(const KernelCall& call, size_t row) {
  optional<ArrayDimension> dimension = dimension_of(call, row);
  return dimension ? optional(dimension->lower) : std::nullopt;
}
optional<int32_t> array_upper(const KernelCall& call, size_t row) {
  optional<ArrayDimension> dimension = dimension_of(call, row);
  return dimension ? optional(dimension->lower + dimension->length - 1) : std::nullopt;
}

// --- searching and changing ---

Result<optional<int32_t>> array_position(const KernelCall& call, size_t row) {
  if (call.arguments[0].is_null(row)) return optional<int32_t>();
  ArrayValue array = array_at(call, 0, row);
  if (array.dimensions.size() > 1) {
    return fail(sql_state::kFeatureNotSupported,
                "searching for elements in multidimensional arrays is not supported");
  }
  int64_t start = std::numeric_limits<int64_t>::min();
  if (call.arguments.size() == 3) {
    if (call.arguments[2].is_null(row)) {
      return fail(sql_state::kNullNotAllowed, "initial position must not be null");
    }
    start = call.arguments[2].value<int32_t>(row);
  }
  if (array.dimensions.empty()) return optional<int32_t>();
  Datum wanted = call.arguments[1].datum(row);
  for (size_t i = 0; i < array.elements.size(); ++i) {
    int64_t position = int64_t{array.dimensions[0].lower} + static_cast<int64_t>(i);
    if (position >= start && same_value(element_type(call, 0), array.elements[i], wanted)) {
      return static_cast<int32_t>(position);
    }
  }
  return optional<int32_t>();
}

Result<optional<string>> array_remove(const KernelCall& call, size_t row) {
  if (call.arguments[0].is_null(row)) return optional<string>();
  ArrayValue array = array_at(call, 0, row);
  const SqlType& element = element_type(call, 0);
  if (array.dimensions.size() > 1) {
    return fail(sql_state::kFeatureNotSupported,
                "removing elements from multidimensional arrays is not supported");
  }
  Datum unwanted = call.arguments[1].datum(row);
  size_t removed = std::erase_if(
      array.elements, [&](const Datum& value) { return same_value(element, value, unwanted); });
  if (array.elements.empty()) {
    array.dimensions.clear();
  } else {
    array.dimensions[0].length -= static_cast<int32_t>(removed);
  }
  return types::encode_array(element, array);
}

// Lengths of the dimensions from `first` on.
std::vector<int32_t> shape(const ArrayValue& array, size_t first) {
  std::vector<int32_t> lengths;
  for (size_t i = first; i < array.dimensions.size(); ++i) {
    lengths.push_back(array.dimensions[i].length);
  }
  return lengths;
}

// Two arrays laid end to end; or one that has a dimension less becomes the first or last element of
// the other.
Result<ArrayValue> join(ArrayValue a, ArrayValue b) {
  if (a.dimensions.empty()) return b;
  if (b.dimensions.empty()) return a;
  ArrayValue out;
  if (a.dimensions.size() == b.dimensions.size()) {
    if (shape(a, 1) != shape(b, 1)) return incompatible();
    out.dimensions = a.dimensions;
    out.dimensions[0].length += b.dimensions[0].length;
  } else if (a.dimensions.size() == b.dimensions.size() + 1) {
    if (shape(a, 1) != shape(b, 0)) return incompatible();
    out.dimensions = a.dimensions;
    ++out.dimensions[0].length;
  } else if (a.dimensions.size() + 1 == b.dimensions.size()) {
    if (shape(a, 0) != shape(b, 1)) return incompatible();
    out.dimensions = b.dimensions;
    ++out.dimensions[0].length;
  } else {
    return incompatible();
  }
  out.elements = std::move(a.elements);
  std::ranges::move(b.elements, std::back_inserter(out.elements));
  return out;
}
// A NULL array is as an empty one; two of them are NULL.
Result<optional<string>> array_cat(const KernelCall& call, size_t row) {
  bool null_a = call.arguments[0].is_null(row);
  bool null_b = call.arguments[1].is_null(row);
  if (null_a && null_b) return optional<string>();
  ArrayValue a = null_a ? ArrayValue() : array_at(call, 0, row);
  ArrayValue b = null_b ? ArrayValue() : array_at(call, 1, row);
  ASSIGN_OR_RETURN(ArrayValue out, join(std::move(a), std::move(b)));
  return types::encode_array(element_type(call, 0), out);
}

bool contains_elements(const SqlType& element, const ArrayValue& whole, const ArrayValue& part) {
  return std::ranges::all_of(part.elements, [&](const Datum& wanted) {
    return !wanted.is_null() && std::ranges::any_of(whole.elements, [&](const Datum& have) {
      return !have.is_null() && types::compare_values(element, have, wanted) == 0;
    });
  });
}
bool contains(const KernelCall& call, size_t row) {
  return contains_elements(element_type(call, 0), array_at(call, 0, row), array_at(call, 1, row));
}
bool contained(const KernelCall& call, size_t row) {
  return contains_elements(element_type(call, 0), array_at(call, 1, row), array_at(call, 0, row));
}

Result<string> array_fill(const KernelCall& call, size_t row) {
  auto refuse_null = [] {
    return fail(sql_state::kNullNotAllowed, "dimension array or low bound array must not be null");
  };
  if (call.arguments[1].is_null(row)) return refuse_null();
  ArrayValue lengths = array_at(call, 1, row);
  ArrayValue bounds;
  bool bounded = call.arguments.size() == 3;
  if (bounded) {
    if (call.arguments[2].is_null(row)) return refuse_null();
    bounds = array_at(call, 2, row);
    if (bounds.elements.size() != lengths.elements.size()) {
      return fail(sql_state::kArraySubscript, "wrong number of array subscripts");
    }
  }
  if (lengths.elements.size() > types::kMaxArrayDimensions) {
    return fail(sql_state::kProgramLimitExceeded,
                fmt::format("number of array dimensions ({}) exceeds the maximum allowed ({})",
                            lengths.elements.size(), types::kMaxArrayDimensions));
  }
  ArrayValue out;
  size_t total = lengths.elements.empty() ? 0 : 1;
  for (size_t i = 0; i < lengths.elements.size(); ++i) {
    const Datum& length = lengths.elements[i];
    if (length.is_null() || (bounded && bounds.elements[i].is_null())) {
      return fail(sql_state::kNullNotAllowed, "dimension values must not be null");
    }
    auto size = static_cast<size_t>(std::max<int64_t>(0, length.as_int()));
    if (__builtin_mul_overflow(total, size, &total) || total > kMaxArrayBytes) return too_large();
    int64_t lower = bounded ? bounds.elements[i].as_int() : 1;
    out.dimensions.push_back({static_cast<int32_t>(size), static_cast<int32_t>(lower)});
  }
  Datum value = call.arguments[0].datum(row);
  size_t value_bytes = 1 + types::physical_size(types::physical_kind(call.argument_types[0]));
  if (call.arguments[0].kind() == types::PhysicalKind::kBytes && !value.is_null()) {
    value_bytes = 1 + value.as_bytes().size();
  }
  if (total * value_bytes > kMaxArrayBytes) return too_large();
  if (total == 0) return types::encode_array(*call.type.element, ArrayValue());
  out.elements.assign(total, value);
  return types::encode_array(*call.type.element, out);
}

// --- texts ---

string array_to_string(const KernelCall& call, size_t row) {
  const SqlType& element = element_type(call, 0);
  string_view delimiter = call.arguments[1].bytes(row);
  bool show_nulls = call.arguments.size() == 3 && !call.arguments[2].is_null(row);
  string out;
  bool first = true;
  for (const Datum& value : array_at(call, 0, row).elements) {
    if (value.is_null() && !show_nulls) continue;
    if (!first) out += delimiter;
    first = false;
    if (value.is_null()) {
      out += call.arguments[2].bytes(row);
    } else {
      types::append_text(element, value, out);
    }
  }
  return out;
}
// Only the third argument may be NULL.
optional<string> array_to_string_nulls(const KernelCall& call, size_t row) {
  if (call.arguments[0].is_null(row) || call.arguments[1].is_null(row)) return std::nullopt;
  return array_to_string(call, row);
}

optional<string> string_to_array(const KernelCall& call, size_t row) {
  if (call.arguments[0].is_null(row)) return std::nullopt;
  string_view text = call.arguments[0].bytes(row);
  optional<string_view> null_text;
  if (call.arguments.size() == 3 && !call.arguments[2].is_null(row)) {
    null_text = call.arguments[2].bytes(row);
  }
  std::vector<Datum> elements;
  auto add = [&](string_view part) {
    elements.push_back(part == null_text ? Datum::null() : Datum::bytes(string(part)));
  };
  if (call.arguments[1].is_null(row)) {
    while (!text.empty()) {
      size_t bytes = character_bytes(text);
      add(text.substr(0, bytes));
      text.remove_prefix(bytes);
    }
  } else if (!text.empty()) {
    string_view delimiter = call.arguments[1].bytes(row);
    for (size_t found = 0; found != string_view::npos;) {
      found = delimiter.empty() ? string_view::npos : text.find(delimiter);
      add(text.substr(0, found));
      if (found != string_view::npos) text.remove_prefix(found + delimiter.size());
    }
  }
  ArrayValue out;
  if (!elements.empty()) out = ArrayValue::one_dimensional(std::move(elements));
  return types::encode_array(SqlType::of(kText), out);
}

constexpr TypePattern kTexts = array_of(kText);
constexpr TypePattern kInts = array_of(kInt4);

constexpr FunctionSpec kFunctions[] = {
    seeing_nulls(variadic(entry("array", {kAnyCompatibleArray}, kAnyCompatibleArray,
                                failing_call_kernel<build_nested_array>())),
                 Nullability::kNever),
    seeing_nulls(
        variadic(entry("array", {kAnyCompatible}, kAnyCompatibleArray, call_kernel<build_array>())),
        Nullability::kNever),
    with_nullability(variadic(entry("subscript", {kAnyArray, kInt8, kInt8}, kAnyElement,
                                    batch_kernel(subscript))),
                     Nullability::kAlways),
    with_nullability(entry("slice", {kAnyArray, kInt8, kInt8}, kAnyArray, call_kernel<slice>()),
                     Nullability::kAlways),
    with_nullability(entry("array_length", {kAnyArray, kInt8}, kInt4, call_kernel<array_length>()),
                     Nullability::kAlways),
    with_nullability(entry("array_lower", {kAnyArray, kInt8}, kInt4, call_kernel<array_lower>()),
                     Nullability::kAlways),
    with_nullability(entry("array_upper", {kAnyArray, kInt8}, kInt4, call_kernel<array_upper>()),
                     Nullability::kAlways),
    with_nulls(entry("array_position", {kAnyCompatibleArray, kAnyCompatible}, kInt4,
                     failing_call_kernel<array_position>())),
    with_nulls(entry("array_position", {kAnyCompatibleArray, kAnyCompatible, kInt4}, kInt4,
                     failing_call_kernel<array_position>())),
    with_nulls(entry("array_remove", {kAnyCompatibleArray, kAnyCompatible}, kAnyCompatibleArray,
                     failing_call_kernel<array_remove>())),
    with_nulls(entry("||", {kAnyCompatibleArray, kAnyCompatibleArray}, kAnyCompatibleArray,
                     failing_call_kernel<array_cat>())),
    with_nulls(entry("array_cat", {kAnyCompatibleArray, kAnyCompatibleArray}, kAnyCompatibleArray,
                     failing_call_kernel<array_cat>())),
    entry("@>", {kAnyArray, kAnyArray}, kBool, call_kernel<contains>()),
    entry("<@", {kAnyArray, kAnyArray}, kBool, call_kernel<contained>()),
    seeing_nulls(
        entry("array_fill", {kAnyElement, kInts}, kAnyArray, failing_call_kernel<array_fill>()),
        Nullability::kNever),
    seeing_nulls(entry("array_fill", {kAnyElement, kInts, kInts}, kAnyArray,
                       failing_call_kernel<array_fill>()),
                 Nullability::kNever),
    entry("array_to_string", {kAnyArray, kText}, kText, call_kernel<array_to_string>()),
    with_nulls(entry("array_to_string", {kAnyArray, kText, kText}, kText,
                     call_kernel<array_to_string_nulls>())),
    with_nulls(entry("string_to_array", {kText, kText}, kTexts, call_kernel<string_to_array>())),
    with_nulls(
        entry("string_to_array", {kText, kText, kText}, kTexts, call_kernel<string_to_array>())),
};

}  // namespace

std::span<const FunctionSpec> array_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
