// CREATE and DROP CLUSTER. A cluster is a group of worker threads of this process; its size is a
// name that is kept and shown.
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "coordinator/sequence/statements.h"
#include "sql/ddl/option_reader.h"

namespace penstock::coordinator {

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
  sql::OptionReader options(statement.options);
  RETURN_IF_ERROR(options.check_unique());
  if (options.has("REPLICAS")) {
    return fail(sql_state::kFeatureNotSupported, "unmanaged clusters not yet supported");
  }
  ASSIGN_OR_RETURN(std::optional<std::string> size, options.text("SIZE"));
  if (!size) {
    return fail(sql_state::kInvalidParameterValue, "SIZE must be specified for managed clusters");
  }
  ASSIGN_OR_RETURN(std::optional<int32_t> replicas, options.integer("REPLICATION FACTOR"));
  if (replicas && *replicas < 0) {
    return fail(sql_state::kInvalidParameterValue,
                fmt::format("invalid REPLICATION FACTOR: {} is negative", *replicas));
  }
  if (replicas && *replicas == 0) {
    return fail(sql_state::kFeatureNotSupported, "REPLICATION FACTOR 0 not yet supported");
  }
  ClusterId id{context.ids.plain()};
  out.changes.push_back(catalog::CreateCluster{
      id, name, *size, static_cast<uint32_t>(replicas.value_or(1)), context.role});
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
      out.notices.push_back(notice(sql_state::kUndefinedObject,
                                   fmt::format("CLUSTER \"{}\" does not exist, skipping", name)));
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
