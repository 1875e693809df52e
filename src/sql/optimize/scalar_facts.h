// Scalar expressions beside what is known of the columns they look at. Pure functions.
#pragma once

#include <optional>
#include <vector>

#include "expr/scalar.h"
#include "types/sql_type.h"

namespace penstock::sql {

// The expression over columns of these types: folded, with nullability inferred anew, and without
// tests for NULL of what cannot be NULL.
expr::ScalarRef refined(const expr::ScalarRef& expression,
                        const std::vector<types::ColumnDesc>& columns);

// Equal but for what is known of NULL.
bool same_scalar(const expr::ScalarExpr& a, const expr::ScalarExpr& b);
bool same_scalars(const std::vector<expr::ScalarRef>& a, const std::vector<expr::ScalarRef>& b);
bool contains_scalar(const std::vector<expr::ScalarRef>& list, const expr::ScalarExpr& expression);

// How many nodes the tree has.
size_t size_of(const expr::ScalarExpr& expression);
bool is_true_literal(const expr::ScalarExpr& expression);
// FALSE or NULL: no row passes.
bool is_never_true(const expr::ScalarExpr& expression);

// expression IS NULL; NOT (expression IS NULL).
expr::ScalarRef is_null(const expr::ScalarRef& expression);
expr::ScalarRef is_not_null(const expr::ScalarRef& expression);

// NOT predicate.
expr::ScalarRef negation(const expr::ScalarRef& predicate);

// Both sides of a predicate that holds where they have the same value.
struct Equality {
  expr::ScalarRef left;
  expr::ScalarRef right;
  bool nulls_match = false;  // IS NOT DISTINCT FROM; `=` otherwise.
};
std::optional<Equality> equality_of(const expr::ScalarExpr& predicate);

// The predicate cannot tell equal values of its columns apart: it compares a column with literals,
// or equality of the columns' types is identity (no -0.0, no trailing blanks).
bool respects_equality(const expr::ScalarExpr& predicate);
// `column <op> literal`: the column.
std::optional<size_t> compared_column(const expr::ScalarExpr& predicate);

// The columns a list of expressions looks at.
std::vector<bool> columns_in(const std::vector<expr::ScalarRef>& expressions, size_t num_columns);

}  // namespace penstock::sql
