// See relation_equality.h.
#include "sql/optimize/relation_equality.h"

#include <algorithm>

#include "sql/optimize/scalar_facts.h"

namespace penstock::sql {
namespace {

using expr::AggregateExpr;
using plan::RelExpr;
using plan::RelRef;

bool same_aggregate(const AggregateExpr& a, const AggregateExpr& b) {
  const bool same_filter =
      a.filter == b.filter || (a.filter && b.filter && same_scalar(*a.filter, *b.filter));
  return a.kind == b.kind && a.distinct == b.distinct && a.order == b.order &&
         same_scalar(*a.argument, *b.argument) && same_filter;
}

bool same_row(const plan::ConstantRow& a, const plan::ConstantRow& b) {
  return a.diff == b.diff && a.values == b.values;
}

bool same_operator(const RelExpr& a, const RelExpr& b) {
  return a.kind == b.kind && a.error == b.error && a.collection == b.collection &&
         a.local == b.local && a.projection == b.projection && a.group_columns == b.group_columns &&
         a.order == b.order && a.limit == b.limit && a.offset == b.offset &&
         a.table_function == b.table_function && a.with_ordinality == b.with_ordinality &&
         same_scalars(a.expressions, b.expressions) &&
         std::ranges::equal(a.rows, b.rows, same_row) &&
         std::ranges::equal(a.equivalences, b.equivalences, same_scalars) &&
         std::ranges::equal(a.aggregates, b.aggregates, same_aggregate);
}

}  // namespace

bool same_relation(const RelRef& a, const RelRef& b) {
  if (a == b) return true;
  if (a->type.columns.size() != b->type.columns.size()) return false;
  for (size_t i = 0; i < a->type.columns.size(); ++i) {
    if (!(a->type.columns[i].type.type == b->type.columns[i].type.type)) return false;
  }
  return same_operator(*a, *b) && std::ranges::equal(a->inputs, b->inputs, same_relation);
}

}  // namespace penstock::sql
