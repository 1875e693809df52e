// Which columns of a relation are unique, operator by operator (docs/internals/keys.md).
//
// A key is a sorted list of column positions on which no two rows (counting multiplicity) agree, as
// GROUP BY understands agreement: NULL agrees with NULL. The empty key means at most one row.
// Pure functions.
#pragma once

#include <vector>

#include "expr/scalar.h"
#include "plan/rel_expr.h"
#include "types/sql_type.h"

namespace penstock::plan {

using Key = std::vector<size_t>;
using Keys = std::vector<Key>;

// Adds a key unless it is known already or a part of it is. Beyond kKeysMax keys nothing is added.
inline constexpr size_t kKeysMax = 24;
void add_key(Keys& keys, Key key);

Keys constant_keys(const types::RelationType& type, const std::vector<ConstantRow>& rows);
Keys projected_keys(const Keys& input, const std::vector<size_t>& projection);
Keys mapped_keys(const types::RelationType& input, const std::vector<expr::ScalarRef>& expressions);
Keys filtered_keys(const Keys& input, const std::vector<expr::ScalarRef>& predicates);
Keys joined_keys(const std::vector<RelRef>& inputs,
                 const std::vector<std::vector<expr::ScalarRef>>& equivalences);
Keys grouped_keys(const Keys& input, const std::vector<expr::ScalarRef>& expressions);
Keys distinct_keys(const types::RelationType& input);
Keys limited_keys(const Keys& input, const std::vector<size_t>& group,
                  std::optional<uint64_t> limit);

// The column an expression is a one-to-one function of (a chain of uniqueness-preserving unary
// functions, or the column itself), if it is one.
std::optional<size_t> unique_origin(const expr::ScalarExpr& expression);

// Whether some key is contained in `columns` (sorted or not).
bool is_unique(const Keys& keys, const std::vector<size_t>& columns);

}  // namespace penstock::plan
