// In which order an n-way join is made, as a chain of binary joins: every step joins one more input
// on all columns known to be equal. First comes an input of at most one row, else one that a
// literal selects. Then those with equal columns, in this order: selected by a literal, unique on
// the equal columns, with most of them. Cross products come last.
#pragma once

#include <vector>

#include "plan/dataflow_plan.h"
#include "plan/rel_expr.h"
#include "sql/lower/mfp_builder.h"

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

// Where the columns of the concatenated inputs are while the chain grows. Conditions are taken up
// as soon as their columns are there, and a column goes when nothing needs it any more.
class JoinChain {
 public:
  // `wanted`: the columns of the concatenated inputs that somebody looks at after the join.
  JoinChain(const ColumnJoin& join, std::vector<bool> wanted);

  // Takes up the columns of an input, and gives the join of the chain so far (rows of `left`) with
  // it (rows of `right`), without residual.
  plan::JoinNode extend(size_t input, const std::vector<types::ColumnType>& left,
                        const std::vector<types::ColumnType>& right);
  // What is done with the rows of the last join: conditions, then which columns stay.
  MfpBuilder residual();
  // The same at the end: all columns of the original join come out (those nobody looks at are not
  // there, MfpBuilder::kNowhere).
  MfpBuilder last_residual();

 private:
  void add_ready_conditions(MfpBuilder& mfp);

  const ColumnJoin& join_;
  std::vector<size_t> offsets_;  // Of the inputs' columns.
  std::vector<bool> wanted_;
  std::vector<size_t> position_;  // Of each column in the chain; kNowhere.
  std::vector<expr::ScalarRef> pending_;
  size_t width_ = 0;
};

// a IS NOT DISTINCT FROM b.
expr::ScalarRef same_value(const expr::ScalarRef& a, const expr::ScalarRef& b);

}  // namespace penstock::sql
