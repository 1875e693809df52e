// Result types of calls, from the signature's patterns.
#include "expr/function_spec.h"

#include <algorithm>
#include <optional>

namespace penstock::expr {
namespace {

using types::ColumnType;
using types::SqlType;
using types::TypeId;

// The T of a polymorphic signature, without modifier.
std::optional<SqlType> element_of_call(const FunctionSpec& function,
                                       std::span<const SqlType> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    PatternKind kind = function.parameter(i).kind;
    if (kind == PatternKind::kAnyElement || kind == PatternKind::kAnyCompatible) {
      SqlType out = arguments[i];
      out.modifier = -1;
      return out;
    }
    if (kind == PatternKind::kAnyArray || kind == PatternKind::kAnyCompatibleArray) {
      if (arguments[i].element) return *arguments[i].element;
    }
  }
  return std::nullopt;
}

}  // namespace

SqlType result_type(const FunctionSpec& function, std::span<const SqlType> arguments) {
  const TypePattern& result = function.result;
  switch (result.kind) {
    case PatternKind::kExact:
      return SqlType::of(result.type);
    case PatternKind::kArrayOf:
      return SqlType::array_of(SqlType::of(result.type));
    case PatternKind::kAny:
    case PatternKind::kAnyNonArray:
      break;
    case PatternKind::kAnyElement:
    case PatternKind::kAnyCompatible:
    case PatternKind::kAnyArray:
    case PatternKind::kAnyCompatibleArray: {
      std::optional<SqlType> element = element_of_call(function, arguments);
      CHECK(element.has_value());
      bool array =
          result.kind == PatternKind::kAnyArray || result.kind == PatternKind::kAnyCompatibleArray;
      return array ? SqlType::array_of(std::move(*element)) : std::move(*element);
    }
  }
  return SqlType::of(TypeId::kUnknown);
}

ColumnType result_column_type(const FunctionSpec& function, std::span<const ColumnType> arguments) {
  std::vector<SqlType> argument_types;
  argument_types.reserve(arguments.size());
  for (const ColumnType& argument : arguments) argument_types.push_back(argument.type);
  auto nullable = [](const ColumnType& argument) { return argument.nullable; };
  bool result = false;
  switch (function.nullability) {
    case Nullability::kOfArguments:
      result = std::ranges::any_of(arguments, nullable);
      break;
    case Nullability::kAlways:
      result = true;
      break;
    case Nullability::kNever:
      break;
    case Nullability::kOfAllArguments:
      result = std::ranges::all_of(arguments, nullable);
      break;
  }
  return {result_type(function, argument_types), result};
}

}  // namespace penstock::expr
