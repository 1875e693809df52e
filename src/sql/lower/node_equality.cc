// See node_equality.h.
#include "sql/lower/node_equality.h"

#include <algorithm>

namespace penstock::sql {
namespace {

using expr::AggregateExpr;
using expr::ScalarRef;

bool same_optional(const ScalarRef& a, const ScalarRef& b) {
  return a == b || (a && b && expr::equal(*a, *b));
}

bool same(const plan::MapFilterProject& a, const plan::MapFilterProject& b) {
  return same_expressions(a.map, b.map) && same_expressions(a.predicates, b.predicates) &&
         a.predicate_after == b.predicate_after && a.projection == b.projection;
}

bool same(const plan::ImportNode& a, const plan::ImportNode& b) {
  return a.collection == b.collection;
}
bool same(const plan::ConstantNode& a, const plan::ConstantNode& b) {
  return a.error == b.error && std::ranges::equal(a.rows, b.rows, [](const auto& x, const auto& y) {
           return x.diff == y.diff && x.values == y.values;
         });
}
bool same(const plan::MfpNode& a, const plan::MfpNode& b) {
  return same(a.mfp, b.mfp);
}
bool same(const plan::JoinNode& a, const plan::JoinNode& b) {
  return a.left_key == b.left_key && a.right_key == b.right_key && a.nulls_match == b.nulls_match &&
         same(a.residual, b.residual);
}
bool same(const plan::ReduceNode& a, const plan::ReduceNode& b) {
  return a.key == b.key && same_aggregates(a.aggregates, b.aggregates);
}
bool same(const plan::DistinctNode&, const plan::DistinctNode&) {
  return true;
}
bool same(const plan::ThresholdNode&, const plan::ThresholdNode&) {
  return true;
}
bool same(const plan::TopKNode& a, const plan::TopKNode& b) {
  return a.group == b.group && a.order == b.order && a.limit == b.limit && a.offset == b.offset &&
         a.monotonic == b.monotonic;
}
bool same(const plan::NegateNode&, const plan::NegateNode&) {
  return true;
}
bool same(const plan::UnionNode&, const plan::UnionNode&) {
  return true;
}
bool same(const plan::FlatMapNode& a, const plan::FlatMapNode& b) {
  return a.function == b.function && a.with_ordinality == b.with_ordinality &&
         same_expressions(a.arguments, b.arguments);
}

}  // namespace

bool same_expressions(const std::vector<ScalarRef>& a, const std::vector<ScalarRef>& b) {
  return std::ranges::equal(
      a, b, [](const ScalarRef& x, const ScalarRef& y) { return expr::equal(*x, *y); });
}

bool same_aggregates(const std::vector<AggregateExpr>& a, const std::vector<AggregateExpr>& b) {
  return std::ranges::equal(a, b, [](const AggregateExpr& x, const AggregateExpr& y) {
    return x.kind == y.kind && x.distinct == y.distinct && x.order == y.order &&
           expr::equal(*x.argument, *y.argument) && same_optional(x.filter, y.filter);
  });
}

bool same_node(const plan::PlanNode& a, const plan::PlanNode& b) {
  if (a.inputs != b.inputs || a.op.index() != b.op.index()) return false;
  if (a.columns.size() != b.columns.size()) return false;
  for (size_t i = 0; i < a.columns.size(); ++i) {
    if (!(a.columns[i].type == b.columns[i].type)) return false;
  }
  return std::visit(
      [&](const auto& op) { return same(op, std::get<std::decay_t<decltype(op)>>(b.op)); }, a.op);
}

}  // namespace penstock::sql
