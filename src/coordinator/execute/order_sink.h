// ALTER SINK ... ADOPT PROGRESS and RESTART WITH SNAPSHOT, and what EXPLAIN tells of them.
#pragma once

#include "coordinator/execute/execute.h"
#include "sql/parse/ast_statement_alter.h"

namespace penstock::coordinator {

bool is_sink_order(const sql::AlterStatement& statement);

// Looks at Kafka, in the calling thread, whether the order can be carried out; the sink does so
// once it is durable. Errors: 55000 it cannot; 58000 of brokers; 57014; and, from the function,
// 40001 if somebody altered the sink meanwhile.
Result<DdlFunction> order_sink(Session& session, const sql::AlterStatement& statement);

// EXPLAIN: the same look, as rows.
types::RelationType explain_alter_columns();
Result<ExecuteResponse> explain_alter(Session& session, const sql::ExplainAlter& explain);

}  // namespace penstock::coordinator
