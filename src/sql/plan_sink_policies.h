// WITH (...) of CREATE SINK: what becomes of rows and messages that cannot be sent as they are.
#pragma once

#include "base/result.h"
#include "sql/ddl/option_reader.h"
#include "sql/planner.h"

namespace penstock::sql {

// KEY VIOLATIONS. REQUIRES: the plan's key and envelope. Errors: 22023, a value that is none, a
// sink without KEY, an envelope without keys.
Status plan_key_violations(const CreateSink& statement, SinkPlan& plan);

}  // namespace penstock::sql
