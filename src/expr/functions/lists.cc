// Lists: constructor, subscripts, slices, concatenation, containment.
#include <algorithm>
#include <iterator>

#include "expr/functions/call_kernel.h"
#include "expr/functions/families.h"
#include "types/compare.h"
#include "types/nested_value.h"

namespace penstock::expr {
namespace {

using std::optional;
using std::string;
using types::Datum;
using types::SqlType;
using enum types::TypeId;
using Elements = std::vector<Datum>;

Elements list_at(const KernelCall& call, size_t argument, size_t row) {
  return types::decode_list(element_type(call, argument), call.arguments[argument].bytes(row));
}

string build_list(const KernelCall& call, size_t row) {
  Elements elements;
  elements.reserve(call.arguments.size());
  for (const data::Column& argument : call.arguments) elements.push_back(argument.datum(row));
  return types::encode_list(*call.type.element, elements);
}

void subscript(KernelCall& call) {
  call.rows.for_each([&](size_t row) {
    optional<Datum> found = types::find_in_list(element_type(call, 0), call.arguments[0].bytes(row),
                                                call.arguments[1].value<int64_t>(row));
    if (found && !found->is_null()) {
      call.out.set_datum(row, *found);
    } else {
      call.out.set_null(row);
    }
  });
}

// The elements from..to, clamped, of a list; below it the next bounds for each of them.
string slice_layer(const KernelCall& call, size_t row, const SqlType& list, std::string_view bytes,
                   size_t bound) {
  Elements elements = types::decode_list(*list.element, bytes);
  int64_t from = std::max<int64_t>(call.arguments[bound].value<int64_t>(row), 1);
  int64_t to = std::min(call.arguments[bound + 1].value<int64_t>(row),
                        static_cast<int64_t>(elements.size()));
  if (from > to) return types::encode_list(*list.element, {});
  std::span<Datum> kept = std::span(elements).subspan(static_cast<size_t>(from - 1),
                                                      static_cast<size_t>(to - from + 1));
  if (bound + 2 < call.arguments.size()) {
    for (Datum& inner : kept) {
      if (inner.is_null()) continue;
      inner = Datum::bytes(slice_layer(call, row, *list.element, inner.as_bytes(), bound + 2));
    }
  }
  return types::encode_list(*list.element, kept);
}
string slice(const KernelCall& call, size_t row) {
  return slice_layer(call, row, call.argument_types[0], call.arguments[0].bytes(row), 1);
}

// --- concatenation ---

Result<string> within_limit(string list) {
  constexpr size_t kMaxListBytes = 268435455;
  if (list.size() <= kMaxListBytes) return list;
  return fail(sql_state::kProgramLimitExceeded,
              "list size exceeds the maximum allowed (268435455 bytes)");
}

// Two NULL lists are NULL; else a NULL list is as an empty one.
Result<optional<string>> list_cat(const KernelCall& call, size_t row) {
  bool null_a = call.arguments[0].is_null(row);
  bool null_b = call.arguments[1].is_null(row);
  if (null_a && null_b) return optional<string>();
  if (null_a) return string(call.arguments[1].bytes(row));
  Elements elements = list_at(call, 0, row);
  if (!null_b) std::ranges::move(list_at(call, 1, row), std::back_inserter(elements));
  return within_limit(types::encode_list(element_type(call, 0), elements));
}

template <size_t list>
Result<string> with_element(const KernelCall& call, size_t row) {
  constexpr size_t kElement = 1 - list;
  Elements elements;
  if (!call.arguments[list].is_null(row)) elements = list_at(call, list, row);
  elements.insert(list == 0 ? elements.end() : elements.begin(),
                  call.arguments[kElement].datum(row));
  return within_limit(types::encode_list(element_type(call, list), elements));
}

// --- questions ---

int32_t list_length(std::string_view list) {
  return static_cast<int32_t>(types::list_length(list));
}

// A NULL is in no list.
bool contains_elements(const SqlType& element, const Elements& whole, const Elements& part) {
  return std::ranges::all_of(part, [&](const Datum& wanted) {
    return !wanted.is_null() && std::ranges::any_of(whole, [&](const Datum& have) {
      return !have.is_null() && types::compare_values(element, have, wanted) == 0;
    });
  });
}
bool contains(const KernelCall& call, size_t row) {
  return contains_elements(element_type(call, 0), list_at(call, 0, row), list_at(call, 1, row));
}
bool contained(const KernelCall& call, size_t row) {
  return contains_elements(element_type(call, 0), list_at(call, 1, row), list_at(call, 0, row));
}

constexpr FunctionSpec append(std::string_view name) {
  return seeing_nulls(entry(name, {kAnyCompatibleList, kAnyCompatible}, kAnyCompatibleList,
                            failing_call_kernel<with_element<0>>()),
                      Nullability::kNever);
}
constexpr FunctionSpec prepend(std::string_view name) {
  return seeing_nulls(entry(name, {kAnyCompatible, kAnyCompatibleList}, kAnyCompatibleList,
                            failing_call_kernel<with_element<1>>()),
                      Nullability::kNever);
}
constexpr FunctionSpec concatenate(std::string_view name) {
  return with_nulls(entry(name, {kAnyCompatibleList, kAnyCompatibleList}, kAnyCompatibleList,
                          failing_call_kernel<list_cat>()));
}

constexpr FunctionSpec kFunctions[] = {
    seeing_nulls(
        variadic(entry("list", {kAnyCompatible}, kAnyCompatibleList, call_kernel<build_list>())),
        Nullability::kNever),
    with_nullability(entry("subscript", {kAnyList, kInt8}, kAnyElement, batch_kernel(subscript)),
                     Nullability::kAlways),
    with_nullability(
        variadic(entry("slice", {kAnyList, kInt8, kInt8}, kAnyList, call_kernel<slice>())),
        Nullability::kAlways),
    concatenate("||"),
    append("||"),
    prepend("||"),
    concatenate("list_cat"),
    append("list_append"),
    prepend("list_prepend"),
    entry("list_length", {kAnyList}, kInt4, row_kernel<list_length>),
    entry("@>", {kAnyList, kAnyList}, kBool, call_kernel<contains>()),
    entry("<@", {kAnyList, kAnyList}, kBool, call_kernel<contained>()),
};

}  // namespace

std::span<const FunctionSpec> list_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
