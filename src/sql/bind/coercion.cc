// Bringing bound expressions to types: literals, parameters, casts, common types, and calls.
#include <algorithm>

#include "expr/function_catalogue.h"
#include "sql/bind/binder.h"
#include "sql/bind/overload.h"
#include "types/text_io.h"

namespace penstock::sql {
namespace {

using expr::CastContext;
using types::SqlType;
using types::TypeId;

bool is_untyped(const BoundExpr& expression) {
  return expression.type.type.id == TypeId::kUnknown;
}
// An untyped literal read as a value of `type`. Text that is no such value becomes a cast that
// fails where it is evaluated: CASE WHEN false THEN 'x'::int END is fine.
BoundExprRef typed_literal(const BoundExpr& literal, const SqlType& type) {
  if (literal.literal.is_null()) return bound_null(type);
  Result<types::Datum> value = types::parse_text(type, literal.literal.as_bytes());
  if (value) return at_position(bound_literal(std::move(*value), type), literal.position);
  BoundExprRef text = bound_literal(literal.literal, SqlType::of(TypeId::kText));
  auto path = expr::find_cast(text->type.type, type, CastContext::kExplicit);
  if (!path || path->function == nullptr) return text;
  return at_position(bound_cast_call(*path->function, text, type), literal.position);
}

std::string_view kind_of_container(TypeId type) {
  if (type == TypeId::kArray) return "array";
  if (type == TypeId::kList) return "list";
  return type == TypeId::kMap ? "map" : "";
}

bool is_row_constructor(const BoundExpr& expression) {
  static const expr::FunctionSpec& row = expr::function_of("row", {expr::kAny});
  return expression.kind == BoundExprKind::kCall && expression.function == &row;
}

// The type, with kUnknown for fields of ROW(...) that were written without one.
SqlType type_as_written(const BoundExpr& expression) {
  if (expression.untyped) return SqlType::of(TypeId::kUnknown);
  if (!is_row_constructor(expression)) return expression.type.type;
  types::RecordFields fields = *expression.type.type.fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    fields[i].type.type = type_as_written(*expression.arguments[i]);
  }
  return SqlType::record_of(std::move(fields));
}

// As it was written.
BoundExprRef without_type(const BoundExprRef& literal) {
  if (!literal->untyped) return literal;
  auto out = std::make_shared<BoundExpr>(*literal);
  out->untyped = false;
  out->type.type = SqlType::of(TypeId::kUnknown);
  return out;
}

std::string operator_text(std::string_view op, const std::vector<SqlType>& types) {
  if (types.size() == 1) return std::string(op) + " " + argument_text(types);
  return argument_text({&types[0], 1}) + " " + std::string(op) + " " +
         argument_text({&types[1], 1});
}

Error overload_error(OverloadFailure failure, const std::string& what, const char* kind) {
  if (failure == OverloadFailure::kUndeterminedPolymorphic) {
    return {sql_state::kIndeterminateDatatype,
            "could not determine polymorphic type because input has type unknown"};
  }
  const std::string head = std::string(kind);
  if (failure == OverloadFailure::kAmbiguous) {
    return Error(sql_state::kAmbiguousFunction, head + " is not unique: " + what)
        .with_hint("Several candidates fit. Explicit casts of the arguments choose one.");
  }
  return Error(sql_state::kUndefinedFunction, head + " does not exist: " + what)
      .with_hint("Nothing with this name takes these arguments. Explicit casts may help.");
}

Error function_error(OverloadFailure failure, std::string_view name,
                     const std::vector<SqlType>& types) {
  Error error = overload_error(failure, "", "function");
  if (failure == OverloadFailure::kUndeterminedPolymorphic) return error;
  const bool ambiguous = failure == OverloadFailure::kAmbiguous;
  error.message = "function " + std::string(name) + "(" + argument_text(types) + ") " +
                  (ambiguous ? "is not unique" : "does not exist");
  return error;
}

}  // namespace

Result<BoundExprRef> Binder::set_parameter_type(const BoundExprRef& parameter,
                                                const SqlType& type) {
  const size_t index = static_cast<size_t>(parameter->parameter - 1);
  std::optional<SqlType>& known = options_.parameter_types[index];
  if (!known) known = type;
  auto typed = std::make_shared<BoundExpr>(*parameter);
  typed->type = {*known, true};
  return typed;
}

Result<BoundExprRef> Binder::coerce(BoundExprRef expression, const SqlType& type, CastContext cast,
                                    std::string_view construct) {
  if (is_untyped(*expression)) {
    if (expression->kind == BoundExprKind::kParameter) {
      ASSIGN_OR_RETURN(expression, set_parameter_type(expression, types::without_modifier(type)));
    } else if (expression->empty != nullptr && expression->empty != kind_of_container(type.id)) {
      return fail(sql_state::kIndeterminateDatatype,
                  "cannot determine type of empty " + std::string(expression->empty));
    } else {
      expression = typed_literal(*expression, types::without_modifier(type));
    }
  }
  if (type.id == TypeId::kRecord && is_row_constructor(*expression) &&
      expression->arguments.size() == type.fields->size() && !(expression->type.type == type)) {
    ASSIGN_OR_RETURN(expression, with_fields_as(expression, *type.fields, cast, construct));
  }
  const SqlType& from = expression->type.type;
  const bool alike = !types::is_composed(type) && types::same_base_type(from, type);
  if (from == type || (alike && type.modifier == -1)) return expression;
  const std::optional<expr::CastPath> path = expr::find_cast(from, type, cast);
  if (!path && cast == CastContext::kAssignment && construct.starts_with("column ")) {
    return fail(sql_state::kDatatypeMismatch, std::string(construct) + " is of type " +
                                                  type_text(type) + " but expression is of type " +
                                                  type_text(from));
  }
  if (!path) {
    const bool implicit = cast == CastContext::kImplicit;
    return fail(sql_state::kCannotCoerce, std::string(construct) + " does not support " +
                                              (implicit ? "implicitly " : "") + "casting from " +
                                              type_text(from) + " to " + type_text(type));
  }
  if (path->function == nullptr) {
    auto out = std::make_shared<BoundExpr>(*expression);
    if (out->kind != BoundExprKind::kColumn) out->type.type = type;
    return out;
  }
  const uint32_t position = expression->position;
  return at_position(bound_cast_call(*path->function, std::move(expression), type), position);
}

// ROW(...) with each field brought to its type by itself.
Result<BoundExprRef> Binder::with_fields_as(const BoundExprRef& row,
                                            const types::RecordFields& fields, CastContext cast,
                                            std::string_view construct) {
  std::vector<BoundExprRef> arguments;
  for (size_t i = 0; i < fields.size(); ++i) {
    ASSIGN_OR_RETURN(BoundExprRef field,
                     coerce(without_type(row->arguments[i]), fields[i].type.type, cast, construct));
    arguments.push_back(std::move(field));
  }
  return at_position(bound_call(*row->function, std::move(arguments)), row->position);
}

Result<BoundExprRef> Binder::coerce_untyped(BoundExprRef expression) {
  if (!is_untyped(*expression)) return expression;
  return coerce(std::move(expression), SqlType::of(TypeId::kText), CastContext::kImplicit, "");
}

Result<std::vector<BoundExprRef>> Binder::coerce_to_common(std::vector<BoundExprRef> expressions,
                                                           std::string_view construct) {
  std::vector<SqlType> types;
  for (const BoundExprRef& expression : expressions) types.push_back(expression->type.type);
  std::optional<SqlType> common = common_type(types);
  if (!common) {
    for (size_t i = 0; i < types.size(); ++i) types[i] = type_as_written(*expressions[i]);
    common = common_type(types);
  }
  if (!common) {
    // Name the first pair that does not go together.
    const SqlType* first = nullptr;
    for (const SqlType& type : types) {
      if (type.id == TypeId::kUnknown) continue;
      if (first == nullptr) first = &type;
      const SqlType pair[] = {*first, type};
      if (common_type(pair)) continue;
      return fail(sql_state::kDatatypeMismatch, std::string(construct) + " types " +
                                                    type_text(*first) + " and " + type_text(type) +
                                                    " cannot be matched");
    }
    return fail(sql_state::kDatatypeMismatch, std::string(construct) + " types cannot be matched");
  }
  for (BoundExprRef& expression : expressions) {
    ASSIGN_OR_RETURN(expression, coerce(expression, *common, CastContext::kImplicit, construct));
  }
  return expressions;
}

namespace {

struct NamedCandidates {
  std::vector<const expr::FunctionSpec*> functions;
  std::vector<OverloadCandidate> candidates;
};

NamedCandidates candidates_named(std::string_view name) {
  NamedCandidates out;
  out.functions = expr::functions_named(name);
  for (const expr::FunctionSpec* function : out.functions) {
    out.candidates.push_back({function->parameters(), function->variadic});
  }
  return out;
}

bool is_record(const BoundExprRef& expression) {
  return expression->type.type.id == TypeId::kRecord;
}

bool is_record_or_untyped(const BoundExprRef& expression) {
  return is_record(expression) || is_untyped(*expression);
}

std::vector<SqlType> types_of(const std::vector<BoundExprRef>& arguments) {
  std::vector<SqlType> out;
  for (const BoundExprRef& argument : arguments) out.push_back(argument->type.type);
  return out;
}

}  // namespace

// The call, if the function can say what it gives for these arguments.
Result<BoundExprRef> Binder::call_of(const expr::FunctionSpec& function,
                                     std::vector<BoundExprRef> arguments,
                                     const OverloadChoice& choice) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    ASSIGN_OR_RETURN(arguments[i], coerce(arguments[i], choice.parameters[i],
                                          CastContext::kImplicit, function.name));
  }
  BoundExprRef made = bound_call(function, std::move(arguments));
  RETURN_IF_ERROR(check_made_type(made->type.type));
  return made;
}

Result<BoundExprRef> Binder::call_function(std::string_view name,
                                           std::vector<BoundExprRef> arguments) {
  const NamedCandidates named = candidates_named(name);
  const std::vector<SqlType> types = types_of(arguments);
  OverloadChoice choice = choose_overload(named.candidates, types);
  if (choice.failure == OverloadFailure::kNone) {
    Result<BoundExprRef> made =
        call_of(*named.functions[choice.index], std::move(arguments), choice);
    if (!made || (*made)->type.type.id != TypeId::kUnknown) return made;
    choice.failure = OverloadFailure::kNoMatch;
  }
  return fail(function_error(choice.failure, name, types));
}

Result<BoundExprRef> Binder::call_operator(std::string_view op,
                                           std::vector<BoundExprRef> arguments) {
  const bool records = std::ranges::any_of(arguments, is_record);
  if (records && std::ranges::all_of(arguments, is_record_or_untyped)) {
    ASSIGN_OR_RETURN(arguments, coerce_to_common(std::move(arguments), op));
  }
  const NamedCandidates named = candidates_named(op);
  const std::vector<SqlType> types = types_of(arguments);
  const OverloadChoice choice = choose_overload(named.candidates, types);
  if (choice.failure != OverloadFailure::kNone) {
    return fail(overload_error(choice.failure, operator_text(op, types), "operator"));
  }
  return call_of(*named.functions[choice.index], std::move(arguments), choice);
}

Status check_made_type(const SqlType& type) {
  if (type.id == TypeId::kArray &&
      (type.element->id == TypeId::kList || type.element->id == TypeId::kMap)) {
    return fail(sql_state::kFeatureNotSupported, type_text(type) + " not yet supported");
  }
  if (types::is_within_limits(type)) return {};
  return fail(sql_state::kProgramLimitExceeded,
              "types nested more than " + std::to_string(types::kMaxTypeDepth) +
                  " levels deep, or made of more than " + std::to_string(types::kMaxTypeSize) +
                  " types, are not supported");
}

}  // namespace penstock::sql
