// See unique_groups.h.
#include "sql/optimize/unique_groups.h"

#include <algorithm>

#include "expr/evaluator.h"
#include "plan/keys.h"
#include "sql/optimize/scalar_facts.h"

namespace penstock::sql {

using expr::AggregateExpr;
using expr::AggregateKind;
using expr::ScalarRef;
using plan::RelRef;
using types::Datum;

namespace {

// The aggregate of one row; null when it is not that simple.
ScalarRef of_one_row(const AggregateExpr& aggregate, const ScalarRef& is_null) {
  switch (aggregate.kind) {
    case AggregateKind::kCount: {
      const ScalarRef one = expr::literal(Datum::integer(1), aggregate.type.type);
      const ScalarRef zero = expr::literal(Datum::integer(0), aggregate.type.type);
      if (!aggregate.argument->type.nullable) return one;
      return expr::case_when({is_null, zero, one}, {aggregate.type.type, false});
    }
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kBoolAnd:
    case AggregateKind::kBoolOr:
      return aggregate.argument;
    default:
      return nullptr;
  }
}

}  // namespace

RelRef without_grouping(const RelRef& reduce) {
  const RelRef& input = reduce->inputs[0];
  std::vector<size_t> grouped;
  for (const ScalarRef& key : reduce->expressions) {
    if (key->kind == expr::ScalarKind::kColumn) grouped.push_back(key->column);
  }
  if (!plan::is_unique(input->type.keys, grouped)) return reduce;
  std::vector<ScalarRef> columns = reduce->expressions;
  for (const AggregateExpr& aggregate : reduce->aggregates) {
    if (aggregate.filter || expr::can_fail(*aggregate.argument)) return reduce;
    ScalarRef value = of_one_row(aggregate, is_null(aggregate.argument));
    if (!value) return reduce;
    columns.push_back(std::move(value));
  }
  std::vector<size_t> projection;
  for (size_t i = 0; i < columns.size(); ++i) {
    projection.push_back(input->type.columns.size() + i);
  }
  return plan::project(plan::map(input, std::move(columns)), std::move(projection));
}

}  // namespace penstock::sql
