// Planning stored statements again.
#include "coordinator/sequence/item_facts.h"

#include <fmt/core.h>

#include "base/check.h"
#include "sql/ddl/plan_connection.h"
#include "sql/ddl/plan_source.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::CatalogItem;
using catalog::CatalogView;

template <typename Kind>
Result<Kind> stored_as(const CatalogItem& item) {
  ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(item.create_sql));
  auto* kind = std::get_if<Kind>(&statement.kind);
  if (kind == nullptr) {
    return fail(sql_state::kInternalError,
                fmt::format("the stored statement of {} is of another kind", item.name.item));
  }
  return std::move(*kind);
}

// Restores the facts of one kind of statement; one overload each.
struct Restorer {
  CatalogItem& item;
  const CatalogView& catalog;
  const std::string& details;
  sql::PlanContext context;

  Status operator()(const sql::CreateTable& s) {
    sql::Statement statement{{}, s};
    ASSIGN_OR_RETURN(item.uses, sql::resolve_item_names(statement, catalog, context.names));
    ASSIGN_OR_RETURN(sql::TablePlan plan, sql::plan_create_table(s, context));
    item.relation = std::move(plan.relation);
    item.facts = catalog::TableFacts{std::move(plan.defaults)};
    return {};
  }
  Status operator()(const sql::CreateView& s) {
    // A plain view may call now(): it is planned again, with a statement, wherever it is used.
    expr::StatementContext none;
    sql::PlanContext with_statement = context;
    with_statement.statement = &none;
    return fill_view(item, s.query, s.columns, with_statement);
  }
  Status operator()(const sql::CreateMaterializedView& s) {
    return fill_view(item, s.query, s.columns, context);
  }
  Status operator()(const sql::CreateIndex& s) {
    ASSIGN_OR_RETURN(sql::IndexPlan plan, sql::plan_create_index(s, context));
    item.facts = catalog::IndexFacts{plan.on->id, std::move(plan.key)};
    item.uses = {plan.on->id};
    return {};
  }
  Status operator()(const sql::CreateSink& s) {
    ASSIGN_OR_RETURN(sql::SinkPlan plan, sql::plan_create_sink(s, context));
    item.facts = std::move(plan.def);
    item.uses = std::move(plan.uses);
    return {};
  }
  Status operator()(const sql::CreateConnection& s) {
    ASSIGN_OR_RETURN(sql::ConnectionPlan plan,
                     sql::plan_create_connection(s, catalog, context.names));
    std::visit([&](auto& def) { item.facts = def; }, plan.def);
    sql::Statement statement{{}, s};
    ASSIGN_OR_RETURN(item.uses, sql::resolve_item_names(statement, catalog, context.names));
    return {};
  }
  Status operator()(const sql::CreateSource& s) {
    ASSIGN_OR_RETURN(sql::SourceRequest request,
                     sql::plan_create_source(s, catalog, context.names));
    defs::PostgresSourceDef def;
    def.connection = request.connection->id;
    def.publication = request.publication;
    RETURN_IF_ERROR(catalog::decode_source_details(details, def));
    item.uses = {def.connection};
    item.relation =
        types::RelationType{{{"lsn", {types::SqlType::of(types::TypeId::kUInt8), true}}}, {{}}};
    item.facts = std::move(def);
    return {};
  }
  Status operator()(const sql::CreateTableFromSource& s) {
    ASSIGN_OR_RETURN(sql::SourceTableRequest request,
                     sql::plan_table_request(s, catalog, context.names));
    defs::SourceTableDef def;
    def.source = request.source->id;
    RETURN_IF_ERROR(catalog::decode_table_details(details, def));
    ASSIGN_OR_RETURN(def.relation, sql::source_table_relation(def));
    item.uses = {def.source};
    item.relation = def.relation;
    item.facts = std::move(def);
    return {};
  }
  Status operator()(const sql::CreateSecret&) { return {}; }
  Status operator()(const sql::CreateType& s) {
    sql::Statement statement{{}, s};
    ASSIGN_OR_RETURN(item.uses, sql::resolve_item_names(statement, catalog, context.names));
    return fill_type(item, s, context);
  }
  template <typename Other>
  Status operator()(const Other&) {
    return fail(sql_state::kInternalError,
                fmt::format("the stored statement of {} creates nothing", item.name.item));
  }
};

}  // namespace

sql::PlanContext maintained_context(const CatalogView& catalog) {
  return sql::PlanContext{.catalog = catalog, .names = {}, .is_stored = true};
}

Result<CatalogItem> restore_item(const catalog::DurableItem& stored, const CatalogView& catalog) {
  CatalogItem item;
  item.id = stored.id;
  item.oid = stored.oid;
  item.kind = stored.kind;
  item.name = stored.name;
  item.owner = stored.owner;
  item.cluster = stored.cluster;
  item.create_sql = stored.create_sql;
  ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(stored.create_sql));
  Restorer restorer{item, catalog, stored.details_json, maintained_context(catalog)};
  RETURN_IF_ERROR(std::visit(restorer, statement.kind));
  return item;
}

Status fill_view(CatalogItem& item, const sql::Query& query,
                 const std::vector<sql::Identifier>& columns, const sql::PlanContext& context) {
  ASSIGN_OR_RETURN(sql::QueryPlan plan, sql::plan_view(query, columns, context));
  item.relation = std::move(plan.relation);
  item.uses = std::move(plan.uses);
  item.facts = catalog::ViewFacts{sql::print(query)};
  return {};
}

Status fill_type(CatalogItem& item, const sql::CreateType& statement,
                 const sql::PlanContext& context) {
  ASSIGN_OR_RETURN(sql::TypePlan plan, sql::plan_create_type(statement, context));
  plan.type.named = item.id;
  item.facts = catalog::TypeFacts{std::move(plan.type)};
  return {};
}

Result<engine::ViewSpec> view_spec(const CatalogItem& item, const CatalogView& catalog) {
  ASSIGN_OR_RETURN(auto stored, stored_as<sql::CreateMaterializedView>(item));
  ASSIGN_OR_RETURN(sql::QueryPlan plan,
                   sql::plan_view(stored.query, stored.columns, maintained_context(catalog)));
  CHECK_OP(==, plan.dataflow.exports.size(), size_t{1});
  plan.dataflow.exports[0].collection = CollectionId{item.id.value};
  return engine::ViewSpec{CollectionId{item.id.value}, item.cluster, std::move(plan.dataflow)};
}

Result<engine::IndexSpec> index_spec(const CatalogItem& item, const CatalogView& catalog) {
  const auto& facts = std::get<catalog::IndexFacts>(item.facts);
  catalog::ItemRef on = catalog.item(facts.on);
  CHECK(on != nullptr);
  ASSIGN_OR_RETURN(sql::QueryPlan plan, sql::plan_relation(*on, maintained_context(catalog)));
  CHECK_OP(==, plan.dataflow.exports.size(), size_t{1});
  plan.dataflow.exports[0].collection = CollectionId{item.id.value};
  return engine::IndexSpec{item.id, item.cluster, std::move(plan.dataflow), facts.key};
}

Result<engine::ViewSpec> resolved_spec(const CatalogItem& sink, const defs::SinkDef& def,
                                       CollectionId id, const CatalogView& catalog) {
  catalog::ItemRef from = catalog.item(def.from);
  CHECK(from != nullptr);
  ASSIGN_OR_RETURN(sql::QueryPlan plan,
                   sql::plan_resolved(*from, *def.key, maintained_context(catalog)));
  CHECK_OP(==, plan.dataflow.exports.size(), size_t{1});
  plan.dataflow.exports[0].collection = id;
  return engine::ViewSpec{id, sink.cluster, std::move(plan.dataflow)};
}

Result<std::optional<engine::ViewSpec>> resolved_spec(const CatalogItem& sink,
                                                      const CatalogView& catalog) {
  const auto& def = std::get<defs::SinkDef>(sink.facts);
  if (!def.resolved) return std::nullopt;
  ASSIGN_OR_RETURN(engine::ViewSpec spec, resolved_spec(sink, def, *def.resolved, catalog));
  return spec;
}

Result<sql::SinkPlan> sink_plan(const CatalogItem& item, const CatalogView& catalog) {
  ASSIGN_OR_RETURN(auto stored, stored_as<sql::CreateSink>(item));
  return sql::plan_create_sink(stored, maintained_context(catalog));
}

}  // namespace penstock::coordinator
