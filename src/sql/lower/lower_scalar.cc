// Lowering of expressions: columns are found, subqueries become columns appended to the row.
#include <algorithm>

#include "base/check.h"
#include "expr/function_spec.h"
#include "plan/keys.h"
#include "sql/lower/lowerer.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelRef;
using types::Datum;
using types::SqlType;
using types::TypeId;

namespace {

// The call over arguments whose nullability is now known better.
ScalarRef lowered_call(const BoundExpr& bound, std::vector<ScalarRef> arguments) {
  std::vector<types::ColumnType> argument_types;
  for (const ScalarRef& argument : arguments) argument_types.push_back(argument->type);
  types::ColumnType type = expr::result_column_type(*bound.function, argument_types);
  type.type = bound.type.type;
  return expr::call(*bound.function, std::move(arguments), std::move(type));
}

ScalarRef lowered_case(const BoundExpr& bound, std::vector<ScalarRef> arguments) {
  bool nullable = arguments.back()->type.nullable;
  for (size_t i = 1; i < arguments.size(); i += 2) nullable |= arguments[i]->type.nullable;
  return expr::case_when(std::move(arguments), {bound.type.type, nullable});
}

}  // namespace

ScalarRef Lowerer::lower_column(const BoundExpr& expression, const Row& row) {
  if (expression.level == 0) return column_at(row.rel, row.outer.width() + expression.column);
  return column_at(row.rel, row.outer.position(expression.level, expression.column));
}

ScalarRef Lowerer::lower_scalar(const BoundExpr& expression, Row& row) {
  if (expression.kind == BoundExprKind::kColumn) return lower_column(expression, row);
  if (expression.kind == BoundExprKind::kExists) return lower_exists(expression, row);
  if (expression.kind == BoundExprKind::kScalarSubquery) {
    return lower_scalar_subquery(expression, row);
  }
  std::vector<ScalarRef> arguments;
  for (const BoundExprRef& argument : expression.arguments) {
    arguments.push_back(lower_scalar(*argument, row));
  }
  switch (expression.kind) {
    case BoundExprKind::kParameter:  // The statement is only described.
      return expr::literal(Datum::null(), expression.type.type);
    case BoundExprKind::kLiteral:
      return expr::literal(expression.literal, expression.type.type);
    case BoundExprKind::kCall:
      return lowered_call(expression, std::move(arguments));
    case BoundExprKind::kAnd:
      return expr::conjunction(std::move(arguments));
    case BoundExprKind::kOr:
      return expr::disjunction(std::move(arguments));
    case BoundExprKind::kCase:
      return lowered_case(expression, std::move(arguments));
    case BoundExprKind::kCoalesce: {
      const bool nullable =
          std::ranges::all_of(arguments, [](const ScalarRef& a) { return a->type.nullable; });
      return expr::coalesce(std::move(arguments), {expression.type.type, nullable});
    }
    default:
      check_failed(__FILE__, __LINE__, "an expression that can be lowered", "");
  }
}

// --- subqueries ---

OuterRows Lowerer::outer_of(const Row& row) const {
  OuterRows outer{row.rel, row.outer.frames};
  outer.frames.push_back(range(row.outer.width(), row.outer.width() + row.width));
  return outer;
}

std::vector<size_t> Lowerer::columns_used(const BoundRel& rel, const Row& row) const {
  const OuterRows outer = outer_of(row);
  std::set<size_t> used;
  for_each_outer(rel,
                 [&](size_t level, size_t column) { used.insert(outer.position(level, column)); });
  return {used.begin(), used.end()};
}

Lowerer::Branch Lowerer::lower_for(const BoundRel& rel, const Row& row, const RelRef& keys) {
  Branch branch;
  branch.used = columns_used(rel, row);
  OuterRows outer = outer_of(row);
  for (std::vector<size_t>& frame : outer.frames) {
    for (size_t& position : frame) {
      // What is not looked at has no position among the keys.
      const auto found = std::ranges::find(branch.used, position);
      position = static_cast<size_t>(found - branch.used.begin());
    }
  }
  outer.rel = keys;
  branch.result = lower(rel, outer);
  return branch;
}

ScalarRef Lowerer::lower_exists(const BoundExpr& expression, Row& row) {
  const size_t width = row.rel->type.columns.size();
  const std::vector<std::vector<size_t>> keys_of_row = row.rel->type.keys;
  const ScalarRef yes = expr::literal(Datum::boolean(true), SqlType::of(TypeId::kBool));
  const ScalarRef no = expr::literal(Datum::boolean(false), SqlType::of(TypeId::kBool));
  const RelRef before = row.rel;
  row.rel = bind_local(before, [&](const RelRef& get) {
    row.rel = get;
    const std::vector<size_t> used = columns_used(*expression.relation, row);
    return bind_local(key_rows(get, used), [&](const RelRef& keys) {
      const Branch branch = lower_for(*expression.relation, row, keys);
      const std::vector<size_t> key_columns = range(0, used.size());
      RelRef found = plan::distinct(plan::project(branch.result, key_columns));
      RelRef joined = join_on(get, used, std::move(found), key_columns);
      RelRef with = plan::project(std::move(joined), range(0, width));
      RelRef all = bind_local(std::move(with), [&](const RelRef& with_get) {
        RelRef without = plan::union_all({get, plan::negate(with_get)});
        return plan::union_all({plan::map(with_get, {yes}), plan::map(std::move(without), {no})});
      });
      return stating_keys(std::move(all), keys_of_row);
    });
  });
  return column_at(row.rel, width);
}

// Makes `result` (key columns, then one value) have exactly one row for each of `keys`: NULL where
// there was none, an error where there were several.
RelRef Lowerer::one_row_each(const BoundRel& rel, RelRef result, const RelRef& keys,
                             size_t num_keys) {
  Cardinality cardinality = cardinality_of(rel);
  const std::vector<size_t> key_columns = range(0, num_keys);
  cardinality.at_most_one |= plan::is_unique(result->type.keys, key_columns);
  if (cardinality.at_least_one && cardinality.at_most_one) {
    return stating_key(std::move(result), key_columns);
  }
  const SqlType type = result->type.columns.back().type.type;
  RelRef all = bind_local(std::move(result), [&](const RelRef& get) {
    std::vector<RelRef> parts = {get};
    if (!cardinality.at_least_one) {
      RelRef present = plan::distinct(plan::project(get, key_columns));
      RelRef missing = plan::union_all({keys, plan::negate(std::move(present))});
      parts.push_back(plan::map(std::move(missing), {expr::literal(Datum::null(), type)}));
    }
    if (!cardinality.at_most_one) {
      parts.push_back(too_many_rows(get, num_keys, type));
    }
    return parts.size() == 1 ? parts[0] : plan::union_all(std::move(parts));
  });
  return stating_key(std::move(all), key_columns);
}

ScalarRef Lowerer::lower_scalar_subquery(const BoundExpr& expression, Row& row) {
  const BoundRel& rel = *expression.relation;
  const size_t width = row.rel->type.columns.size();
  const Cardinality cardinality = cardinality_of(rel);
  if (is_row_wise(rel) && cardinality.at_least_one && cardinality.at_most_one) {
    // SELECT without FROM: computed in the row itself. The columns of its own are dropped.
    const OuterRows outer = outer_of(row);
    row.rel = lower_operator(rel, outer);
    return column_at(row.rel, width);
  }
  const std::vector<std::vector<size_t>> keys_of_row = row.rel->type.keys;
  const RelRef before = row.rel;
  row.rel = bind_local(before, [&](const RelRef& get) {
    row.rel = get;
    const std::vector<size_t> used = columns_used(rel, row);
    return bind_local(key_rows(get, used), [&](const RelRef& keys) {
      Branch branch = lower_for(rel, row, keys);
      RelRef values = one_row_each(rel, std::move(branch.result), keys, used.size());
      RelRef joined = join_on(get, used, std::move(values), range(0, used.size()));
      std::vector<size_t> projection = range(0, width);
      projection.push_back(width + used.size());
      return stating_keys(plan::project(std::move(joined), std::move(projection)), keys_of_row);
    });
  });
  return column_at(row.rel, width);
}

}  // namespace penstock::sql
