// See scalar_text.h.
#include "plan/scalar_text.h"

#include <cctype>

#include "expr/function_spec.h"
#include "types/text_io.h"

namespace penstock::plan {
namespace {

using expr::ScalarExpr;
using expr::ScalarKind;

std::string joined(const ScalarExpr& expression, const char* separator) {
  std::string out;
  for (size_t i = 0; i < expression.arguments.size(); ++i) {
    if (i > 0) out += separator;
    out += scalar_text(*expression.arguments[i]);
  }
  return out;
}

bool is_operator(std::string_view name) {
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) == 0 && name[0] != '_';
}

std::string call_text(const ScalarExpr& expression) {
  const std::string name(expression.function->name);
  const size_t count = expression.arguments.size();
  if (is_operator(name) && count == 2)
    return "(" + joined(expression, (" " + name + " ").c_str()) + ")";
  if (is_operator(name) && count == 1) return "(" + name + joined(expression, "") + ")";
  if (name == "is_null") return "(" + joined(expression, "") + " is null)";
  if (name == "not" && expression.arguments[0]->kind == ScalarKind::kCall) {
    const ScalarExpr& negated = *expression.arguments[0];
    const std::string_view inner = negated.function->name;
    if (inner == "is_null") return "(" + joined(negated, "") + " is not null)";
    if (inner == "is_distinct_from") {
      return "(" + joined(negated, " is not distinct from ") + ")";
    }
  }
  return name + "(" + joined(expression, ", ") + ")";
}

std::string case_text(const ScalarExpr& expression) {
  std::string out = "case";
  const auto& arguments = expression.arguments;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    out += " when " + scalar_text(*arguments[i]) + " then " + scalar_text(*arguments[i + 1]);
  }
  return out + " else " + scalar_text(*arguments.back()) + " end";
}

bool is_bare(types::TypeId id) {
  switch (id) {
    case types::TypeId::kBool:
    case types::TypeId::kInt2:
    case types::TypeId::kInt4:
    case types::TypeId::kInt8:
    case types::TypeId::kUInt2:
    case types::TypeId::kUInt4:
    case types::TypeId::kUInt8:
    case types::TypeId::kFloat4:
    case types::TypeId::kFloat8:
    case types::TypeId::kNumeric:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string literal_text(const types::Datum& value, const types::SqlType& type) {
  if (value.is_null()) return "null";
  std::string text;
  if (type.id == types::TypeId::kUnknown) return "'" + value.as_bytes() + "'";
  types::append_cast_text(type, value, text);
  return is_bare(type.id) ? text : "'" + text + "'";
}

std::string scalar_text(const ScalarExpr& expression) {
  switch (expression.kind) {
    case ScalarKind::kColumn:
      return "#" + std::to_string(expression.column);
    case ScalarKind::kLiteral:
      return literal_text(expression.literal, expression.type.type);
    case ScalarKind::kErrorLiteral:
      return "error(" + expression.error.message + ")";
    case ScalarKind::kCall:
      return call_text(expression);
    case ScalarKind::kAnd:
      return "(" + joined(expression, " and ") + ")";
    case ScalarKind::kOr:
      return "(" + joined(expression, " or ") + ")";
    case ScalarKind::kCase:
      return case_text(expression);
    case ScalarKind::kCoalesce:
      return "coalesce(" + joined(expression, ", ") + ")";
  }
  return "?";
}

}  // namespace penstock::plan
