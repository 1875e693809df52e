// Lowering of every relation but joins: see lower.h and lowerer.h.
#include "sql/lower/lowerer.h"

#include <algorithm>

#include "base/check.h"
#include "expr/function_catalogue.h"
#include "plan/keys.h"
#include "sql/lower/condition.h"
#include "sql/lower/lower.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelKind;
using plan::RelRef;
using types::ColumnDesc;
using types::ColumnType;
using types::Datum;

namespace {

constexpr const char* kNoName = "?column?";

types::RelationType unnamed(const std::vector<ColumnType>& columns) {
  types::RelationType type;
  for (const ColumnType& column : columns) type.columns.push_back({kNoName, column});
  return type;
}

bool is_literal_row(const std::vector<BoundExprRef>& row) {
  return std::ranges::all_of(
      row, [](const BoundExprRef& value) { return value->kind == BoundExprKind::kLiteral; });
}

}  // namespace

// --- small pieces ---

size_t OuterRows::position(size_t level, size_t column) const {
  CHECK_OP(<=, level, frames.size());
  return frames[frames.size() - level][column];
}

RelRef unit_rows() {
  return plan::constant({}, {plan::ConstantRow{}});
}

bool is_unit(const plan::RelExpr& rel) {
  return rel.kind == RelKind::kConstant && rel.type.columns.empty() && rel.rows.size() == 1 &&
         rel.rows[0].diff == 1 && !rel.error;
}

RelRef key_rows(const RelRef& rel, const std::vector<size_t>& columns) {
  if (columns.empty()) return unit_rows();
  RelRef keys = plan::project(rel, columns);
  return keys->type.keys.empty() ? plan::distinct(std::move(keys)) : keys;
}

RelRef cross(RelRef left, RelRef right) {
  if (is_unit(*left)) return right;
  if (is_unit(*right)) return left;
  return plan::join({std::move(left), std::move(right)}, {});
}

std::vector<size_t> range(size_t begin, size_t end) {
  std::vector<size_t> out;
  for (size_t i = begin; i < end; ++i) out.push_back(i);
  return out;
}

ScalarRef column_at(const RelRef& rel, size_t column) {
  return expr::column_ref(column, rel->type.columns[column].type);
}

RelRef join_on(RelRef left, const std::vector<size_t>& left_columns, RelRef right,
               const std::vector<size_t>& right_columns) {
  std::vector<std::vector<ScalarRef>> equivalences;
  const size_t width = left->type.columns.size();
  for (size_t i = 0; i < left_columns.size(); ++i) {
    equivalences.push_back(
        {column_at(left, left_columns[i]),
         expr::column_ref(width + right_columns[i], right->type.columns[right_columns[i]].type)});
  }
  if (equivalences.empty()) return cross(std::move(left), std::move(right));
  return plan::join({std::move(left), std::move(right)}, std::move(equivalences));
}

RelRef stating_keys(RelRef rel, const std::vector<std::vector<size_t>>& keys) {
  types::RelationType type = rel->type;
  for (const std::vector<size_t>& key : keys) plan::add_key(type.keys, key);
  return plan::with_type(std::move(rel), std::move(type));
}

RelRef stating_key(RelRef rel, std::vector<size_t> key) {
  return stating_keys(std::move(rel), {std::move(key)});
}

RelRef too_many_rows(const RelRef& rel, size_t num_keys, const types::SqlType& type) {
  const types::SqlType int8 = types::SqlType::of(types::TypeId::kInt8);
  const types::SqlType boolean = types::SqlType::of(types::TypeId::kBool);
  std::vector<ScalarRef> keys;
  for (size_t i = 0; i < num_keys; ++i) keys.push_back(column_at(rel, i));
  expr::AggregateExpr count;
  count.argument = expr::literal(Datum::boolean(true), boolean);
  count.type = {int8, false};
  RelRef counted = plan::reduce(rel, std::move(keys), {std::move(count)});
  ScalarRef several = expr::call(
      expr::function_of(">", {types::TypeId::kInt8, types::TypeId::kInt8}),
      {column_at(counted, num_keys), expr::literal(Datum::integer(1), int8)}, {boolean, false});
  RelRef bad =
      plan::project(plan::filter(std::move(counted), {std::move(several)}), range(0, num_keys));
  return plan::map(
      std::move(bad),
      {expr::error_literal(
          {sql_state::kCardinalityViolation, "more than one record produced in subquery"}, type)});
}

Cardinality cardinality_of(const BoundRel& rel) {
  switch (rel.kind) {
    case BoundRelKind::kValues:
      return {!rel.rows.empty(), rel.rows.size() <= 1};
    case BoundRelKind::kProject:
    case BoundRelKind::kMap:
    case BoundRelKind::kDistinct:
      return cardinality_of(*rel.inputs[0]);
    case BoundRelKind::kFilter:
      return {false, cardinality_of(*rel.inputs[0]).at_most_one};
    case BoundRelKind::kReduce:
      return {rel.global, rel.expressions.empty()};
    case BoundRelKind::kTopK: {
      const bool one = rel.group.empty() && rel.limit && *rel.limit <= 1;
      const Cardinality input = cardinality_of(*rel.inputs[0]);
      const bool keeps = rel.offset == 0 && (!rel.limit || *rel.limit > 0);
      return {input.at_least_one && keeps, one || input.at_most_one};
    }
    default:
      return {};
  }
}

bool is_row_wise(const BoundRel& rel) {
  switch (rel.kind) {
    case BoundRelKind::kValues:
      return rel.rows.size() == 1;
    case BoundRelKind::kProject:
    case BoundRelKind::kMap:
    case BoundRelKind::kFilter:
    case BoundRelKind::kFlatMap:
      return is_row_wise(*rel.inputs[0]);
    default:
      return false;
  }
}

// --- the walk ---

RelRef lower(const BoundRelRef& root, const std::vector<BoundCte>& ctes) {
  return Lowerer(ctes).lower_root(root);
}

RelRef Lowerer::lower_root(const BoundRelRef& root) {
  const OuterRows nothing{unit_rows(), {}};
  std::vector<std::pair<uint64_t, RelRef>> values;
  for (const BoundCte& cte : ctes_) {
    RelRef value = lower(*cte.rel, nothing);
    const uint64_t local = next_local();
    cte_gets_.push_back(plan::local_get(local, value->type));
    values.emplace_back(local, std::move(value));
  }
  RelRef body = lower(*root, nothing);
  for (size_t i = values.size(); i-- > 0;) {
    body = plan::let(values[i].first, std::move(values[i].second), std::move(body));
  }
  return body;
}

RelRef Lowerer::lower(const BoundRel& rel, const OuterRows& outer) {
  if (outer.width() > 0 && !is_correlated(rel)) {
    // It does not look at the outer rows: lowered alone, then paired with each of them.
    const OuterRows nothing{unit_rows(), outer.frames};
    return cross(outer.rel, lower_operator(rel, nothing));
  }
  return lower_operator(rel, outer);
}

RelRef Lowerer::lower_operator(const BoundRel& rel, const OuterRows& outer) {
  const size_t width = outer.width();
  switch (rel.kind) {
    case BoundRelKind::kValues:
      return lower_values(rel, outer);
    case BoundRelKind::kGet:
      return cross(outer.rel, plan::get(rel.collection, rel.relation));
    case BoundRelKind::kCteGet:
      return cross(outer.rel, cte_gets_[rel.cte]);
    case BoundRelKind::kProject: {
      std::vector<size_t> projection = range(0, width);
      for (size_t column : rel.projection) projection.push_back(width + column);
      return plan::project(lower(*rel.inputs[0], outer), std::move(projection));
    }
    case BoundRelKind::kMap:
      return lower_map(rel, outer);
    case BoundRelKind::kFilter:
      return lower_filter(rel, outer);
    case BoundRelKind::kJoin:
      return lower_join(rel, outer);
    case BoundRelKind::kReduce:
      return lower_reduce(rel, outer);
    case BoundRelKind::kDistinct:
      return plan::distinct(lower(*rel.inputs[0], outer));
    case BoundRelKind::kTopK:
      return lower_top_k(rel, outer);
    case BoundRelKind::kUnion: {
      std::vector<RelRef> inputs;
      for (const BoundRelRef& input : rel.inputs) inputs.push_back(lower(*input, outer));
      return plan::union_all(std::move(inputs));
    }
    case BoundRelKind::kExcept:
    case BoundRelKind::kIntersect:
      return lower_set_difference(rel, outer);
    case BoundRelKind::kFlatMap:
      return lower_flat_map(rel, outer);
  }
  check_failed(__FILE__, __LINE__, "a known relation", "");
}

RelRef Lowerer::lower_values(const BoundRel& rel, const OuterRows& outer) {
  std::vector<plan::ConstantRow> constant_rows;
  std::vector<RelRef> parts;
  for (const std::vector<BoundExprRef>& values : rel.rows) {
    if (is_literal_row(values)) {
      plan::ConstantRow row;
      for (const BoundExprRef& value : values) row.values.push_back(value->literal);
      constant_rows.push_back(std::move(row));
      continue;
    }
    Row row{outer.rel, outer, 0};
    std::vector<ScalarRef> expressions;
    for (const BoundExprRef& value : values) expressions.push_back(lower_scalar(*value, row));
    const size_t before = row.rel->type.columns.size();
    std::vector<size_t> projection = range(0, outer.width());
    for (size_t i = 0; i < expressions.size(); ++i) projection.push_back(before + i);
    parts.push_back(plan::project(plan::map(row.rel, std::move(expressions)), projection));
  }
  if (!constant_rows.empty() || parts.empty()) {
    parts.push_back(
        cross(outer.rel, plan::constant(unnamed(rel.columns), std::move(constant_rows))));
  }
  return parts.size() == 1 ? parts[0] : plan::union_all(std::move(parts));
}

RelRef Lowerer::lower_map(const BoundRel& rel, const OuterRows& outer) {
  const size_t input_width = rel.inputs[0]->columns.size();
  Row row{lower(*rel.inputs[0], outer), outer, input_width};
  std::vector<ScalarRef> expressions;
  for (const BoundExprRef& expression : rel.expressions) {
    expressions.push_back(lower_scalar(*expression, row));
  }
  const size_t kept = outer.width() + input_width;
  const size_t before = row.rel->type.columns.size();
  const size_t computed = expressions.size();
  RelRef mapped = plan::map(row.rel, std::move(expressions));
  if (before == kept) return mapped;
  std::vector<size_t> projection = range(0, kept);
  for (size_t i = 0; i < computed; ++i) projection.push_back(before + i);
  return plan::project(std::move(mapped), std::move(projection));
}

RelRef Lowerer::lower_filter(const BoundRel& rel, const OuterRows& outer) {
  Row row{lower(*rel.inputs[0], outer), outer, rel.inputs[0]->columns.size()};
  std::vector<BoundExprRef> conjuncts;
  for (const BoundExprRef& predicate : rel.expressions) append_conditions(predicate, conjuncts);
  // Those without subqueries first: subqueries are then asked for fewer rows.
  std::ranges::stable_partition(conjuncts, [](const BoundExprRef& c) { return !has_subquery(*c); });
  std::vector<ScalarRef> plain;
  size_t next = 0;
  for (; next < conjuncts.size() && !has_subquery(*conjuncts[next]); ++next) {
    plain.push_back(lower_scalar(*conjuncts[next], row));
  }
  if (!plain.empty()) row.rel = plan::filter(row.rel, std::move(plain));
  const size_t kept = outer.width() + row.width;
  for (; next < conjuncts.size(); ++next) {
    ScalarRef predicate = lower_scalar(*conjuncts[next], row);
    row.rel = plan::project(plan::filter(row.rel, {std::move(predicate)}), range(0, kept));
  }
  return row.rel;
}

RelRef Lowerer::lower_reduce(const BoundRel& rel, const OuterRows& outer) {
  Row row{lower(*rel.inputs[0], outer), outer, rel.inputs[0]->columns.size()};
  std::vector<ScalarRef> keys;
  for (size_t i = 0; i < outer.width(); ++i) keys.push_back(column_at(row.rel, i));
  for (const BoundExprRef& key : rel.expressions) keys.push_back(lower_scalar(*key, row));
  std::vector<expr::AggregateExpr> aggregates;
  for (const BoundExprRef& bound : rel.aggregates) {
    expr::AggregateExpr aggregate;
    aggregate.kind = bound->aggregate;
    aggregate.argument = lower_scalar(*bound->arguments[0], row);
    if (bound->filter) aggregate.filter = lower_scalar(*bound->filter, row);
    aggregate.distinct = bound->distinct;
    aggregate.order = bound->aggregate_order;
    aggregate.type = bound->type;
    aggregates.push_back(std::move(aggregate));
  }
  RelRef reduced = plan::reduce(row.rel, std::move(keys), aggregates);
  return rel.global ? with_default_row(std::move(reduced), outer, aggregates) : reduced;
}

// A global aggregate has a row for every outer row: where there was no input, count is 0 and
// everything else NULL.
RelRef Lowerer::with_default_row(RelRef reduced, const OuterRows& outer,
                                 const std::vector<expr::AggregateExpr>& aggregates) {
  const size_t width = outer.width();
  std::vector<ScalarRef> defaults;
  for (const expr::AggregateExpr& aggregate : aggregates) {
    const bool count = aggregate.kind == expr::AggregateKind::kCount;
    defaults.push_back(
        expr::literal(count ? Datum::integer(0) : Datum::null(), aggregate.type.type));
  }
  return bind_local(std::move(reduced), [&](const RelRef& get) {
    RelRef present = plan::project(get, range(0, width));
    RelRef missing = plan::union_all({outer.rel, plan::negate(std::move(present))});
    RelRef all = plan::union_all({get, plan::map(std::move(missing), defaults)});
    return stating_key(std::move(all), range(0, width));
  });
}

RelRef Lowerer::lower_top_k(const BoundRel& rel, const OuterRows& outer) {
  std::vector<size_t> group = range(0, outer.width());
  for (size_t column : rel.group) group.push_back(outer.width() + column);
  std::vector<plan::SortColumn> order = rel.order;
  for (plan::SortColumn& sort : order) sort.column += outer.width();
  return plan::top_k(lower(*rel.inputs[0], outer), std::move(group), std::move(order), rel.limit,
                     rel.offset);
}

// EXCEPT ALL is what is left of the left side, threshold(l - r); INTERSECT ALL is the left side
// without that. The distinct forms do the same with sets.
RelRef Lowerer::lower_set_difference(const BoundRel& rel, const OuterRows& outer) {
  RelRef left = lower(*rel.inputs[0], outer);
  RelRef right = lower(*rel.inputs[1], outer);
  const std::vector<size_t> all_columns = range(0, left->type.columns.size());
  if (!rel.all) {
    left = plan::distinct(std::move(left));
    right = plan::distinct(std::move(right));
  }
  RelRef result = bind_local(std::move(left), [&](const RelRef& get) {
    RelRef rest = plan::threshold(plan::union_all({get, plan::negate(right)}));
    if (rel.kind == BoundRelKind::kExcept) return rest;
    return plan::union_all({get, plan::negate(std::move(rest))});
  });
  return rel.all ? result : stating_key(std::move(result), all_columns);
}

RelRef Lowerer::lower_flat_map(const BoundRel& rel, const OuterRows& outer) {
  const size_t input_width = rel.inputs[0]->columns.size();
  Row row{lower(*rel.inputs[0], outer), outer, input_width};
  std::vector<ScalarRef> arguments;
  for (const BoundExprRef& argument : rel.expressions) {
    arguments.push_back(lower_scalar(*argument, row));
  }
  std::vector<ColumnDesc> columns;
  for (size_t i = input_width; i < rel.columns.size(); ++i) {
    columns.push_back({kNoName, rel.columns[i]});
  }
  const size_t before = row.rel->type.columns.size();
  const size_t made = columns.size();
  RelRef out =
      rel.with_ordinality
          ? plan::flat_map_with_ordinality(row.rel, rel.function, std::move(arguments),
                                           std::move(columns))
          : plan::flat_map(row.rel, rel.function, std::move(arguments), std::move(columns));
  const size_t kept = outer.width() + input_width;
  if (before == kept) return out;
  std::vector<size_t> projection = range(0, kept);
  for (size_t i = 0; i < made; ++i) projection.push_back(before + i);
  return plan::project(std::move(out), std::move(projection));
}

}  // namespace penstock::sql
