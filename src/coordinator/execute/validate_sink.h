// VALIDATE SINK, and CREATE SINK ... WITH (VALIDATE): a sink's surroundings, looked at before it
// needs them.
#pragma once

#include "coordinator/execute/execute.h"
#include "sql/planner.h"

namespace penstock::coordinator {

// One row for each thing that was looked at.
Result<ExecuteResponse> execute_validate_sink(Session& session, const sql::ValidateSink& statement);
types::RelationType validate_sink_columns();

// Of a sink about to be created: what may go wrong becomes notices. Error 58000, with WITH
// (VALIDATE): what will go wrong.
Status check_new_sink(Session& session, const sql::SinkPlan& plan,
                      const catalog::CatalogState& catalog);

}  // namespace penstock::coordinator
