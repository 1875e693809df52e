// Binding of what gathers rows into one value: array_agg, list_agg, map_agg, and the constructors
// ARRAY(query), LIST(query), MAP(query), which are such aggregates over the query's rows in its
// order. See expression_binder.h.
#include "expr/function_catalogue.h"
#include "sql/bind/expression_binder.h"
#include "sql/bind/overload.h"
#include "sql/bind/select_binder.h"
#include "types/text_io.h"

namespace penstock::sql {

using expr::AggregateKind;
using expr::AggregateSpec;
using expr::CastContext;
using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

namespace {

// What one gathers: first the values (or keys and values), then what orders them.
struct Gathered {
  std::vector<BoundExprRef> fields;
  std::vector<expr::AggregateOrder> order;
};

SqlType gathered_type(AggregateKind kind, const std::vector<BoundExprRef>& fields) {
  const TypeId container = kind == AggregateKind::kArrayAgg  ? TypeId::kArray
                           : kind == AggregateKind::kListAgg ? TypeId::kList
                                                             : TypeId::kMap;
  const BoundExprRef& value = fields[expr::gathered_fields(kind) - 1];
  return expr::contained(container, types::without_modifier(value->type.type));
}

Bound gathering_of(const AggregateSpec& spec, Gathered gathered) {
  auto out = std::make_shared<BoundExpr>();
  out->kind = BoundExprKind::kAggregate;
  out->aggregate = spec.kind;
  out->type = {gathered_type(spec.kind, gathered.fields), true};
  if (spec.kind == AggregateKind::kArrayAgg && out->type.type.element->id == TypeId::kArray) {
    return fail(sql_state::kFeatureNotSupported, "array_agg on arrays not yet supported");
  }
  RETURN_IF_ERROR(check_made_type(out->type.type));
  out->arguments = {bound_call(expr::function_of("row", {expr::kAny}), std::move(gathered.fields))};
  out->aggregate_order = std::move(gathered.order);
  return out;
}

// The keys of a map are text.
Status bring_to_type(Binder& binder, const AggregateSpec& spec, std::vector<BoundExprRef>& fields,
                     std::string_view construct) {
  for (BoundExprRef& field : fields) {
    ASSIGN_OR_RETURN(field, binder.coerce_untyped(std::move(field)));
  }
  if (spec.kind != AggregateKind::kMapAgg) return {};
  ASSIGN_OR_RETURN(fields[0], binder.coerce(fields[0], SqlType::of(TypeId::kText),
                                            CastContext::kImplicit, construct));
  return {};
}

}  // namespace

Bound ExpressionBinder::bind_gathering(const FunctionCall& call, const AggregateSpec& spec) {
  const std::string name(spec.name);
  const ExprContext inner{context_.scopes, "aggregate function calls", false, true, nullptr};
  Gathered gathered;
  std::vector<SqlType> types;
  for (const Expr& argument : call.arguments) {
    ASSIGN_OR_RETURN(gathered.fields.emplace_back(), binder_.bind_expr(argument, inner));
    types.push_back(gathered.fields.back()->type.type);
  }
  const SqlType text = SqlType::of(TypeId::kText);
  const bool is_map = spec.kind == AggregateKind::kMapAgg;
  if (call.star || types.size() != expr::gathered_fields(spec.kind) ||
      (is_map && !expr::find_cast(types[0], text, CastContext::kImplicit))) {
    return fail(sql_state::kUndefinedFunction,
                "function " + name + "(" + argument_text(types) + ") does not exist");
  }
  RETURN_IF_ERROR(bring_to_type(binder_, spec, gathered.fields, name));
  for (const OrderItem& item : call.order_by) {
    ASSIGN_OR_RETURN(BoundExprRef value, binder_.bind_expr(*item.expr, inner));
    ASSIGN_OR_RETURN(gathered.fields.emplace_back(), binder_.coerce_untyped(std::move(value)));
    const plan::SortColumn sort = sort_column(0, item);
    gathered.order.push_back({sort.descending, sort.nulls_first});
  }
  ASSIGN_OR_RETURN(BoundExprRef made, gathering_of(spec, std::move(gathered)));
  if (looks_only_outside(*made->arguments[0])) {
    return not_supported("aggregate functions that refer exclusively to outer columns");
  }
  auto out = std::make_shared<BoundExpr>(*made);
  out->distinct = call.distinct;
  if (call.filter) {
    const ExprContext where{context_.scopes, "FILTER", false, false, nullptr};
    ASSIGN_OR_RETURN(out->filter, binder_.bind_predicate(**call.filter, where));
  }
  return out;
}

Bound ExpressionBinder::gather_query(const SubqueryExpr& node, const AggregateSpec& spec) {
  ASSIGN_OR_RETURN(BoundQuery query, binder_.bind_query(*node.query, context_.scopes));
  const size_t wanted = expr::gathered_fields(spec.kind);
  if (query.columns.size() != wanted) {
    return fail(sql_state::kSyntaxError, "Expected subselect to return " + std::to_string(wanted) +
                                             " column" + (wanted == 1 ? "" : "s") + ", got " +
                                             std::to_string(query.columns.size()) + " columns");
  }
  BoundRelRef rel = query.rel;
  if (query.limit || query.offset > 0) {
    rel = bound_top_k(std::move(rel), {}, query.order, query.limit, query.offset);
  }
  Gathered gathered;
  for (size_t i = 0; i < wanted; ++i) {
    gathered.fields.push_back(bound_column(0, i, rel->columns[i]));
  }
  const SqlType text = SqlType::of(TypeId::kText);
  if (wanted == 2 && !expr::find_cast(rel->columns[0].type, text, CastContext::kImplicit)) {
    return fail(sql_state::kDatatypeMismatch,
                "map key type must be text, got " + type_text(rel->columns[0].type));
  }
  RETURN_IF_ERROR(bring_to_type(binder_, spec, gathered.fields, "MAP"));
  for (const plan::SortColumn& sort : query.order) {
    gathered.fields.push_back(bound_column(0, sort.column, rel->columns[sort.column]));
    gathered.order.push_back({sort.descending, sort.nulls_first});
  }
  ASSIGN_OR_RETURN(BoundExprRef aggregate, gathering_of(spec, std::move(gathered)));
  const SqlType type = aggregate->type.type;
  ASSIGN_OR_RETURN(types::Datum empty, types::parse_text(type, "{}"));
  BoundExprRef all =
      bound_scalar_subquery(bound_reduce(std::move(rel), {}, {std::move(aggregate)}, true));
  return bound_coalesce({std::move(all), bound_literal(std::move(empty), type)});
}

}  // namespace penstock::sql
