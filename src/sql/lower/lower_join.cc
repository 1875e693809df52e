// Lowering of joins. An outer join is the inner join, and the rows of the preserved side that found
// no partner, padded with NULL:
//
//   l LEFT JOIN r ON p  =  j + (l - (l semijoin j)) x NULLs      with j = l JOIN r ON p
//
// Where a row of l can have only one partner (r is unique on the columns equated with l), l
// semijoin j is simply the l part of j. Else, where ON only equates the sides, it is a semijoin
// with r (matched_rows.h); else one with j, on a key of l or on all its columns.
#include <algorithm>
#include <optional>

#include "base/check.h"
#include "plan/keys.h"
#include "plan/predicates.h"
#include "sql/lower/condition.h"
#include "sql/lower/lowerer.h"
#include "sql/lower/matched_rows.h"

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

// The rows of `side` that take part in `joined`, whose columns `side_columns` are the side's.
RelRef matched_in(const RelRef& side, const RelRef& joined,
                  const std::vector<size_t>& side_columns) {
  const std::vector<size_t> identity = identifying_columns(side);
  std::vector<size_t> joined_identity;
  for (size_t column : identity) joined_identity.push_back(side_columns[column]);
  RelRef matched = plan::distinct(plan::project(joined, joined_identity));
  return plan::project(join_on(side, identity, std::move(matched), range(0, identity.size())),
                       range(0, side->type.columns.size()));
}

std::vector<ScalarRef> null_columns(const RelRef& like, size_t begin, size_t end) {
  std::vector<ScalarRef> out;
  for (size_t i = begin; i < end; ++i) {
    out.push_back(expr::literal(Datum::null(), like->type.columns[i].type.type));
  }
  return out;
}

// The rows that an outer join adds to the inner one.
class OuterJoin {
 public:
  // `predicates`: those of ON, over the joined rows; nothing if it has subqueries.
  OuterJoin(const JoinSides& sides, std::optional<std::vector<ScalarRef>> predicates);

  // Whether a row of the left side has at most one partner.
  bool one_right_partner() const {
    return plan::is_unique(sides_.right->type.keys, determined(left_size_, joined_size_));
  }
  // The left rows without a partner, padded with NULL; the right ones. `joined` is the inner join.
  RelRef left_rest(const RelRef& joined) const;
  RelRef right_rest(const RelRef& joined) const;

 private:
  // The columns of a side that a row of the other side fixes; the side's columns are those from
  // `begin` to `end` of the joined rows.
  std::vector<size_t> determined(size_t begin, size_t end) const;
  RelRef without(const JoinSide& side, RelRef matched) const {
    return plan::union_all({side.rel, plan::negate(std::move(matched))});
  }

  const JoinSides& sides_;
  std::optional<std::vector<ScalarRef>> predicates_;
  size_t num_used_ = 0;
  size_t left_size_ = 0;
  size_t joined_size_ = 0;
  JoinSide left_;
  JoinSide right_;
};

OuterJoin::OuterJoin(const JoinSides& sides, std::optional<std::vector<ScalarRef>> predicates)
    : sides_(sides),
      predicates_(std::move(predicates)),
      num_used_(sides.used.size()),
      left_size_(sides.left->type.columns.size()),
      joined_size_(left_size_ + sides.right_width),
      left_{sides.left, {}},
      right_{sides.right, {}} {
  for (size_t i = 0; i < joined_size_; ++i) {
    const bool of_left = i < left_size_;
    left_.column_of.push_back(of_left ? std::optional(i) : std::nullopt);
    right_.column_of.push_back(of_left ? std::nullopt : std::optional(i - left_size_ + num_used_));
  }
}

std::vector<size_t> OuterJoin::determined(size_t begin, size_t end) const {
  const bool of_left = begin == 0;
  std::vector<size_t> out = of_left ? sides_.used : range(0, num_used_);
  if (!predicates_) return out;
  for (size_t column : determined_columns(*predicates_, begin, end)) {
    out.push_back(of_left ? column : num_used_ + column);
  }
  return out;
}

RelRef OuterJoin::left_rest(const RelRef& joined) const {
  std::optional<RelRef> matched;
  if (one_right_partner()) {
    matched = plan::project(joined, range(0, left_size_));
  } else if (predicates_) {
    std::vector<std::pair<size_t, size_t>> shared;
    for (size_t i = 0; i < num_used_; ++i) shared.emplace_back(sides_.used[i], i);
    matched = matched_rows(left_, right_, shared, *predicates_);
  }
  if (!matched) matched = matched_in(sides_.left, joined, range(0, left_size_));
  return plan::map(without(left_, std::move(*matched)),
                   null_columns(joined, left_size_, joined_size_));
}

RelRef OuterJoin::right_rest(const RelRef& joined) const {
  // The right side's columns: those shared with the left (outer ones), then its own.
  std::vector<size_t> side_columns = sides_.used;
  for (size_t i = left_size_; i < joined_size_; ++i) side_columns.push_back(i);
  std::optional<RelRef> matched;
  if (plan::is_unique(sides_.left->type.keys, determined(0, left_size_))) {
    matched = plan::project(joined, side_columns);
  } else if (predicates_) {
    std::vector<std::pair<size_t, size_t>> shared;
    for (size_t i = 0; i < num_used_; ++i) shared.emplace_back(i, sides_.used[i]);
    matched = matched_rows(right_, left_, shared, *predicates_);
  }
  if (!matched) matched = matched_in(sides_.right, joined, side_columns);
  RelRef padded =
      plan::map(without(right_, std::move(*matched)), null_columns(joined, num_used_, left_size_));
  std::vector<size_t> projection = range(0, num_used_);
  const size_t nulls = num_used_ + sides_.right_width;
  for (size_t i = 0; i < left_size_ - num_used_; ++i) projection.push_back(nulls + i);
  for (size_t i = 0; i < sides_.right_width; ++i) projection.push_back(num_used_ + i);
  return plan::project(std::move(padded), std::move(projection));
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
  const RelRef all_pairs = joined;
  if (rel.on) joined = filter_on(*rel.on, std::move(joined), outer);
  if (rel.join == BoundJoinKind::kInner) return joined;

  std::optional<std::vector<ScalarRef>> predicates;
  if (!rel.on || !has_subquery(*rel.on)) {
    predicates.emplace();
    Row row{all_pairs, outer, joined_size - outer.width()};  // What ON rules out may be NULL.
    std::vector<BoundExprRef> conditions;
    if (rel.on) append_conditions(rel.on, conditions);
    for (const BoundExprRef& condition : conditions) {
      predicates->push_back(lower_scalar(*condition, row));
    }
  }
  const OuterJoin join(sides, std::move(predicates));
  return bind_local(std::move(joined), [&](const RelRef& get) {
    std::vector<RelRef> parts = {get};
    if (rel.join != BoundJoinKind::kRight) parts.push_back(join.left_rest(get));
    if (rel.join != BoundJoinKind::kLeft) parts.push_back(join.right_rest(get));
    RelRef all = plan::union_all(std::move(parts));
    if (rel.join == BoundJoinKind::kLeft && join.one_right_partner()) {
      all = stating_keys(std::move(all), sides.left->type.keys);
    }
    return all;
  });
}

}  // namespace penstock::sql
