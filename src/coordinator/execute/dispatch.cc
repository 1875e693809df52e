// Which function executes which statement, and what each gives back.
#include <fmt/core.h>

#include "coordinator/execute/execute.h"
#include "coordinator/execute/order_sink.h"
#include "coordinator/execute/validate_sink.h"

namespace penstock::coordinator {
namespace {

template <typename Kind>
bool is(const sql::Statement& statement) {
  return std::holds_alternative<Kind>(statement.kind);
}

std::unexpected<Error> unsupported(std::string_view what) {
  return fail(sql_state::kFeatureNotSupported, fmt::format("{} not yet supported", what));
}

Result<std::optional<types::RelationType>> describe_explain(
    Session& session, const sql::ExplainStatement& statement,
    std::vector<types::SqlType>& parameters) {
  if (std::holds_alternative<sql::ExplainAlter>(statement.kind)) return explain_alter_columns();
  std::string name = explain_column(statement);
  if (const auto* plan = std::get_if<sql::ExplainPlan>(&statement.kind)) {
    if (const auto* subject = std::get_if<sql::Box<sql::Statement>>(&plan->subject)) {
      RETURN_IF_ERROR(describe_result(session, **subject, parameters));
    }
  }
  types::RelationType relation;
  relation.columns.push_back({std::move(name), {types::SqlType::of(types::TypeId::kText), false}});
  return relation;
}

}  // namespace

Result<ExecuteResponse> execute_statement(Session& session, const sql::Statement& statement,
                                          const Parameters& parameters) {
  const sql::StatementKind& kind = statement.kind;
  if (const auto* select = std::get_if<sql::SelectStatement>(&kind)) {
    return execute_select(session, select->query, select->as_of, parameters);
  }
  if (const auto* show = std::get_if<sql::ShowStatement>(&kind)) {
    CatalogSnapshot catalog = session.services().catalog.snapshot();
    ASSIGN_OR_RETURN(sql::Query query, show_query(session, *show, *catalog));
    return execute_select(session, query, std::nullopt, {});
  }
  if (const auto* insert = std::get_if<sql::InsertStatement>(&kind)) {
    return execute_insert(session, *insert, parameters);
  }
  if (const auto* update = std::get_if<sql::UpdateStatement>(&kind)) {
    return execute_update(session, *update, parameters);
  }
  if (const auto* erase = std::get_if<sql::DeleteStatement>(&kind)) {
    return execute_delete(session, *erase, parameters);
  }
  if (const auto* copy = std::get_if<sql::CopyStatement>(&kind)) {
    return execute_copy(session, *copy, parameters);
  }
  if (const auto* explain = std::get_if<sql::ExplainStatement>(&kind)) {
    return execute_explain(session, *explain, parameters);
  }
  if (const auto* validate = std::get_if<sql::ValidateSink>(&kind)) {
    return execute_validate_sink(session, *validate);
  }
  if (const auto* audit = std::get_if<sql::AuditSink>(&kind)) {
    return execute_audit(session, *audit);
  }
  if (is<sql::SubscribeStatement>(statement)) return unsupported("SUBSCRIBE");
  if (is<sql::DeclareStatement>(statement) || is<sql::FetchStatement>(statement) ||
      is<sql::CloseStatement>(statement)) {
    return unsupported("cursors");
  }
  if (is_ddl(statement)) return execute_ddl(session, statement);
  return execute_session(session, statement, parameters);
}

Result<std::optional<types::RelationType>> describe_result(
    Session& session, const sql::Statement& statement, std::vector<types::SqlType>& parameters) {
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  sql::PlanContext context = session.plan_context(*catalog, view.statement, nullptr);
  context.parameters = &parameters;
  const sql::StatementKind& kind = statement.kind;
  if (const auto* select = std::get_if<sql::SelectStatement>(&kind)) {
    sql::Query query = select->query;
    RETURN_IF_ERROR(expand_shows(session, *catalog, query));
    ASSIGN_OR_RETURN(sql::QueryPlan plan, sql::plan_select(query, context));
    return plan.relation;
  }
  if (const auto* show = std::get_if<sql::ShowStatement>(&kind)) {
    ASSIGN_OR_RETURN(sql::Query query, show_query(session, *show, *catalog));
    ASSIGN_OR_RETURN(sql::QueryPlan plan, sql::plan_select(query, context));
    return plan.relation;
  }
  if (const auto* insert = std::get_if<sql::InsertStatement>(&kind)) {
    ASSIGN_OR_RETURN(sql::WritePlan plan, sql::plan_insert(*insert, context));
    if (plan.returning.empty()) return std::nullopt;
    return plan.returning_type;
  }
  if (const auto* update = std::get_if<sql::UpdateStatement>(&kind)) {
    RETURN_IF_ERROR(sql::plan_update(*update, context));
    return std::nullopt;
  }
  if (const auto* erase = std::get_if<sql::DeleteStatement>(&kind)) {
    RETURN_IF_ERROR(sql::plan_delete(*erase, context));
    return std::nullopt;
  }
  if (const auto* execute = std::get_if<sql::ExecuteStatement>(&kind)) {
    auto found = session.statements().find(execute->name.text);
    if (found == session.statements().end() || !found->second->columns) return std::nullopt;
    types::RelationType relation;
    for (const ResultColumn& column : *found->second->columns) {
      relation.columns.push_back({column.name, {column.type, true}});
    }
    return relation;
  }
  if (const auto* explain = std::get_if<sql::ExplainStatement>(&kind)) {
    return describe_explain(session, *explain, parameters);
  }
  if (std::holds_alternative<sql::ValidateSink>(kind)) return validate_sink_columns();
  if (std::holds_alternative<sql::AuditSink>(kind)) return audit_relation();
  return std::nullopt;
}

}  // namespace penstock::coordinator
