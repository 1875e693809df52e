// Walking, comparing and rewriting bound trees: see bound.h.
#include <algorithm>

#include "sql/bind/bound.h"

namespace penstock::sql {
namespace {

bool same_list(const std::vector<BoundExprRef>& a, const std::vector<BoundExprRef>& b) {
  return std::ranges::equal(
      a, b, [](const BoundExprRef& x, const BoundExprRef& y) { return same(*x, *y); });
}

bool same_optional(const BoundExprRef& a, const BoundExprRef& b) {
  return a == b || (a && b && same(*a, *b));
}

bool same_relation(const BoundRel& a, const BoundRel& b) {
  if (&a == &b) return true;
  return a.kind == b.kind && a.collection == b.collection && a.cte == b.cte &&
         a.projection == b.projection && a.join == b.join && a.global == b.global &&
         a.group == b.group && a.order == b.order && a.limit == b.limit && a.offset == b.offset &&
         a.all == b.all && a.function == b.function && a.with_ordinality == b.with_ordinality &&
         same_optional(a.on, b.on) && same_list(a.expressions, b.expressions) &&
         same_list(a.aggregates, b.aggregates) && std::ranges::equal(a.rows, b.rows, same_list) &&
         std::ranges::equal(a.inputs, b.inputs, [](const BoundRelRef& x, const BoundRelRef& y) {
           return same_relation(*x, *y);
         });
}

void visit(const BoundRel& relation, size_t depth, const OuterVisit& found);

void visit(const BoundExpr& expression, size_t depth, const OuterVisit& found) {
  if (expression.kind == BoundExprKind::kColumn && expression.level >= depth) {
    found(expression.level - depth, expression.column);
  }
  for (const BoundExprRef& argument : expression.arguments) visit(*argument, depth, found);
  if (expression.filter) visit(*expression.filter, depth, found);
  if (expression.relation) visit(*expression.relation, depth + 1, found);
}

// Level `depth` is what the root calls level 0; a relation's own rows are level 0.
void visit(const BoundRel& relation, size_t depth, const OuterVisit& found) {
  auto visit_own = [&](const BoundExprRef& expression) { visit(*expression, depth, found); };
  std::ranges::for_each(relation.expressions, visit_own);
  std::ranges::for_each(relation.aggregates, visit_own);
  for (const auto& row : relation.rows) std::ranges::for_each(row, visit_own);
  if (relation.on) visit_own(relation.on);
  for (size_t i = 0; i < relation.inputs.size(); ++i) {
    const size_t opened = relation.kind == BoundRelKind::kJoin && i == 1 ? 1 : 0;
    visit(*relation.inputs[i], depth + opened, found);
  }
}

}  // namespace

bool same(const BoundExpr& a, const BoundExpr& b) {
  if (&a == &b) return true;
  return a.kind == b.kind && a.type.type == b.type.type && a.level == b.level &&
         a.column == b.column && a.literal == b.literal && a.empty == b.empty &&
         a.parameter == b.parameter && a.function == b.function && a.aggregate == b.aggregate &&
         a.distinct == b.distinct && a.aggregate_order == b.aggregate_order &&
         same_list(a.arguments, b.arguments) && same_optional(a.filter, b.filter) &&
         (a.relation == b.relation ||
          (a.relation && b.relation && same_relation(*a.relation, *b.relation)));
}

BoundExprRef rewrite(const BoundExprRef& expression, size_t depth, const BoundRewrite& replace) {
  if (BoundExprRef replaced = replace(expression, depth)) return replaced;
  auto out = std::make_shared<BoundExpr>(*expression);
  for (BoundExprRef& argument : out->arguments) argument = rewrite(argument, depth, replace);
  if (out->filter) out->filter = rewrite(out->filter, depth, replace);
  if (out->relation) out->relation = rewrite(out->relation, depth + 1, replace);
  return out;
}

BoundRelRef rewrite(const BoundRelRef& relation, size_t depth, const BoundRewrite& replace) {
  auto out = std::make_shared<BoundRel>(*relation);
  for (BoundExprRef& expression : out->expressions) {
    expression = rewrite(expression, depth, replace);
  }
  for (BoundExprRef& aggregate : out->aggregates) aggregate = rewrite(aggregate, depth, replace);
  for (auto& row : out->rows) {
    for (BoundExprRef& value : row) value = rewrite(value, depth, replace);
  }
  if (out->on) out->on = rewrite(out->on, depth, replace);
  for (size_t i = 0; i < out->inputs.size(); ++i) {
    const size_t opened = out->kind == BoundRelKind::kJoin && i == 1 ? 1 : 0;
    out->inputs[i] = rewrite(out->inputs[i], depth + opened, replace);
  }
  return out;
}

namespace {

bool has_level(const BoundExpr& expression) {
  return expression.kind == BoundExprKind::kColumn || expression.kind == BoundExprKind::kAggregate;
}

// Adds `by` to the levels of everything that leaves the root.
BoundRewrite add_levels(int64_t by) {
  return [by](const BoundExprRef& expression, size_t depth) -> BoundExprRef {
    if (!has_level(*expression) || expression->level < depth) return nullptr;
    auto out = std::make_shared<BoundExpr>(*expression);
    out->level = static_cast<size_t>(static_cast<int64_t>(out->level) + by);
    for (BoundExprRef& argument : out->arguments) {
      argument = rewrite(argument, depth, add_levels(by));
    }
    if (out->filter) out->filter = rewrite(out->filter, depth, add_levels(by));
    return out;
  };
}

}  // namespace

BoundExprRef shift_levels(const BoundExprRef& expression, size_t by) {
  return by == 0 ? expression : rewrite(expression, 0, add_levels(static_cast<int64_t>(by)));
}

BoundRelRef shift_levels(const BoundRelRef& relation, size_t by) {
  // Level 0 in a relation's expressions is its own row, so what leaves it is of level 1 and more.
  return by == 0 ? relation : rewrite(relation, 1, add_levels(static_cast<int64_t>(by)));
}

void for_each_outer(const BoundExpr& expression, const OuterVisit& found) {
  visit(expression, 0, found);
}

void for_each_outer(const BoundRel& relation, const OuterVisit& found) {
  visit(relation, 1, [&](size_t level, size_t column) { found(level + 1, column); });
}

bool is_correlated(const BoundRel& relation) {
  bool correlated = false;
  for_each_outer(relation, [&](size_t, size_t) { correlated = true; });
  return correlated;
}

void for_each_aggregate(const BoundExprRef& expression,
                        const std::function<void(const BoundExprRef&)>& visit_aggregate) {
  rewrite(expression, 0, [&](const BoundExprRef& node, size_t depth) -> BoundExprRef {
    if (node->kind != BoundExprKind::kAggregate || node->level != depth) return nullptr;
    BoundExprRef outside = moved_out(node, depth);
    if (outside) visit_aggregate(outside);
    return node;
  });
}

BoundExprRef moved_out(const BoundExprRef& expression, size_t by) {
  if (by == 0) return expression;
  bool stays = false;
  for_each_outer(*expression, [&](size_t level, size_t) { stays |= level < by; });
  if (stays) return nullptr;
  return rewrite(expression, 0, add_levels(-static_cast<int64_t>(by)));
}

}  // namespace penstock::sql
