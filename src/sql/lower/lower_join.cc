// Lowering of joins. An outer join is the inner join, and the rows of the preserved side that found
// no partner, padded with NULL:
//
//   l LEFT JOIN r ON p  =  j + (l - (l semijoin j)) x NULLs      with j = l JOIN r ON p
//
// The semijoin is on a key of l, or on all its columns. Where a row of l can have only one partner
// (r is unique on the columns equated with l), l semijoin j is simply the l part of j.
#include <algorithm>
#include <optional>

#include "base/check.h"
#include "plan/keys.h"
#include "plan/predicates.h"
#include "sql/lower/condition.h"
#include "sql/lower/lowerer.h"

namespace penstock::sql {

using expr::ScalarKind;
using expr::ScalarRef;
using plan::RelRef;
using types::Datum;

namespace {

// Columns of the right side that equal something on the left in every joined row.
std::vector<size_t> determined_columns(const std::vector<ScalarRef>& predicates, size_t begin,
                                       size_t end) {
  std::vector<size_t> out;
  for (const ScalarRef& predicate : predicates) {
    auto sides = plan::equality_sides(*predicate);
    if (!sides) continue;
    auto is_inside = [&](const ScalarRef& side) {
      return side->kind == ScalarKind::kColumn && side->column >= begin && side->column < end;
    };
    auto is_outside = [&](const ScalarRef& side) {
      bool outside = true;
      expr::for_each_column(*side, [&](size_t c) { outside &= c < begin || c >= end; });
      return outside;
    };
    if (is_inside(sides->first) && is_outside(sides->second)) {
      out.push_back(sides->first->column - begin);
    }
    if (is_inside(sides->second) && is_outside(sides->first)) {
      out.push_back(sides->second->column - begin);
    }
  }
  return out;
}

std::vector<size_t> identifying_columns(const RelRef& rel) {
  if (!rel->type.keys.empty()) return rel->type.keys[0];
  return range(0, rel->type.columns.size());
}

// The rows of `side` that do not take part in `joined`, whose columns `side_columns` are the
// side's. `joined` has each of them at most once if `at_most_once`.
RelRef unmatched(const RelRef& side, const RelRef& joined, const std::vector<size_t>& side_columns,
                 bool at_most_once) {
  if (at_most_once) {
    return plan::union_all({side, plan::negate(plan::project(joined, side_columns))});
  }
  const std::vector<size_t> identity = identifying_columns(side);
  std::vector<size_t> joined_identity;
  for (size_t column : identity) joined_identity.push_back(side_columns[column]);
  RelRef matched = plan::distinct(plan::project(joined, joined_identity));
  RelRef semijoin =
      plan::project(join_on(side, identity, std::move(matched), range(0, identity.size())),
                    range(0, side->type.columns.size()));
  return plan::union_all({side, plan::negate(std::move(semijoin))});
}

std::vector<ScalarRef> null_columns(const RelRef& like, size_t begin, size_t end) {
  std::vector<ScalarRef> out;
  for (size_t i = begin; i < end; ++i) {
    out.push_back(expr::literal(Datum::null(), like->type.columns[i].type.type));
  }
  return out;
}

}  // namespace

RelRef Lowerer::lower_join(const BoundRel& rel, const OuterRows& outer) {
  const BoundRel& right = *rel.inputs[1];
  const bool keeps_right = rel.join == BoundJoinKind::kRight || rel.join == BoundJoinKind::kFull;
  RelRef left = lower(*rel.inputs[0], outer);
  const size_t left_width = rel.inputs[0]->columns.size();

  if (rel.join == BoundJoinKind::kInner && is_row_wise(right) && is_correlated(right)) {
    Row row{left, outer, left_width};
    RelRef joined = lower_operator(right, outer_of(row));
    if (!rel.on) return joined;
    return filter_on(*rel.on, std::move(joined), outer);
  }
  JoinSides sides;
  sides.right_width = right.columns.size();
  return bind_local(std::move(left), [&](const RelRef& left_get) {
    sides.left = left_get;
    if (keeps_right && outer.width() > 0) {
      // Each outer row has unmatched rows of its own: the right side carries all outer columns.
      sides.used = range(0, outer.width());
      OuterRows right_outer = outer;
      right_outer.frames.emplace_back();
      return bind_local(lower(right, right_outer), [&](const RelRef& right_get) {
        sides.right = right_get;
        return join_sides(rel, outer, sides);
      });
    }
    const Row row{left_get, outer, left_width};
    sides.used = columns_used(right, row);
    return bind_local(key_rows(left_get, sides.used), [&](const RelRef& keys) {
      return bind_local(lower_for(right, row, keys).result, [&](const RelRef& right_get) {
        sides.right = right_get;
        return join_sides(rel, outer, sides);
      });
    });
  });
}

// The rows of `joined` (outer columns, then the join's) where ON is true.
RelRef Lowerer::filter_on(const BoundExpr& on, RelRef joined, const OuterRows& outer) {
  const size_t kept = joined->type.columns.size();
  Row row{std::move(joined), outer, kept - outer.width()};
  std::vector<BoundExprRef> conditions;
  append_conditions(std::make_shared<BoundExpr>(on), conditions);
  std::vector<ScalarRef> predicates;
  for (const BoundExprRef& condition : conditions) {
    predicates.push_back(lower_scalar(*condition, row));
  }
  const bool grown = row.rel->type.columns.size() > kept;
  RelRef filtered = plan::filter(row.rel, std::move(predicates));
  return grown ? plan::project(std::move(filtered), range(0, kept)) : filtered;
}

RelRef Lowerer::join_sides(const BoundRel& rel, const OuterRows& outer, const JoinSides& sides) {
  const size_t left_size = sides.left->type.columns.size();
  const size_t num_used = sides.used.size();
  const size_t joined_size = left_size + sides.right_width;
  RelRef joined = join_on(sides.left, sides.used, sides.right, range(0, num_used));
  if (num_used > 0) {
    std::vector<size_t> projection = range(0, left_size);
    for (size_t i = 0; i < sides.right_width; ++i) {
      projection.push_back(left_size + num_used + i);
    }
    joined = plan::project(std::move(joined), std::move(projection));
  }
  if (rel.on) joined = filter_on(*rel.on, std::move(joined), outer);
  if (rel.join == BoundJoinKind::kInner) return joined;

  // Which columns of a side are fixed by a row of the other one.
  std::vector<ScalarRef> predicates;
  if (rel.on && !has_subquery(*rel.on)) {
    Row row{joined, outer, joined_size - outer.width()};
    std::vector<BoundExprRef> conditions;
    append_conditions(rel.on, conditions);
    for (const BoundExprRef& condition : conditions) {
      predicates.push_back(lower_scalar(*condition, row));
    }
  }
  std::vector<size_t> right_fixed = range(0, num_used);
  for (size_t column : determined_columns(predicates, left_size, joined_size)) {
    right_fixed.push_back(num_used + column);
  }
  const bool one_partner = plan::is_unique(sides.right->type.keys, right_fixed);
  std::vector<size_t> left_fixed = sides.used;
  for (size_t column : determined_columns(predicates, 0, left_size)) left_fixed.push_back(column);
  const bool one_left_partner = plan::is_unique(sides.left->type.keys, left_fixed);

  return bind_local(std::move(joined), [&](const RelRef& get) {
    std::vector<RelRef> parts = {get};
    if (rel.join != BoundJoinKind::kRight) {
      RelRef rest = unmatched(sides.left, get, range(0, left_size), one_partner);
      parts.push_back(plan::map(std::move(rest), null_columns(get, left_size, joined_size)));
    }
    if (rel.join != BoundJoinKind::kLeft) {
      // The right side's columns: those shared with the left (outer ones), then its own.
      std::vector<size_t> side_columns = sides.used;
      for (size_t i = left_size; i < joined_size; ++i) side_columns.push_back(i);
      RelRef rest = unmatched(sides.right, get, side_columns, one_left_partner);
      RelRef padded = plan::map(std::move(rest), null_columns(get, num_used, left_size));
      std::vector<size_t> projection = range(0, num_used);
      const size_t nulls = num_used + sides.right_width;
      for (size_t i = 0; i < left_size - num_used; ++i) projection.push_back(nulls + i);
      for (size_t i = 0; i < sides.right_width; ++i) projection.push_back(num_used + i);
      parts.push_back(plan::project(std::move(padded), std::move(projection)));
    }
    RelRef all = plan::union_all(std::move(parts));
    if (rel.join == BoundJoinKind::kLeft && one_partner) {
      all = stating_keys(std::move(all), sides.left->type.keys);
    }
    return all;
  });
}

}  // namespace penstock::sql
