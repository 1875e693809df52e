// SHOW, as the query over the system's relations that it stands for.
#include <fmt/core.h>

#include "base/check.h"
#include "coordinator/execute/execute.h"
#include "coordinator/execute/show_create.h"
#include "coordinator/introspection/cells.h"
#include "coordinator/introspection/identity.h"
#include "coordinator/system_parameters.h"
#include "sql/parse/print.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

using sql::ObjectType;
using sql::quote_literal;

// What SHOW <plural> selects: an inner query with the columns shown, besides schema and cluster ids
// that only narrow it down.
struct Listing {
  std::string columns;
  std::string from;
};

std::string comment_of(const std::string& id, const std::string& type) {
  return fmt::format(
      "COALESCE((SELECT c.comment FROM mz_internal.mz_comments c WHERE c.id = {} AND c.object_type "
      "= {} AND c.object_sub_id IS NULL), '')",
      id, quote_literal(type));
}

Result<Listing> listing(ObjectType type) {
  std::string cluster =
      "(SELECT cl.name FROM mz_catalog.mz_clusters cl WHERE cl.id = o.cluster_id)";
  auto plain = [&](const char* relation, const char* kind) {
    return Listing{fmt::format("o.name, {} AS comment", comment_of("o.id", kind)),
                   fmt::format("mz_catalog.{} o", relation)};
  };
  switch (type) {
    case ObjectType::kTable:
      return plain("mz_tables", "table");
    case ObjectType::kView:
      return plain("mz_views", "view");
    case ObjectType::kSecret:
      return plain("mz_secrets", "secret");
    case ObjectType::kType:
      return plain("mz_types", "type");
    case ObjectType::kConnection:
      return Listing{"o.name, o.type, " + comment_of("o.id", "connection") + " AS comment",
                     "mz_catalog.mz_connections o"};
    case ObjectType::kSource:
      return Listing{fmt::format("o.name, o.type, {} AS cluster, {} AS comment", cluster,
                                 comment_of("o.id", "source")),
                     "mz_catalog.mz_sources o"};
    case ObjectType::kSink:
      return Listing{fmt::format("o.name, o.type, {} AS cluster, {} AS comment", cluster,
                                 comment_of("o.id", "sink")),
                     "mz_catalog.mz_sinks o"};
    case ObjectType::kMaterializedView:
      return Listing{fmt::format("o.name, {} AS cluster, {} AS comment", cluster,
                                 comment_of("o.id", "materialized-view")),
                     "mz_catalog.mz_materialized_views o"};
    case ObjectType::kObject:
      return Listing{
          "o.name, o.type, COALESCE((SELECT c.comment FROM mz_internal.mz_comments c "
          "WHERE c.id = o.id AND c.object_sub_id IS NULL), '') AS comment",
          "mz_catalog.mz_objects o"};
    default:
      break;
  }
  return fail(sql_state::kFeatureNotSupported, "this form of SHOW is not yet supported");
}

// Database and schema whose objects are shown.
Result<std::pair<std::string, std::string>> schema_of(const sql::ShowObjects& show,
                                                      const catalog::CatalogState& catalog,
                                                      const SessionView& view) {
  std::string database = view.names.database;
  std::string schema;
  if (show.from) {
    std::vector<std::string> parts = sql::name_parts(*show.from);
    schema = parts.back();
    if (parts.size() >= 2) database = parts[parts.size() - 2];
  } else {
    for (const std::string& candidate : view.names.search_path) {
      if (schema.empty() && catalog.has_schema(database, candidate)) schema = candidate;
    }
    if (schema.empty()) return fail(sql_state::kInvalidSchemaName, "no valid schema selected");
  }
  auto found = catalog.schemas().find({database, schema});
  if (found == catalog.schemas().end()) found = catalog.schemas().find({"", schema});
  if (found == catalog.schemas().end()) {
    return fail(sql_state::kInvalidSchemaName, fmt::format("unknown schema '{}'", schema));
  }
  return found->first;
}

Result<std::string> list_query(const sql::ShowObjects& show, const catalog::CatalogState& catalog,
                               const SessionView& view) {
  switch (show.type) {
    case ObjectType::kDatabase:
      return fmt::format("SELECT d.name, {} AS comment FROM mz_catalog.mz_databases d",
                         comment_of("d.id", "database"));
    case ObjectType::kRole:
      return fmt::format("SELECT r.name, {} AS comment FROM mz_catalog.mz_roles r",
                         comment_of("r.id", "role"));
    case ObjectType::kSchema: {
      std::string database = show.from ? sql::name_parts(*show.from).back() : view.names.database;
      return fmt::format(
          "SELECT s.name, {} AS comment FROM mz_catalog.mz_schemas s LEFT JOIN "
          "mz_catalog.mz_databases d ON d.id = s.database_id "
          "WHERE d.name = {} OR s.database_id IS NULL",
          comment_of("s.id", "schema"), quote_literal(database));
    }
    case ObjectType::kCluster:
      return fmt::format(
          "SELECT k.name, 'r1 (' || k.size || ')' AS replicas, NULL::text AS activity, "
          "{} AS comment FROM mz_catalog.mz_clusters k",
          comment_of("k.id", "cluster"));
    case ObjectType::kClusterReplica:
      return "SELECT c.name AS cluster, r.name AS replica, r.size, true AS ready, '' AS comment "
             "FROM mz_catalog.mz_cluster_replicas r JOIN mz_catalog.mz_clusters c ON c.id = "
             "r.cluster_id";
    default:
      break;
  }
  ASSIGN_OR_RETURN(Listing what, listing(show.type));
  ASSIGN_OR_RETURN(auto schema, schema_of(show, catalog, view));
  std::string query =
      fmt::format("SELECT {} FROM {} WHERE o.schema_id = {}", what.columns, what.from,
                  quote_literal(plain_id(catalog.schemas().at(schema).id)));
  if (show.on && show.type == ObjectType::kTable) {
    ASSIGN_OR_RETURN(catalog::ItemRef source, sql::lookup_item(*show.on, catalog, view.names));
    query += " AND o.source_id = " + quote_literal(defs::object_id_text(source->id));
  }
  if (show.in_cluster) {
    std::optional<ClusterId> cluster = catalog.find_cluster(show.in_cluster->text);
    if (!cluster) {
      return fail(sql_state::kUndefinedObject,
                  fmt::format("unknown cluster '{}'", show.in_cluster->text));
    }
    query += " AND o.cluster_id = " + quote_literal(cluster_text(*cluster));
  }
  return query;
}

Result<std::string> index_query(const sql::ShowObjects& show, const catalog::CatalogState& catalog,
                                const SessionView& view) {
  // One row an index: the key is gathered here, since it needs an ordered array.
  ASSIGN_OR_RETURN(auto schema, schema_of(show, catalog, view));
  std::string rows;
  for (const auto& [id, item] : catalog.items()) {
    const auto* index = std::get_if<catalog::IndexFacts>(&item->facts);
    if (index == nullptr) continue;
    catalog::ItemRef on = catalog.item(index->on);
    if (show.on) {
      ASSIGN_OR_RETURN(catalog::ItemRef wanted, sql::lookup_item(*show.on, catalog, view.names));
      if (wanted->id != on->id) continue;
    } else if (item->name.database != schema.first || item->name.schema != schema.second) {
      continue;
    }
    std::string cluster = catalog.cluster_name(item->cluster);
    if (show.in_cluster && show.in_cluster->text != cluster) continue;
    std::string key;
    for (size_t column : index->key) {
      key +=
          (key.empty() ? "" : ",") + catalog::quote_identifier(on->relation->columns[column].name);
    }
    rows += fmt::format("{}({}, {}, {}, {}::text[], {})", rows.empty() ? "" : ", ",
                        quote_literal(item->name.item), quote_literal(on->name.item),
                        quote_literal(cluster), quote_literal("{" + key + "}"),
                        quote_literal(catalog.comment(id, 0)));
  }
  std::string columns = "(name, \"on\", cluster, key, comment)";
  if (rows.empty()) {
    return "SELECT * FROM (SELECT ''::text, ''::text, ''::text, '{}'::text[], ''::text) AS i" +
           columns + " WHERE false";
  }
  return "SELECT * FROM (VALUES " + rows + ") AS i" + columns;
}

Result<std::string> columns_query(const sql::ShowColumns& show,
                                  const catalog::CatalogState& catalog, const SessionView& view) {
  ASSIGN_OR_RETURN(catalog::ItemRef item, sql::lookup_item(show.relation, catalog, view.names));
  if (!item->relation) {
    return fail(sql_state::kWrongObjectType, fmt::format("{} is a {} and so does not have columns",
                                                         catalog.minimal_name(*item, view.names),
                                                         catalog::item_kind_name(item->kind)));
  }
  return fmt::format(
      "SELECT c.name, c.nullable, c.type, COALESCE((SELECT m.comment FROM mz_internal.mz_comments "
      "m WHERE m.id = c.id AND m.object_sub_id = c.position::int4), '') AS comment, c.position "
      "FROM mz_catalog.mz_columns c WHERE c.id = {}",
      quote_literal(defs::object_id_text(item->id)));
}

std::string with_filter(const std::string& columns, const std::string& query,
                        const std::optional<sql::ShowFilter>& filter) {
  std::string out = "SELECT " + columns + " FROM (" + query + ") AS shown";
  if (filter && filter->like) out += " WHERE name LIKE " + quote_literal(*filter->like);
  if (filter && filter->where) out += " WHERE " + sql::print(*filter->where);
  return out;
}

std::string variable_query(Session& session, const sql::ShowVariable& show,
                           const std::string& value) {
  (void)session;
  return fmt::format("SELECT {} AS {}", quote_literal(value), sql::quote_identifier(*show.name));
}

std::string show_all_query(Session& session) {
  std::string rows;
  for (const auto& [name, value, description] : session.variables().show_all()) {
    rows += fmt::format("{}({}, {}, {})", rows.empty() ? "" : ", ", quote_literal(name),
                        quote_literal(value), quote_literal(description));
  }
  return "SELECT * FROM (VALUES " + rows + ") AS v (name, setting, description) ORDER BY name";
}

struct Translator {
  Session& session;
  const catalog::CatalogState& catalog;
  SessionView view;

  Result<std::string> operator()(const sql::ShowObjects& show) {
    if (show.from && show.on) {
      return fail(sql_state::kSyntaxError, "Cannot specify both FROM and ON");
    }
    bool indexes = show.type == ObjectType::kIndex;
    ASSIGN_OR_RETURN(std::string query,
                     indexes ? index_query(show, catalog, view) : list_query(show, catalog, view));
    return with_filter("*", query, show.filter) + " ORDER BY 1, 2";
  }
  Result<std::string> operator()(const sql::ShowColumns& show) {
    ASSIGN_OR_RETURN(std::string query, columns_query(show, catalog, view));
    return with_filter("name, nullable, type, comment", query, show.filter) + " ORDER BY position";
  }
  Result<std::string> operator()(const sql::ShowCreate& show) {
    ASSIGN_OR_RETURN(ShownCreate shown, show_create(show, catalog, view.names));
    return fmt::format("SELECT {} AS name, {} AS create_sql", quote_literal(shown.name),
                       quote_literal(shown.create_sql));
  }
  Result<std::string> operator()(const sql::ShowVariable& show) {
    if (!show.name) return show_all_query(session);
    if (*show.name == "schema") {
      for (const std::string& schema : view.names.search_path) {
        if (catalog.has_schema(view.names.database, schema)) {
          return variable_query(session, show, schema);
        }
      }
      return std::string("SELECT NULL::text AS schema");
    }
    Result<std::string> value = session.variables().show(*show.name);
    if (!value) {
      std::optional<std::string> of_system = shown_system_parameter(*show.name, catalog);
      if (!of_system) return value;
      value = *of_system;
    }
    return variable_query(session, show, *value);
  }
  Result<std::string> operator()(const sql::ShowPrivileges&) {
    return fail(sql_state::kFeatureNotSupported, "SHOW PRIVILEGES not yet supported");
  }
  Result<std::string> operator()(const sql::ShowRoleMembership&) {
    return fail(sql_state::kFeatureNotSupported, "SHOW ROLE MEMBERSHIP not yet supported");
  }
};

Result<sql::Query> parsed_query(const std::string& text) {
  ASSIGN_OR_RETURN(sql::Statement statement, sql::parse_statement(text));
  auto* select = std::get_if<sql::SelectStatement>(&statement.kind);
  CHECK(select != nullptr);
  return std::move(select->query);
}

Status expand_body(Session& session, const catalog::CatalogState& catalog, sql::QueryBody& body);

Status expand_table(Session& session, const catalog::CatalogState& catalog, sql::TableExpr& table) {
  if (auto* derived = std::get_if<sql::DerivedTable>(&table.kind)) {
    return expand_shows(session, catalog, *derived->query);
  }
  if (auto* join = std::get_if<sql::Join>(&table.kind)) {
    RETURN_IF_ERROR(expand_table(session, catalog, *join->left));
    return expand_table(session, catalog, *join->right);
  }
  if (auto* nested = std::get_if<sql::NestedTable>(&table.kind)) {
    return expand_table(session, catalog, *nested->inner);
  }
  return {};
}

Status expand_body(Session& session, const catalog::CatalogState& catalog, sql::QueryBody& body) {
  if (auto* select = std::get_if<sql::Box<sql::Select>>(&body.kind)) {
    for (sql::TableExpr& table : (*select)->from) {
      RETURN_IF_ERROR(expand_table(session, catalog, table));
    }
  } else if (auto* set = std::get_if<sql::SetOperation>(&body.kind)) {
    RETURN_IF_ERROR(expand_body(session, catalog, *set->left));
    return expand_body(session, catalog, *set->right);
  } else if (auto* nested = std::get_if<sql::NestedQuery>(&body.kind)) {
    return expand_shows(session, catalog, *nested->query);
  } else if (auto* show = std::get_if<sql::ShowBody>(&body.kind)) {
    ASSIGN_OR_RETURN(sql::Query query, show_query(session, *show->show, catalog));
    body.kind = sql::NestedQuery{sql::Box<sql::Query>(std::move(query))};
  }
  return {};
}

}  // namespace

Result<sql::Query> show_query(Session& session, const sql::ShowStatement& statement,
                              const catalog::CatalogState& catalog) {
  Translator translator{session, catalog, session.view()};
  ASSIGN_OR_RETURN(std::string text, std::visit(translator, statement.kind));
  return parsed_query(text);
}

Status expand_shows(Session& session, const catalog::CatalogState& catalog, sql::Query& query) {
  for (sql::CommonTable& table : query.with) {
    RETURN_IF_ERROR(expand_shows(session, catalog, *table.query));
  }
  return expand_body(session, catalog, query.body);
}

}  // namespace penstock::coordinator
