// See simplification.h.
#include "sql/optimize/simplification.h"

#include <algorithm>

#include "expr/evaluator.h"
#include "plan/keys.h"
#include "sql/optimize/join_merging.h"
#include "sql/optimize/rel_rewrite.h"
#include "sql/optimize/relation_equality.h"
#include "sql/optimize/scalar_facts.h"
#include "sql/optimize/unique_groups.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelKind;
using plan::RelRef;

namespace {

enum class Projections { kRise, kStay };

bool is_empty(const RelRef& rel) {
  return rel->kind == RelKind::kConstant && rel->rows.empty() && !rel->error;
}

RelRef nothing_like(const RelRef& rel) {
  return plan::constant(rel->type, {});
}

bool is_identity(const RelRef& project) {
  const std::vector<size_t>& projection = project->projection;
  if (projection.size() != project->inputs[0]->type.columns.size()) return false;
  for (size_t i = 0; i < projection.size(); ++i) {
    if (projection[i] != i) return false;
  }
  return true;
}

RelRef simplified_project(const RelRef& rel) {
  const RelRef& input = rel->inputs[0];
  if (is_identity(rel)) return input;
  if (input->kind == RelKind::kProject) {
    std::vector<size_t> projection;
    for (size_t column : rel->projection) projection.push_back(input->projection[column]);
    return simplified_project(plan::project(input->inputs[0], std::move(projection)));
  }
  if (input->kind != RelKind::kConstant || input->error) return rel;
  std::vector<plan::ConstantRow> rows;
  for (const plan::ConstantRow& row : input->rows) {
    plan::ConstantRow& picked = rows.emplace_back(plan::ConstantRow{{}, row.diff});
    for (size_t column : rel->projection) picked.values.push_back(row.values[column]);
  }
  return plan::constant(rel->type, std::move(rows));
}

bool is_column(const ScalarRef& expression) {
  return expression->kind == expr::ScalarKind::kColumn;
}

// Columns need not be computed: they are projected.
RelRef without_columns(const RelRef& map) {
  std::vector<size_t> projection;  // Where the map's columns are.
  const size_t width = map->inputs[0]->type.columns.size();
  for (size_t i = 0; i < width; ++i) projection.push_back(i);
  std::vector<ScalarRef> computed;
  for (const ScalarRef& expression : map->expressions) {
    if (is_column(expression)) {
      projection.push_back(projection[expression->column]);
    } else {
      computed.push_back(expr::renumber(expression, projection));
      projection.push_back(width + computed.size() - 1);
    }
  }
  RelRef out = map->inputs[0];
  if (!computed.empty()) out = plan::map(std::move(out), std::move(computed));
  return plan::project(std::move(out), std::move(projection));
}

RelRef simplified_map(const RelRef& rel, Projections projections) {
  if (rel->expressions.empty()) return rel->inputs[0];
  if (std::ranges::any_of(rel->expressions, is_column)) {
    const RelRef made = without_columns(rel);
    RelRef below = made->inputs[0];
    if (below != rel->inputs[0]) below = simplified_map(below, projections);
    return simplified_project(plan::project(std::move(below), made->projection));
  }
  const RelRef& input = rel->inputs[0];
  if (input->kind == RelKind::kMap) {
    std::vector<ScalarRef> expressions = input->expressions;
    expressions.insert(expressions.end(), rel->expressions.begin(), rel->expressions.end());
    return plan::map(input->inputs[0], std::move(expressions));
  }
  if (input->kind != RelKind::kProject || projections == Projections::kStay) return rel;
  // Below the projection the new columns come after all that it leaves out.
  std::vector<size_t> projection = input->projection;
  const size_t width = input->inputs[0]->type.columns.size();
  for (size_t i = 0; i < rel->expressions.size(); ++i) projection.push_back(width + i);
  std::vector<ScalarRef> expressions;
  for (const ScalarRef& expression : rel->expressions) {
    expressions.push_back(expr::renumber(expression, projection));
  }
  return plan::project(simplified_map(plan::map(input->inputs[0], expressions), projections),
                       std::move(projection));
}

// Filters that can fail stay apart: see predicate_pushdown.h.
RelRef simplified_filter(const RelRef& rel) {
  const RelRef& input = rel->inputs[0];
  if (rel->expressions.empty()) return input;
  if (input->kind != RelKind::kProject) return rel;
  std::vector<ScalarRef> predicates;
  for (const ScalarRef& predicate : rel->expressions) {
    predicates.push_back(expr::renumber(predicate, input->projection));
  }
  RelRef below = simplified_filter(plan::filter(input->inputs[0], std::move(predicates)));
  return plan::project(std::move(below), input->projection);
}

// The rows of `less` that are not in `kept`, if that is a filter on the same relation; null if not.
RelRef rows_taken_away(const RelRef& kept, const RelRef& less) {
  if (kept->kind == RelKind::kProject && less->kind == RelKind::kProject &&
      kept->projection == less->projection) {
    RelRef away = rows_taken_away(kept->inputs[0], less->inputs[0]);
    return away ? plan::project(std::move(away), kept->projection) : nullptr;
  }
  if (kept->kind != RelKind::kFilter || !same_relation(kept->inputs[0], less)) return nullptr;
  const ScalarRef predicate = expr::conjunction(kept->expressions);
  // NULL is neither true nor not.
  if (predicate->type.nullable || expr::can_fail(*predicate)) return nullptr;
  return plan::filter(less, {negation(predicate)});
}

// Some rows of X without all rows of X: minus the others. All of them: nothing.
void merge_with_negated(std::vector<RelRef>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (RelRef& other : inputs) {
      if (other->kind != RelKind::kNegate) continue;
      RelRef away = same_relation(inputs[i], other->inputs[0])
                        ? nothing_like(inputs[i])
                        : rows_taken_away(inputs[i], other->inputs[0]);
      if (!away) continue;
      other = plan::negate(std::move(away));
      inputs.erase(inputs.begin() + static_cast<std::ptrdiff_t>(i--));
      break;
    }
  }
}

RelRef simplified_union(const RelRef& rel) {
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) {
    if (is_empty(input)) continue;
    if (input->kind == RelKind::kUnion) {
      inputs.insert(inputs.end(), input->inputs.begin(), input->inputs.end());
    } else {
      inputs.push_back(input);
    }
  }
  merge_with_negated(inputs);
  std::erase_if(inputs, [](const RelRef& input) {
    return input->kind == RelKind::kNegate && is_empty(input->inputs[0]);
  });
  if (inputs.empty()) return nothing_like(rel);
  if (inputs.size() == 1 && inputs[0]->kind != RelKind::kNegate) return inputs[0];
  return inputs == rel->inputs ? rel : plan::union_all(std::move(inputs));
}

RelRef simplified_top_k(const RelRef& rel) {
  if (rel->limit && *rel->limit == 0) return nothing_like(rel);
  if (rel->offset > 0) return rel;
  // A group of at most one row is not cut.
  const bool whole = !rel->limit || plan::is_unique(rel->inputs[0]->type.keys, rel->group_columns);
  return whole ? rel->inputs[0] : rel;
}

bool reads_nothing(const RelRef& rel) {
  switch (rel->kind) {
    case RelKind::kConstant:
    case RelKind::kGet:
    case RelKind::kLocalGet:
    case RelKind::kLet:
    case RelKind::kUnion:
      return false;
    default:
      return std::ranges::any_of(rel->inputs, is_empty);
  }
}

RelRef simplified_operator(const RelRef& rel, Projections projections) {
  if (reads_nothing(rel)) return nothing_like(rel);
  switch (rel->kind) {
    case RelKind::kProject:
      return simplified_project(rel);
    case RelKind::kMap:
      return simplified_map(rel, projections);
    case RelKind::kFilter:
      return simplified_filter(rel);
    case RelKind::kJoin:
      return projections == Projections::kRise ? merged_join(rel) : rel;
    case RelKind::kReduce:
      return without_grouping(rel);
    case RelKind::kDistinct:
      return rel->inputs[0]->type.keys.empty() ? rel : rel->inputs[0];
    case RelKind::kTopK:
      return simplified_top_k(rel);
    case RelKind::kThreshold: {
      const RelKind input = rel->inputs[0]->kind;
      return input == RelKind::kUnion || input == RelKind::kNegate ? rel : rel->inputs[0];
    }
    case RelKind::kUnion:
      return simplified_union(rel);
    default:
      return rel;
  }
}

RelRef simplified_tree(const RelRef& rel, Projections projections) {
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) inputs.push_back(simplified_tree(input, projections));
  RelRef out = with_inputs(rel, std::move(inputs));
  return keeping_facts(simplified_operator(out, projections), rel->type);
}

}  // namespace

void refine_scalars(plan::RelExpr& node) {
  std::vector<types::ColumnDesc> columns;
  for (const RelRef& input : node.inputs) {
    columns.insert(columns.end(), input->type.columns.begin(), input->type.columns.end());
  }
  auto refine = [&](ScalarRef& expression) { expression = refined(expression, columns); };
  for (ScalarRef& expression : node.expressions) {
    refine(expression);
    if (node.kind == RelKind::kMap) columns.push_back({{}, expression->type});
  }
  for (auto& equivalence : node.equivalences) std::ranges::for_each(equivalence, refine);
  for (expr::AggregateExpr& aggregate : node.aggregates) {
    refine(aggregate.argument);
    if (aggregate.filter) refine(aggregate.filter);
    if (aggregate.filter && is_true_literal(*aggregate.filter)) aggregate.filter = nullptr;
  }
}

RelRef with_scalars_refined(const RelRef& rel) {
  auto out = std::make_shared<plan::RelExpr>(*rel);
  for (RelRef& input : out->inputs) input = with_scalars_refined(input);
  refine_scalars(*out);
  return remade_with_facts(*out, rel->type);
}

RelRef simplified(const RelRef& rel) {
  return simplified_tree(rel, Projections::kRise);
}

RelRef tidied(const RelRef& rel) {
  return simplified_tree(rel, Projections::kStay);
}

}  // namespace penstock::sql
