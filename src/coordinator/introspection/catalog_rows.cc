// Rows about databases, schemas, clusters, roles, columns, dependencies and comments.
#include <fmt/core.h>

#include "catalog/type_text.h"
#include "coordinator/introspection/builtin_rows.h"
#include "coordinator/introspection/cells.h"
#include "coordinator/introspection/identity.h"
#include "types/type_name.h"

namespace penstock::coordinator {
namespace {

using Rows = std::vector<BuiltinRow>;

Rows databases(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [name, entry] : s.catalog.databases()) {
    rows.push_back(
        {text(plain_id(entry.id)), number(oid_of(entry.id)), text(name), owner(entry.owner)});
  }
  return rows;
}

Rows schemas(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [key, entry] : s.catalog.schemas()) {
    auto database = s.catalog.databases().find(key.first);
    bool system = database == s.catalog.databases().end();
    rows.push_back({text(plain_id(entry.id)), number(oid_of(entry.id)),
                    system ? null() : text(plain_id(database->second.id)), text(key.second),
                    owner(entry.owner)});
  }
  return rows;
}

Rows columns(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    if (!item->relation) continue;
    const auto* table = std::get_if<catalog::TableFacts>(&item->facts);
    for (size_t i = 0; i < item->relation->columns.size(); ++i) {
      const types::ColumnDesc& column = item->relation->columns[i];
      std::string_view initial = table ? std::string_view(table->defaults[i]) : std::string_view();
      rows.push_back({id(item_id), text(column.name), number(i + 1), flag(column.type.nullable),
                      text(catalog::type_text(column.type.type, s.catalog,
                                              {item->name.database, {item->name.schema}})),
                      text_or_null(initial), number(types::type_oid(column.type.type)),
                      types::Datum::integer(types::type_modifier_on_wire(column.type.type))});
    }
  }
  return rows;
}

Rows clusters(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [cluster_id, cluster] : s.catalog.clusters()) {
    rows.push_back({text(cluster_text(cluster_id)), text(cluster.name), owner(cluster.owner),
                    flag(true), text(cluster.size), number(cluster.replication_factor)});
  }
  return rows;
}

Rows replicas(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [cluster_id, cluster] : s.catalog.clusters()) {
    for (uint32_t i = 1; i <= cluster.replication_factor; ++i) {
      rows.push_back({text(replica_text(cluster_id, i)), text(fmt::format("r{}", i)),
                      text(cluster_text(cluster_id)), text(cluster.size), owner(cluster.owner)});
    }
  }
  return rows;
}

Rows roles(const IntrospectionSources& s) {
  Rows rows;
  for (const std::string& role : s.catalog.roles()) {
    rows.push_back({owner(role), number(role_oid(s.catalog, role)), text(role), flag(true),
                    flag(true), flag(role == "mz_system")});
  }
  return rows;
}

Rows dependencies(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    for (ObjectId used : item->uses) rows.push_back({id(item_id), id(used)});
  }
  return rows;
}

// Of databases, schemas and clusters; items say it themselves.
std::map<ObjectId, std::string_view> container_types(const catalog::CatalogState& catalog) {
  std::map<ObjectId, std::string_view> out;
  for (const auto& [name, entry] : catalog.databases()) out[ObjectId{entry.id}] = "database";
  for (const auto& [name, entry] : catalog.schemas()) out[ObjectId{entry.id}] = "schema";
  for (const auto& [cluster, entry] : catalog.clusters()) out[ObjectId{cluster.value}] = "cluster";
  return out;
}

Rows comments(const IntrospectionSources& s) {
  Rows rows;
  std::map<ObjectId, std::string_view> containers = container_types(s.catalog);
  for (const auto& [key, comment] : s.catalog.comments()) {
    catalog::ItemRef item = s.catalog.item(key.first);
    std::string_view type = item ? catalog::item_type_id(item->kind) : containers[key.first];
    types::Datum shown =
        type == "cluster" ? text(cluster_text(ClusterId{key.first.value})) : id(key.first);
    rows.push_back({std::move(shown), text(type), key.second == 0 ? null() : number(key.second),
                    text(comment)});
  }
  for (const auto& [role, comment] : s.catalog.role_comments()) {
    rows.push_back({owner(role), text("role"), null(), text(comment)});
  }
  return rows;
}

}  // namespace

RowsFunction catalog_rows(const std::string& name) {
  static const std::map<std::string, RowsFunction> makers = {
      {"mz_catalog.mz_databases", databases},
      {"mz_catalog.mz_schemas", schemas},
      {"mz_catalog.mz_columns", columns},
      {"mz_catalog.mz_clusters", clusters},
      {"mz_catalog.mz_cluster_replicas", replicas},
      {"mz_catalog.mz_roles", roles},
      {"mz_internal.mz_object_dependencies", dependencies},
      {"mz_internal.mz_comments", comments},
  };
  auto found = makers.find(name);
  return found == makers.end() ? nullptr : found->second;
}

}  // namespace penstock::coordinator
