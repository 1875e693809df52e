// CREATE, ALTER and DROP CLUSTER. A cluster is a group of worker threads of this process; its size
// is a name that is kept and shown.
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "coordinator/sequence/statements.h"
#include "sql/ddl/option_reader.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"

namespace penstock::coordinator {
namespace {

// What SIZE and REPLICATION FACTOR say, where they are given.
struct ClusterShape {
  std::optional<std::string> size;
  std::optional<uint32_t> replication_factor;
};

Result<ClusterShape> cluster_shape(const std::vector<sql::Option>& given) {
  ClusterShape shape;
  sql::OptionReader options(given);
  RETURN_IF_ERROR(options.check_unique());
  if (options.has("REPLICAS")) {
    return fail(sql_state::kFeatureNotSupported, "unmanaged clusters not yet supported");
  }
  ASSIGN_OR_RETURN(shape.size, options.text("SIZE"));
  ASSIGN_OR_RETURN(std::optional<int32_t> replicas, options.integer("REPLICATION FACTOR"));
  if (replicas && *replicas < 0) {
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("invalid REPLICATION FACTOR: {} is negative", *replicas));
  }
  if (replicas && *replicas == 0) {
    return fail(sql_state::kFeatureNotSupported, "REPLICATION FACTOR 0 not yet supported");
  }
  if (replicas) shape.replication_factor = static_cast<uint32_t>(*replicas);
  return shape;
}

// The statements of what is in the cluster call it by its name.
Status rename_cluster_in_items(ClusterId cluster, const std::string& to,
                               const SequenceContext& context, Sequenced& out) {
  for (const auto& [id, item] : context.catalog.items()) {
    if (item->cluster != cluster) continue;
    ASSIGN_OR_RETURN(sql::Statement stored, sql::parse_statement(item->create_sql));
    std::visit(
        [&](auto& kind) {
          if constexpr (requires { kind.in_cluster = sql::Identifier{}; }) {
            kind.in_cluster = sql::Identifier{to, false, {}};
          }
        },
        stored.kind);
    catalog::CatalogItem changed = *item;
    changed.create_sql = sql::print(stored);
    out.changes.push_back(put_item(std::move(changed)));
  }
  return {};
}

Status apply_action(const sql::AlterStatement& statement, catalog::CreateCluster& cluster,
                    const SequenceContext& context, Sequenced& out) {
  if (const auto* rename = std::get_if<sql::RenameTo>(&statement.action)) {
    if (rename->name.text == cluster.name) return {};
    cluster.name = rename->name.text;
    RETURN_IF_ERROR(check_unreserved(cluster.name, "cluster"));
    if (context.catalog.find_cluster(cluster.name)) {
      return fail(sql_state::kDuplicateObject,
                  fmt::format("cluster '{}' already exists", cluster.name));
    }
    return rename_cluster_in_items(cluster.id, cluster.name, context, out);
  }
  if (const auto* owner = std::get_if<sql::OwnerTo>(&statement.action)) {
    cluster.owner = owner->role.text;
    return check_role(cluster.owner, context);
  }
  if (const auto* set = std::get_if<sql::SetOptions>(&statement.action)) {
    ASSIGN_OR_RETURN(ClusterShape shape, cluster_shape(set->options));
    cluster.size = shape.size.value_or(cluster.size);
    cluster.replication_factor = shape.replication_factor.value_or(cluster.replication_factor);
    return {};
  }
  return fail(sql_state::kFeatureNotSupported, "ALTER CLUSTER with this action not yet supported");
}

}  // namespace

Result<Sequenced> alter_cluster(const sql::AlterStatement& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER CLUSTER";
  const std::string& name = statement.name.parts.back().text;
  std::optional<ClusterId> id = context.catalog.find_cluster(name);
  if (!id) {
    if (!statement.if_exists) {
      return fail(sql_state::kUndefinedObject, fmt::format("unknown cluster '{}'", name));
    }
    skip_missing("cluster", name, out);
    return out;
  }
  const catalog::ClusterEntry& entry = context.catalog.clusters().at(*id);
  catalog::CreateCluster altered{*id, entry.name, entry.size, entry.replication_factor,
                                 entry.owner};
  RETURN_IF_ERROR(apply_action(statement, altered, context, out));
  out.changes.push_back(std::move(altered));
  return out;
}

Result<Sequenced> sequence(const sql::CreateCluster& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE CLUSTER";
  const std::string& name = statement.name.text;
  RETURN_IF_ERROR(check_unreserved(name, "cluster"));
  if (context.catalog.find_cluster(name)) {
    if (!statement.if_not_exists) {
      return fail(sql_state::kDuplicateObject, fmt::format("cluster '{}' already exists", name));
    }
    out.notices.push_back(notice(sql_state::kDuplicateObject,
                                 fmt::format("cluster \"{}\" already exists, skipping", name)));
    return out;
  }
  ASSIGN_OR_RETURN(ClusterShape shape, cluster_shape(statement.options));
  if (!shape.size) {
    return fail(sql_state::kInvalidParameterValue, "SIZE must be specified for managed clusters");
  }
  ClusterId id{context.ids.plain()};
  out.changes.push_back(catalog::CreateCluster{id, name, *shape.size,
                                               shape.replication_factor.value_or(1), context.role});
  out.effects.push_back(CreateClusterThreads{id});
  return out;
}

Result<Sequenced> drop_clusters(const sql::DropObjects& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "DROP CLUSTER";
  std::vector<ClusterId> clusters;
  std::vector<catalog::ItemRef> items;  // Of all of them: each goes once.
  for (const sql::ItemName& item_name : statement.names) {
    const std::string& name = item_name.parts.back().text;
    std::optional<ClusterId> id = context.catalog.find_cluster(name);
    if (!id) {
      if (!statement.if_exists) {
        return fail(sql_state::kUndefinedObject, fmt::format("unknown cluster '{}'", name));
      }
      skip_missing("CLUSTER", name, out);
      continue;
    }
    if (std::ranges::find(clusters, *id) != clusters.end()) continue;
    clusters.push_back(*id);
    bool in_use = false;
    for (const auto& [item_id, item] : context.catalog.items()) {
      if (item->cluster != *id) continue;
      in_use = true;
      for (const catalog::ItemRef& one : context.catalog.with_dependents(item_id)) {
        bool known = false;
        for (const catalog::ItemRef& other : items) known = known || other->id == one->id;
        if (!known) items.push_back(one);
      }
    }
    if (in_use && statement.behavior != sql::DropBehavior::kCascade) {
      return fail(
          Error(sql_state::kDependentObjectsExist,
                fmt::format("cannot drop cluster \"{}\" because other objects depend on it", name))
              .with_hint("Use DROP ... CASCADE to drop the dependent objects too."));
    }
  }
  drop_items(items, context, out);
  for (ClusterId id : clusters) {
    out.changes.push_back(catalog::DropCluster{id});
    out.effects.push_back(DropClusterThreads{id});
  }
  return out;
}

}  // namespace penstock::coordinator
