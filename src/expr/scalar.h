// Bound scalar expressions: an immutable tree over the columns of one input row. Built by the
// binder, rewritten by the optimiser, run by the evaluator. Shared between threads as const.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/row_error.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::expr {

struct FunctionSpec;  // function_spec.h
struct ScalarExpr;
using ScalarRef = std::shared_ptr<const ScalarExpr>;

enum class ScalarKind : uint8_t {
  kColumn,        // The input's column `column`.
  kLiteral,       // `literal` (may be NULL).
  kErrorLiteral,  // Folded to an error: raises `error` where it is evaluated.
  kCall,          // `function` of `arguments`; casts are calls too.
  kAnd,           // Any false -> false, even beside an error; else error; else NULL; else true.
  kOr,            // Dually.
  kCase,          // arguments: condition, value, condition, value, ..., else (always present).
  kCoalesce,      // First argument that is not NULL; later ones are evaluated only where needed.
};

struct ScalarExpr {
  ScalarKind kind = ScalarKind::kLiteral;
  types::ColumnType type;
  size_t column = 0;
  types::Datum literal;
  data::RowError error;
  const FunctionSpec* function = nullptr;
  std::vector<ScalarRef> arguments;
};

ScalarRef column_ref(size_t column, types::ColumnType type);
ScalarRef literal(types::Datum value, types::SqlType type);
ScalarRef error_literal(data::RowError error, types::SqlType type);
ScalarRef call(const FunctionSpec& function, std::vector<ScalarRef> arguments,
               types::ColumnType type);
ScalarRef conjunction(
    std::vector<ScalarRef> arguments);  // kAnd; one argument is returned as it is.
ScalarRef disjunction(std::vector<ScalarRef> arguments);
ScalarRef case_when(std::vector<ScalarRef> arguments, types::ColumnType type);
ScalarRef coalesce(std::vector<ScalarRef> arguments, types::ColumnType type);

bool equal(const ScalarExpr& a, const ScalarExpr& b);
// Calls `visit(column)` for every column reference, each occurrence.
template <typename Visit>
void for_each_column(const ScalarExpr& expression, const Visit& visit) {
  if (expression.kind == ScalarKind::kColumn) visit(expression.column);
  for (const ScalarRef& argument : expression.arguments) for_each_column(*argument, visit);
}
// The tree with column i replaced by replacement[i]; or renumbered by mapping[i].
ScalarRef substitute(const ScalarRef& expression, const std::vector<ScalarRef>& replacement);
ScalarRef renumber(const ScalarRef& expression, const std::vector<size_t>& mapping);
// No column, no error literal, no call of a function that is not immutable.
bool is_constant(const ScalarExpr& expression);

}  // namespace penstock::expr
