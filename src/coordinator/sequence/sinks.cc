// CREATE SINK.
#include <fmt/core.h>

#include <algorithm>

#include "catalog/facts_of.h"
#include "coordinator/sequence/cluster_order.h"
#include "coordinator/sequence/item_facts.h"
#include "coordinator/sequence/statements.h"
#include "defs/names.h"
#include "sql/parse/print.h"
#include "sql/planner.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::facts_of;

// Two sinks with one identity would take each other for themselves.
Status check_identity(ObjectId id, const defs::SinkDef& sink,
                      const catalog::CatalogState& catalog) {
  const auto& kafka = facts_of<defs::KafkaConnectionDef>(catalog, sink.connection);
  for (const auto& [other_id, item] : catalog.items()) {
    const auto* other = std::get_if<defs::SinkDef>(&item->facts);
    if (other == nullptr) continue;
    const auto& other_kafka = facts_of<defs::KafkaConnectionDef>(catalog, other->connection);
    const bool one_topic = other->connection == sink.connection ||
                           (kafka.progress_topic && kafka.brokers == other_kafka.brokers &&
                            kafka.progress_topic == other_kafka.progress_topic);
    if (one_topic && defs::progress_id(sink, id) == defs::progress_id(*other, other_id)) {
      return fail(Error(sql_state::kDuplicateObject,
                        fmt::format("sink \"{}\" has the SINK ID {} already", item->name.item,
                                    defs::progress_id(sink, id)))
                      .with_detail("Both would record their progress in the same topic."));
    }
    if (sink.transactional_id && sink.transactional_id == other->transactional_id) {
      return fail(sql_state::kDuplicateObject,
                  fmt::format("sink \"{}\" has the TRANSACTIONAL ID {} already", item->name.item,
                              *sink.transactional_id));
    }
  }
  return {};
}

}  // namespace

Result<CollectionId> make_resolved_collection(const catalog::CatalogItem& sink,
                                              const defs::SinkDef& def, SequenceContext& context,
                                              Sequenced& out) {
  RETURN_IF_ERROR(check_cluster_order(sink, context.catalog, context.names, {}));
  const CollectionId id{context.ids.object().value};
  ASSIGN_OR_RETURN(engine::ViewSpec spec, resolved_spec(sink, def, id, context.catalog));
  types::RelationType relation = def.relation;
  relation.keys = {*def.key};
  std::ranges::sort(relation.keys.front());
  out.effects.push_back(CreateCollection{{id, std::move(relation), sink.cluster}, false});
  out.effects.push_back(RunView{std::move(spec)});
  return id;
}

void set_resolved_collection(std::optional<CollectionId> collection, sql::CreateSink& sink) {
  constexpr const char* kOption = "RESOLVED COLLECTION";
  std::erase_if(sink.with, [](const sql::Option& option) { return option.name == kOption; });
  if (!collection) return;
  sql::Option option;
  option.name = kOption;
  option.value =
      sql::OptionValue{{}, sql::StringLiteral{defs::object_id_text(ObjectId{collection->value})}};
  sink.with.push_back(std::move(option));
}

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
  RETURN_IF_ERROR(check_identity(item.id, plan.def, context.catalog));
  item.uses = std::move(plan.uses);
  if (plan.resolves_key) {
    ASSIGN_OR_RETURN(plan.def.resolved, make_resolved_collection(item, plan.def, context, out));
    set_resolved_collection(plan.def.resolved, sink);
  }
  sink.name = sql::name_reference(item);
  sink.if_not_exists = false;
  sink.in_cluster = sql::Identifier{context.catalog.cluster_name(item.cluster), false, {}};
  item.create_sql = sql::print(stored);
  item.facts = std::move(plan.def);
  out.effects.push_back(StartSink{item.id});
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

}  // namespace penstock::coordinator
