// The state of one lowering: see lower.h. One thread, one statement.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "expr/scalar.h"
#include "plan/rel_expr.h"
#include "sql/bind/binder.h"
#include "sql/bind/bound.h"

namespace penstock::sql {

// The outer rows a relation is lowered for, and where the columns of the scopes around it are in
// them: frames.back()[c] is the position of column c of level 1, and so on.
struct OuterRows {
  plan::RelRef rel;
  std::vector<std::vector<size_t>> frames;

  size_t width() const { return rel->type.columns.size(); }
  size_t position(size_t level, size_t column) const;
};

// Both sides of a join, bound to names. The right side's first columns are those of the left that
// it was lowered for.
struct JoinSides {
  plan::RelRef left;   // Outer columns, then the left relation's.
  plan::RelRef right;  // Columns equal to left.used, then the right relation's.
  std::vector<size_t> used;
  size_t right_width = 0;  // Of the right relation alone.
};

class Lowerer {
 public:
  explicit Lowerer(const std::vector<BoundCte>& ctes) : ctes_(ctes) {}

  plan::RelRef lower_root(const BoundRelRef& root);

 private:
  // A row that expressions are evaluated on: `outer` columns, then the row's own `width` columns,
  // then what subqueries of the expressions appended.
  struct Row {
    plan::RelRef rel;
    const OuterRows& outer;
    size_t width = 0;
  };
  // The outer rows a subquery or lateral relation is lowered for, taken from a row.
  struct Branch {
    std::vector<size_t> used;  // Columns of the row that it looks at.
    plan::RelRef result;       // Columns: used, then the relation's own.
  };

  // lowerer.cc. Columns of the result: outer, then the relation's own. REQUIRES: the outer rows
  // are a set, unless the relation is row-wise.
  plan::RelRef lower(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef lower_operator(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef lower_values(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef lower_map(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef lower_filter(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef lower_reduce(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef with_default_row(plan::RelRef reduced, const OuterRows& outer,
                                const std::vector<expr::AggregateExpr>& aggregates);
  plan::RelRef lower_top_k(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef lower_set_difference(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef lower_flat_map(const BoundRel& rel, const OuterRows& outer);

  // lower_scalar.cc
  expr::ScalarRef lower_scalar(const BoundExpr& expression, Row& row);
  expr::ScalarRef lower_column(const BoundExpr& expression, const Row& row);
  expr::ScalarRef lower_exists(const BoundExpr& expression, Row& row);
  expr::ScalarRef lower_scalar_subquery(const BoundExpr& expression, Row& row);
  plan::RelRef one_row_each(const BoundRel& rel, plan::RelRef result, const plan::RelRef& keys,
                            size_t num_keys);
  std::vector<size_t> columns_used(const BoundRel& rel, const Row& row) const;
  OuterRows outer_of(const Row& row) const;
  // Lowers `rel` for the distinct values of what it looks at in `row`; `keys` is bound outside of
  // the result by the caller.
  Branch lower_for(const BoundRel& rel, const Row& row, const plan::RelRef& keys);

  // lower_join.cc
  plan::RelRef lower_join(const BoundRel& rel, const OuterRows& outer);
  plan::RelRef filter_on(const BoundExpr& on, plan::RelRef joined, const OuterRows& outer);
  plan::RelRef join_sides(const BoundRel& rel, const OuterRows& outer, const JoinSides& sides);

  uint64_t next_local() { return locals_++; }
  // Binds `value` to a name and returns let(name, value, body(get)).
  template <typename Body>
  plan::RelRef bind_local(plan::RelRef value, const Body& body) {
    if (value->kind == plan::RelKind::kLocalGet || value->kind == plan::RelKind::kGet ||
        value->kind == plan::RelKind::kConstant) {
      return body(value);
    }
    const uint64_t local = next_local();
    const plan::RelRef get = plan::local_get(local, value->type);
    plan::RelRef result = body(get);
    return plan::let(local, std::move(value), std::move(result));
  }

  const std::vector<BoundCte>& ctes_;
  std::vector<plan::RelRef> cte_gets_;
  uint64_t locals_ = 0;
};

// --- small pieces of plans ---
plan::RelRef unit_rows();  // One row without columns.
bool is_unit(const plan::RelExpr& rel);
// The distinct values of some columns.
plan::RelRef key_rows(const plan::RelRef& rel, const std::vector<size_t>& columns);
plan::RelRef cross(plan::RelRef left, plan::RelRef right);
std::vector<size_t> range(size_t begin, size_t end);
expr::ScalarRef column_at(const plan::RelRef& rel, size_t column);
// l.left[i] = r.right[i] for all i (NULL equal to NULL); all columns of both come out.
plan::RelRef join_on(plan::RelRef left, const std::vector<size_t>& left_columns, plan::RelRef right,
                     const std::vector<size_t>& right_columns);
// The relation, of which the caller knows that `key` is unique.
plan::RelRef stating_key(plan::RelRef rel, std::vector<size_t> key);
// Fails for every combination of the first columns that occurs more than once.
plan::RelRef too_many_rows(const plan::RelRef& rel, size_t num_keys, const types::SqlType& type);
plan::RelRef stating_keys(plan::RelRef rel, const std::vector<std::vector<size_t>>& keys);

// How many rows a relation has for one outer row.
struct Cardinality {
  bool at_least_one = false;
  bool at_most_one = false;
};
Cardinality cardinality_of(const BoundRel& rel);
// Made of nothing but maps, filters and table functions over one row: it needs no set of outer
// rows, each row is taken as it is.
bool is_row_wise(const BoundRel& rel);

}  // namespace penstock::sql
