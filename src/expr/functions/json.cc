// Operators and functions on jsonb. A value is its canonical text, so taking it apart gives views
// into it and putting it together is concatenation.
#include <fmt/core.h>

#include <charconv>

#include "expr/functions/families.h"
#include "expr/json_build.h"
#include "expr/row_kernel.h"
#include "types/array_value.h"
#include "types/jsonb.h"
#include "types/text_io.h"

namespace penstock::expr {
namespace {

using std::optional;
using std::string;
using std::string_view;
using types::JsonKind;
using types::JsonReader;
using types::SqlType;
using types::TypeId;
using enum TypeId;

bool is_container(string_view json) {
  return json[0] == '[' || json[0] == '{';
}
bool is_array(string_view json) {
  return json[0] == '[';
}
bool is_object(string_view json) {
  return json[0] == '{';
}

// --- access ---

optional<string_view> member(string_view json, string_view key) {
  return types::jsonb_member(json, key);
}
// A scalar is an array of itself.
optional<string_view> element(string_view json, int64_t index) {
  if (!is_container(json)) {
    return index == 0 || index == -1 ? optional(json) : std::nullopt;
  }
  return types::jsonb_element(json, index);
}
// The text of a JSON value: a string without its quotes; null is NULL.
optional<string> text_of(optional<string_view> json) {
  if (!json || *json == "null") return std::nullopt;
  return json->front() == '"' ? types::jsonb_string(*json) : string(*json);
}
optional<string> member_text(string_view json, string_view key) {
  return text_of(member(json, key));
}
optional<string> element_text(string_view json, int64_t index) {
  return text_of(element(json, index));
}

optional<string_view> follow(string_view json, string_view path) {
  types::ArrayValue keys = types::decode_array(SqlType::of(kText), path);
  for (const types::Datum& key : keys.elements) {
    if (key.is_null()) return std::nullopt;
    const string& name = key.as_bytes();
    optional<string_view> next;
    if (is_object(json)) {
      next = types::jsonb_member(json, name);
    } else if (is_array(json)) {
      int64_t index = 0;
      const char* end = name.data() + name.size();
      if (std::from_chars(name.data(), end, index).ptr != end || name.empty()) {
        return std::nullopt;
      }
      next = types::jsonb_element(json, index);
    }
    if (!next) return std::nullopt;
    json = *next;
  }
  return json;
}
optional<string> follow_text(string_view json, string_view path) {
  return text_of(follow(json, path));
}

// --- containment ---

bool contains_value(string_view whole, string_view part, bool top) {
  if (is_array(whole) && is_array(part)) {
    for (JsonReader wanted(part); wanted.next();) {
      bool found = false;
      for (JsonReader have(whole); !found && have.next();) {
        found = contains_value(have.value(), wanted.value(), false);
      }
      if (!found) return false;
    }
    return true;
  }
  if (is_object(whole) && is_object(part)) {
    for (JsonReader wanted(part); wanted.next();) {
      optional<string_view> have = types::jsonb_member(whole, wanted.key());
      if (!have || !contains_value(*have, wanted.value(), false)) return false;
    }
    return true;
  }
  // Outermost, an array contains a scalar that is one of its elements.
  if (is_array(whole) && top && !is_container(part)) {
    for (JsonReader have(whole); have.next();) {
      if (have.value() == part) return true;
    }
    return false;
  }
  return whole == part;
}
bool contains(string_view whole, string_view part) {
  return contains_value(whole, part, true);
}
bool contained(string_view part, string_view whole) {
  return contains(whole, part);
}
Result<bool> contains_parsed(string_view whole, string_view part) {
  ASSIGN_OR_RETURN(string json, types::parse_jsonb(part));
  return contains(whole, json);
}
Result<bool> parsed_contains(string_view whole, string_view part) {
  ASSIGN_OR_RETURN(string json, types::parse_jsonb(whole));
  return contains(json, part);
}
Result<bool> parsed_contained(string_view part, string_view whole) {
  return contains_parsed(whole, part);
}
Result<bool> contained_parsed(string_view part, string_view whole) {
  return parsed_contains(whole, part);
}

bool has_key(string_view json, string_view key) {
  if (is_object(json)) return types::jsonb_member(json, key).has_value();
  string quoted;
  types::append_json_string(key, quoted);
  if (!is_array(json)) return json == quoted;
  for (JsonReader have(json); have.next();) {
    if (have.value() == quoted) return true;
  }
  return false;
}

// --- changing ---

string_view inside(string_view container) {
  return container.substr(1, container.size() - 2);
}

string join_arrays(string_view left_elements, string_view right_elements) {
  string out = "[";
  out += left_elements;
  if (!left_elements.empty() && !right_elements.empty()) out += ",";
  out += right_elements;
  out += "]";
  return out;
}
optional<string> concatenate(string_view a, string_view b) {
  if (is_object(a) && is_object(b)) {
    types::JsonObjectBuilder out;
    for (string_view object : {a, b}) {
      for (JsonReader from(object); from.next();) out.set(from.key(), from.value());
    }
    return out.finish();
  }
  if (!is_array(a) && !is_array(b)) return std::nullopt;
  return join_arrays(is_array(a) ? inside(a) : a, is_array(b) ? inside(b) : b);
}

optional<string> without_key(string_view json, string_view key) {
  if (is_object(json)) {
    types::JsonObjectBuilder out;
    for (JsonReader from(json); from.next();) {
      if (from.key() != key) out.set(from.key(), from.value());
    }
    return out.finish();
  }
  if (!is_array(json)) return std::nullopt;
  string quoted;
  types::append_json_string(key, quoted);
  string elements;
  for (JsonReader from(json); from.next();) {
    if (from.value() == quoted) continue;
    if (!elements.empty()) elements += ",";
    elements += from.value();
  }
  return "[" + elements + "]";
}

int64_t count_elements(string_view array) {
  int64_t count = 0;
  for (JsonReader from(array); from.next();) ++count;
  return count;
}
optional<string> without_element(string_view json, int64_t index) {
  if (!is_array(json)) return std::nullopt;
  if (index < 0) index += count_elements(json);
  string elements;
  int64_t at = 0;
  for (JsonReader from(json); from.next();) {
    if (at++ == index) continue;
    if (!elements.empty()) elements += ",";
    elements += from.value();
  }
  return "[" + elements + "]";
}

void append_stripped(string_view json, string& out) {
  if (is_object(json)) {
    out += "{";
    bool first = true;
    for (JsonReader from(json); from.next();) {
      if (from.value() == "null") continue;
      if (!first) out += ",";
      first = false;
      out += from.key_json();
      out += ":";
      append_stripped(from.value(), out);
    }
    out += "}";
  } else if (is_array(json)) {
    out += "[";
    bool first = true;
    for (JsonReader from(json); from.next();) {
      if (!first) out += ",";
      first = false;
      append_stripped(from.value(), out);
    }
    out += "]";
  } else {
    out += json;
  }
}
string strip_nulls(string_view json) {
  string out;
  append_stripped(json, out);
  return out;
}

constexpr size_t kIndent = 2;

void append_pretty(string_view json, size_t depth, string& out) {
  if (!is_container(json) || inside(json).empty()) {
    out += json;
    return;
  }
  bool object = is_object(json);
  out += object ? "{\n" : "[\n";
  bool first = true;
  for (JsonReader from(json); from.next();) {
    if (!first) out += ",\n";
    first = false;
    out.append((depth + 1) * kIndent, ' ');
    if (object) {
      out += from.key_json();
      out += ": ";
    }
    append_pretty(from.value(), depth + 1, out);
  }
  out += "\n";
  out.append(depth * kIndent, ' ');
  out += object ? "}" : "]";
}
string pretty(string_view json) {
  string out;
  append_pretty(json, 0, out);
  return out;
}

// --- asking and building ---

string_view type_name(string_view json) {
  switch (types::jsonb_kind(json)) {
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return "boolean";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
    case JsonKind::kNumber:
      return "number";
    case JsonKind::kNull:
      break;
  }
  return "null";
}
optional<int32_t> array_length(string_view json) {
  if (!is_array(json)) return std::nullopt;
  return static_cast<int32_t>(count_elements(json));
}

void to_jsonb(KernelCall& call) {
  string out;
  call.rows.for_each([&](size_t row) {
    out.clear();
    Status status = append_json(call.argument_types[0], call.arguments[0].datum(row), out);
    if (status) {
      call.out.set_bytes(row, out);
    } else {
      call.fail(row, status.error());
    }
  });
}

Result<string> build_array(const KernelCall& call, size_t row) {
  string out = "[";
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    if (i > 0) out += ",";
    RETURN_IF_ERROR(append_json(call.argument_types[i], call.arguments[i].datum(row), out));
  }
  return out + "]";
}

Result<string> build_object(const KernelCall& call, size_t row) {
  if (call.arguments.size() % 2 != 0) {
    return fail(sql_state::kInvalidParameterValue,
                "argument list must have even number of elements");
  }
  types::JsonObjectBuilder out;
  for (size_t i = 0; i < call.arguments.size(); i += 2) {
    if (call.arguments[i].is_null(row)) {
      return fail(sql_state::kNullNotAllowed, "key cannot be null");
    }
    string key;
    types::append_cast_text(call.argument_types[i], call.arguments[i].datum(row), key);
    string value;
    RETURN_IF_ERROR(
        append_json(call.argument_types[i + 1], call.arguments[i + 1].datum(row), value));
    out.set(key, value);
  }
  return out.finish();
}

template <auto build>
void build_rows(KernelCall& call) {
  call.rows.for_each([&](size_t row) { write_result(call, row, build(call, row)); });
}
template <auto build>
constexpr FunctionSpec builder(std::string_view name) {
  return seeing_nulls(
      variadic(entry(name, {kAny}, kJsonb, failing_batch_kernel(build_rows<build>))),
      Nullability::kNever);
}

constexpr FunctionSpec kFunctions[] = {
    entry("->", {kJsonb, kText}, kJsonb, row_kernel<member>),
    entry("->", {kJsonb, kInt8}, kJsonb, row_kernel<element>),
    entry("->>", {kJsonb, kText}, kText, row_kernel<member_text>),
    entry("->>", {kJsonb, kInt8}, kText, row_kernel<element_text>),
    entry("#>", {kJsonb, array_of(kText)}, kJsonb, row_kernel<follow>),
    entry("#>>", {kJsonb, array_of(kText)}, kText, row_kernel<follow_text>),
    entry("@>", {kJsonb, kJsonb}, kBool, row_kernel<contains>),
    entry("@>", {kJsonb, kText}, kBool, row_kernel<contains_parsed>),
    entry("@>", {kText, kJsonb}, kBool, row_kernel<parsed_contains>),
    entry("<@", {kJsonb, kJsonb}, kBool, row_kernel<contained>),
    entry("<@", {kJsonb, kText}, kBool, row_kernel<contained_parsed>),
    entry("<@", {kText, kJsonb}, kBool, row_kernel<parsed_contained>),
    entry("?", {kJsonb, kText}, kBool, row_kernel<has_key>),
    entry("||", {kJsonb, kJsonb}, kJsonb, row_kernel<concatenate>),
    entry("-", {kJsonb, kText}, kJsonb, row_kernel<without_key>),
    entry("-", {kJsonb, kInt8}, kJsonb, row_kernel<without_element>),
    entry("jsonb_array_length", {kJsonb}, kInt4, row_kernel<array_length>),
    entry("jsonb_typeof", {kJsonb}, kText, row_kernel<type_name>),
    entry("jsonb_strip_nulls", {kJsonb}, kJsonb, row_kernel<strip_nulls>),
    entry("jsonb_pretty", {kJsonb}, kText, row_kernel<pretty>),
    entry("to_jsonb", {kAny}, kJsonb, failing_batch_kernel(to_jsonb)),
    builder<build_array>("jsonb_build_array"),
    builder<build_object>("jsonb_build_object"),
};

}  // namespace

std::span<const FunctionSpec> json_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
