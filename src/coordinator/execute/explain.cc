// EXPLAIN: the plan of a statement, or of a stored object, as text.
#include <fmt/core.h>

#include "coordinator/execute/execute.h"
#include "coordinator/execute/order_sink.h"
#include "coordinator/sequence/item_facts.h"
#include "sql/parse/parse.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

plan::CollectionNames names_of(const catalog::CatalogState& catalog) {
  plan::CollectionNames names;
  for (const auto& [id, item] : catalog.items()) {
    if (item->relation) names.emplace_back(CollectionId{id.value}, catalog.full_name(*item));
  }
  return names;
}

Result<std::string> plan_text(const sql::QueryPlan& plan, sql::ExplainStage stage,
                              const catalog::CatalogState& catalog) {
  plan::CollectionNames names = names_of(catalog);
  switch (stage) {
    case sql::ExplainStage::kOptimized:
    case sql::ExplainStage::kLocallyOptimized:
      return plan::explain(plan.logical, names);
    case sql::ExplainStage::kDefault:
    case sql::ExplainStage::kPhysical:
      return plan::explain(plan.dataflow, names);
    case sql::ExplainStage::kRaw:
    case sql::ExplainStage::kDecorrelated:
      return fail(sql_state::kFeatureNotSupported,
                  "EXPLAIN RAW PLAN and DECORRELATED PLAN not yet supported");
  }
  return std::string();
}

Result<sql::QueryPlan> plan_of(const sql::Statement& statement, Session& session,
                               const catalog::CatalogState& catalog,
                               const expr::StatementContext& statement_context,
                               const Parameters& parameters) {
  sql::PlanContext context = session.plan_context(catalog, statement_context, &parameters);
  if (const auto* select = std::get_if<sql::SelectStatement>(&statement.kind)) {
    return sql::plan_select(select->query, context);
  }
  context.statement = nullptr;
  if (const auto* view = std::get_if<sql::CreateMaterializedView>(&statement.kind)) {
    return sql::plan_view(view->query, view->columns, context);
  }
  if (const auto* view = std::get_if<sql::CreateView>(&statement.kind)) {
    return sql::plan_view(view->query, view->columns, context);
  }
  if (const auto* index = std::get_if<sql::CreateIndex>(&statement.kind)) {
    ASSIGN_OR_RETURN(sql::IndexPlan plan, sql::plan_create_index(*index, context));
    return sql::plan_relation(*plan.on, context);
  }
  return fail(sql_state::kFeatureNotSupported, "EXPLAIN of this statement not yet supported");
}

Result<sql::QueryPlan> plan_of(const sql::ExplainObject& object, Session& session,
                               const catalog::CatalogState& catalog) {
  SessionView view = session.view();
  ASSIGN_OR_RETURN(catalog::ItemRef item, sql::lookup_item(object.name, catalog, view.names));
  sql::PlanContext context = maintained_context(catalog);
  if (const auto* index = std::get_if<catalog::IndexFacts>(&item->facts)) {
    return sql::plan_relation(*catalog.item(index->on), context);
  }
  const auto* facts = std::get_if<catalog::ViewFacts>(&item->facts);
  if (facts == nullptr) {
    return fail(sql_state::kWrongObjectType,
                fmt::format("{} is not a view", catalog.minimal_name(*item, view.names)));
  }
  ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(facts->query_sql));
  const auto* select = std::get_if<sql::SelectStatement>(&statement.kind);
  return sql::plan_view(select->query, {}, context);
}

ExecuteResponse text_response(const std::string& column, const std::string& text) {
  types::RelationType relation;
  relation.columns.push_back({column, {types::SqlType::of(types::TypeId::kText), false}});
  data::BatchBuilder builder(data::physical_kinds(relation));
  std::vector<types::Datum> row = {types::Datum::bytes(text)};
  builder.append_row(row, 1);
  return rows_response(relation, {std::make_shared<const data::DeltaBatch>(builder.finish())},
                       "SELECT");
}

}  // namespace

std::string explain_column(const sql::ExplainStatement& statement) {
  if (std::holds_alternative<sql::ExplainSchema>(statement.kind)) return "Schema";
  const auto* plan = std::get_if<sql::ExplainPlan>(&statement.kind);
  const sql::ExplainStage stage = plan ? plan->stage : sql::ExplainStage::kDefault;
  if (stage == sql::ExplainStage::kOptimized) return "Optimized Plan";
  if (stage == sql::ExplainStage::kLocallyOptimized) return "Locally Optimized Plan";
  return "Physical Plan";
}

Result<ExecuteResponse> execute_explain(Session& session, const sql::ExplainStatement& statement,
                                        const Parameters& parameters) {
  if (const auto* schema = std::get_if<sql::ExplainSchema>(&statement.kind)) {
    ASSIGN_OR_RETURN(std::string text, schema_text(session, *schema));
    return text_response(explain_column(statement), text);
  }
  if (const auto* alter = std::get_if<sql::ExplainAlter>(&statement.kind)) {
    return explain_alter(session, *alter);
  }
  const auto* explain = std::get_if<sql::ExplainPlan>(&statement.kind);
  if (explain == nullptr) {
    return fail(sql_state::kFeatureNotSupported, "this form of EXPLAIN is not yet supported");
  }
  if (explain->format == sql::ExplainFormat::kJson || explain->format == sql::ExplainFormat::kDot) {
    return fail(sql_state::kFeatureNotSupported, "EXPLAIN AS JSON and AS DOT not yet supported");
  }
  CatalogSnapshot catalog = session.services().catalog.snapshot();
  SessionView view = session.view();
  Result<sql::QueryPlan> plan =
      std::holds_alternative<sql::ExplainObject>(explain->subject)
          ? plan_of(std::get<sql::ExplainObject>(explain->subject), session, *catalog)
          : plan_of(*std::get<sql::Box<sql::Statement>>(explain->subject), session, *catalog,
                    view.statement, parameters);
  if (!plan) return std::unexpected(plan.error());
  ASSIGN_OR_RETURN(std::string text, plan_text(*plan, explain->stage, *catalog));
  return text_response(explain_column(statement), text);
}

}  // namespace penstock::coordinator
