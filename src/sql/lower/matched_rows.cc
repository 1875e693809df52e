// See matched_rows.h.
#include "sql/lower/matched_rows.h"

#include "expr/evaluator.h"
#include "plan/predicates.h"
#include "sql/lower/lowerer.h"
#include "sql/optimize/scalar_facts.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelRef;

namespace {

// The expression over the side's columns; null if it looks at anything else. What was known of NULL
// in joined rows need not be so in those of the side.
ScalarRef over_side(const ScalarRef& expression, const JoinSide& side) {
  bool inside = true;
  std::vector<size_t> place(side.column_of.size(), 0);
  expr::for_each_column(*expression, [&](size_t column) {
    inside &= side.column_of[column].has_value();
    place[column] = side.column_of[column].value_or(0);
  });
  return inside ? refined(expr::renumber(expression, place), side.rel->type.columns) : nullptr;
}

// What ON says: of each side alone, and which expressions are equal.
struct Parts {
  std::vector<ScalarRef> of_side;
  std::vector<ScalarRef> of_other;
  std::vector<ScalarRef> side_keys;
  std::vector<ScalarRef> other_keys;
};

bool add_equality(const ScalarRef& predicate, const JoinSide& side, const JoinSide& other,
                  Parts& parts) {
  auto sides = plan::equality_sides(*predicate);
  if (!sides || !types::same_base_type(sides->first->type.type, sides->second->type.type)) {
    return false;
  }
  if (!over_side(sides->first, side)) std::swap(sides->first, sides->second);
  ScalarRef own = over_side(sides->first, side);
  ScalarRef partner = over_side(sides->second, other);
  if (!own || !partner) return false;
  parts.of_other.push_back(is_not_null(partner));
  parts.side_keys.push_back(std::move(own));
  parts.other_keys.push_back(std::move(partner));
  return true;
}

std::optional<Parts> parts_of(const std::vector<ScalarRef>& predicates, const JoinSide& side,
                              const JoinSide& other) {
  Parts out;
  for (const ScalarRef& predicate : predicates) {
    if (expr::can_fail(*predicate)) return std::nullopt;
    if (ScalarRef own = over_side(predicate, side)) {
      out.of_side.push_back(std::move(own));
    } else if (ScalarRef others = over_side(predicate, other)) {
      out.of_other.push_back(std::move(others));
    } else if (!add_equality(predicate, side, other, out)) {
      return std::nullopt;
    }
  }
  return out;
}

// The relation's rows where all predicates are true, with the expressions as columns at the end.
RelRef prepared(RelRef rel, std::vector<ScalarRef> predicates, std::vector<ScalarRef> keys) {
  if (!predicates.empty()) rel = plan::filter(std::move(rel), std::move(predicates));
  return keys.empty() ? rel : plan::map(std::move(rel), std::move(keys));
}

}  // namespace

std::optional<RelRef> matched_rows(const JoinSide& side, const JoinSide& other,
                                   const std::vector<std::pair<size_t, size_t>>& shared,
                                   const std::vector<ScalarRef>& predicates) {
  std::optional<Parts> parts = parts_of(predicates, side, other);
  if (!parts) return std::nullopt;
  for (const auto& [own, partner] : shared) {
    parts->side_keys.push_back(column_at(side.rel, own));
    parts->other_keys.push_back(column_at(other.rel, partner));
  }
  const size_t num_keys = parts->side_keys.size();
  const size_t width = side.rel->type.columns.size();
  const size_t other_width = other.rel->type.columns.size();
  RelRef keys = prepared(other.rel, std::move(parts->of_other), std::move(parts->other_keys));
  keys = plan::distinct(plan::project(std::move(keys), range(other_width, other_width + num_keys)));
  RelRef rows = prepared(side.rel, std::move(parts->of_side), std::move(parts->side_keys));
  RelRef matched =
      join_on(std::move(rows), range(width, width + num_keys), std::move(keys), range(0, num_keys));
  return plan::project(std::move(matched), range(0, width));
}

}  // namespace penstock::sql
