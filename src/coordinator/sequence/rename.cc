// RENAME TO and OWNER TO, of items, schemas and databases.
#include <fmt/core.h>

#include "coordinator/sequence/statements.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::CatalogItem;
using catalog::ItemKind;
using catalog::ItemRef;

// The object's own name inside its stored statement.
sql::ItemName* own_name(sql::Statement& statement) {
  return std::visit(
      [](auto& kind) -> sql::ItemName* {
        using Kind = std::decay_t<decltype(kind)>;
        if constexpr (std::is_same_v<Kind, sql::CreateSink>) {
          return kind.name ? &*kind.name : nullptr;
        } else if constexpr (std::is_same_v<Kind, sql::CreateTable> ||
                             std::is_same_v<Kind, sql::CreateTableFromSource> ||
                             std::is_same_v<Kind, sql::CreateView> ||
                             std::is_same_v<Kind, sql::CreateMaterializedView> ||
                             std::is_same_v<Kind, sql::CreateSource> ||
                             std::is_same_v<Kind, sql::CreateConnection> ||
                             std::is_same_v<Kind, sql::CreateType> ||
                             std::is_same_v<Kind, sql::CreateSecret>) {
          return &kind.name;
        } else {
          return nullptr;
        }
      },
      statement.kind);
}

Status rename_in_sql(CatalogItem& item) {
  if (item.kind == ItemKind::kSecret) {
    item.create_sql =
        fmt::format("CREATE SECRET {} AS '********'", sql::print(sql::name_reference(item)));
    return {};
  }
  ASSIGN_OR_RETURN(sql::Statement stored, sql::parse_statement(item.create_sql));
  if (auto* index = std::get_if<sql::CreateIndex>(&stored.kind)) {
    index->name = sql::Identifier{item.name.item, false, {}};
  } else if (sql::ItemName* name = own_name(stored)) {
    *name = sql::name_reference(item);
  }
  item.create_sql = sql::print(stored);
  return {};
}

// The schema that is altered, or nothing if there is none and IF EXISTS says that is fine.
Result<std::optional<catalog::SchemaEntry>> schema_entry(const sql::AlterStatement& statement,
                                                         const std::string& database,
                                                         const std::string& name,
                                                         const SequenceContext& context,
                                                         Sequenced& out) {
  auto found = context.catalog.schemas().find({database, name});
  if (found != context.catalog.schemas().end()) return found->second;
  if (context.catalog.has_schema(database, name)) {
    return fail(sql_state::kInsufficientPrivilege,
                fmt::format("cannot alter system schema {}", name));
  }
  if (!statement.if_exists) {
    return fail(sql_state::kInvalidSchemaName, fmt::format("unknown schema '{}'", name));
  }
  skip_missing("schema", name, out);
  return std::nullopt;
}

// The schema moves with all that is in it: every object's name and stored statement follow. What
// refers to them does so by id.
Status rename_schema(const std::string& database, const std::string& name, const std::string& to,
                     const catalog::SchemaEntry& entry, const SequenceContext& context,
                     Sequenced& out) {
  if (to == name) return {};
  RETURN_IF_ERROR(check_unreserved(to, "schema"));
  if (context.catalog.has_schema(database, to)) {
    return fail(sql_state::kDuplicateSchema, fmt::format("schema '{}' already exists", to));
  }
  out.changes.push_back(catalog::CreateSchema{entry.id, database, to, entry.owner});
  for (const ItemRef& item : context.catalog.items_in_schema(database, name)) {
    CatalogItem renamed = *item;
    renamed.name.schema = to;
    RETURN_IF_ERROR(rename_in_sql(renamed));
    out.changes.push_back(put_item(std::move(renamed)));
  }
  out.changes.push_back(catalog::DropSchema{database, name});
  return {};
}

}  // namespace

Status check_role(const std::string& role, const SequenceContext& context) {
  if (context.catalog.roles().contains(role)) return {};
  return fail(sql_state::kUndefinedObject, fmt::format("unknown role '{}'", role));
}

Result<Sequenced> rename_item(const ItemRef& item, const sql::RenameTo& action, std::string tag,
                              const SequenceContext& context) {
  Sequenced out;
  out.tag = std::move(tag);
  if (item->is_system()) {
    return fail(sql_state::kInsufficientPrivilege,
                fmt::format("cannot rename system object {}", item->name.item));
  }
  CatalogItem renamed = *item;
  renamed.name.item = action.name.text;
  if (renamed.name == item->name) return out;
  ASSIGN_OR_RETURN([[maybe_unused]] bool free, name_is_free(renamed.name, false, context, out));
  RETURN_IF_ERROR(rename_in_sql(renamed));
  out.changes.push_back(put_item(std::move(renamed)));
  return out;
}

Result<Sequenced> change_item_owner(const ItemRef& item, const sql::OwnerTo& action,
                                    std::string tag, const SequenceContext& context) {
  Sequenced out;
  out.tag = std::move(tag);
  RETURN_IF_ERROR(check_role(action.role.text, context));
  CatalogItem changed = *item;
  changed.owner = action.role.text;
  out.changes.push_back(put_item(std::move(changed)));
  return out;
}

Result<Sequenced> alter_schema(const sql::AlterStatement& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER SCHEMA";
  ASSIGN_OR_RETURN(SchemaName named, schema_name(statement.name, context));
  const auto& [database, name] = named;
  ASSIGN_OR_RETURN(std::optional<catalog::SchemaEntry> entry,
                   schema_entry(statement, database, name, context, out));
  if (!entry) return out;
  if (const auto* action = std::get_if<sql::RenameTo>(&statement.action)) {
    RETURN_IF_ERROR(rename_schema(database, name, action->name.text, *entry, context, out));
    return out;
  }
  if (const auto* action = std::get_if<sql::OwnerTo>(&statement.action)) {
    RETURN_IF_ERROR(check_role(action->role.text, context));
    out.changes.push_back(catalog::CreateSchema{entry->id, database, name, action->role.text});
    return out;
  }
  return fail(sql_state::kFeatureNotSupported, "ALTER SCHEMA with this action not yet supported");
}

Result<Sequenced> alter_database(const sql::AlterStatement& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "ALTER DATABASE";
  const std::string& name = statement.name.parts.back().text;
  auto found = context.catalog.databases().find(name);
  if (found == context.catalog.databases().end()) {
    if (!statement.if_exists) {
      return fail(sql_state::kInvalidSchemaName, fmt::format("unknown database '{}'", name));
    }
    skip_missing("database", name, out);
    return out;
  }
  if (const auto* action = std::get_if<sql::OwnerTo>(&statement.action)) {
    RETURN_IF_ERROR(check_role(action->role.text, context));
    out.changes.push_back(catalog::CreateDatabase{found->second.id, name, action->role.text});
    return out;
  }
  return fail(sql_state::kFeatureNotSupported, "ALTER DATABASE with this action not yet supported");
}

}  // namespace penstock::coordinator
