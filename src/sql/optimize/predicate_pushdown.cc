// See predicate_pushdown.h.
#include "sql/optimize/predicate_pushdown.h"

#include <algorithm>

#include "expr/evaluator.h"
#include "plan/predicates.h"
#include "sql/optimize/join_predicates.h"
#include "sql/optimize/rel_rewrite.h"
#include "sql/optimize/scalar_facts.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelExpr;
using plan::RelKind;
using plan::RelRef;
using Predicates = std::vector<ScalarRef>;

namespace {

RelRef push(const RelRef& rel, Predicates predicates);

RelRef filtered(RelRef rel, Predicates predicates) {
  return predicates.empty() ? rel : plan::filter(std::move(rel), std::move(predicates));
}

// The conjuncts, refined, each once, without those that are always true.
Predicates conjuncts_of(const Predicates& predicates, const types::RelationType& type) {
  Predicates all;
  for (const ScalarRef& predicate : predicates) {
    plan::append_conjuncts(refined(predicate, type.columns), all);
  }
  Predicates out;
  for (const ScalarRef& conjunct : all) {
    if (!is_true_literal(*conjunct) && !contains_scalar(out, *conjunct)) out.push_back(conjunct);
  }
  // A test for NULL is not needed beside something that no NULL passes (or fails on: it hides
  // that).
  auto is_implied = [&](const ScalarRef& conjunct) {
    const ScalarRef operand = plan::not_null_test_operand(*conjunct);
    if (!operand || operand->kind != expr::ScalarKind::kColumn) return false;
    return std::ranges::any_of(out, [&](const ScalarRef& other) {
      return other != conjunct && !expr::can_fail(*other) &&
             plan::rejects_null(*other, operand->column);
    });
  };
  Predicates kept;
  std::ranges::copy_if(out, std::back_inserter(kept), std::not_fn(is_implied));
  return kept;
}

// Moves those that `moves` says from `from` to the result.
template <typename Moves>
Predicates taken(Predicates& from, const Moves& moves) {
  Predicates out;
  std::ranges::copy_if(from, std::back_inserter(out), moves);
  std::erase_if(from, moves);
  return out;
}

Predicates renumbered(const Predicates& predicates, const std::vector<size_t>& mapping) {
  Predicates out;
  for (const ScalarRef& predicate : predicates) out.push_back(expr::renumber(predicate, mapping));
  return out;
}

template <typename Holds>
bool all_columns(const ScalarRef& predicate, const Holds& holds) {
  bool all = true;
  expr::for_each_column(*predicate, [&](size_t column) { all &= holds(column); });
  return all;
}

RelRef push_into_all(const RelRef& rel, const Predicates& predicates) {
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) inputs.push_back(push(input, predicates));
  return with_inputs(rel, std::move(inputs));
}

RelRef push_into_filter(const RelRef& rel, Predicates predicates) {
  predicates.insert(predicates.begin(), rel->expressions.begin(), rel->expressions.end());
  const RelRef& input = rel->inputs[0];
  Predicates staying = conjuncts_of(predicates, input->type);
  // Those of one filter that can fail stay together: one that is false hides the others' errors.
  Predicates moving = taken(staying, [](const ScalarRef& p) { return !expr::can_fail(*p); });
  return filtered(push(input, std::move(moving)), std::move(staying));
}

// What each column of a map is, where it is worth computing twice.
std::vector<ScalarRef> column_values(const RelExpr& map) {
  constexpr size_t kSmall = 8;
  std::vector<ScalarRef> out;
  const auto& columns = map.inputs[0]->type.columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    out.push_back(expr::column_ref(i, columns[i].type));
  }
  for (const ScalarRef& expression : map.expressions) {
    bool known = !expr::can_fail(*expression);
    known = known && all_columns(expression, [&](size_t column) { return out[column] != nullptr; });
    ScalarRef value = known ? expr::substitute(expression, out) : nullptr;
    if (value && size_of(*value) > kSmall) value = nullptr;
    out.push_back(std::move(value));
  }
  return out;
}

RelRef push_into_map(const RelRef& rel, Predicates predicates) {
  const std::vector<ScalarRef> values = column_values(*rel);
  Predicates moving = taken(predicates, [&](const ScalarRef& predicate) {
    return all_columns(predicate, [&](size_t column) { return values[column] != nullptr; });
  });
  for (ScalarRef& predicate : moving) predicate = expr::substitute(predicate, values);
  RelRef input = push(rel->inputs[0], std::move(moving));
  return filtered(with_inputs(rel, {std::move(input)}), std::move(predicates));
}

RelRef push_into_join(const RelRef& rel, Predicates predicates) {
  JoinPredicates placed = placed_predicates(*rel, predicates);
  std::vector<RelRef> inputs;
  for (size_t i = 0; i < rel->inputs.size(); ++i) {
    inputs.push_back(push(rel->inputs[i], std::move(placed.of_input[i])));
  }
  RelRef join = plan::join(std::move(inputs), std::move(placed.equivalences));
  return filtered(keeping_facts(std::move(join), rel->type), std::move(placed.above));
}

// Below an operator that makes equal rows one, what is said of `values` of its input.
RelRef push_into_group(const RelRef& rel, Predicates predicates,
                       const std::vector<ScalarRef>& values) {
  Predicates moving = taken(predicates, [&](const ScalarRef& predicate) {
    return respects_equality(*predicate) && all_columns(predicate, [&](size_t column) {
             return values[column] != nullptr && !expr::can_fail(*values[column]);
           });
  });
  for (ScalarRef& predicate : moving) predicate = expr::substitute(predicate, values);
  RelRef out = with_inputs(rel, {push(rel->inputs[0], std::move(moving))});
  return filtered(std::move(out), std::move(predicates));
}

RelRef push_into_reduce(const RelRef& rel, Predicates predicates) {
  std::vector<ScalarRef> values = rel->expressions;
  values.resize(rel->type.columns.size());
  return push_into_group(rel, std::move(predicates), values);
}

RelRef push_into_top_k(const RelRef& rel, Predicates predicates) {
  std::vector<ScalarRef> values(rel->type.columns.size());
  for (size_t column : rel->group_columns) {
    values[column] = expr::column_ref(column, rel->type.columns[column].type);
  }
  return push_into_group(rel, std::move(predicates), values);
}

RelRef push_into_distinct(const RelRef& rel, Predicates predicates) {
  std::vector<ScalarRef> values;
  for (size_t i = 0; i < rel->type.columns.size(); ++i) {
    values.push_back(expr::column_ref(i, rel->type.columns[i].type));
  }
  return push_into_group(rel, std::move(predicates), values);
}

RelRef push_into_flat_map(const RelRef& rel, Predicates predicates) {
  const size_t width = rel->inputs[0]->type.columns.size();
  Predicates moving = taken(predicates, [&](const ScalarRef& predicate) {
    return all_columns(predicate, [&](size_t column) { return column < width; });
  });
  RelRef input = push(rel->inputs[0], std::move(moving));
  return filtered(with_inputs(rel, {std::move(input)}), std::move(predicates));
}

RelRef push_into_constant(const RelRef& rel, const Predicates& predicates) {
  if (rel->error || predicates.empty()) return filtered(rel, predicates);
  std::vector<plan::ConstantRow> rows;
  for (const plan::ConstantRow& row : rel->rows) {
    const Result<types::Datum> kept = expr::evaluate_row(expr::conjunction(predicates), row.values);
    if (!kept) return filtered(rel, predicates);
    if (!kept->is_null() && kept->as_bool()) rows.push_back(row);
  }
  return plan::constant(rel->type, std::move(rows));
}

RelRef push_into(const RelRef& rel, Predicates predicates) {
  switch (rel->kind) {
    case RelKind::kProject:
      return with_inputs(rel, {push(rel->inputs[0], renumbered(predicates, rel->projection))});
    case RelKind::kFilter:
      return push_into_filter(rel, std::move(predicates));
    case RelKind::kConstant:
      return push_into_constant(rel, predicates);
    case RelKind::kGet:
    case RelKind::kLocalGet:
      return filtered(rel, std::move(predicates));
    case RelKind::kLet:
      return plan::let(rel->local, push(rel->inputs[0], {}),
                       push(rel->inputs[1], std::move(predicates)));
    case RelKind::kMap:
      return push_into_map(rel, std::move(predicates));
    case RelKind::kJoin:
      return push_into_join(rel, std::move(predicates));
    case RelKind::kReduce:
      return push_into_reduce(rel, std::move(predicates));
    case RelKind::kTopK:
      return push_into_top_k(rel, std::move(predicates));
    case RelKind::kDistinct:
      return push_into_distinct(rel, std::move(predicates));
    case RelKind::kFlatMap:
      return push_into_flat_map(rel, std::move(predicates));
    case RelKind::kNegate:
    case RelKind::kThreshold:
    case RelKind::kUnion:
      return push_into_all(rel, predicates);
  }
  check_failed(__FILE__, __LINE__, "a known relation", "");
}

// The rows of `rel` where all predicates are true. REQUIRES: no predicate can fail.
RelRef push(const RelRef& rel, Predicates predicates) {
  predicates = conjuncts_of(predicates, rel->type);
  const types::RelationType type =
      predicates.empty() ? rel->type : plan::filter(rel, predicates)->type;
  if (std::ranges::any_of(predicates, [](const ScalarRef& p) { return is_never_true(*p); })) {
    return keeping_facts(plan::constant(rel->type, {}), type);
  }
  return keeping_facts(push_into(rel, std::move(predicates)), type);
}

}  // namespace

RelRef with_predicates_pushed(const RelRef& rel) {
  return push(rel, {});
}

}  // namespace penstock::sql
