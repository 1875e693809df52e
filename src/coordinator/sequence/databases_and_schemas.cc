// CREATE and DROP of databases and schemas.
#include <fmt/core.h>

#include "coordinator/sequence/statements.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

// Items of a schema in an order in which they can be dropped, with everything that depends on them.
std::vector<catalog::ItemRef> drop_order(const std::vector<catalog::ItemRef>& roots,
                                         const catalog::CatalogState& catalog) {
  std::vector<catalog::ItemRef> out;
  std::set<ObjectId> seen;
  for (const catalog::ItemRef& root : roots) {
    for (const catalog::ItemRef& item : catalog.with_dependents(root->id)) {
      if (seen.insert(item->id).second) out.push_back(item);
    }
  }
  return out;
}

void cascade_notice(const std::vector<catalog::ItemRef>& items, const SequenceContext& context,
                    Sequenced& out) {
  if (items.empty()) return;
  Notice message = notice(sql_state::kSuccessfulCompletion,
                          fmt::format("drop cascades to {} other objects", items.size()));
  for (const catalog::ItemRef& item : items) {
    message.error.detail += fmt::format(
        "{}drop cascades to {} {}", message.error.detail.empty() ? "" : "\n",
        catalog::item_kind_name(item->kind), context.catalog.minimal_name(*item, context.names));
  }
  out.notices.push_back(std::move(message));
}

void drop_schema_contents(const std::string& database, const std::string& schema,
                          const SequenceContext& context, Sequenced& out) {
  std::vector<catalog::ItemRef> items =
      drop_order(context.catalog.items_in_schema(database, schema), context.catalog);
  // A view elsewhere may depend on two schemas that go in one statement.
  std::erase_if(items, [&](const catalog::ItemRef& item) {
    for (const catalog::CatalogChange& change : out.changes) {
      const auto* drop = std::get_if<catalog::DropItem>(&change);
      if (drop && drop->id == item->id) return true;
    }
    return false;
  });
  cascade_notice(items, context, out);
  drop_items(items, context, out);
  out.changes.push_back(catalog::DropSchema{database, schema});
}

}  // namespace

Result<SchemaName> schema_name(const sql::ItemName& name, const SequenceContext& context) {
  std::vector<std::string> parts = sql::name_parts(name);
  if (parts.size() > 2) {
    return fail(sql_state::kSyntaxError, "a schema's name has at most two parts");
  }
  return SchemaName{parts.size() == 2 ? parts[0] : context.names.database, parts.back()};
}

Result<Sequenced> sequence(const sql::CreateDatabase& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE DATABASE";
  const std::string& name = statement.name.text;
  RETURN_IF_ERROR(check_unreserved(name, "database"));
  if (context.catalog.has_database(name)) {
    if (!statement.if_not_exists) {
      return fail(sql_state::kDuplicateDatabase, fmt::format("database '{}' already exists", name));
    }
    out.notices.push_back(notice(sql_state::kDuplicateDatabase,
                                 fmt::format("database \"{}\" already exists, skipping", name)));
    return out;
  }
  out.changes.push_back(catalog::CreateDatabase{context.ids.plain(), name, context.role});
  out.changes.push_back(catalog::CreateSchema{context.ids.plain(), name, "public", context.role});
  return out;
}

Result<Sequenced> sequence(const sql::CreateSchema& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "CREATE SCHEMA";
  ASSIGN_OR_RETURN(SchemaName named, schema_name(statement.name, context));
  const auto& [database, name] = named;
  RETURN_IF_ERROR(check_unreserved(name, "schema"));
  if (!context.catalog.has_database(database)) {
    return fail(sql_state::kInvalidSchemaName, fmt::format("unknown database '{}'", database));
  }
  if (context.catalog.has_schema(database, name)) {
    if (!statement.if_not_exists) {
      return fail(sql_state::kDuplicateSchema, fmt::format("schema '{}' already exists", name));
    }
    out.notices.push_back(notice(sql_state::kDuplicateSchema,
                                 fmt::format("schema \"{}\" already exists, skipping", name)));
    return out;
  }
  out.changes.push_back(catalog::CreateSchema{context.ids.plain(), database, name, context.role});
  return out;
}

Result<Sequenced> drop_schemas(const sql::DropObjects& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "DROP SCHEMA";
  for (const sql::ItemName& item_name : statement.names) {
    ASSIGN_OR_RETURN(SchemaName named, schema_name(item_name, context));
    const auto& [database, name] = named;
    if (!context.catalog.schemas().contains({database, name})) {
      if (context.catalog.has_schema(database, name)) {
        return fail(sql_state::kInsufficientPrivilege,
                    fmt::format("cannot drop schema {} because it is required by the database "
                                "system",
                                name));
      }
      if (!statement.if_exists) {
        return fail(sql_state::kInvalidSchemaName, fmt::format("unknown schema '{}'", name));
      }
      skip_missing("SCHEMA", name, out);
      continue;
    }
    bool empty = context.catalog.items_in_schema(database, name).empty();
    if (!empty && statement.behavior != sql::DropBehavior::kCascade) {
      return fail(sql_state::kDependentObjectsExist,
                  fmt::format("schema '{}.{}' cannot be dropped without CASCADE while it contains "
                              "objects",
                              database, name));
    }
    drop_schema_contents(database, name, context, out);
  }
  return out;
}

Result<Sequenced> drop_databases(const sql::DropObjects& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "DROP DATABASE";
  for (const sql::ItemName& item_name : statement.names) {
    const std::string& name = item_name.parts.back().text;
    if (!context.catalog.has_database(name)) {
      if (!statement.if_exists) {
        return fail(sql_state::kInvalidSchemaName, fmt::format("unknown database '{}'", name));
      }
      skip_missing("DATABASE", name, out);
      continue;
    }
    bool has_schemas = false;
    for (const auto& [key, entry] : context.catalog.schemas()) {
      has_schemas = has_schemas || key.first == name;
    }
    if (has_schemas && statement.behavior == sql::DropBehavior::kRestrict) {
      return fail(sql_state::kDependentObjectsExist,
                  fmt::format("database '{}' cannot be dropped with RESTRICT while it contains "
                              "schemas",
                              name));
    }
    for (const auto& [key, entry] : context.catalog.schemas()) {
      if (key.first == name) drop_schema_contents(name, key.second, context, out);
    }
    out.changes.push_back(catalog::DropDatabase{name});
  }
  return out;
}

}  // namespace penstock::coordinator
