// Maps: constructors, access by key, containment.
#include <algorithm>

#include "expr/functions/call_kernel.h"
#include "expr/functions/families.h"
#include "types/array_value.h"
#include "types/compare.h"
#include "types/nested_value.h"

namespace penstock::expr {
namespace {

using std::optional;
using std::string;
using std::string_view;
using types::Datum;
using types::MapEntry;
using types::SqlType;
using types::TypeId;
using enum TypeId;

// --- constructors ---

bool is_text(TypeId type) {
  return type == kText || type == kVarchar || type == kName;
}

// Keys and values in turn.
optional<SqlType> type_of_map(std::span<const types::ColumnType> arguments) {
  if (arguments.size() < 2 || arguments.size() % 2 != 0) return std::nullopt;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    if (!is_text(arguments[i].type.id)) return std::nullopt;
    if (!types::same_base_type(arguments[i + 1].type, arguments[1].type)) return std::nullopt;
  }
  return SqlType::map_of(types::without_modifier(arguments[1].type));
}
string build_map(const KernelCall& call, size_t row) {
  std::vector<MapEntry> entries;
  for (size_t i = 0; i + 1 < call.arguments.size(); i += 2) {
    if (call.arguments[i].is_null(row)) continue;
    entries.emplace_back(call.arguments[i].bytes(row), call.arguments[i + 1].datum(row));
  }
  return types::encode_map(*call.type.element, std::move(entries));
}

// Of a list of records of a text and a value.
optional<SqlType> type_of_map_build(std::span<const types::ColumnType> arguments) {
  const SqlType& list = arguments[0].type;
  if (list.id != kList || list.element->id != kRecord) return std::nullopt;
  const types::RecordFields& fields = *list.element->fields;
  if (fields.size() != 2 || !is_text(fields[0].type.type.id)) return std::nullopt;
  return SqlType::map_of(types::without_modifier(fields[1].type.type));
}
string map_build(const KernelCall& call, size_t row) {
  const SqlType& record = element_type(call, 0);
  std::vector<MapEntry> entries;
  for (const Datum& pair : types::decode_list(record, call.arguments[0].bytes(row))) {
    if (pair.is_null()) continue;
    std::vector<Datum> values = types::decode_record(*record.fields, pair.as_bytes());
    if (!values[0].is_null()) entries.emplace_back(values[0].as_bytes(), std::move(values[1]));
  }
  return types::encode_map(*call.type.element, std::move(entries));
}

// --- keys ---

void value_of_key(KernelCall& call) {
  call.rows.for_each([&](size_t row) {
    optional<Datum> found = types::find_in_map(element_type(call, 0), call.arguments[0].bytes(row),
                                               call.arguments[1].bytes(row));
    if (found && !found->is_null()) {
      call.out.set_datum(row, *found);
    } else {
      call.out.set_null(row);
    }
  });
}
bool has(const KernelCall& call, size_t row, string_view key) {
  return types::find_in_map(element_type(call, 0), call.arguments[0].bytes(row), key).has_value();
}
bool has_key(const KernelCall& call, size_t row) {
  return has(call, row, call.arguments[1].bytes(row));
}
// NULL is no key.
template <bool all>
bool has_keys(const KernelCall& call, size_t row) {
  types::ArrayValue keys = types::decode_array(SqlType::of(kText), call.arguments[1].bytes(row));
  auto is_there = [&](const Datum& key) {
    return !key.is_null() && has(call, row, key.as_bytes());
  };
  return all ? std::ranges::all_of(keys.elements, is_there)
             : std::ranges::any_of(keys.elements, is_there);
}
int32_t map_length(string_view map) {
  return static_cast<int32_t>(types::map_length(map));
}

// --- containment ---

// Whether every entry of one map is in the other. Two NULL values are equal here.
bool contains_entries(const SqlType& value, string_view whole, string_view part) {
  return std::ranges::all_of(types::decode_map(value, part), [&](const MapEntry& wanted) {
    optional<Datum> have = types::find_in_map(value, whole, wanted.first);
    if (!have) return false;
    if (have->is_null() || wanted.second.is_null()) {
      return have->is_null() && wanted.second.is_null();
    }
    return types::compare_values(value, *have, wanted.second) == 0;
  });
}
bool contains(const KernelCall& call, size_t row) {
  return contains_entries(element_type(call, 0), call.arguments[0].bytes(row),
                          call.arguments[1].bytes(row));
}
bool contained(const KernelCall& call, size_t row) {
  return contains_entries(element_type(call, 0), call.arguments[1].bytes(row),
                          call.arguments[0].bytes(row));
}

constexpr TypePattern kTexts = array_of(kText);

constexpr FunctionSpec kFunctions[] = {
    with_derived_type(
        seeing_nulls(variadic(entry("map", {kText, kAny}, kAnyMap, call_kernel<build_map>())),
                     Nullability::kNever),
        type_of_map),
    with_derived_type(entry("map_build", {kAnyList}, kAnyMap, call_kernel<map_build>()),
                      type_of_map_build),
    with_nullability(entry("->", {kAnyMap, kText}, kAnyElement, batch_kernel(value_of_key)),
                     Nullability::kAlways),
    entry("?", {kAnyMap, kText}, kBool, call_kernel<has_key>()),
    entry("?&", {kAnyMap, kTexts}, kBool, call_kernel<has_keys<true>>()),
    entry("?|", {kAnyMap, kTexts}, kBool, call_kernel<has_keys<false>>()),
    entry("@>", {kAnyMap, kAnyMap}, kBool, call_kernel<contains>()),
    entry("<@", {kAnyMap, kAnyMap}, kBool, call_kernel<contained>()),
    entry("map_length", {kAnyMap}, kInt4, row_kernel<map_length>),
};

}  // namespace

std::span<const FunctionSpec> map_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
