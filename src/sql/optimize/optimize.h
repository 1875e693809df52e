// Makes a lowered plan cheaper to maintain without changing its rows, or which errors it has where
// SQL says which (CASE, AND, OR). See docs/internals/planning.md.
#pragma once

#include "plan/rel_expr.h"

namespace penstock::sql {

plan::RelRef optimize(plan::RelRef rel);

}  // namespace penstock::sql
