// The rows of one side of an outer join that have a partner, found without the join: a semijoin on
// what ON equates. It needs the keys of the other side only, and the arrangement of this side that
// the join has anyway.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "plan/rel_expr.h"

namespace penstock::sql {

// One side of a join, and where the columns of the joined rows are in it.
struct JoinSide {
  plan::RelRef rel;
  std::vector<std::optional<size_t>> column_of;  // By column of the joined rows.
};

// The rows of `side` that some row of `other` matches: each of them as often as it is there.
// `predicates` are over the joined rows, `shared` are columns of both sides that are the same (NULL
// as NULL). Nothing if a predicate can fail, or compares both sides otherwise than by equality.
std::optional<plan::RelRef> matched_rows(const JoinSide& side, const JoinSide& other,
                                         const std::vector<std::pair<size_t, size_t>>& shared,
                                         const std::vector<expr::ScalarRef>& predicates);

}  // namespace penstock::sql
