// Planning of queries: SELECT, view definitions, whole relations, constants. See planner.h.
#include <set>
#include <string_view>

#include "expr/evaluator.h"
#include "expr/fold.h"
#include "sql/bind/constant.h"
#include "sql/lower/condition.h"
#include "sql/statement_planner.h"

namespace penstock::sql {

Result<QueryPlan> plan_select(const Query& query, const PlanContext& context) {
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(BoundQuery bound, binder.bind_query(query, nullptr));
  RETURN_IF_ERROR(settle_parameters(binder, context));
  ASSIGN_OR_RETURN(QueryPlan plan, plan_bound(bound.rel, binder, context));
  plan.finishing.order = bound.order;
  plan.finishing.offset = bound.offset;
  plan.finishing.limit = bound.limit;
  for (size_t i = 0; i < bound.columns.size(); ++i) plan.finishing.projection.push_back(i);
  describe(plan, bound.columns);
  return plan;
}

Result<QueryPlan> plan_view(const Query& query, const std::vector<Identifier>& column_names,
                            const PlanContext& context) {
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(BoundQuery bound, binder.bind_query(query, nullptr));
  RETURN_IF_ERROR(settle_parameters(binder, context));
  if (column_names.size() > bound.columns.size()) {
    return fail(positioned(
        Error(sql_state::kSyntaxError, "CREATE VIEW specifies more column names than columns"),
        column_names[bound.columns.size()].range));
  }
  for (size_t i = 0; i < column_names.size(); ++i) {
    bound.columns[i].name = column_names[i].text;
  }
  std::set<std::string_view> seen;
  for (const types::ColumnDesc& column : bound.columns) {
    if (seen.insert(column.name).second) continue;
    return fail(sql_state::kDuplicateColumn,
                "column \"" + column.name + "\" specified more than once");
  }
  ASSIGN_OR_RETURN(QueryPlan plan, plan_bound(finished(bound), binder, context));
  describe(plan, bound.columns);
  return plan;
}

Result<QueryPlan> plan_relation(const catalog::CatalogItem& relation, const PlanContext& context) {
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(BoundTable table, binder.bind_item(relation));
  ASSIGN_OR_RETURN(QueryPlan plan, plan_bound(table.rel, binder, context));
  plan.uses = {relation.id};
  describe(plan, relation.relation->columns);
  return plan;
}

Result<QueryPlan> plan_resolved(const catalog::CatalogItem& relation,
                                const std::vector<size_t>& key, const PlanContext& context) {
  Binder binder = make_binder(context);
  ASSIGN_OR_RETURN(BoundTable table, binder.bind_item(relation));
  // Without an order of its own the operator's is that of all columns.
  BoundRelRef least = bound_top_k(std::move(table.rel), key, {}, 1, 0);
  ASSIGN_OR_RETURN(QueryPlan plan, plan_bound(least, binder, context));
  plan.uses = {relation.id};
  describe(plan, relation.relation->columns);
  return plan;
}

Result<types::SqlType> resolve_type(const TypeName& name, const PlanContext& context) {
  return make_binder(context).resolve_type(name);
}

Result<types::Datum> evaluate_constant(const Expr& expression, const types::SqlType& type,
                                       const PlanContext& context) {
  Binder binder = make_binder(context);
  const Scope empty;
  const ScopeChain scopes{&empty, nullptr};
  const ExprContext where{&scopes, "CAST", false, false, nullptr};
  ASSIGN_OR_RETURN(BoundExprRef bound,
                   binder.bind_as(expression, where, type, expr::CastContext::kExplicit));
  if (has_subquery(*bound) || has_parameter(*bound)) {
    return fail(positioned(Error(sql_state::kFeatureNotSupported,
                                 "expressions that are not constant here not yet supported"),
                           expression.range));
  }
  expr::ScalarRef scalar = plain_scalar(*bound);
  if (expr::find_volatile_call(*scalar) != nullptr && context.statement != nullptr) {
    ASSIGN_OR_RETURN(scalar, expr::resolve_statement_calls(scalar, *context.statement));
  }
  if (const expr::FunctionSpec* call = expr::find_volatile_call(*scalar)) {
    return fail(sql_state::kFeatureNotSupported,
                "cannot materialize call to " + std::string(call->name));
  }
  return expr::evaluate_row(scalar, {});
}

}  // namespace penstock::sql
