// Where the predicates that stand above a join belong: to one input, to the join, or above it.
#pragma once

#include <vector>

#include "plan/rel_expr.h"

namespace penstock::sql {

struct JoinPredicates {
  std::vector<std::vector<expr::ScalarRef>> of_input;      // Over the input's columns.
  std::vector<std::vector<expr::ScalarRef>> equivalences;  // Of the join, those it had among them.
  std::vector<expr::ScalarRef> above;
};

// REQUIRES: no predicate can fail.
JoinPredicates placed_predicates(const plan::RelExpr& join,
                                 const std::vector<expr::ScalarRef>& predicates);

// Equivalences with a member in common made one, members once each.
std::vector<std::vector<expr::ScalarRef>> merged_equivalences(
    const std::vector<std::vector<expr::ScalarRef>>& equivalences);

// Where the columns of each input begin among those of the join; one more for the end.
std::vector<size_t> input_offsets(const std::vector<plan::RelRef>& inputs);

}  // namespace penstock::sql
