// Names for ids, pretty-printed.
#include "coordinator/execute/show_create.h"

#include <fmt/core.h>

#include "coordinator/sequence/context.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

// The system's types of columns and fields with the schema they live in.
void qualify(sql::TypeName& type) {
  if (auto* array = std::get_if<sql::ArrayType>(&type.kind)) return qualify(*array->element);
  if (auto* list = std::get_if<sql::ListType>(&type.kind)) return qualify(*list->element);
  if (auto* map = std::get_if<sql::MapType>(&type.kind)) {
    qualify(*map->key);
    return qualify(*map->value);
  }
  auto* named = std::get_if<sql::NamedType>(&type.kind);
  if (named == nullptr || named->name.parts.size() != 1) return;
  const std::string& name = named->name.parts[0].text;
  const bool own = name.starts_with("uint") || name == "mz_timestamp";
  named->name.parts.insert(named->name.parts.begin(),
                           sql::Identifier{own ? "mz_catalog" : "pg_catalog", false, {}});
}

void qualify(std::vector<sql::ColumnDefinition>& columns) {
  for (sql::ColumnDefinition& column : columns) {
    if (column.type) qualify(*column.type);
  }
}

void qualify(sql::CreateType& type) {
  qualify(type.fields);
  for (sql::Option& option : type.options) {
    if (!option.value) continue;
    if (auto* part = std::get_if<sql::TypeName>(&option.value->kind)) qualify(*part);
  }
}

}  // namespace

Result<ShownCreate> show_create(const sql::ShowCreate& show, const catalog::CatalogState& catalog,
                                const catalog::NameContext& names) {
  if (show.type == sql::ObjectType::kCluster) {
    std::string name = show.name.parts.back().text;
    std::optional<ClusterId> id = catalog.find_cluster(name);
    if (!id) return fail(sql_state::kUndefinedObject, fmt::format("unknown cluster '{}'", name));
    const catalog::ClusterEntry& cluster = catalog.clusters().at(*id);
    return ShownCreate{name,
                       fmt::format("CREATE CLUSTER {} (REPLICATION FACTOR = {}, SIZE = {});",
                                   catalog::quote_identifier(name), cluster.replication_factor,
                                   sql::quote_literal(cluster.size))};
  }
  ASSIGN_OR_RETURN(catalog::ItemRef item, sql::lookup_item(show.name, catalog, names));
  std::string full = catalog.full_name(*item);
  if (item->is_system()) {
    return fail(sql_state::kWrongObjectType,
                fmt::format("cannot show create for system object {}", full));
  }
  if (show.type == sql::ObjectType::kSecret) {
    return fail(sql_state::kFeatureNotSupported, "SHOW CREATE SECRET is not supported");
  }
  if (item->kind != kind_of(show.type)) {
    return fail(sql_state::kWrongObjectType,
                fmt::format("{} is not a {}", full, catalog::item_kind_name(kind_of(show.type))));
  }
  ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(item->create_sql));
  sql::name_items(statement, catalog);
  if (auto* table = std::get_if<sql::CreateTable>(&statement.kind)) qualify(table->columns);
  if (auto* type = std::get_if<sql::CreateType>(&statement.kind)) qualify(*type);
  if (auto* sink = std::get_if<sql::CreateSink>(&statement.kind)) {
    std::erase_if(sink->with, [](const sql::Option& option) {
      return option.name == "VERSION" || option.name == "RESOLVED COLLECTION";
    });
  }
  return ShownCreate{full, sql::print_pretty(statement, show.redacted)};
}

}  // namespace penstock::coordinator
