// Plan-time evaluation: constant subtrees become literals, or error literals; nothing is raised.
#pragma once

#include "base/result.h"
#include "expr/scalar.h"
#include "expr/statement_context.h"

namespace penstock::expr {

// The same expression with every constant subtree evaluated, AND/OR without their neutral
// arguments, CASE without branches that are never taken, COALESCE without what cannot be reached.
ScalarRef fold_constants(const ScalarRef& expression);

// Replaces the calls that depend on the statement by literals. Their arguments must be constant:
// 0A000 otherwise. mz_now() stays a call when the context has no logical time.
Result<ScalarRef> resolve_statement_calls(const ScalarRef& expression,
                                          const StatementContext& context);
// The first call (depth first) that is not immutable; null when there is none. Maintained views may
// have none of Volatility::kStatement: "cannot materialize call to now".
const FunctionSpec* find_volatile_call(const ScalarExpr& expression);

}  // namespace penstock::expr
