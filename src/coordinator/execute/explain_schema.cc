// EXPLAIN SCHEMA: what a sink would publish. Nobody is contacted.
#include <nlohmann/json.hpp>

#include "coordinator/execute/execute.h"
#include "coordinator/sequence/statements.h"
#include "sinks/schemas.h"
#include "sql/planner.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {

Result<std::string> schema_text(Session& session, const sql::ExplainSchema& explain) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context{.catalog = *catalog, .names = view.names};
  // As it was written, so that refusals name things as the writer did.
  RETURN_IF_ERROR(sql::plan_create_sink(std::get<sql::CreateSink>(explain.sink->kind), context));
  sql::Statement resolved = *explain.sink;
  RETURN_IF_ERROR(sql::resolve_item_names(resolved, *catalog, view.names));
  auto& statement = std::get<sql::CreateSink>(resolved.kind);
  add_comments_as_docs(statement, *catalog);
  ASSIGN_OR_RETURN(sql::SinkPlan plan, sql::plan_create_sink(statement, context));
  const bool of_key = explain.side == sql::ExplainSchemaSide::kKey;
  if (of_key && !plan.def.key) {
    return fail(sql_state::kInvalidParameterValue, "CREATE SINK does not have a key");
  }
  std::optional<std::string> schema =
      of_key ? sinks::key_schema(plan.def) : sinks::value_schema(plan.def);
  if (!schema) {
    schema = of_key ? sinks::carried_key_schema(plan.def) : sinks::carried_value_schema(plan.def);
  }
  if (!schema) {
    return fail(
        sql_state::kFeatureNotSupported,
        "EXPLAIN SCHEMA is only available for Kafka sinks with Avro schemas not yet supported");
  }
  return nlohmann::ordered_json::parse(*schema).dump(2);
}

}  // namespace penstock::coordinator
