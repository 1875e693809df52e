// CREATE SINK.
#include "coordinator/sequence/statements.h"
#include "sql/parse/print.h"
#include "sql/planner.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {

Result<Sequenced> sequence(const sql::CreateSink& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE SINK";
  if (!statement.name) return fail(sql_state::kSyntaxError, "unspecified name for sink");
  sql::Statement stored{{}, statement};
  RETURN_IF_ERROR(sql::resolve_item_names(stored, context.catalog, context.names));
  ASSIGN_OR_RETURN(catalog::FullName name, creation_name(*statement.name, context));
  ASSIGN_OR_RETURN(bool free, name_is_free(name, statement.if_not_exists, context, out));
  if (!free) return out;
  auto& sink = std::get<sql::CreateSink>(stored.kind);
  add_comments_as_docs(sink, context.catalog);
  sql::PlanContext plan_context{.catalog = context.catalog, .names = context.names};
  ASSIGN_OR_RETURN(sql::SinkPlan plan, sql::plan_create_sink(sink, plan_context));
  if (plan.notice) out.notices.push_back({"NOTICE", std::move(*plan.notice)});
  catalog::CatalogItem item = new_item(name, catalog::ItemKind::kSink, context);
  ASSIGN_OR_RETURN(item.cluster, cluster_for(statement.in_cluster, context));
  sink.name = sql::name_reference(item);
  sink.if_not_exists = false;
  sink.in_cluster = sql::Identifier{context.catalog.cluster_name(item.cluster), false, {}};
  item.create_sql = sql::print(stored);
  item.facts = std::move(plan.def);
  item.uses = std::move(plan.uses);
  out.effects.push_back(StartSink{item.id});
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

}  // namespace penstock::coordinator
