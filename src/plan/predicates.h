// What a predicate is made of, and what it says about the rows that pass it. Pure functions.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "expr/scalar.h"
#include "types/sql_type.h"

namespace penstock::plan {

// The conjuncts of a predicate, ANDs of ANDs taken apart, appended to `out`.
void append_conjuncts(const expr::ScalarRef& predicate, std::vector<expr::ScalarRef>& out);

// Both sides of `a = b`, of any type.
std::optional<std::pair<expr::ScalarRef, expr::ScalarRef>> equality_sides(
    const expr::ScalarExpr& predicate);
// The operand of `x IS NULL`; of `NOT x IS NULL`.
expr::ScalarRef null_test_operand(const expr::ScalarExpr& predicate);
expr::ScalarRef not_null_test_operand(const expr::ScalarExpr& predicate);

// True when the expression is certainly NULL (or an error) on rows where `column` is NULL.
bool null_when_null(const expr::ScalarExpr& expression, size_t column);
// True when the predicate is certainly not true (or an error) on rows where `column` is NULL.
bool rejects_null(const expr::ScalarExpr& predicate, size_t column);

// Marks the columns that cannot be NULL in rows that pass all predicates.
void mark_not_null(const std::vector<expr::ScalarRef>& predicates,
                   std::vector<types::ColumnDesc>& columns);

}  // namespace penstock::plan
