// See demand.h.
#include "sql/optimize/demand.h"

#include <algorithm>

#include "base/check.h"
#include "plan/keys.h"
#include "sql/optimize/join_predicates.h"
#include "sql/optimize/rel_rewrite.h"
#include "sql/optimize/scalar_facts.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelExpr;
using plan::RelKind;
using plan::RelRef;

namespace {

using Needed = std::vector<bool>;  // Of each column.

std::vector<size_t> listed(const Needed& needed) {
  std::vector<size_t> out;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (needed[i]) out.push_back(i);
  }
  return out;
}

// Where the needed columns are among themselves.
std::vector<size_t> places(const Needed& needed) {
  std::vector<size_t> out(needed.size(), 0);
  size_t next = 0;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (needed[i]) out[i] = next++;
  }
  return out;
}

Needed either(Needed a, const Needed& b) {
  for (size_t i = 0; i < b.size(); ++i) a[i] = a[i] || b[i];
  return a;
}

void renumber_all(std::vector<ScalarRef>& expressions, const std::vector<size_t>& mapping) {
  for (ScalarRef& expression : expressions) expression = expr::renumber(expression, mapping);
}

class Pruner {
 public:
  // The needed columns of `rel`, in their order, and nothing else.
  RelRef pruned(const RelRef& rel, const Needed& needed);

  // What is needed of each binding, by those that were pruned.
  std::map<uint64_t, Needed> needed_of_binding;

 private:
  RelRef of_operator(const RelRef& rel, const Needed& needed);
  RelRef of_map(const RelExpr& rel, const Needed& needed);
  RelRef of_filter(const RelExpr& rel, const Needed& needed);
  RelRef of_join(const RelExpr& rel, const Needed& needed);
  RelRef of_reduce(const RelExpr& rel, const Needed& needed);
  RelRef of_top_k(const RelRef& rel, const Needed& needed);
  RelRef of_flat_map(const RelExpr& rel, const Needed& needed);
  RelRef of_all_inputs(const RelRef& rel, const Needed& needed);
  RelRef of_whole_rows(const RelRef& rel, const Needed& needed);
};

RelRef Pruner::pruned(const RelRef& rel, const Needed& needed) {
  const std::vector<size_t> kept = listed(needed);
  // What is known of the rows in the columns that stay.
  const types::RelationType type = plan::project(rel, kept)->type;
  return keeping_facts(of_operator(rel, needed), type);
}

RelRef Pruner::of_operator(const RelRef& rel, const Needed& needed) {
  switch (rel->kind) {
    case RelKind::kLocalGet: {
      Needed& all = needed_of_binding[rel->local];
      all = all.empty() ? needed : either(all, needed);
      return plan::project(rel, listed(needed));
    }
    case RelKind::kConstant:
    case RelKind::kGet:
      return plan::project(rel, listed(needed));
    case RelKind::kProject: {
      Needed below(rel->inputs[0]->type.columns.size(), false);
      for (size_t i : listed(needed)) below[rel->projection[i]] = true;
      const std::vector<size_t> place = places(below);
      std::vector<size_t> projection;
      for (size_t i : listed(needed)) projection.push_back(place[rel->projection[i]]);
      return plan::project(pruned(rel->inputs[0], below), std::move(projection));
    }
    case RelKind::kMap:
      return of_map(*rel, needed);
    case RelKind::kFilter:
      return of_filter(*rel, needed);
    case RelKind::kJoin:
      return of_join(*rel, needed);
    case RelKind::kReduce:
      return of_reduce(*rel, needed);
    case RelKind::kTopK:
      return of_top_k(rel, needed);
    case RelKind::kFlatMap:
      return of_flat_map(*rel, needed);
    case RelKind::kNegate:
    case RelKind::kUnion:
      return of_all_inputs(rel, needed);
    case RelKind::kDistinct:
    case RelKind::kThreshold:
      return of_whole_rows(rel, needed);
    case RelKind::kLet:
      break;  // There are none: see bindings.h.
  }
  check_failed(__FILE__, __LINE__, "a relation without Let", "");
}

RelRef Pruner::of_map(const RelExpr& rel, const Needed& needed) {
  Needed all = needed;
  const size_t width = rel.inputs[0]->type.columns.size();
  for (size_t i = rel.expressions.size(); i-- > 0;) {
    if (all[width + i]) all = either(std::move(all), columns_in({rel.expressions[i]}, all.size()));
  }
  const Needed below(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(width));
  const std::vector<size_t> place = places(all);
  std::vector<ScalarRef> expressions;
  for (size_t i = 0; i < rel.expressions.size(); ++i) {
    if (all[width + i]) expressions.push_back(expr::renumber(rel.expressions[i], place));
  }
  std::vector<size_t> projection;
  for (size_t i : listed(needed)) projection.push_back(place[i]);
  return plan::project(plan::map(pruned(rel.inputs[0], below), std::move(expressions)),
                       std::move(projection));
}

RelRef Pruner::of_filter(const RelExpr& rel, const Needed& needed) {
  const Needed below = either(columns_in(rel.expressions, needed.size()), needed);
  const std::vector<size_t> place = places(below);
  std::vector<ScalarRef> predicates = rel.expressions;
  renumber_all(predicates, place);
  std::vector<size_t> projection;
  for (size_t i : listed(needed)) projection.push_back(place[i]);
  return plan::project(plan::filter(pruned(rel.inputs[0], below), std::move(predicates)),
                       std::move(projection));
}

RelRef Pruner::of_join(const RelExpr& rel, const Needed& needed) {
  Needed below = needed;
  std::vector<std::vector<ScalarRef>> equivalences = rel.equivalences;
  for (const auto& equivalence : equivalences) {
    below = either(std::move(below), columns_in(equivalence, below.size()));
  }
  const std::vector<size_t> place = places(below);
  const std::vector<size_t> offsets = input_offsets(rel.inputs);
  std::vector<RelRef> inputs;
  for (size_t i = 0; i < rel.inputs.size(); ++i) {
    inputs.push_back(
        pruned(rel.inputs[i], Needed(below.begin() + static_cast<std::ptrdiff_t>(offsets[i]),
                                     below.begin() + static_cast<std::ptrdiff_t>(offsets[i + 1]))));
  }
  for (auto& equivalence : equivalences) renumber_all(equivalence, place);
  std::vector<size_t> projection;
  for (size_t i : listed(needed)) projection.push_back(place[i]);
  return plan::project(plan::join(std::move(inputs), std::move(equivalences)),
                       std::move(projection));
}

RelRef Pruner::of_reduce(const RelExpr& rel, const Needed& needed) {
  const size_t num_keys = rel.expressions.size();
  std::vector<ScalarRef> keys = rel.expressions;
  std::vector<expr::AggregateExpr> aggregates;
  std::vector<ScalarRef> looks_at = keys;
  std::vector<size_t> projection;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (i < num_keys) {
      if (needed[i]) projection.push_back(i);
      continue;
    }
    if (!needed[i]) continue;
    projection.push_back(num_keys + aggregates.size());
    aggregates.push_back(rel.aggregates[i - num_keys]);
    looks_at.push_back(aggregates.back().argument);
    if (aggregates.back().filter) looks_at.push_back(aggregates.back().filter);
  }
  const Needed below = columns_in(looks_at, rel.inputs[0]->type.columns.size());
  const std::vector<size_t> place = places(below);
  renumber_all(keys, place);
  for (expr::AggregateExpr& aggregate : aggregates) {
    aggregate.argument = expr::renumber(aggregate.argument, place);
    if (aggregate.filter) aggregate.filter = expr::renumber(aggregate.filter, place);
  }
  return plan::project(
      plan::reduce(pruned(rel.inputs[0], below), std::move(keys), std::move(aggregates)),
      std::move(projection));
}

// Ties are broken by all columns, so they matter unless a key leaves no ties.
RelRef Pruner::of_top_k(const RelRef& rel, const Needed& needed) {
  std::vector<size_t> deciding = rel->group_columns;
  for (const plan::SortColumn& sort : rel->order) deciding.push_back(sort.column);
  if (!plan::is_unique(rel->inputs[0]->type.keys, deciding)) return of_whole_rows(rel, needed);
  Needed below = needed;
  for (size_t column : deciding) below[column] = true;
  const std::vector<size_t> place = places(below);
  std::vector<size_t> group;
  for (size_t column : rel->group_columns) group.push_back(place[column]);
  std::vector<plan::SortColumn> order = rel->order;
  for (plan::SortColumn& sort : order) sort.column = place[sort.column];
  std::vector<size_t> projection;
  for (size_t i : listed(needed)) projection.push_back(place[i]);
  return plan::project(plan::top_k(pruned(rel->inputs[0], below), std::move(group),
                                   std::move(order), rel->limit, rel->offset),
                       std::move(projection));
}

RelRef Pruner::of_flat_map(const RelExpr& rel, const Needed& needed) {
  const size_t width = rel.inputs[0]->type.columns.size();
  Needed below(needed.begin(), needed.begin() + static_cast<std::ptrdiff_t>(width));
  below = either(std::move(below), columns_in(rel.expressions, width));
  Needed all = below;
  all.resize(needed.size(), true);  // All that the function appends.
  const std::vector<size_t> place = places(all);
  RelExpr out = rel;
  renumber_all(out.expressions, place);
  out.inputs = {pruned(rel.inputs[0], below)};
  std::vector<types::ColumnDesc> appended(
      rel.type.columns.begin() + static_cast<std::ptrdiff_t>(width), rel.type.columns.end());
  RelRef made =
      rel.with_ordinality
          ? plan::flat_map_with_ordinality(out.inputs[0], rel.table_function, out.expressions,
                                           std::move(appended))
          : plan::flat_map(out.inputs[0], rel.table_function, out.expressions, std::move(appended));
  std::vector<size_t> projection;
  for (size_t i : listed(needed)) projection.push_back(place[i]);
  return plan::project(std::move(made), std::move(projection));
}

RelRef Pruner::of_all_inputs(const RelRef& rel, const Needed& needed) {
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) inputs.push_back(pruned(input, needed));
  return rel->kind == RelKind::kNegate ? plan::negate(std::move(inputs[0]))
                                       : plan::union_all(std::move(inputs));
}

RelRef Pruner::of_whole_rows(const RelRef& rel, const Needed& needed) {
  const RelRef& input = rel->inputs[0];
  RelRef whole = pruned(input, Needed(input->type.columns.size(), true));
  return plan::project(with_inputs(rel, {std::move(whole)}), listed(needed));
}

// `rel` over a binding of which only the needed columns are left. Every use of it is in a
// projection to columns that are needed.
RelRef with_binding_pruned(const RelRef& rel, uint64_t local, const Needed& needed,
                           const types::RelationType& type) {
  if (rel->kind == RelKind::kProject && rel->inputs[0]->kind == RelKind::kLocalGet &&
      rel->inputs[0]->local == local) {
    const std::vector<size_t> place = places(needed);
    std::vector<size_t> projection;
    for (size_t column : rel->projection) projection.push_back(place[column]);
    return keeping_facts(plan::project(plan::local_get(local, type), std::move(projection)),
                         rel->type);
  }
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) {
    inputs.push_back(with_binding_pruned(input, local, needed, type));
  }
  return with_inputs(rel, std::move(inputs));
}

}  // namespace

void drop_unneeded(Bindings& bindings) {
  Pruner pruner;
  bindings.body = pruner.pruned(bindings.body, Needed(bindings.body->type.columns.size(), true));
  for (size_t i = bindings.values.size(); i-- > 0;) {
    auto& [local, value] = bindings.values[i];
    Needed needed = pruner.needed_of_binding[local];
    needed.resize(value->type.columns.size(), false);
    value = pruner.pruned(value, needed);
    for (size_t k = i + 1; k < bindings.values.size(); ++k) {
      RelRef& later = bindings.values[k].second;
      later = with_binding_pruned(later, local, needed, value->type);
    }
    bindings.body = with_binding_pruned(bindings.body, local, needed, value->type);
  }
}

}  // namespace penstock::sql
