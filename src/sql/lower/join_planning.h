// In which order an n-way join is made, as a chain of binary joins: every step joins one more input
// on all columns known to be equal. After the first input, an input that is unique on these columns
// comes first, then the one with most of them; cross products come last.
#pragma once

#include <vector>

#include "plan/rel_expr.h"

namespace penstock::sql {

// A join whose equivalences hold bare columns only, one per input and class: expressions over one
// input have become columns of it. What is left over are conditions for the end.
struct ColumnJoin {
  std::vector<plan::RelRef> inputs;
  // Classes of columns of the concatenated inputs that are pairwise equal (NULL equal to NULL).
  std::vector<std::vector<size_t>> classes;
  std::vector<expr::ScalarRef> conditions;  // Over the concatenated inputs.
  // The columns of the original join among those of `inputs`.
  std::vector<size_t> projection;
};
ColumnJoin column_join(const plan::RelExpr& join);

// The order of the inputs.
std::vector<size_t> join_order(const ColumnJoin& join);

// a IS NOT DISTINCT FROM b.
expr::ScalarRef same_value(const expr::ScalarRef& a, const expr::ScalarRef& b);

}  // namespace penstock::sql
