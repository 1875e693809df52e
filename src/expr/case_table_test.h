// Tables of cases for functions and casts: {name, {arguments}, answer}. An argument is a type and a
// text form ("int4 -5", "text", "text[] {a}"), or "NULL int4". An answer is the text form of the
// result, NULL, or "! message" for an error.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "expr/cast_catalogue.h"
#include "expr/evaluator.h"
#include "expr/function_catalogue.h"
#include "types/text_io.h"
#include "types/type_name.h"

namespace penstock::expr {

// "int4", "text[]", "numeric(2)", '"char"'; "list<text>", "map<int4>", "record<int4,text>".
inline types::SqlType type_of(std::string name) {
  if (name.ends_with('>')) {
    size_t open = name.find('<');
    std::string inner = name.substr(open + 1, name.size() - open - 2);
    if (name.starts_with("list")) return types::SqlType::list_of(type_of(inner));
    if (name.starts_with("map")) return types::SqlType::map_of(type_of(inner));
    types::RecordFields fields;
    for (size_t comma = 0; comma != std::string::npos; inner.erase(0, comma + 1)) {
      comma = inner.find(',');
      fields.push_back(
          {"f" + std::to_string(fields.size() + 1), {type_of(inner.substr(0, comma)), true}});
      if (comma == std::string::npos) break;
    }
    return types::SqlType::record_of(std::move(fields));
  }
  if (name.ends_with("[]")) {
    return types::SqlType::array_of(type_of(name.substr(0, name.size() - 2)));
  }
  int32_t modifier = -1;
  if (size_t open = name.find('('); open != std::string::npos) {
    modifier = std::stoi(name.substr(open + 1));
    name.resize(open);
  }
  if (name == "\"char\"") return types::SqlType::of(types::TypeId::kChar);
  std::optional<types::SqlType> type = types::type_from_name(name);
  CHECK(type.has_value());
  type->modifier = modifier;
  return *type;
}

inline ScalarRef argument(const std::string& text) {
  if (text.starts_with("NULL ")) {
    return literal(types::Datum::null(), type_of(text.substr(5)));
  }
  size_t space = text.find(' ');
  types::SqlType type = type_of(text.substr(0, space));
  Result<types::Datum> value =
      types::parse_text(type, space == std::string::npos ? "" : text.substr(space + 1));
  if (!value) {
    ADD_FAILURE() << text << ": " << value.error().message;
    return literal(types::Datum::null(), type);
  }
  return literal(std::move(*value), type);
}

inline bool pattern_accepts(const TypePattern& pattern, const types::SqlType& type) {
  switch (pattern.kind) {
    case PatternKind::kExact:
      return type.id == pattern.type;
    case PatternKind::kArrayOf:
      return type.id == types::TypeId::kArray && type.element->id == pattern.type;
    case PatternKind::kRangeOf:
      return type.id == types::TypeId::kRange && type.element->id == pattern.type;
    case PatternKind::kAnyRecord:
      return type.id == types::TypeId::kRecord;
    case PatternKind::kAnyNonArray:
      return type.element == nullptr;
    default:
      return container_of(pattern.kind) == types::TypeId::kUnknown ||
             container_of(pattern.kind) == type.id;
  }
}

// The first overload that takes exactly these types; null when there is none.
inline const FunctionSpec* overload(std::string_view name,
                                    const std::vector<ScalarRef>& arguments) {
  for (const FunctionSpec* function : functions_named(name)) {
    if (!function->accepts_arity(arguments.size())) continue;
    bool fits = true;
    for (size_t i = 0; i < arguments.size(); ++i) {
      fits &= pattern_accepts(function->parameter(i), arguments[i]->type.type);
    }
    if (fits) return function;
  }
  return nullptr;
}

inline ScalarRef call_of(std::string_view name, std::vector<ScalarRef> arguments) {
  const FunctionSpec* function = overload(name, arguments);
  if (function == nullptr) {
    ADD_FAILURE() << "no overload of " << name;
    return literal(types::Datum::null(), types::SqlType::of(types::TypeId::kText));
  }
  std::vector<types::ColumnType> types;
  for (const ScalarRef& argument : arguments) types.push_back(argument->type);
  return call(*function, std::move(arguments), result_column_type(*function, types));
}

inline std::string answer(const ScalarRef& expression) {
  Result<types::Datum> value = evaluate_row(expression, {});
  if (!value) return "! " + value.error().message;
  if (value->is_null()) return "NULL";
  std::string out;
  types::append_text(expression->type.type, *value, out);
  return out;
}

struct FunctionCase {
  const char* function;
  std::vector<std::string> arguments;
  std::string answer;
};

inline void check_cases(const std::vector<FunctionCase>& cases) {
  for (const FunctionCase& one : cases) {
    std::string shown = one.function;
    std::vector<ScalarRef> arguments;
    for (const std::string& text : one.arguments) {
      shown += " [" + text + "]";
      arguments.push_back(argument(text));
    }
    SCOPED_TRACE(shown);
    EXPECT_EQ(answer(call_of(one.function, std::move(arguments))), one.answer) << shown;
  }
}

}  // namespace penstock::expr
