// CREATE TABLE, VIEW, MATERIALIZED VIEW and INDEX.
#include <fmt/core.h>

#include "coordinator/sequence/cluster_order.h"
#include "coordinator/sequence/item_facts.h"
#include "coordinator/sequence/statements.h"
#include "sql/ddl/option_reader.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::CatalogItem;
using catalog::FullName;
using catalog::ItemKind;
using catalog::ItemRef;

sql::PlanContext plan_context(const SequenceContext& context, bool maintained) {
  sql::PlanContext out{.catalog = context.catalog, .names = context.names};
  if (!maintained) out.statement = &context.statement;
  return out;
}

// CREATE OR REPLACE: what is in the way goes first, if it is of the same kind and nothing needs it.
Status replace_existing(const FullName& name, ItemKind kind, const SequenceContext& context,
                        Sequenced& out) {
  ItemRef existing = context.catalog.item_named(name);
  if (!existing) return {};
  if (existing->kind != kind) {
    return fail(
        sql_state::kWrongObjectType,
        fmt::format("{} is not a {}", context.catalog.minimal_name(*existing, context.names),
                    catalog::item_kind_name(kind)));
  }
  for (const ItemRef& dependent : context.catalog.dependents(existing->id)) {
    if (dependent->kind == ItemKind::kIndex) continue;
    return fail(Error(sql_state::kDependentObjectsExist,
                      fmt::format("cannot drop {} \"{}\": still depended upon by {} \"{}\"",
                                  catalog::item_kind_name(kind),
                                  context.catalog.minimal_name(*existing, context.names),
                                  catalog::item_kind_name(dependent->kind),
                                  context.catalog.minimal_name(*dependent, context.names)))
                    .with_hint("Use DROP ... CASCADE to drop the dependent objects too."));
  }
  drop_items(context.catalog.with_dependents(existing->id), context, out);
  return {};
}

// Resolves names to ids in the statement and in what it creates. Views over the system's relations
// may not be durable under names that could change; ids of theirs are fixed, so that is fine.
Result<std::vector<ObjectId>> store_names(sql::Statement& statement,
                                          const SequenceContext& context) {
  return sql::resolve_item_names(statement, context.catalog, context.names);
}

CreateCollection collection_for(const CatalogItem& item, ClusterId timeline, bool publish) {
  return {{CollectionId{item.id.value}, *item.relation, timeline}, publish};
}

Status check_order(const CatalogItem& item, const SequenceContext& context, const Sequenced& out) {
  std::set<ObjectId> leaving;
  for (const catalog::CatalogChange& change : out.changes) {
    if (const auto* drop = std::get_if<catalog::DropItem>(&change)) leaving.insert(drop->id);
  }
  return check_cluster_order(item, context.catalog, context.names, leaving);
}

Result<bool> view_name(const FullName& name, ItemKind kind, bool or_replace, bool if_not_exists,
                       const SequenceContext& context, Sequenced& out) {
  if (or_replace) {
    RETURN_IF_ERROR(replace_existing(name, kind, context, out));
    return true;
  }
  return name_is_free(name, if_not_exists, context, out);
}

// "t_primary_idx", then "t_primary_idx1", ...
std::string unused_name(const FullName& wanted, const SequenceContext& context) {
  FullName name = wanted;
  for (int i = 1; context.catalog.item_named(name); ++i)
    name.item = fmt::format("{}{}", wanted.item, i);
  return name.item;
}

}  // namespace

Result<Sequenced> sequence(const sql::CreateTable& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE TABLE";
  if (statement.temporary) {
    return fail(sql_state::kFeatureNotSupported, "temporary tables not yet supported");
  }
  ASSIGN_OR_RETURN(FullName name, creation_name(statement.name, context));
  ASSIGN_OR_RETURN(bool free, name_is_free(name, statement.if_not_exists, context, out));
  if (!free) return out;
  if (!statement.with.empty()) {
    return fail(
        sql_state::kFeatureNotSupported,
        fmt::format("CREATE TABLE with option {} not yet supported", statement.with[0].name));
  }
  sql::Statement stored{{}, statement};
  ASSIGN_OR_RETURN(std::vector<ObjectId> uses, store_names(stored, context));
  auto& table = std::get<sql::CreateTable>(stored.kind);
  ASSIGN_OR_RETURN(sql::TablePlan plan,
                   sql::plan_create_table(table, plan_context(context, false)));
  CatalogItem item = new_item(name, ItemKind::kTable, context);
  table.name = sql::name_reference(item);
  table.if_not_exists = false;
  item.create_sql = sql::print(stored);
  item.relation = std::move(plan.relation);
  item.facts = catalog::TableFacts{std::move(plan.defaults)};
  item.uses = std::move(uses);
  out.effects.push_back(collection_for(item, storage::kInputs, true));
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

Result<Sequenced> sequence(const sql::CreateView& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE VIEW";
  if (statement.temporary) {
    return fail(sql_state::kFeatureNotSupported, "temporary views not yet supported");
  }
  ASSIGN_OR_RETURN(FullName name, creation_name(statement.name, context));
  ASSIGN_OR_RETURN(bool free, view_name(name, ItemKind::kView, statement.or_replace,
                                        statement.if_not_exists, context, out));
  if (!free) return out;
  sql::Statement stored{{}, statement};
  RETURN_IF_ERROR(store_names(stored, context));
  auto& view = std::get<sql::CreateView>(stored.kind);
  CatalogItem item = new_item(name, ItemKind::kView, context);
  RETURN_IF_ERROR(fill_view(item, view.query, view.columns, plan_context(context, false)));
  view.name = sql::name_reference(item);
  view.if_not_exists = view.or_replace = false;
  item.create_sql = sql::print(stored);
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

Result<Sequenced> sequence(const sql::CreateMaterializedView& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE MATERIALIZED VIEW";
  if (statement.replacement_for || statement.as_of) {
    return fail(sql_state::kFeatureNotSupported,
                "replacement materialized views and AS OF in their definition not yet supported");
  }
  if (!statement.with.empty()) {
    return fail(sql_state::kFeatureNotSupported,
                fmt::format("CREATE MATERIALIZED VIEW with option {} not yet supported",
                            statement.with[0].name));
  }
  ASSIGN_OR_RETURN(FullName name, creation_name(statement.name, context));
  ASSIGN_OR_RETURN(bool free, view_name(name, ItemKind::kMaterializedView, statement.or_replace,
                                        statement.if_not_exists, context, out));
  if (!free) return out;
  sql::Statement stored{{}, statement};
  RETURN_IF_ERROR(store_names(stored, context));
  auto& view = std::get<sql::CreateMaterializedView>(stored.kind);
  CatalogItem item = new_item(name, ItemKind::kMaterializedView, context);
  ASSIGN_OR_RETURN(item.cluster, cluster_for(statement.in_cluster, context));
  RETURN_IF_ERROR(fill_view(item, view.query, view.columns, plan_context(context, true)));
  RETURN_IF_ERROR(check_order(item, context, out));
  view.name = sql::name_reference(item);
  view.if_not_exists = view.or_replace = false;
  view.in_cluster = sql::Identifier{context.catalog.cluster_name(item.cluster), false, {}};
  item.create_sql = sql::print(stored);
  ASSIGN_OR_RETURN(engine::ViewSpec spec, view_spec(item, context.catalog));
  for (const plan::PlanNode& node : spec.plan.nodes) {
    const auto* import = std::get_if<plan::ImportNode>(&node.op);
    if (!import) continue;
    ItemRef imported = context.catalog.item(ObjectId{import->collection.value});
    if (imported && imported->kind == ItemKind::kSource) {
      return fail(sql_state::kFeatureNotSupported,
                  fmt::format("materialized views over the progress of source {} not yet supported",
                              imported->name.item));
    }
    if (imported && imported->is_system()) {
      return fail(sql_state::kFeatureNotSupported,
                  fmt::format("materialized views over system relation {} not yet supported",
                              imported->name.item));
    }
  }
  out.effects.push_back(collection_for(item, item.cluster, false));
  out.effects.push_back(RunView{std::move(spec)});
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

Result<Sequenced> sequence(const sql::CreateIndex& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE INDEX";
  sql::Statement stored{{}, statement};
  RETURN_IF_ERROR(store_names(stored, context));
  auto& index = std::get<sql::CreateIndex>(stored.kind);
  ASSIGN_OR_RETURN(sql::IndexPlan plan, sql::plan_create_index(index, plan_context(context, true)));
  if (plan.on->is_system()) {
    return fail(sql_state::kFeatureNotSupported, "indexes on system relations not yet supported");
  }
  FullName name{plan.on->name.database, plan.on->name.schema, plan.name};
  if (statement.name) {
    ASSIGN_OR_RETURN(bool free, name_is_free(name, statement.if_not_exists, context, out));
    if (!free) return out;
  } else {
    name.item = unused_name(name, context);
  }
  CatalogItem item = new_item(name, ItemKind::kIndex, context);
  ASSIGN_OR_RETURN(item.cluster, cluster_for(statement.in_cluster, context));
  index.name = sql::Identifier{name.item, false, {}};
  index.in_cluster = sql::Identifier{context.catalog.cluster_name(item.cluster), false, {}};
  index.if_not_exists = false;
  item.create_sql = sql::print(stored);
  item.facts = catalog::IndexFacts{plan.on->id, std::move(plan.key)};
  item.uses = {plan.on->id};
  RETURN_IF_ERROR(check_order(item, context, out));
  ASSIGN_OR_RETURN(engine::IndexSpec spec, index_spec(item, context.catalog));
  out.effects.push_back(RunIndex{std::move(spec)});
  out.changes.push_back(put_item(std::move(item)));
  return out;
}

}  // namespace penstock::coordinator
