// The checks that all DDL shares.
#include "coordinator/sequence/context.h"

#include <fmt/core.h>

#include "base/check.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {

using catalog::CatalogItem;
using catalog::FullName;
using catalog::ItemKind;
using catalog::ItemRef;

Notice notice(SqlState state, std::string message) {
  return {"NOTICE", Error(state, std::move(message))};
}

Result<FullName> creation_name(const sql::ItemName& name, const SequenceContext& context) {
  std::vector<std::string> parts = sql::name_parts(name);
  if (parts.size() > 3) {
    return fail(sql_state::kSyntaxError, "a name has at most three parts: database.schema.object");
  }
  FullName full;
  full.item = parts.back();
  full.database = parts.size() == 3 ? parts[0] : context.names.database;
  if (!context.catalog.has_database(full.database)) {
    return fail(sql_state::kInvalidSchemaName, fmt::format("unknown database '{}'", full.database));
  }
  if (parts.size() >= 2) {
    full.schema = parts[parts.size() - 2];
    if (!context.catalog.has_schema(full.database, full.schema)) {
      return fail(sql_state::kInvalidSchemaName, fmt::format("unknown schema '{}'", full.schema));
    }
  } else {
    for (const std::string& schema : context.names.search_path) {
      if (context.catalog.has_schema(full.database, schema)) {
        full.schema = schema;
        break;
      }
    }
    if (full.schema.empty()) {
      return fail(sql_state::kInvalidSchemaName, "no valid schema selected");
    }
  }
  if (context.catalog.schemas().contains({"", full.schema})) {
    return fail(sql_state::kInsufficientPrivilege,
                fmt::format("permission denied for SCHEMA \"{}\"", full.schema));
  }
  return full;
}

Result<bool> name_is_free(const FullName& name, bool if_not_exists, const SequenceContext& context,
                          Sequenced& out) {
  ItemRef existing = context.catalog.item_named(name);
  if (!existing) return true;
  bool relation = existing->kind == ItemKind::kTable;
  SqlState state = relation ? sql_state::kDuplicateTable : sql_state::kDuplicateObject;
  std::string_view kind = catalog::item_kind_name(existing->kind);
  if (if_not_exists) {
    out.notices.push_back(
        notice(state, fmt::format("{} \"{}\" already exists, skipping", kind, name.item)));
    return false;
  }
  return fail(state,
              fmt::format("{} \"{}\" already exists", kind, context.catalog.full_name(*existing)));
}

Result<ClusterId> cluster_for(const std::optional<sql::Identifier>& in_cluster,
                              const SequenceContext& context) {
  const std::string& name = in_cluster ? in_cluster->text : context.cluster_name;
  if (std::optional<ClusterId> found = context.catalog.find_cluster(name)) return *found;
  return fail(sql_state::kUndefinedObject, fmt::format("unknown cluster '{}'", name));
}

ItemKind kind_of(sql::ObjectType type) {
  switch (type) {
    case sql::ObjectType::kTable:
      return ItemKind::kTable;
    case sql::ObjectType::kView:
      return ItemKind::kView;
    case sql::ObjectType::kMaterializedView:
      return ItemKind::kMaterializedView;
    case sql::ObjectType::kSource:
      return ItemKind::kSource;
    case sql::ObjectType::kSink:
      return ItemKind::kSink;
    case sql::ObjectType::kIndex:
      return ItemKind::kIndex;
    case sql::ObjectType::kSecret:
      return ItemKind::kSecret;
    case sql::ObjectType::kConnection:
      return ItemKind::kConnection;
    case sql::ObjectType::kType:
      return ItemKind::kType;
    default:
      break;
  }
  check_failed(__FILE__, __LINE__, "object type is an item", "");
}

std::string_view object_type_words(sql::ObjectType type) {
  switch (type) {
    case sql::ObjectType::kTable:
      return "TABLE";
    case sql::ObjectType::kView:
      return "VIEW";
    case sql::ObjectType::kMaterializedView:
      return "MATERIALIZED VIEW";
    case sql::ObjectType::kSource:
      return "SOURCE";
    case sql::ObjectType::kSink:
      return "SINK";
    case sql::ObjectType::kIndex:
      return "INDEX";
    case sql::ObjectType::kType:
      return "TYPE";
    case sql::ObjectType::kRole:
      return "ROLE";
    case sql::ObjectType::kCluster:
      return "CLUSTER";
    case sql::ObjectType::kClusterReplica:
      return "CLUSTER REPLICA";
    case sql::ObjectType::kSecret:
      return "SECRET";
    case sql::ObjectType::kConnection:
      return "CONNECTION";
    case sql::ObjectType::kDatabase:
      return "DATABASE";
    case sql::ObjectType::kSchema:
      return "SCHEMA";
    case sql::ObjectType::kFunction:
      return "FUNCTION";
    case sql::ObjectType::kNetworkPolicy:
      return "NETWORK POLICY";
    case sql::ObjectType::kSubsource:
      return "SUBSOURCE";
    case sql::ObjectType::kObject:
      return "OBJECT";
  }
  return "";
}

Result<ItemRef> item_of_kind(const sql::ItemName& name, ItemKind kind,
                             const SequenceContext& context) {
  ASSIGN_OR_RETURN(ItemRef item, sql::lookup_item(name, context.catalog, context.names));
  if (item->kind == kind) return item;
  std::string words(catalog::item_kind_name(item->kind));
  for (char& c : words) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  Error error(sql_state::kWrongObjectType,
              fmt::format("{} is not a {}", context.catalog.minimal_name(*item, context.names),
                          catalog::item_kind_name(kind)));
  return fail(std::move(error).with_hint(fmt::format("It is a {}.", words)));
}

CatalogItem new_item(FullName name, ItemKind kind, SequenceContext& context) {
  CatalogItem item;
  item.id = context.ids.object();
  item.oid = IdMint::oid_of(item.id.value);
  item.kind = kind;
  item.name = std::move(name);
  item.owner = context.role;
  return item;
}

catalog::PutItem put_item(CatalogItem item) {
  return {std::make_shared<const CatalogItem>(std::move(item))};
}

Status check_unreserved(const std::string& name, std::string_view what) {
  for (const char* prefix : {"mz_", "pg_", "external_"}) {
    if (name.starts_with(prefix)) {
      return fail(sql_state::kInsufficientPrivilege,
                  fmt::format("unacceptable {} name '{}'", what, name));
    }
  }
  return {};
}

void skip_missing(std::string_view kind, std::string_view name, Sequenced& out) {
  out.notices.push_back(notice(sql_state::kUndefinedObject,
                               fmt::format("{} \"{}\" does not exist, skipping", kind, name)));
}

}  // namespace penstock::coordinator
