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
      return types::without_modifier(arguments[i]);
    }
    if (container_of(kind) != TypeId::kUnknown && arguments[i].element) {
      return *arguments[i].element;
    }
  }
  return std::nullopt;
}

}  // namespace

TypeId container_of(PatternKind kind) {
  switch (kind) {
    case PatternKind::kAnyArray:
    case PatternKind::kAnyCompatibleArray:
      return TypeId::kArray;
    case PatternKind::kAnyList:
    case PatternKind::kAnyCompatibleList:
      return TypeId::kList;
    case PatternKind::kAnyMap:
      return TypeId::kMap;
    case PatternKind::kAnyRange:
      return TypeId::kRange;
    default:
      return TypeId::kUnknown;
  }
}

SqlType contained(TypeId container, SqlType element) {
  if (container == TypeId::kArray) return SqlType::array_of(std::move(element));
  if (container == TypeId::kList) return SqlType::list_of(std::move(element));
  if (container == TypeId::kMap) return SqlType::map_of(std::move(element));
  if (container == TypeId::kRange) return SqlType::range_of(std::move(element));
  return element;
}

SqlType result_type(const FunctionSpec& function, std::span<const SqlType> arguments) {
  if (function.derived_type != nullptr) {
    std::vector<ColumnType> columns;
    for (const SqlType& argument : arguments) columns.push_back({argument, true});
    return function.derived_type(columns).value_or(SqlType::of(TypeId::kUnknown));
  }
  const TypePattern& result = function.result;
  switch (result.kind) {
    case PatternKind::kExact:
      return SqlType::of(result.type);
    case PatternKind::kArrayOf:
      return SqlType::array_of(SqlType::of(result.type));
    case PatternKind::kRangeOf:
      return SqlType::range_of(SqlType::of(result.type));
    case PatternKind::kAny:
    case PatternKind::kAnyNonArray:
    case PatternKind::kAnyRecord:
      break;
    default: {
      std::optional<SqlType> element = element_of_call(function, arguments);
      CHECK(element.has_value());
      return contained(container_of(result.kind), std::move(*element));
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
  if (function.derived_type != nullptr) {
    return {function.derived_type(arguments).value_or(SqlType::of(TypeId::kUnknown)), result};
  }
  return {result_type(function, argument_types), result};
}

}  // namespace penstock::expr
