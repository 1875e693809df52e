// The first checks of CREATE SINK, which come before anybody asks whether the sink's own name is
// free.
#pragma once

#include "base/result.h"
#include "sql/planner.h"

namespace penstock::sql {

// That what the statement names exists, and that its options are of the right kind.
// plan_create_sink begins with the same.
Status check_create_sink(const CreateSink& statement, const PlanContext& context);

}  // namespace penstock::sql
