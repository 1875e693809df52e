// Rebuilding of logical plans: the same operator over other inputs or expressions.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "plan/rel_expr.h"

namespace penstock::sql {

// The operator over inputs of the same columns. What was known of its rows (keys, NULLs, names)
// stays known, beside what is inferred anew.
plan::RelRef with_inputs(const plan::RelRef& rel, std::vector<plan::RelRef> inputs);

// The node made anew from its parts; of its type only the columns of a table function are kept. And
// the same with what was known before.
plan::RelRef remade(const plan::RelExpr& node);
plan::RelRef remade_with_facts(const plan::RelExpr& node, const types::RelationType& before);

// `rel`, which has the rows of `before` in the same columns, with what was known of them.
plan::RelRef keeping_facts(plan::RelRef rel, const types::RelationType& before);

// The whole tree with every scalar expression replaced.
using ScalarRewrite = std::function<Result<expr::ScalarRef>(const expr::ScalarRef&)>;
Result<plan::RelRef> rewrite_scalars(const plan::RelRef& rel, const ScalarRewrite& rewrite);

// Calls visit for every node, inputs before the node.
void for_each_node(const plan::RelRef& rel, const std::function<void(const plan::RelRef&)>& visit);

}  // namespace penstock::sql
