// Binding of literals, names, logic and conditionals: see expression_binder.h.
#include "sql/bind/expression_binder.h"

#include <algorithm>
#include <charconv>

#include "expr/function_catalogue.h"
#include "sql/bind/overload.h"
#include "types/interval.h"
#include "types/text_io.h"

namespace penstock::sql {

using expr::CastContext;
using types::Datum;
using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

Result<BoundExprRef> Binder::bind_expr(const Expr& expr, const ExprContext& context) {
  Bound bound = std::visit(ExpressionBinder(*this, context, expr.range), expr.kind);
  if (!bound) return fail(positioned(std::move(bound).error(), expr.range));
  if ((*bound)->position != 0) return bound;
  return at_position(*bound, expr.range.begin + 1);
}

Result<BoundExprRef> Binder::bind_predicate(const Expr& expr, const ExprContext& context) {
  ASSIGN_OR_RETURN(BoundExprRef bound, bind_expr(expr, context));
  const TypeId type = bound->type.type.id;
  if (type != TypeId::kBool && type != TypeId::kUnknown) {
    return fail(
        positioned(Error(sql_state::kDatatypeMismatch, std::string(context.clause) +
                                                           " must have type boolean, not type " +
                                                           type_text(bound->type.type)),
                   expr.range));
  }
  return coerce(std::move(bound), SqlType::of(TypeId::kBool), CastContext::kImplicit,
                context.clause);
}

Result<BoundExprRef> Binder::bind_as(const Expr& expr, const ExprContext& context,
                                     const SqlType& type, CastContext cast) {
  ASSIGN_OR_RETURN(BoundExprRef bound, bind_towards(expr, context, type, cast));
  Bound coerced = coerce(std::move(bound), type, cast, context.clause);
  if (!coerced) return fail(positioned(std::move(coerced).error(), expr.range));
  return coerced;
}

Bound ExpressionBinder::bind(const Expr& expr) {
  return binder_.bind_expr(expr, context_);
}

Bound ExpressionBinder::bind_boolean(const Expr& expr, std::string_view construct) {
  ExprContext inner = context_;
  inner.clause = construct;
  ASSIGN_OR_RETURN(BoundExprRef bound, bind(expr));
  if (bound->type.type.id != TypeId::kBool && bound->type.type.id != TypeId::kUnknown) {
    return fail(positioned(Error(sql_state::kDatatypeMismatch,
                                 std::string(construct) + " must have type boolean, not type " +
                                     type_text(bound->type.type)),
                           expr.range));
  }
  return binder_.coerce(std::move(bound), SqlType::of(TypeId::kBool), CastContext::kImplicit,
                        construct);
}

Result<std::vector<BoundExprRef>> ExpressionBinder::bind_all(const std::vector<Expr>& exprs) {
  std::vector<BoundExprRef> out;
  for (const Expr& expr : exprs) {
    ASSIGN_OR_RETURN(BoundExprRef bound, bind(expr));
    out.push_back(std::move(bound));
  }
  return out;
}

std::unexpected<Error> ExpressionBinder::not_supported(const std::string& what) const {
  return fail(sql_state::kFeatureNotSupported, what + " not yet supported");
}

// --- literals ---

Bound ExpressionBinder::operator()(const NullLiteral&) {
  return bound_null(SqlType::of(TypeId::kUnknown));
}

Bound ExpressionBinder::operator()(const BoolLiteral& literal) {
  return bound_bool(literal.value);
}

Bound ExpressionBinder::operator()(const NumberLiteral& literal) {
  const std::string& text = literal.text;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) {
    const bool small = value >= INT32_MIN && value <= INT32_MAX;
    return bound_literal(Datum::integer(value), SqlType::of(small ? TypeId::kInt4 : TypeId::kInt8));
  }
  const SqlType numeric = SqlType::of(TypeId::kNumeric);
  ASSIGN_OR_RETURN(Datum datum, types::parse_text(numeric, text));
  return bound_literal(std::move(datum), numeric);
}

Bound ExpressionBinder::operator()(const StringLiteral& literal) {
  return bound_literal(Datum::bytes(literal.value), SqlType::of(TypeId::kUnknown));
}

namespace {

types::IntervalField field_of(IntervalField field) {
  switch (field) {
    case IntervalField::kYear:
      return types::IntervalField::kYear;
    case IntervalField::kMonth:
      return types::IntervalField::kMonth;
    case IntervalField::kDay:
      return types::IntervalField::kDay;
    case IntervalField::kHour:
      return types::IntervalField::kHour;
    case IntervalField::kMinute:
      return types::IntervalField::kMinute;
    case IntervalField::kSecond:
      return types::IntervalField::kSecond;
  }
  return types::IntervalField::kSecond;
}

}  // namespace

Bound ExpressionBinder::operator()(const IntervalLiteral& literal) {
  types::IntervalFields fields;
  if (literal.head && literal.tail) {
    fields.first = field_of(*literal.head);
    fields.last = field_of(*literal.tail);
  } else if (literal.head) {
    fields.last = field_of(*literal.head);
  }
  ASSIGN_OR_RETURN(types::Interval interval, types::parse_interval(literal.value, fields));
  return bound_literal(Datum::fixed16(interval.to_fixed16()), SqlType::of(TypeId::kInterval));
}

Bound ExpressionBinder::operator()(const Parameter& parameter) {
  BinderOptions& options = binder_.options_;
  if (options.in_view || parameter.number < 1 || parameter.number > kMaxParameters) {
    return fail(sql_state::kUndefinedParameter,
                "there is no parameter $" + std::to_string(parameter.number));
  }
  const size_t index = static_cast<size_t>(parameter.number - 1);
  if (options.parameter_types.size() <= index) options.parameter_types.resize(index + 1);
  const std::optional<SqlType>& type = options.parameter_types[index];
  if (options.parameter_values) {
    if (index >= options.parameter_values->size() || !type) {
      return fail(sql_state::kUndefinedParameter,
                  "there is no parameter $" + std::to_string(parameter.number));
    }
    return bound_literal((*options.parameter_values)[index], *type);
  }
  auto out = std::make_shared<BoundExpr>();
  out->kind = BoundExprKind::kParameter;
  out->parameter = parameter.number;
  out->type = {type.value_or(SqlType::of(TypeId::kUnknown)), true};
  return out;
}

Bound ExpressionBinder::operator()(const DefaultValue&) {
  return fail(sql_state::kSyntaxError, "DEFAULT is not allowed in this context");
}

// --- names ---

Bound ExpressionBinder::operator()(const ColumnRef& reference) {
  std::vector<std::string> parts;
  for (const Identifier& part : reference.parts) parts.push_back(part.text);
  Result<FoundColumn> column = find_column(context_.scopes, parts);
  if (!column && column.error().state == sql_state::kUndefinedColumn) {
    // The name of a table stands for its whole row.
    Result<FoundTable> table = find_table_columns(context_.scopes, parts);
    if (table) return bind_whole_row(*table);
  }
  if (!column) return fail(std::move(column).error());
  const FoundColumn found = *column;
  const ScopeChain* chain = context_.scopes;
  for (size_t level = 0; level < found.level; ++level) chain = chain->outer;
  return bound_column(found.level, found.column, chain->scope->columns[found.column].type);
}

Bound ExpressionBinder::operator()(const Wildcard&) {
  return fail(sql_state::kSyntaxError, "wildcard in invalid position");
}

// --- logic ---

Bound ExpressionBinder::operator()(const NotOp& node) {
  ASSIGN_OR_RETURN(BoundExprRef operand, bind_boolean(*node.operand, "NOT argument"));
  return bound_not(std::move(operand));
}

Bound ExpressionBinder::operator()(const LogicalOp& node) {
  const char* construct = node.conjunction ? "AND argument" : "OR argument";
  std::vector<BoundExprRef> operands;
  for (const Expr& operand : node.operands) {
    ASSIGN_OR_RETURN(BoundExprRef bound, bind_boolean(operand, construct));
    operands.push_back(std::move(bound));
  }
  return node.conjunction ? bound_and(std::move(operands)) : bound_or(std::move(operands));
}

Bound ExpressionBinder::operator()(const IsTest& node) {
  BoundExprRef test;
  if (node.test == TruthTest::kNull) {
    ASSIGN_OR_RETURN(BoundExprRef operand, bind(*node.operand));
    ASSIGN_OR_RETURN(operand, binder_.coerce_untyped(std::move(operand)));
    test = bound_is_null(std::move(operand));
  } else {
    ASSIGN_OR_RETURN(BoundExprRef operand, bind_boolean(*node.operand, "argument of IS"));
    switch (node.test) {
      case TruthTest::kTrue:
        test = bound_call(expr::function_of("is_true", {TypeId::kBool}), {std::move(operand)});
        break;
      case TruthTest::kFalse:
        test = bound_call(expr::function_of("is_false", {TypeId::kBool}), {std::move(operand)});
        break;
      default:
        test = bound_is_null(std::move(operand));
        break;
    }
  }
  return node.negated ? bound_not(std::move(test)) : test;
}

Bound ExpressionBinder::operator()(const Cast& node) {
  ASSIGN_OR_RETURN(std::optional<BoundExprRef> named, bind_reg_literal(node));
  if (named) return *std::move(named);
  ASSIGN_OR_RETURN(SqlType type, binder_.resolve_type(node.type));
  return bind_part_as(*node.operand, type, CastContext::kExplicit);
}

Bound ExpressionBinder::operator()(const Collate&) {
  return not_supported("COLLATE");
}

// --- conditionals ---

Bound ExpressionBinder::operator()(const CaseExpr& node) {
  std::vector<BoundExprRef> conditions;
  std::vector<BoundExprRef> values;
  for (const CaseArm& arm : node.arms) {
    BoundExprRef condition;
    if (node.operand) {
      ASSIGN_OR_RETURN(condition, compare("=", **node.operand, *arm.condition));
    } else {
      ASSIGN_OR_RETURN(condition, bind_boolean(*arm.condition, "CASE WHEN condition"));
    }
    conditions.push_back(std::move(condition));
    ASSIGN_OR_RETURN(BoundExprRef value, bind(*arm.result));
    values.push_back(std::move(value));
  }
  BoundExprRef otherwise = bound_null(SqlType::of(TypeId::kUnknown));
  if (node.otherwise) {
    ASSIGN_OR_RETURN(otherwise, bind(**node.otherwise));
  }
  values.push_back(std::move(otherwise));
  ASSIGN_OR_RETURN(values, binder_.coerce_to_common(std::move(values), "CASE"));
  std::vector<BoundExprRef> arguments;
  for (size_t i = 0; i < conditions.size(); ++i) {
    arguments.push_back(std::move(conditions[i]));
    arguments.push_back(values[i]);
  }
  arguments.push_back(values.back());
  return bound_case(std::move(arguments));
}

Bound ExpressionBinder::operator()(const Conditional& node) {
  ASSIGN_OR_RETURN(std::vector<BoundExprRef> arguments, bind_all(node.arguments));
  switch (node.kind) {
    case ConditionalKind::kCoalesce: {
      ASSIGN_OR_RETURN(arguments, binder_.coerce_to_common(std::move(arguments), "coalesce"));
      return arguments.size() == 1 ? arguments[0] : bound_coalesce(std::move(arguments));
    }
    case ConditionalKind::kNullif:
      return binder_.call_function("nullif", std::move(arguments));
    case ConditionalKind::kGreatest: {
      ASSIGN_OR_RETURN(arguments, binder_.coerce_to_common(std::move(arguments), "greatest"));
      return binder_.call_function("greatest", std::move(arguments));
    }
    case ConditionalKind::kLeast: {
      ASSIGN_OR_RETURN(arguments, binder_.coerce_to_common(std::move(arguments), "least"));
      return binder_.call_function("least", std::move(arguments));
    }
  }
  return not_supported("this conditional");
}

}  // namespace penstock::sql
