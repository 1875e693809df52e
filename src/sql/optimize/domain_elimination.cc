// See domain_elimination.h.
#include "sql/optimize/domain_elimination.h"

#include <algorithm>
#include <optional>

#include "expr/evaluator.h"
#include "plan/keys.h"
#include "sql/optimize/join_predicates.h"
#include "sql/optimize/rel_rewrite.h"
#include "sql/optimize/relation_equality.h"
#include "sql/optimize/scalar_facts.h"
#include "sql/optimize/simplification.h"

namespace penstock::sql {

using expr::ScalarKind;
using expr::ScalarRef;
using plan::RelExpr;
using plan::RelKind;
using plan::RelRef;

namespace {

// What is known of a relation's columns from above.
struct Column {
  std::optional<size_t> outer;  // The column of the outer rows it is joined with.
  bool needed = true;           // Somebody looks at it.
};
using Columns = std::vector<Column>;

// Columns and filters over something else; DISTINCT makes no difference to which values there are.
struct Chain {
  RelRef base;
  std::vector<size_t> columns;
  std::vector<ScalarRef> predicates;  // Over the base.
};

Chain chain_of(const RelRef& rel) {
  if (rel->kind == RelKind::kDistinct) return chain_of(rel->inputs[0]);
  if (rel->kind == RelKind::kProject) {
    Chain out = chain_of(rel->inputs[0]);
    std::vector<size_t> columns;
    for (size_t column : rel->projection) columns.push_back(out.columns[column]);
    out.columns = std::move(columns);
    return out;
  }
  if (rel->kind == RelKind::kFilter) {
    Chain out = chain_of(rel->inputs[0]);
    for (const ScalarRef& predicate : rel->expressions) {
      out.predicates.push_back(expr::renumber(predicate, out.columns));
    }
    return out;
  }
  Chain out{rel, {}, {}};
  for (size_t i = 0; i < rel->type.columns.size(); ++i) out.columns.push_back(i);
  return out;
}

bool all_safe(const std::vector<ScalarRef>& expressions) {
  return std::ranges::none_of(expressions, [](const auto& e) { return expr::can_fail(*e); });
}

bool is_safe(const expr::AggregateExpr& aggregate) {
  switch (aggregate.kind) {
    case expr::AggregateKind::kCount:
    case expr::AggregateKind::kMin:
    case expr::AggregateKind::kMax:
    case expr::AggregateKind::kBoolAnd:
    case expr::AggregateKind::kBoolOr:
      return !expr::can_fail(*aggregate.argument) &&
             !(aggregate.filter && expr::can_fail(*aggregate.filter));
    default:
      return false;  // A sum may leave the range of its type.
  }
}

// The expressions over `rel`, as its only columns. What they were known to be was true beside the
// domain.
RelRef computed(RelRef rel, std::vector<ScalarRef> expressions) {
  const size_t width = rel->type.columns.size();
  std::vector<size_t> projection;
  for (ScalarRef& expression : expressions) {
    expression = refined(expression, rel->type.columns);
    projection.push_back(width + projection.size());
  }
  return plan::project(plan::map(std::move(rel), std::move(expressions)), std::move(projection));
}

class Elimination {
 public:
  explicit Elimination(RelRef outer) : outer_(std::move(outer)), outer_chain_(chain_of(outer_)) {}

  // `rel` without a join with the domain of the outer rows; null if there is none to leave out.
  RelRef without(const RelRef& rel, const Columns& columns) const;

 private:
  RelRef over_input(const RelRef& rel, const Columns& columns) const;
  RelRef of_union(const RelRef& rel, const Columns& columns) const;
  RelRef of_join(const RelRef& join, Columns columns) const;
  std::optional<std::vector<ScalarRef>> narrowing(const RelRef& domain,
                                                  const Columns& columns) const;
  RelRef without_input(const RelExpr& join, size_t domain, const Columns& columns,
                       const std::vector<ScalarRef>& narrowing) const;

  RelRef outer_;
  Chain outer_chain_;
};

RelRef Elimination::without(const RelRef& rel, const Columns& columns) const {
  if (std::ranges::none_of(columns, [](const Column& c) { return c.outer.has_value(); })) {
    return nullptr;
  }
  // Of the input; a column is needed unless it is known that it is not.
  Columns below;
  if (!rel->inputs.empty()) below.resize(rel->inputs[0]->type.columns.size());
  auto keep = [&](size_t from, size_t to) {
    if (!below[to].outer) below[to].outer = columns[from].outer;
  };
  switch (rel->kind) {
    case RelKind::kProject:
      for (Column& column : below) column.needed = false;
      for (size_t i = 0; i < rel->projection.size(); ++i) {
        keep(i, rel->projection[i]);
        below[rel->projection[i]].needed |= columns[i].needed;
      }
      return over_input(rel, below);
    case RelKind::kMap:
      if (!all_safe(rel->expressions)) return nullptr;
      for (size_t i = 0; i < below.size(); ++i) keep(i, i);
      return over_input(rel, below);
    case RelKind::kFilter:
    case RelKind::kDistinct:
      for (size_t i = 0; i < below.size(); ++i) keep(i, i);
      return all_safe(rel->expressions) ? over_input(rel, below) : nullptr;
    case RelKind::kReduce:
      if (!std::ranges::all_of(rel->aggregates, is_safe) || !all_safe(rel->expressions)) {
        return nullptr;
      }
      for (size_t i = 0; i < rel->expressions.size(); ++i) {
        const ScalarRef& key = rel->expressions[i];
        if (key->kind == ScalarKind::kColumn) keep(i, key->column);
      }
      return over_input(rel, below);
    case RelKind::kTopK:
      for (size_t column : rel->group_columns) keep(column, column);
      return over_input(rel, below);
    case RelKind::kUnion:
      return of_union(rel, columns);
    case RelKind::kJoin:
      return of_join(rel, columns);
    default:
      return nullptr;
  }
}

// The operator over the rewritten input. It has more rows: nothing that was known of them is kept.
RelRef Elimination::over_input(const RelRef& rel, const Columns& columns) const {
  RelRef input = without(rel->inputs[0], columns);
  if (!input) return nullptr;
  auto out = std::make_shared<RelExpr>(*rel);
  out->inputs = {std::move(input)};
  refine_scalars(*out);
  return remade(*out);
}

RelRef Elimination::of_union(const RelRef& rel, const Columns& columns) const {
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) {
    RelRef made = without(input, columns);  // Null for one that is negated.
    if (!made) return nullptr;
    inputs.push_back(std::move(made));
  }
  return plan::union_all(std::move(inputs));
}

RelRef Elimination::of_join(const RelRef& join, Columns columns) const {
  for (const std::vector<ScalarRef>& equivalence : join->equivalences) {
    std::optional<size_t> outer;
    for (const ScalarRef& member : equivalence) {
      if (!outer && member->kind == ScalarKind::kColumn) outer = columns[member->column].outer;
      expr::for_each_column(*member, [&](size_t column) { columns[column].needed = true; });
    }
    for (const ScalarRef& member : equivalence) {
      if (outer && member->kind == ScalarKind::kColumn) columns[member->column].outer = outer;
    }
  }
  const std::vector<size_t> offsets = input_offsets(join->inputs);
  for (size_t i = 0; i < join->inputs.size(); ++i) {
    const Columns own(columns.begin() + static_cast<std::ptrdiff_t>(offsets[i]),
                      columns.begin() + static_cast<std::ptrdiff_t>(offsets[i + 1]));
    if (auto filters = narrowing(join->inputs[i], own)) {
      if (RelRef made = without_input(*join, i, own, *filters)) return made;
    }
    RelRef made = without(join->inputs[i], own);
    if (!made) continue;
    auto out = std::make_shared<RelExpr>(*join);
    out->inputs[i] = std::move(made);
    refine_scalars(*out);
    return remade(*out);
  }
  return nullptr;
}

// If `domain` is a set, and has all values of the outer rows, in the columns that are needed of it:
// what it leaves out of them all the same, as filters over its columns. Nothing if it is not.
std::optional<std::vector<ScalarRef>> Elimination::narrowing(const RelRef& domain,
                                                             const Columns& columns) const {
  const Chain chain = chain_of(domain);
  if (!same_relation(chain.base, outer_chain_.base)) return std::nullopt;
  constexpr size_t kNowhere = SIZE_MAX;
  std::vector<size_t> place(chain.base->type.columns.size(), kNowhere);
  std::vector<size_t> needed;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].needed) continue;
    const std::optional<size_t> outer = columns[i].outer;
    if (!outer || outer_chain_.columns[*outer] != chain.columns[i]) return std::nullopt;
    place[chain.columns[i]] = i;
    needed.push_back(i);
  }
  if (!plan::is_unique(domain->type.keys, needed)) return std::nullopt;
  std::vector<ScalarRef> out;
  for (const ScalarRef& predicate : chain.predicates) {
    if (contains_scalar(outer_chain_.predicates, *predicate)) continue;
    bool inside = !expr::can_fail(*predicate);
    expr::for_each_column(*predicate, [&](size_t c) { inside &= place[c] != kNowhere; });
    if (!inside) return std::nullopt;
    out.push_back(expr::renumber(predicate, place));
  }
  return out;
}

// The join without input `domain`, each of whose needed columns is equal to something else; null if
// one is not.
RelRef Elimination::without_input(const RelExpr& join, size_t domain, const Columns& columns,
                                  const std::vector<ScalarRef>& narrowing) const {
  const size_t begin = input_offsets(join.inputs)[domain];
  const size_t end = begin + columns.size();
  auto is_outside = [&](const ScalarRef& member) {
    bool outside = true;
    expr::for_each_column(*member, [&](size_t c) { outside &= c < begin || c >= end; });
    return outside;
  };
  // What every column is in the smaller join; NULL where nobody looks.
  std::vector<ScalarRef> values;
  for (size_t i = 0; i < join.type.columns.size(); ++i) {
    const types::ColumnType& type = join.type.columns[i].type;
    if (i < begin || i >= end) {
      values.push_back(expr::column_ref(i < begin ? i : i - columns.size(), type));
    } else {
      values.push_back(columns[i - begin].needed ? nullptr
                                                 : expr::literal(types::Datum::null(), type.type));
    }
  }
  for (const std::vector<ScalarRef>& equivalence : join.equivalences) {
    const auto other = std::ranges::find_if(equivalence, is_outside);
    if (other == equivalence.end()) continue;
    for (const ScalarRef& member : equivalence) {
      if (member->kind != ScalarKind::kColumn || values[member->column]) continue;
      values[member->column] = expr::substitute(*other, values);
    }
  }
  if (std::ranges::find(values, nullptr) != values.end()) return nullptr;
  std::vector<RelRef> inputs = join.inputs;
  inputs.erase(inputs.begin() + static_cast<std::ptrdiff_t>(domain));
  std::vector<std::vector<ScalarRef>> equivalences = join.equivalences;
  for (auto& equivalence : equivalences) {
    for (ScalarRef& member : equivalence) member = expr::substitute(member, values);
  }
  RelRef out = plan::join(std::move(inputs), merged_equivalences(equivalences));
  if (!narrowing.empty()) {
    std::vector<ScalarRef> predicates;
    const std::vector<ScalarRef> own(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                     values.begin() + static_cast<std::ptrdiff_t>(end));
    for (const ScalarRef& predicate : narrowing) {
      predicates.push_back(expr::substitute(predicate, own));
    }
    out = plan::filter(std::move(out), std::move(predicates));
  }
  return computed(std::move(out), std::move(values));
}

// Of each column of input `inner` of the join: the column of input `outer` that it equals.
Columns joined_columns(const RelExpr& join, size_t inner, size_t outer) {
  const std::vector<size_t> offsets = input_offsets(join.inputs);
  auto in = [&](const ScalarRef& member, size_t input) {
    return member->kind == ScalarKind::kColumn && member->column >= offsets[input] &&
           member->column < offsets[input + 1];
  };
  Columns out(join.inputs[inner]->type.columns.size());
  for (const std::vector<ScalarRef>& equivalence : join.equivalences) {
    const auto found =
        std::ranges::find_if(equivalence, [&](const auto& m) { return in(m, outer); });
    if (found == equivalence.end()) continue;
    for (const ScalarRef& member : equivalence) {
      if (in(member, inner)) {
        out[member->column - offsets[inner]].outer = (*found)->column - offsets[outer];
      }
    }
  }
  return out;
}

RelRef without_domain_of_join(const RelRef& join) {
  for (size_t outer = 0; outer < join->inputs.size(); ++outer) {
    const Elimination elimination(join->inputs[outer]);
    for (size_t inner = 0; inner < join->inputs.size(); ++inner) {
      if (inner == outer) continue;
      RelRef made = elimination.without(join->inputs[inner], joined_columns(*join, inner, outer));
      if (!made) continue;
      std::vector<RelRef> inputs = join->inputs;
      inputs[inner] = std::move(made);
      return keeping_facts(plan::join(std::move(inputs), join->equivalences), join->type);
    }
  }
  return join;
}

}  // namespace

RelRef without_domains(const RelRef& rel) {
  RelRef out = rel->kind == RelKind::kJoin ? without_domain_of_join(rel) : rel;
  std::vector<RelRef> inputs;
  for (const RelRef& input : out->inputs) inputs.push_back(without_domains(input));
  return with_inputs(out, std::move(inputs));
}

}  // namespace penstock::sql
