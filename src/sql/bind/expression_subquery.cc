// Binding of subqueries in expressions: see expression_binder.h. IN and ANY become EXISTS, with
// SQL's three values kept: `x IN (q)` is true if some row equals x, else NULL if some comparison
// is NULL, else false.
#include "sql/bind/expression_binder.h"

namespace penstock::sql {

using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

namespace {

bool is_plain_strict(const BoundExpr& call) {
  return call.kind == BoundExprKind::kCall && call.arguments.size() == 2 &&
         call.function->null_policy == expr::NullPolicy::kStrict &&
         call.function->nullability == expr::Nullability::kOfArguments &&
         !call.function->may_return_null;
}

// Whether some row of `rel` makes `comparison` NULL. The parts are chosen so that none has to
// compare every outer row with every inner one.
std::vector<BoundExprRef> null_cases(const BoundRelRef& rel, const BoundExprRef& comparison) {
  std::vector<BoundExprRef> out;
  if (!comparison->type.nullable) return out;
  const BoundExprRef outer =
      is_plain_strict(*comparison) ? moved_out(comparison->arguments[0], 1) : nullptr;
  if (!outer) {
    out.push_back(bound_exists(bound_filter(rel, {bound_is_null(comparison)})));
    return out;
  }
  const BoundExprRef& right = comparison->arguments[1];
  if (outer->type.nullable) {
    out.push_back(bound_and({bound_is_null(outer), bound_exists(rel)}));
  }
  if (right->type.nullable) {
    out.push_back(bound_exists(bound_filter(rel, {bound_is_null(right)})));
  }
  return out;
}

std::vector<const Expr*> operands_of(const Expr& left) {
  std::vector<const Expr*> out;
  if (const auto* row = std::get_if<RowExpr>(&left.kind)) {
    for (const Expr& field : row->fields) out.push_back(&field);
  } else {
    out.push_back(&left);
  }
  return out;
}

}  // namespace

Bound ExpressionBinder::any_of_subquery(const Expr& left, std::string_view op, const Query& query,
                                        bool negated_comparison) {
  ASSIGN_OR_RETURN(BoundTable table, binder_.bind_relation(query, context_.scopes));
  const std::vector<const Expr*> operands = operands_of(left);
  if (table.rel->columns.size() != operands.size()) {
    return fail(sql_state::kSyntaxError,
                "Expected subselect to return " + std::to_string(operands.size()) + " column" +
                    (operands.size() == 1 ? "" : "s") + ", got " +
                    std::to_string(table.rel->columns.size()) + " columns");
  }
  if (operands.size() > 1 && op != "=" && op != "<>") {
    return not_supported("row comparison by " + std::string(op) + " with a subquery");
  }
  std::vector<BoundExprRef> fields;
  for (size_t i = 0; i < operands.size(); ++i) {
    ASSIGN_OR_RETURN(BoundExprRef operand, bind(*operands[i]));
    BoundExprRef column = bound_column(0, i, table.rel->columns[i]);
    ASSIGN_OR_RETURN(BoundExprRef field,
                     binder_.call_operator(op, {shift_levels(operand, 1), std::move(column)}));
    fields.push_back(std::move(field));
  }
  BoundExprRef comparison = op == "<>" ? bound_or(fields) : bound_and(fields);
  // A negated comparison is NULL exactly where the comparison is.
  std::vector<BoundExprRef> nulls = null_cases(table.rel, comparison);
  if (negated_comparison) comparison = bound_not(std::move(comparison));
  BoundExprRef exists = bound_exists(bound_filter(table.rel, {std::move(comparison)}));
  if (nulls.empty()) return exists;
  return bound_case({std::move(exists), bound_bool(true), bound_or(std::move(nulls)),
                     bound_null(SqlType::of(TypeId::kBool)), bound_bool(false)});
}

Bound ExpressionBinder::operator()(const InSubquery& node) {
  ASSIGN_OR_RETURN(BoundExprRef any, any_of_subquery(*node.operand, "=", *node.query, false));
  return node.negated ? bound_not(std::move(any)) : any;
}

// x op ALL (q) is NOT (NOT (x op y) for some y of q).
Bound ExpressionBinder::operator()(const QuantifiedSubquery& node) {
  ASSIGN_OR_RETURN(BoundExprRef any, any_of_subquery(*node.left, node.op, *node.query, node.all));
  return node.all ? bound_not(std::move(any)) : any;
}

Bound ExpressionBinder::operator()(const SubqueryExpr& node) {
  switch (node.kind) {
    case SubqueryKind::kArray:
      return gather_query(node, *expr::aggregates_named("array_agg").front());
    case SubqueryKind::kList:
      return gather_query(node, *expr::aggregates_named("list_agg").front());
    case SubqueryKind::kMap:
      return gather_query(node, *expr::aggregates_named("map_agg").front());
    default:
      break;
  }
  ASSIGN_OR_RETURN(BoundTable table, binder_.bind_relation(*node.query, context_.scopes));
  if (node.kind == SubqueryKind::kExists) return bound_exists(std::move(table.rel));
  if (table.rel->columns.size() != 1) {
    return fail(sql_state::kSyntaxError, "Expected subselect to return 1 column, got " +
                                             std::to_string(table.rel->columns.size()) +
                                             " columns");
  }
  return bound_scalar_subquery(std::move(table.rel));
}

}  // namespace penstock::sql
