// SELECT: FROM and WHERE make rows; everything else is bound over them, with aggregates as nodes;
// then, if there are groups, every expression is rewritten over the grouped rows. So an expression
// equal to a GROUP BY expression is recognised wherever it stands.
#include "sql/bind/select_binder.h"

#include <algorithm>

#include "sql/bind/expression_binder.h"
#include "sql/bind/from_binder.h"
#include "sql/bind/overload.h"

namespace penstock::sql {

using types::SqlType;
using types::TypeId;

Result<BoundQuery> SelectBinder::bind() {
  if (select_.qualify || !select_.windows.empty()) {
    return fail(sql_state::kFeatureNotSupported, "window functions not yet supported");
  }
  RETURN_IF_ERROR(bind_from_and_where());
  RETURN_IF_ERROR(bind_items());
  RETURN_IF_ERROR(bind_group_by());
  const ScopeChain scopes{&scope_, outer_};
  if (select_.having) {
    const ExprContext context{&scopes, "HAVING clause", true, false, nullptr};
    ASSIGN_OR_RETURN(having_, binder_.bind_predicate(*select_.having, context));
  }
  RETURN_IF_ERROR(bind_order_by());
  RETURN_IF_ERROR(bind_distinct_on());
  RETURN_IF_ERROR(add_table_functions());
  for (BoundExprRef* output : outputs()) {
    for_each_aggregate(*output, [&](const BoundExprRef& aggregate) {
      if (std::ranges::none_of(aggregates_,
                               [&](const auto& known) { return same(*known, *aggregate); })) {
        aggregates_.push_back(aggregate);
      }
    });
  }
  if (select_.group_by_present || !group_.empty() || having_ || !aggregates_.empty()) {
    RETURN_IF_ERROR(group());
  }
  return finish();
}

// Every expression evaluated after grouping.
std::vector<BoundExprRef*> SelectBinder::outputs() {
  std::vector<BoundExprRef*> out;
  for (Item& item : items_) out.push_back(&item.value);
  for (BoundExprRef& order : order_) out.push_back(&order);
  for (BoundExprRef& distinct : distinct_on_) out.push_back(&distinct);
  if (having_) out.push_back(&having_);
  return out;
}

Status SelectBinder::bind_from_and_where() {
  rel_ = bound_unit();
  if (!select_.from.empty()) {
    ASSIGN_OR_RETURN(BoundTable from, binder_.bind_from(select_.from, std::nullopt, outer_));
    rel_ = std::move(from.rel);
    scope_ = std::move(from.scope);
  }
  if (!select_.where) return {};
  const ScopeChain scopes{&scope_, outer_};
  const ExprContext context{&scopes, "WHERE clause", false, false, nullptr};
  ASSIGN_OR_RETURN(BoundExprRef where, binder_.bind_predicate(*select_.where, context));
  rel_ = bound_filter(std::move(rel_), {std::move(where)});
  return {};
}

// --- the SELECT list ---

Status SelectBinder::add_star(const std::vector<size_t>& columns, size_t level) {
  const ScopeChain scopes{&scope_, outer_};
  const ScopeChain* chain = &scopes;
  for (size_t i = 0; i < level; ++i) chain = chain->outer;
  for (size_t column : columns) {
    const ScopeColumn& found = chain->scope->columns[column];
    items_.push_back({bound_column(level, column, found.type), found.name, false});
  }
  return {};
}

// (expression).*: every field of a record. (t).* is t.*.
Status SelectBinder::add_fields(const Expr& operand, const ExprContext& context) {
  if (const auto* reference = std::get_if<ColumnRef>(&operand.kind)) {
    std::vector<std::string> parts;
    for (const Identifier& part : reference->parts) parts.push_back(part.text);
    if (!find_column(context.scopes, parts)) {
      Result<FoundTable> table = find_table_columns(context.scopes, parts);
      if (table) return add_star(table->columns, table->level);
    }
  }
  ASSIGN_OR_RETURN(BoundExprRef record, binder_.bind_expr(operand, context));
  const SqlType& type = record->type.type;
  if (type.id != TypeId::kRecord) {
    return fail(positioned(
        Error(sql_state::kDatatypeMismatch, "column expansion applied to type " + type_text(type) +
                                                ", which is not a composite type"),
        operand.range));
  }
  for (size_t i = 0; i < type.fields->size(); ++i) {
    items_.push_back({bound_field(record, i), (*type.fields)[i].name, false});
  }
  return {};
}

Status SelectBinder::bind_items() {
  const ScopeChain scopes{&scope_, outer_};
  const ExprContext context{&scopes, "SELECT clause", true, false, &calls_};
  for (const SelectItem& item : select_.items) {
    if (const auto* star = std::get_if<Wildcard>(&item.expr.kind)) {
      if (star->qualifier.empty()) {
        if (select_.from.empty()) {
          return fail(positioned(
              Error(sql_state::kSyntaxError, "SELECT * with no tables specified is not valid"),
              item.expr.range));
        }
        RETURN_IF_ERROR(add_star(scope_.star, 0));
        continue;
      }
      std::vector<std::string> qualifier;
      for (const Identifier& part : star->qualifier) qualifier.push_back(part.text);
      Result<FoundTable> table = find_table_columns(&scopes, qualifier);
      if (!table) return fail(positioned(std::move(table).error(), item.expr.range));
      RETURN_IF_ERROR(add_star(table->columns, table->level));
      continue;
    }
    if (const auto* fields = std::get_if<FieldWildcard>(&item.expr.kind)) {
      RETURN_IF_ERROR(add_fields(*fields->operand, context));
      continue;
    }
    ASSIGN_OR_RETURN(BoundExprRef value, binder_.bind_expr(item.expr, context));
    const bool untyped =
        value->type.type.id == TypeId::kUnknown && value->kind != BoundExprKind::kParameter;
    ASSIGN_OR_RETURN(value, binder_.coerce_untyped(std::move(value)));
    items_.push_back(
        {std::move(value), item.alias ? item.alias->text : output_name(item.expr), untyped});
  }
  return {};
}

// The output column a bare name means, if exactly one (or several that are the same) has it.
Result<std::optional<size_t>> SelectBinder::find_output(const Expr& expr) const {
  const auto* reference = std::get_if<ColumnRef>(&expr.kind);
  std::optional<size_t> found;
  if (reference == nullptr || reference->parts.size() != 1) return found;
  const std::string& name = reference->parts[0].text;
  for (size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].name != name) continue;
    if (found && !same(*items_[*found].value, *items_[i].value)) {
      return fail(positioned(
          Error(sql_state::kAmbiguousColumn, "column reference \"" + name + "\" is ambiguous"),
          expr.range));
    }
    if (!found) found = i;
  }
  return found;
}

// --- GROUP BY ---

Result<BoundExprRef> SelectBinder::bind_group_item(const Expr& expr) {
  const ScopeChain scopes{&scope_, outer_};
  const ExprContext context{&scopes, "GROUP BY clause", false, false, nullptr};
  ASSIGN_OR_RETURN(std::optional<size_t> output, ordinal_of(expr, items_.size(), "GROUP BY"));
  if (!output) {
    // A column of FROM comes before an output column of the same name.
    Result<BoundExprRef> bound = binder_.bind_expr(expr, context);
    if (bound) return binder_.coerce_untyped(std::move(*bound));
    if (bound.error().state != sql_state::kUndefinedColumn) return bound;
    ASSIGN_OR_RETURN(output, find_output(expr));
    if (!output) return bound;
  }
  const BoundExprRef& value = items_[*output].value;
  bool has_aggregate = false;
  for_each_aggregate(value, [&](const BoundExprRef&) { has_aggregate = true; });
  if (has_aggregate) {
    return fail(positioned(
        Error(sql_state::kGroupingError, "aggregate functions are not allowed in GROUP BY clause"),
        expr.range));
  }
  return value;
}

Status SelectBinder::bind_group_by() {
  for (const Expr& expr : select_.group_by) {
    ASSIGN_OR_RETURN(BoundExprRef key, bind_group_item(expr));
    const bool repeated =
        std::ranges::any_of(group_, [&](const BoundExprRef& known) { return same(*known, *key); });
    if (!repeated) group_.push_back(std::move(key));
  }
  return {};
}

// --- ORDER BY, DISTINCT ON ---

Result<BoundExprRef> SelectBinder::bind_order_item(const Expr& expr) {
  ASSIGN_OR_RETURN(std::optional<size_t> output, ordinal_of(expr, items_.size(), "ORDER BY"));
  if (!output) {
    ASSIGN_OR_RETURN(output, find_output(expr));
  }
  if (output) return items_[*output].value;
  const ScopeChain scopes{&scope_, outer_};
  const ExprContext context{&scopes, "ORDER BY clause", true, false, &calls_};
  ASSIGN_OR_RETURN(BoundExprRef bound, binder_.bind_expr(expr, context));
  return binder_.coerce_untyped(std::move(bound));
}

Status SelectBinder::bind_order_by() {
  for (const OrderItem& item : order_by_) {
    ASSIGN_OR_RETURN(BoundExprRef value, bind_order_item(*item.expr));
    order_.push_back(std::move(value));
  }
  return {};
}

Status SelectBinder::bind_distinct_on() {
  for (const Expr& expr : select_.distinct_on) {
    ASSIGN_OR_RETURN(BoundExprRef value, bind_order_item(expr));
    distinct_on_.push_back(std::move(value));
  }
  return {};
}

// --- table functions in the SELECT list ---

Status SelectBinder::add_table_functions() {
  if (calls_.empty()) return {};
  const size_t width = rel_->columns.size();
  if (calls_.size() == 1) {
    TableCall& call = calls_[0].resolved;
    rel_ = bound_flat_map(std::move(rel_), call.function, call.arguments, {call.columns[0].type},
                          false);
  } else {
    // Side by side, the shorter ones padded with NULL: the arguments look at FROM's row from the
    // right side of a join.
    std::vector<TableCall> shifted;
    for (SelectListCall& call : calls_) {
      TableCall& moved = shifted.emplace_back(call.resolved);
      for (BoundExprRef& argument : moved.arguments) argument = shift_levels(argument, 1);
    }
    const BoundRelRef rows = zipped(shifted);
    rel_ = bound_join(BoundJoinKind::kInner, std::move(rel_), rows, nullptr);
    std::vector<size_t> kept;
    for (size_t i = 0; i < width + calls_.size(); ++i) kept.push_back(i);
    rel_ = bound_project(std::move(rel_), std::move(kept));
  }
  for (SelectListCall& call : calls_) {
    ScopeColumn column;
    column.name = call.resolved.columns[0].name;
    column.type = rel_->columns[scope_.columns.size()];
    scope_.columns.push_back(std::move(column));
  }
  return {};
}

// --- grouping ---

// The expression over the grouped rows: group keys first, then aggregates.
Result<BoundExprRef> SelectBinder::over_groups(const BoundExprRef& expression) {
  std::optional<Error> error;
  BoundExprRef out =
      rewrite(expression, 0, [&](const BoundExprRef& node, size_t depth) -> BoundExprRef {
        const BoundExprRef outside = moved_out(node, depth);
        for (size_t i = 0; outside && i < group_.size(); ++i) {
          if (same(*group_[i], *outside)) return bound_column(depth, i, node->type);
        }
        if (node->kind == BoundExprKind::kAggregate && node->level == depth) {
          for (size_t i = 0; outside && i < aggregates_.size(); ++i) {
            if (!same(*aggregates_[i], *outside)) continue;
            return bound_column(depth, group_.size() + i, node->type);
          }
        }
        if (node->kind == BoundExprKind::kColumn && node->level == depth && !error) {
          error = Error(sql_state::kGroupingError,
                        "column \"" + column_text(scope_, node->column) +
                            "\" must appear in the GROUP BY clause or be used in an aggregate "
                            "function")
                      .with_position(static_cast<int>(node->position));
        }
        return nullptr;
      });
  if (error) return fail(std::move(*error));
  return out;
}

Status SelectBinder::group() {
  const bool global = group_.empty();
  for (BoundExprRef* output : outputs()) {
    ASSIGN_OR_RETURN(*output, over_groups(*output));
  }
  rel_ = bound_reduce(std::move(rel_), group_, aggregates_, global);
  if (having_) rel_ = bound_filter(std::move(rel_), {having_});
  return {};
}

// --- the result ---

namespace {

// Positions of expressions among the columns of a relation, which grows by what it lacks.
class Columns {
 public:
  explicit Columns(size_t width) : width_(width) {}

  size_t position(const BoundExprRef& value) {
    if (value->kind == BoundExprKind::kColumn && value->level == 0) return value->column;
    for (size_t i = 0; i < computed_.size(); ++i) {
      if (same(*computed_[i], *value)) return width_ + i;
    }
    computed_.push_back(value);
    return width_ + computed_.size() - 1;
  }
  const std::vector<BoundExprRef>& computed() const { return computed_; }

 private:
  size_t width_;
  std::vector<BoundExprRef> computed_;
};

size_t index_of(const std::vector<size_t>& columns, size_t column) {
  return static_cast<size_t>(std::ranges::find(columns, column) - columns.begin());
}

}  // namespace

Result<BoundRelRef> SelectBinder::distinct_on(BoundRelRef rel, const std::vector<size_t>& positions,
                                              const std::vector<plan::SortColumn>& order) const {
  std::vector<plan::SortColumn> rest;
  size_t matched = 0;
  for (const plan::SortColumn& sort : order) {
    const bool in_group = std::ranges::find(positions, sort.column) != positions.end();
    if (!in_group) {
      rest.push_back(sort);
    } else if (rest.empty()) {
      ++matched;
    }
  }
  std::vector<size_t> different = positions;
  std::ranges::sort(different);
  const auto repeated = std::ranges::unique(different);
  different.erase(repeated.begin(), repeated.end());
  // Either the order begins with all of the expressions, or it says nothing beside them.
  if (!rest.empty() && matched < different.size()) {
    return fail(SqlState("42P10"),
                "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
  }
  return bound_top_k(std::move(rel), std::move(different), std::move(rest), 1, 0);
}

Result<BoundQuery> SelectBinder::finish() {
  BoundQuery out;
  Columns columns(rel_->columns.size());
  std::vector<size_t> projection;
  for (const Item& item : items_) projection.push_back(columns.position(item.value));
  const size_t visible = projection.size();
  auto placed = [&](const BoundExprRef& value) {
    const size_t column = columns.position(value);
    const size_t known = index_of(projection, column);
    if (known == projection.size()) projection.push_back(column);
    return known;
  };
  for (size_t i = 0; i < order_.size(); ++i) {
    out.order.push_back(sort_column(placed(order_[i]), order_by_[i]));
  }
  if (select_.distinct && distinct_on_.empty() && projection.size() > visible) {
    return fail(SqlState("42P10"),
                "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
  }
  std::vector<size_t> on;
  for (const BoundExprRef& value : distinct_on_) on.push_back(placed(value));
  out.rel = bound_project(bound_map(std::move(rel_), columns.computed()), projection);
  if (!on.empty()) {
    ASSIGN_OR_RETURN(out.rel, distinct_on(std::move(out.rel), on, out.order));
  } else if (select_.distinct) {
    out.rel = bound_distinct(std::move(out.rel));
  }
  for (size_t i = 0; i < visible; ++i) {
    types::ColumnDesc column{items_[i].name, out.rel->columns[i]};
    if (items_[i].untyped) column.type.type = SqlType::of(TypeId::kUnknown);
    out.columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace penstock::sql
