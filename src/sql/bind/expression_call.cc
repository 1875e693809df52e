// Binding of calls: scalar functions, aggregates and the rewrites of avg and its like, table
// functions in a SELECT list. See expression_binder.h.
#include <algorithm>
#include <array>

#include "expr/aggregate_catalogue.h"
#include "expr/function_catalogue.h"
#include "sql/bind/expression_binder.h"
#include "sql/bind/overload.h"
#include "sql/parse/print.h"

namespace penstock::sql {

using expr::AggregateKind;
using expr::AggregateRewrite;
using expr::AggregateSpec;
using expr::CastContext;
using types::SqlType;
using types::TypeId;

using Bound = ExpressionBinder::Bound;

namespace {

constexpr std::array<std::string_view, 4> kFunctionSchemas = {"pg_catalog", "mz_catalog",
                                                              "mz_internal", "mz_unsafe"};
// Known to the dialect, not to this engine yet.
constexpr std::array<std::string_view, 4> kLaterAggregates = {"string_agg", "jsonb_agg",
                                                              "jsonb_object_agg", "list_concat"};
constexpr std::array<std::string_view, 8> kWindowFunctions = {
    "row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value", "ntile"};

template <typename Names>
bool is_among(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

BoundExprRef aggregate_of(const AggregateSpec& spec, BoundExprRef argument, bool distinct,
                          BoundExprRef filter) {
  auto out = std::make_shared<BoundExpr>();
  out->kind = BoundExprKind::kAggregate;
  out->aggregate = spec.kind;
  out->type = expr::aggregate_type(spec, argument->type, true);
  if (spec.result.is_polymorphic()) out->type.type = argument->type.type;
  out->arguments = {std::move(argument)};
  out->distinct = distinct;
  out->filter = std::move(filter);
  return out;
}

// The parts of a rewritten aggregate: n, s and q of AggregateRewrite.
struct RewriteParts {
  Binder& binder;
  BoundExprRef argument;
  SqlType sum_type;
  bool distinct = false;
  BoundExprRef filter;

  Bound arithmetic(std::string_view op, BoundExprRef left, BoundExprRef right) {
    return binder.call_operator(op, {std::move(left), std::move(right)});
  }
  Bound number(int64_t value) {
    return binder.coerce(bound_int4(value), sum_type, CastContext::kExplicit, "CAST");
  }
  BoundExprRef count_rows() {
    return aggregate_of(*expr::find_aggregate("count", argument->type.type.id), argument, distinct,
                        filter);
  }
  Bound count() { return binder.coerce(count_rows(), sum_type, CastContext::kExplicit, "CAST"); }
  // Integers are summed as such, which is exact and cheaper.
  Bound sum() {
    const AggregateSpec* spec = expr::find_aggregate("sum", argument->type.type.id);
    return binder.coerce(aggregate_of(*spec, argument, distinct, filter), sum_type,
                         CastContext::kExplicit, "CAST");
  }
  Bound sum_of_squares() {
    ASSIGN_OR_RETURN(BoundExprRef wide,
                     binder.coerce(argument, sum_type, CastContext::kExplicit, "CAST"));
    ASSIGN_OR_RETURN(BoundExprRef square, arithmetic("*", wide, wide));
    return aggregate_of(*expr::find_aggregate("sum", sum_type.id), std::move(square), distinct,
                        filter);
  }
  // sum(cast(x)): what squares are compared with has to be summed in the same type.
  Bound wide_sum() {
    ASSIGN_OR_RETURN(BoundExprRef wide,
                     binder.coerce(argument, sum_type, CastContext::kExplicit, "CAST"));
    return aggregate_of(*expr::find_aggregate("sum", sum_type.id), std::move(wide), distinct,
                        filter);
  }

  // CASE WHEN count <= at_most THEN NULL ELSE value END
  Bound null_unless_more(int64_t at_most, BoundExprRef value) {
    ASSIGN_OR_RETURN(BoundExprRef few, arithmetic("<=", count_rows(),
                                                  bound_literal(types::Datum::integer(at_most),
                                                                SqlType::of(TypeId::kInt8))));
    BoundExprRef null = bound_null(value->type.type);
    return bound_case({std::move(few), std::move(null), std::move(value)});
  }

  Bound average() {
    ASSIGN_OR_RETURN(BoundExprRef total, sum());
    ASSIGN_OR_RETURN(BoundExprRef n, count());
    ASSIGN_OR_RETURN(BoundExprRef mean, arithmetic("/", std::move(total), std::move(n)));
    return null_unless_more(0, std::move(mean));
  }

  Bound variance(bool sample, bool root) {
    ASSIGN_OR_RETURN(BoundExprRef squares, sum_of_squares());
    ASSIGN_OR_RETURN(BoundExprRef total, wide_sum());
    ASSIGN_OR_RETURN(BoundExprRef n, count());
    ASSIGN_OR_RETURN(BoundExprRef square_of_total, arithmetic("*", total, total));
    ASSIGN_OR_RETURN(BoundExprRef share, arithmetic("/", std::move(square_of_total), n));
    ASSIGN_OR_RETURN(BoundExprRef spread, arithmetic("-", std::move(squares), std::move(share)));
    BoundExprRef divisor = n;
    if (sample) {
      ASSIGN_OR_RETURN(BoundExprRef one, number(1));
      ASSIGN_OR_RETURN(divisor, arithmetic("-", n, std::move(one)));
    }
    ASSIGN_OR_RETURN(BoundExprRef value, arithmetic("/", std::move(spread), std::move(divisor)));
    ASSIGN_OR_RETURN(BoundExprRef zero, number(0));
    ASSIGN_OR_RETURN(value, binder.call_function("greatest", {std::move(value), std::move(zero)}));
    if (root) {
      ASSIGN_OR_RETURN(value, binder.call_function("sqrt", {std::move(value)}));
    }
    return null_unless_more(sample ? 1 : 0, std::move(value));
  }

  Bound make(AggregateRewrite rewrite) {
    switch (rewrite) {
      case AggregateRewrite::kVariancePop:
        return variance(false, false);
      case AggregateRewrite::kVarianceSamp:
        return variance(true, false);
      case AggregateRewrite::kStddevPop:
        return variance(false, true);
      case AggregateRewrite::kStddevSamp:
        return variance(true, true);
      default:
        return average();
    }
  }
};

Result<const AggregateSpec*> choose_aggregate(const std::string& name, const SqlType& argument,
                                              SqlType& parameter) {
  const std::vector<const AggregateSpec*> specs = expr::aggregates_named(name);
  std::vector<OverloadCandidate> candidates;
  for (const AggregateSpec* spec : specs) candidates.push_back({{&spec->argument, 1}, false});
  const OverloadChoice choice = choose_overload(candidates, {&argument, 1});
  if (choice.failure != OverloadFailure::kNone) {
    const bool ambiguous = choice.failure == OverloadFailure::kAmbiguous;
    return fail(ambiguous ? sql_state::kAmbiguousFunction : sql_state::kUndefinedFunction,
                "function " + name + "(" + type_text(argument) + ") " +
                    (ambiguous ? "is not unique" : "does not exist"));
  }
  parameter = choice.parameters[0];
  return specs[choice.index];
}

}  // namespace

bool looks_only_outside(const BoundExpr& expression) {
  bool outside = false;
  bool inside = false;
  for_each_outer(expression, [&](size_t level, size_t) { (level == 0 ? inside : outside) = true; });
  return outside && !inside;
}

Result<std::string> function_name(const ItemName& name) {
  const std::vector<Identifier>& parts = name.parts;
  if (parts.size() > 1 && !is_among(kFunctionSchemas, parts[parts.size() - 2].text)) {
    return fail(sql_state::kUndefinedFunction, "function \"" + print(name) + "\" does not exist");
  }
  return parts.back().text;
}

Bound ExpressionBinder::bind_aggregate(const FunctionCall& call, const std::string& name) {
  if (context_.in_aggregate) {
    return fail(sql_state::kGroupingError, "nested aggregate functions are not allowed");
  }
  if (!context_.aggregates) {
    return fail(sql_state::kGroupingError, "aggregate functions are not allowed in " +
                                               std::string(context_.clause) +
                                               " (function pg_catalog." + name + ")");
  }
  const AggregateSpec& first = *expr::aggregates_named(name).front();
  if (expr::gathered_fields(first.kind) > 0) return bind_gathering(call, first);
  ExprContext inner{context_.scopes, "aggregate function calls", false, true, nullptr};
  BoundExprRef argument;
  if (call.star) {
    if (name != "count") {
      return fail(sql_state::kUndefinedFunction, "function " + name + "() does not exist");
    }
    argument = bound_bool(true);
  } else if (call.arguments.empty()) {
    if (name != "count") {
      return fail(sql_state::kUndefinedFunction, "function " + name + "() does not exist");
    }
    return fail(sql_state::kWrongObjectType,
                "count(*) must be used to call a parameterless aggregate function");
  } else if (call.arguments.size() > 1) {
    return fail(sql_state::kUndefinedFunction,
                "function " + name + " does not exist with these arguments");
  } else {
    ASSIGN_OR_RETURN(argument, binder_.bind_expr(call.arguments[0], inner));
    if (looks_only_outside(*argument)) {
      return not_supported("aggregate functions that refer exclusively to outer columns");
    }
  }
  SqlType parameter;
  ASSIGN_OR_RETURN(const AggregateSpec* spec,
                   choose_aggregate(name, argument->type.type, parameter));
  ASSIGN_OR_RETURN(argument,
                   binder_.coerce(std::move(argument), parameter, CastContext::kImplicit, name));
  BoundExprRef filter;
  if (call.filter) {
    ExprContext where{context_.scopes, "FILTER", false, false, nullptr};
    ASSIGN_OR_RETURN(filter, binder_.bind_predicate(**call.filter, where));
  }
  for (const OrderItem& item : call.order_by) {
    // The aggregates there are do not depend on the order of rows; the names must exist, though.
    RETURN_IF_ERROR(binder_.bind_expr(*item.expr, inner));
  }
  if (spec->rewrite == AggregateRewrite::kNone) {
    return aggregate_of(*spec, std::move(argument), call.distinct, std::move(filter));
  }
  if (call.distinct && spec->rewrite != AggregateRewrite::kAverage) {
    return not_supported("DISTINCT in " + name);
  }
  RewriteParts parts{binder_, std::move(argument), SqlType::of(spec->sum_type), call.distinct,
                     std::move(filter)};
  return parts.make(spec->rewrite);
}

// The call becomes a column appended to the rows of FROM; equal calls share one.
Bound ExpressionBinder::bind_select_list_call(const FunctionCall& call) {
  const std::string name = call.name.parts.back().text;
  if (context_.in_aggregate) {
    return fail(
        sql_state::kFeatureNotSupported,
        "table functions are not allowed in aggregate function calls (function pg_catalog." + name +
            ")");
  }
  if (context_.table_functions == nullptr) {
    return fail(sql_state::kFeatureNotSupported, "table functions are not allowed in " +
                                                     std::string(context_.clause) +
                                                     " (function pg_catalog." + name + ")");
  }
  ExprContext inner{context_.scopes, "other table functions", false, false, nullptr};
  std::vector<BoundExprRef> arguments;
  for (const Expr& argument : call.arguments) {
    ASSIGN_OR_RETURN(BoundExprRef bound, binder_.bind_expr(argument, inner));
    arguments.push_back(std::move(bound));
  }
  ASSIGN_OR_RETURN(TableCall resolved, resolve_table_call(binder_, name, std::move(arguments)));
  if (resolved.columns.size() != 1) return not_supported("records of " + name);
  std::vector<SelectListCall>& calls = *context_.table_functions;
  const size_t first = context_.scopes->scope->columns.size();
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].call == call) return calls[i].value;
  }
  BoundExprRef value = bound_column(0, first + calls.size(), resolved.columns[0].type);
  // Beside others it may be padded with NULLs.
  SelectListCall made{value, std::move(resolved), call};
  calls.push_back(std::move(made));
  return value;
}

Bound ExpressionBinder::operator()(const Box<FunctionCall>& box) {
  const FunctionCall& call = *box;
  ASSIGN_OR_RETURN(const std::string name, function_name(call.name));
  if (call.over || is_among(kWindowFunctions, name)) return not_supported("window functions");
  if (is_among(kLaterAggregates, name)) return not_supported(name);
  if (!expr::aggregates_named(name).empty()) return bind_aggregate(call, name);
  if (call.filter) {
    return fail(sql_state::kWrongObjectType,
                "FILTER specified, but " + name + " is not an aggregate function");
  }
  if (call.distinct) {
    return fail(sql_state::kWrongObjectType,
                "DISTINCT specified, but " + name + " is not an aggregate function");
  }
  if (!call.order_by.empty()) {
    return fail(sql_state::kWrongObjectType,
                "ORDER BY specified, but " + name + " is not an aggregate function");
  }
  if (is_table_function(name)) return bind_select_list_call(call);
  if (name == "mz_logical_timestamp") {
    return fail(sql_state::kUndefinedFunction,
                "mz_logical_timestamp() has been renamed to mz_now()");
  }
  if (call.star) {
    return fail(sql_state::kUndefinedFunction, "function " + name + "() does not exist");
  }
  ASSIGN_OR_RETURN(std::vector<BoundExprRef> arguments, bind_all(call.arguments));
  if (name == "pg_typeof" && arguments.size() == 1) {
    if (arguments[0]->empty != nullptr) return binder_.coerce_untyped(arguments[0]);
    return bound_literal(types::Datum::bytes(binder_.named_type_text(arguments[0]->type.type)),
                         SqlType::of(TypeId::kText));
  }
  ASSIGN_OR_RETURN(BoundExprRef bound, binder_.call_function(name, std::move(arguments)));
  return is_description_function(name) ? bind_description_call(name, *bound) : bound;
}

}  // namespace penstock::sql
