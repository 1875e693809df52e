// See statement_planner.h.
#include "sql/statement_planner.h"

#include <algorithm>

#include "expr/fold.h"
#include "expr/function_spec.h"
#include "plan/keys.h"
#include "sql/bind/constant.h"
#include "sql/lower/lower.h"
#include "sql/lower/to_dataflow.h"
#include "sql/optimize/optimize.h"
#include "sql/optimize/rel_rewrite.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelRef;
using types::SqlType;
using types::TypeId;

Binder make_binder(const PlanContext& context) {
  BinderOptions options;
  options.catalog = &context.catalog;
  options.names = context.names;
  options.in_view = context.parameters == nullptr && context.parameter_values == nullptr;
  if (context.parameter_values != nullptr) {
    const ParameterValues& bound = *context.parameter_values;
    options.parameter_types.assign(bound.types.begin(), bound.types.end());
    options.parameter_values = bound.values;
  } else if (context.parameters != nullptr) {
    for (const SqlType& type : *context.parameters) {
      options.parameter_types.push_back(type.id == TypeId::kUnknown ? std::nullopt
                                                                    : std::optional(type));
    }
  }
  return Binder(std::move(options));
}

Status settle_parameters(const Binder& binder, const PlanContext& context) {
  if (context.parameters == nullptr) return {};
  std::vector<SqlType> types;
  for (const std::optional<SqlType>& type : binder.parameter_types()) {
    if (!type) {
      return fail(
          sql_state::kIndeterminateDatatype,
          "could not determine data type of parameter $" + std::to_string(types.size() + 1));
    }
    types.push_back(*type);
  }
  *context.parameters = std::move(types);
  return {};
}

namespace {

// What the context says about a call that is not a function of the row alone.
Result<ScalarRef> settle_calls(const ScalarRef& expression, const PlanContext& context) {
  const expr::FunctionSpec* found = expr::find_volatile_call(*expression);
  if (found == nullptr) return expression;
  if (context.statement == nullptr) {
    return fail(sql_state::kFeatureNotSupported,
                "cannot materialize call to " + std::string(found->name));
  }
  return expr::resolve_statement_calls(expression, *context.statement);
}

}  // namespace

Result<QueryPlan> plan_bound(const BoundRelRef& rel, const Binder& binder,
                             const PlanContext& context) {
  QueryPlan out;
  RelRef lowered = lower(rel, binder.ctes());
  ASSIGN_OR_RETURN(lowered, rewrite_scalars(lowered, [&](const ScalarRef& expression) {
                     return settle_calls(expression, context);
                   }));
  out.logical = optimize(std::move(lowered));
  out.dataflow = to_dataflow(out.logical, CollectionId{});
  out.relation = out.logical->type;
  out.uses = binder.dependencies();
  for_each_node(out.logical, [&](const RelRef& node) {
    if (node->kind != plan::RelKind::kGet) return;
    if (std::ranges::find(out.reads, node->collection) == out.reads.end()) {
      out.reads.push_back(node->collection);
    }
  });
  return out;
}

void describe(QueryPlan& plan, const std::vector<types::ColumnDesc>& columns) {
  types::RelationType type;
  const types::RelationType& inner = plan.logical->type;
  for (size_t i = 0; i < columns.size(); ++i) {
    types::ColumnDesc column{columns[i].name, inner.columns[i].type};
    if (columns[i].type.type.id != TypeId::kUnknown) column.type.type = columns[i].type.type;
    type.columns.push_back(std::move(column));
  }
  std::vector<size_t> visible;
  for (size_t i = 0; i < columns.size(); ++i) visible.push_back(i);
  type.keys = plan::projected_keys(inner.keys, visible);
  plan.relation = std::move(type);
}

Result<ScalarRef> plan_scalar(const BoundExpr& expression, const PlanContext& context) {
  ASSIGN_OR_RETURN(ScalarRef settled, settle_calls(plain_scalar(expression), context));
  return expr::fold_constants(settled);
}

}  // namespace penstock::sql
