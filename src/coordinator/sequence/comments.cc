// COMMENT ON: which object or column is meant, and whether it may have a comment.
#include <fmt/core.h>

#include "coordinator/sequence/statements.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using catalog::ItemRef;

constexpr size_t kMaxCommentBytes = 1024;

// The system's own objects are made anew by every release.
std::unexpected<Error> required_by_system(std::string_view kind, const std::string& name) {
  return fail(sql_state::kInsufficientPrivilege,
              fmt::format("cannot comment on {} {} because it is required by the database system",
                          kind, name));
}

Result<std::string> single_name(const sql::CommentOn& statement, std::string_view kind) {
  std::vector<std::string> parts = sql::name_parts(statement.name);
  if (parts.size() == 1 && !statement.name.id) return parts[0];
  return fail(sql_state::kSyntaxError, fmt::format("a {}'s name has one part", kind));
}

Result<ObjectId> database_id(const sql::CommentOn& statement, const SequenceContext& context) {
  ASSIGN_OR_RETURN(std::string name, single_name(statement, "database"));
  auto found = context.catalog.databases().find(name);
  if (found != context.catalog.databases().end()) return ObjectId{found->second.id};
  return fail(sql_state::kInvalidSchemaName, fmt::format("unknown database '{}'", name));
}

Result<ObjectId> schema_id(const sql::CommentOn& statement, const SequenceContext& context) {
  ASSIGN_OR_RETURN(SchemaName named, schema_name(statement.name, context));
  const auto& [database, name] = named;
  if (!context.catalog.has_database(database)) {
    return fail(sql_state::kInvalidSchemaName, fmt::format("unknown database '{}'", database));
  }
  auto found = context.catalog.schemas().find({database, name});
  if (found != context.catalog.schemas().end()) return ObjectId{found->second.id};
  if (context.catalog.has_schema(database, name)) return required_by_system("schema", name);
  return fail(sql_state::kInvalidSchemaName, fmt::format("unknown schema '{}'", name));
}

Result<ObjectId> cluster_id(const sql::CommentOn& statement, const SequenceContext& context) {
  ASSIGN_OR_RETURN(std::string name, single_name(statement, "cluster"));
  std::optional<ClusterId> found = context.catalog.find_cluster(name);
  if (found) return ObjectId{found->value};
  return fail(sql_state::kUndefinedObject, fmt::format("unknown cluster '{}'", name));
}

Result<std::string> role_name(const sql::CommentOn& statement, const SequenceContext& context) {
  ASSIGN_OR_RETURN(std::string name, single_name(statement, "role"));
  if (!context.catalog.roles().contains(name)) {
    return fail(sql_state::kUndefinedObject, fmt::format("unknown role '{}'", name));
  }
  if (name == "mz_system") return required_by_system("role", name);
  return name;
}

Result<ObjectId> item_id(const sql::CommentOn& statement, const SequenceContext& context) {
  ASSIGN_OR_RETURN(ItemRef item, item_of_kind(statement.name, kind_of(statement.type), context));
  if (item->is_system()) {
    return required_by_system(catalog::item_kind_name(item->kind), item->name.item);
  }
  return item->id;
}

Result<ObjectId> object_id(const sql::CommentOn& statement, const SequenceContext& context) {
  switch (statement.type) {
    case sql::ObjectType::kDatabase:
      return database_id(statement, context);
    case sql::ObjectType::kSchema:
      return schema_id(statement, context);
    case sql::ObjectType::kCluster:
      return cluster_id(statement, context);
    case sql::ObjectType::kTable:
    case sql::ObjectType::kView:
    case sql::ObjectType::kMaterializedView:
    case sql::ObjectType::kSource:
    case sql::ObjectType::kSink:
    case sql::ObjectType::kIndex:
    case sql::ObjectType::kSecret:
    case sql::ObjectType::kConnection:
    case sql::ObjectType::kType:
      return item_id(statement, context);
    default:
      return fail(sql_state::kFeatureNotSupported, fmt::format("COMMENT ON {} not yet supported",
                                                               object_type_words(statement.type)));
  }
}

struct RelationColumn {
  ObjectId relation;
  size_t column = 0;  // 1-based.
};

// Of a relation, or the fields of a record type.
const std::vector<types::ColumnDesc>* columns_of(const catalog::CatalogItem& item) {
  if (item.relation) return &item.relation->columns;
  const auto* type = std::get_if<catalog::TypeFacts>(&item.facts);
  return type != nullptr ? type->type.fields.get() : nullptr;
}

Result<RelationColumn> column_of(const sql::CommentOn& statement, const SequenceContext& context) {
  ASSIGN_OR_RETURN(ItemRef item, sql::lookup_item(statement.name, context.catalog, context.names));
  std::string name = context.catalog.minimal_name(*item, context.names);
  std::string_view kind = catalog::item_kind_name(item->kind);
  const std::vector<types::ColumnDesc>* columns = columns_of(*item);
  if (columns == nullptr) {
    return fail(sql_state::kWrongObjectType,
                fmt::format("{} is a {} and so does not have columns", name, kind));
  }
  if (item->is_system()) return required_by_system(kind, item->name.item);
  for (size_t i = 0; i < columns->size(); ++i) {
    if ((*columns)[i].name == statement.column->text) return RelationColumn{item->id, i + 1};
  }
  return fail(sql_state::kUndefinedColumn, fmt::format("column \"{}.{}\" does not exist",
                                                       item->name.item, statement.column->text));
}

}  // namespace

Result<Sequenced> sequence(const sql::CommentOn& statement, SequenceContext& context) {
  Sequenced out;
  out.tag = "COMMENT";
  std::optional<std::string> text = statement.comment;
  if (text && text->size() > kMaxCommentBytes) {
    return fail(sql_state::kProgramLimitExceeded,
                fmt::format("provided comment was {} bytes long, max size is {} bytes",
                            text->size(), kMaxCommentBytes));
  }
  if (text && text->empty()) text.reset();  // As in PostgreSQL, no comment.
  if (statement.column) {
    ASSIGN_OR_RETURN(RelationColumn named, column_of(statement, context));
    out.changes.push_back(catalog::SetComment{named.relation, named.column, std::move(text)});
    return out;
  }
  if (statement.type == sql::ObjectType::kRole) {
    ASSIGN_OR_RETURN(std::string role, role_name(statement, context));
    out.changes.push_back(catalog::SetRoleComment{std::move(role), std::move(text)});
    return out;
  }
  ASSIGN_OR_RETURN(ObjectId object, object_id(statement, context));
  out.changes.push_back(catalog::SetComment{object, 0, std::move(text)});
  return out;
}

}  // namespace penstock::coordinator
