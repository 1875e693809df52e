// Constant folding and the replacement of calls that depend on the statement.
#include "expr/fold.h"

#include <algorithm>

#include "expr/evaluator.h"
#include "expr/function_spec.h"

namespace penstock::expr {
namespace {

bool is_literal(const ScalarExpr& expression) {
  return expression.kind == ScalarKind::kLiteral;
}
bool is_bool_literal(const ScalarExpr& expression, bool value) {
  return is_literal(expression) && !expression.literal.is_null() &&
         expression.literal.as_bool() == value;
}
bool is_null_literal(const ScalarExpr& expression) {
  return is_literal(expression) && expression.literal.is_null();
}
bool is_known(const ScalarExpr& expression) {
  return is_literal(expression) || expression.kind == ScalarKind::kErrorLiteral;
}

ScalarRef evaluated(const ScalarRef& expression) {
  Result<types::Datum> value = evaluate_row(expression, {});
  if (!value) {
    return error_literal({value.error().state, value.error().message}, expression->type.type);
  }
  return literal(std::move(*value), expression->type.type);
}

ScalarRef with_arguments(const ScalarRef& expression, std::vector<ScalarRef> arguments) {
  if (std::ranges::equal(expression->arguments, arguments)) return expression;
  ScalarExpr out = *expression;
  out.arguments = std::move(arguments);
  return std::make_shared<const ScalarExpr>(std::move(out));
}

ScalarRef fold_logic(const ScalarRef& expression, std::vector<ScalarRef> arguments) {
  bool conjunction = expression->kind == ScalarKind::kAnd;
  std::vector<ScalarRef> kept;
  for (ScalarRef& argument : arguments) {
    if (is_bool_literal(*argument, !conjunction)) return argument;  // It decides.
    if (!is_bool_literal(*argument, conjunction)) kept.push_back(std::move(argument));
  }
  if (kept.empty()) {
    return literal(types::Datum::boolean(conjunction), expression->type.type);
  }
  if (kept.size() == 1) return std::move(kept[0]);
  bool known = std::ranges::all_of(kept, [](const auto& a) { return is_known(*a); });
  ScalarRef out = with_arguments(expression, std::move(kept));
  return known ? evaluated(out) : out;
}

ScalarRef fold_case(const ScalarRef& expression, std::vector<ScalarRef> arguments) {
  std::vector<ScalarRef> kept;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    ScalarRef condition = fold_constants(arguments[i]);
    if (is_null_literal(*condition) || is_bool_literal(*condition, false)) continue;
    if (is_bool_literal(*condition, true)) {
      kept.push_back(fold_constants(arguments[i + 1]));
      break;
    }
    kept.push_back(std::move(condition));
    kept.push_back(fold_constants(arguments[i + 1]));
  }
  if (kept.size() % 2 == 0) kept.push_back(fold_constants(arguments.back()));
  if (kept.size() == 1) return std::move(kept[0]);
  // An error that every row meets first is the answer.
  if (kept[0]->kind == ScalarKind::kErrorLiteral) {
    return error_literal(kept[0]->error, expression->type.type);
  }
  return with_arguments(expression, std::move(kept));
}

ScalarRef fold_coalesce(const ScalarRef& expression, std::vector<ScalarRef> arguments) {
  std::vector<ScalarRef> kept;
  for (ScalarRef& argument : arguments) {
    if (is_null_literal(*argument)) continue;
    bool last = is_known(*argument) || !argument->type.nullable;
    kept.push_back(std::move(argument));
    if (last && !can_fail(*kept.back())) break;
    if (is_known(*kept.back())) break;
  }
  if (kept.empty()) return literal(types::Datum::null(), expression->type.type);
  return kept.size() == 1 ? std::move(kept[0]) : with_arguments(expression, std::move(kept));
}

ScalarRef fold_call(const ScalarRef& expression, std::vector<ScalarRef> arguments) {
  const FunctionSpec& function = *expression->function;
  bool strict = function.null_policy == NullPolicy::kStrict;
  bool constant = true;
  bool null = false;
  const ScalarExpr* greatest = nullptr;  // Of the arguments that are error literals.
  for (const ScalarRef& argument : arguments) {
    constant &= is_known(*argument);
    null |= is_null_literal(*argument);
    if (argument->kind != ScalarKind::kErrorLiteral) continue;
    if (greatest == nullptr || greatest->error < argument->error) greatest = argument.get();
  }
  if (constant && greatest != nullptr) {
    return error_literal(greatest->error, expression->type.type);
  }
  ScalarRef call = with_arguments(expression, std::move(arguments));
  if (constant && function.volatility == Volatility::kImmutable) return evaluated(call);
  // A NULL argument decides where nothing beside it can fail.
  bool quiet = std::ranges::none_of(call->arguments, [](const auto& a) { return can_fail(*a); });
  if (strict && null && quiet) return literal(types::Datum::null(), expression->type.type);
  return call;
}

}  // namespace

ScalarRef fold_constants(const ScalarRef& expression) {
  if (expression->arguments.empty() && expression->kind != ScalarKind::kCall) return expression;
  if (expression->kind == ScalarKind::kCase) return fold_case(expression, expression->arguments);
  std::vector<ScalarRef> arguments;
  arguments.reserve(expression->arguments.size());
  for (const ScalarRef& argument : expression->arguments) {
    arguments.push_back(fold_constants(argument));
  }
  switch (expression->kind) {
    case ScalarKind::kAnd:
    case ScalarKind::kOr:
      return fold_logic(expression, std::move(arguments));
    case ScalarKind::kCoalesce:
      return fold_coalesce(expression, std::move(arguments));
    default:
      return fold_call(expression, std::move(arguments));
  }
}

Result<ScalarRef> resolve_statement_calls(const ScalarRef& expression,
                                          const StatementContext& context) {
  std::vector<ScalarRef> arguments;
  arguments.reserve(expression->arguments.size());
  for (const ScalarRef& argument : expression->arguments) {
    ASSIGN_OR_RETURN(ScalarRef resolved, resolve_statement_calls(argument, context));
    arguments.push_back(std::move(resolved));
  }
  ScalarRef out = with_arguments(expression, std::move(arguments));
  if (out->function == nullptr) return out;
  const FunctionSpec& function = *out->function;
  if (function.volatility == Volatility::kImmutable) return out;
  if (function.volatility == Volatility::kLogicalTime && !context.logical_time_ms) return out;
  std::vector<types::Datum> values;
  for (const ScalarRef& argument : out->arguments) {
    ScalarRef folded = fold_constants(argument);
    if (folded->kind == ScalarKind::kErrorLiteral) {
      return fail(folded->error.state, folded->error.message);
    }
    if (!is_literal(*folded)) {
      return fail(sql_state::kFeatureNotSupported,
                  std::string(function.name) + " of a column not yet supported");
    }
    if (folded->literal.is_null() && function.null_policy == NullPolicy::kStrict) {
      return literal(types::Datum::null(), out->type.type);
    }
    values.push_back(folded->literal);
  }
  ASSIGN_OR_RETURN(types::Datum value, function.statement_value(context, values));
  return literal(std::move(value), out->type.type);
}

const FunctionSpec* find_volatile_call(const ScalarExpr& expression) {
  if (expression.function != nullptr && expression.function->volatility != Volatility::kImmutable) {
    return expression.function;
  }
  for (const ScalarRef& argument : expression.arguments) {
    if (const FunctionSpec* found = find_volatile_call(*argument)) return found;
  }
  return nullptr;
}

}  // namespace penstock::expr
