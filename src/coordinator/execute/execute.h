// Executing statements in a session, one function a family. All run on a thread of the pool and may
// block; errors leave nothing half done.
#pragma once

#include <vector>

#include "base/result.h"
#include "coordinator/session.h"

namespace penstock::coordinator {

using Parameters = sql::ParameterValues;

// dispatch.cc: any statement.
Result<ExecuteResponse> execute_statement(Session& session, const sql::Statement& statement,
                                          const Parameters& parameters);

// select.cc
Result<ExecuteResponse> execute_select(Session& session, const sql::Query& query,
                                       const std::optional<sql::AsOf>& as_of,
                                       const Parameters& parameters);
// The rows of a planned query: at the transaction's time, or at one that sees everything.
struct QueryRows {
  std::vector<data::BatchRef> batches;  // Finished: in order, diffs are multiplicities.
  uint64_t rows = 0;
  Timestamp time;
};
Result<QueryRows> run_query(Session& session, const catalog::CatalogState& catalog,
                            const sql::QueryPlan& plan, bool in_transaction);
// A response over rows that are already here.
ExecuteResponse rows_response(const types::RelationType& relation,
                              std::vector<data::BatchRef> batches, std::string tag);
std::vector<ResultColumn> result_columns(const types::RelationType& relation);

// write.cc
Result<ExecuteResponse> execute_insert(Session& session, const sql::InsertStatement& statement,
                                       const Parameters& parameters);
Result<ExecuteResponse> execute_update(Session& session, const sql::UpdateStatement& statement,
                                       const Parameters& parameters);
Result<ExecuteResponse> execute_delete(Session& session, const sql::DeleteStatement& statement,
                                       const Parameters& parameters);
// Error 23502 if a row to be added has NULL where the table has NOT NULL.
Status check_not_null(const catalog::CatalogItem& table, const data::DeltaBatch& rows);

// copy.cc
Result<ExecuteResponse> execute_copy(Session& session, const sql::CopyStatement& statement,
                                     const Parameters& parameters);

// ddl.cc
Result<ExecuteResponse> execute_ddl(Session& session, const sql::Statement& statement);
bool is_ddl(const sql::Statement& statement);

// show.cc: SHOW as the query it stands for.
Result<sql::Query> show_query(Session& session, const sql::ShowStatement& statement,
                              const catalog::CatalogState& catalog);
// Replaces every SHOW that stands in the place of a query.
Status expand_shows(Session& session, const catalog::CatalogState& catalog, sql::Query& query);

// explain.cc
Result<ExecuteResponse> execute_explain(Session& session, const sql::ExplainStatement& statement,
                                        const Parameters& parameters);
// What its one column is called.
std::string explain_column(const sql::ExplainStatement& statement);

// explain_schema.cc: the schema as indented JSON.
Result<std::string> schema_text(Session& session, const sql::ExplainSchema& explain);

// audit.cc: AUDIT SINK, a row for each problem that is found.
Result<ExecuteResponse> execute_audit(Session& session, const sql::AuditSink& statement);
types::RelationType audit_relation();

// session_statements.cc: SET, RESET, BEGIN, COMMIT, PREPARE, DISCARD...
Result<ExecuteResponse> execute_session(Session& session, const sql::Statement& statement,
                                        const Parameters& parameters);

// What a statement gives back, without running it; also fills in inferred parameter types.
Result<std::optional<types::RelationType>> describe_result(Session& session,
                                                           const sql::Statement& statement,
                                                           std::vector<types::SqlType>& parameters);

}  // namespace penstock::coordinator
