// Whether two logical plans are the same plan.
#pragma once

#include "plan/rel_expr.h"

namespace penstock::sql {

// The same operators over the same collections and bindings; what is known of the rows may differ.
bool same_relation(const plan::RelRef& a, const plan::RelRef& b);

}  // namespace penstock::sql
