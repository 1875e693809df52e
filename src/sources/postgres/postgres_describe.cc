// Queries of PostgreSQL's catalog at creation and while running.
#include "sources/postgres/postgres_describe.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace penstock::sources {
namespace {

using connect::PostgresConnection;
using connect::PostgresError;
using connect::PostgresResult;
using connect::PostgresRows;
using connect::quote_literal;

constexpr const char* kPrefix = "POSTGRES source validation: ";

int64_t number(const std::optional<std::string>& text) {
  int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}
bool is_true(const std::optional<std::string>& text) {
  return text == "t";
}

// The replica identity of a table. Old rows of a partitioned one come from its leaves, so all of
// these must have it FULL, too.
std::string identity_sql(int version) {
  if (version < 130000) return "c.relreplident";
  return "CASE WHEN c.relkind = 'p' AND EXISTS (SELECT 1"
         " FROM pg_partition_tree(c.oid) leaf JOIN pg_class l ON l.oid = leaf.relid"
         " WHERE leaf.isleaf AND l.relreplident <> 'f') THEN 'd' ELSE c.relreplident END";
}

// The columns a publication sends, one a row. From version 15 on a publication may leave columns
// out; generated columns are never sent.
std::string columns_sql(const std::string& publication, int version) {
  std::string listed = version >= 150000 ? " AND a.attname = ANY (p.attnames)" : "";
  return "SELECT c.oid, n.nspname, c.relname, " + identity_sql(version) +
         ", c.relrowsecurity,"
         " has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),"
         " (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),"
         " pg_has_role(c.relowner, 'USAGE') AND NOT c.relforcerowsecurity,"
         " a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull"
         " FROM pg_publication_tables p"
         " JOIN pg_namespace n ON n.nspname = p.schemaname"
         " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename"
         " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped" +
         std::string(version >= 120000 ? " AND a.attgenerated = ''" : "") + listed +
         " WHERE p.pubname = " + quote_literal(publication) +
         " ORDER BY n.nspname, c.relname, a.attnum";
}

std::string keys_sql(const std::string& publication, int version) {
  std::string nulls = version >= 150000 ? "i.indnullsnotdistinct" : "false";
  return "SELECT k.conrelid, k.conname, k.contype, " + nulls +
         ", u.attnum"
         " FROM pg_publication_tables p"
         " JOIN pg_namespace n ON n.nspname = p.schemaname"
         " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename"
         " JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u')"
         " AND NOT k.condeferrable"
         " JOIN pg_index i ON i.indexrelid = k.conindid"
         " CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)"
         " WHERE p.pubname = " +
         quote_literal(publication) + " ORDER BY k.conrelid, k.contype, k.conname, u.place";
}

std::vector<PublishedTable> tables_from(const PostgresRows& rows) {
  std::vector<PublishedTable> out;
  for (const auto& row : rows.rows) {
    auto oid = static_cast<uint32_t>(number(row[0]));
    if (out.empty() || out.back().table.oid != oid) {
      PublishedTable table;
      table.table.oid = oid;
      table.table.schema_name = row[1].value_or("");
      table.table.table_name = row[2].value_or("");
      table.replica_identity_full = row[3] == "f";
      table.schema_usage = is_true(row[5]);
      table.can_select = is_true(row[6]);
      table.row_security = is_true(row[4]) && !is_true(row[7]) && !is_true(row[8]);
      out.push_back(std::move(table));
    }
    if (!row[9]) continue;
    defs::UpstreamColumn column;
    column.attribute_number = static_cast<int16_t>(number(row[9]));
    column.name = row[10].value_or("");
    column.type_oid = static_cast<uint32_t>(number(row[11]));
    column.type_modifier = static_cast<int32_t>(number(row[12]));
    column.not_null = is_true(row[13]);
    out.back().table.columns.push_back(std::move(column));
  }
  return out;
}

// A key over a column that is not published is none.
void add_keys(const PostgresRows& rows, std::vector<PublishedTable>& tables) {
  std::map<uint32_t, defs::UpstreamTable*> by_oid;
  for (PublishedTable& table : tables) by_oid[table.table.oid] = &table.table;
  for (size_t i = 0; i < rows.rows.size();) {
    const auto& first = rows.rows[i];
    defs::UpstreamKey key;
    key.name = first[1].value_or("");
    key.primary = first[2] == "p";
    key.nulls_not_distinct = is_true(first[3]);
    defs::UpstreamTable* table = by_oid[static_cast<uint32_t>(number(first[0]))];
    bool whole = table != nullptr;
    for (; i < rows.rows.size() && rows.rows[i][0] == first[0] && rows.rows[i][1] == first[1];
         ++i) {
      if (!whole) continue;
      auto column = std::ranges::find(table->columns, static_cast<int16_t>(number(rows.rows[i][4])),
                                      &defs::UpstreamColumn::attribute_number);
      whole = column != table->columns.end();
      if (whole) key.columns.push_back(static_cast<size_t>(column - table->columns.begin()));
    }
    if (whole) table->keys.push_back(std::move(key));
  }
}

std::unexpected<Error> contact_failure(const std::string& detail, const std::string& hint) {
  Error error(sql_state::kConnectionRejected, "failed to connect to PostgreSQL database");
  error.detail = detail;
  error.hint = hint;
  return fail(std::move(error));
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

PostgresResult<PostgresDescription> describe(PostgresConnection& connection,
                                             const std::string& publication) {
  PostgresDescription out;
  auto server = identify_server(connection);
  if (!server) return std::unexpected(server.error());
  out.identity = {server->system_identifier, server->timeline};
  auto facts = connection.query("SELECT current_database(), pg_is_in_recovery()");
  if (!facts) return std::unexpected(facts.error());
  out.database = facts->rows[0][0].value_or("");
  out.in_recovery = is_true(facts->rows[0][1]);
  auto tables = list_published_tables(connection, publication);
  if (!tables) return std::unexpected(tables.error());
  out.tables = std::move(*tables);
  return out;
}

}  // namespace

std::vector<defs::UpstreamTable> PostgresDescription::upstream_tables() const {
  std::vector<defs::UpstreamTable> out;
  for (const PublishedTable& table : tables) out.push_back(table.table);
  return out;
}

PostgresResult<void> prepare_session(PostgresConnection& connection) {
  auto done = connection.query(
      "SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';"
      " SET extra_float_digits = 3; SET bytea_output = 'hex'; SET statement_timeout = 0;"
      " SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;"
      " SELECT pg_catalog.set_config('search_path', '', false)");
  if (!done) return std::unexpected(done.error());
  return {};
}

PostgresResult<std::optional<PublishedActions>> published_actions(PostgresConnection& connection,
                                                                  const std::string& publication) {
  std::string truncations = connection.server_version() >= 110000 ? "pubtruncate" : "true";
  auto rows = connection.query(
      "SELECT pubinsert, pubupdate, pubdelete, " + truncations +
      " FROM pg_catalog.pg_publication WHERE pubname = " + quote_literal(publication));
  if (!rows) return std::unexpected(rows.error());
  if (rows->rows.empty()) return std::nullopt;
  const auto& row = rows->rows[0];
  return PublishedActions{is_true(row[0]), is_true(row[1]), is_true(row[2]), is_true(row[3])};
}

std::optional<std::string> missing_actions(const PublishedActions& actions,
                                           const std::string& publication) {
  std::vector<std::string> missing;
  if (!actions.inserts) missing.emplace_back("insert");
  if (!actions.updates) missing.emplace_back("update");
  if (!actions.deletes) missing.emplace_back("delete");
  if (!actions.truncations) missing.emplace_back("truncate");
  if (missing.empty()) return std::nullopt;
  return "publication \"" + publication + "\" does not publish: " + joined(missing);
}

PostgresResult<std::vector<PublishedTable>> list_published_tables(PostgresConnection& connection,
                                                                  const std::string& publication) {
  int version = connection.server_version();
  auto columns = connection.query(columns_sql(publication, version));
  if (!columns) return std::unexpected(columns.error());
  auto keys = connection.query(keys_sql(publication, version));
  if (!keys) return std::unexpected(keys.error());
  std::vector<PublishedTable> tables = tables_from(*columns);
  add_keys(*keys, tables);
  return tables;
}

namespace {

// What of the server's configuration must be otherwise.
Status check_settings(const PostgresRows& settings) {
  const auto& row = settings.rows[0];
  if (row[0] != "logical") {
    return fail(
        Error(sql_state::kObjectNotInState, std::string(kPrefix) + "wal_level must be logical")
            .with_detail("It is " + row[0].value_or("unknown") + ".")
            .with_hint("Set wal_level = logical on the server and restart it."));
  }
  if (row[1] == "SQL_ASCII") {
    return fail(Error(sql_state::kFeatureNotSupported,
                      std::string(kPrefix) + "databases with encoding SQL_ASCII not yet supported")
                    .with_detail("Their text may be of any encoding, and is not checked to be of "
                                 "one."));
  }
  return {};
}

}  // namespace

Result<PostgresDescription> describe_postgres(const connect::PostgresOptions& options,
                                              const std::string& publication,
                                              const StopToken& stop) {
  connect::PostgresOptions replication = options;
  replication.replication = true;
  auto failed = [](const PostgresError& error) {
    return contact_failure(
        error.detail.empty() ? error.message : error.message + ": " + error.detail, error.hint);
  };
  auto connection = PostgresConnection::connect(replication, stop);
  if (!connection) return failed(connection.error());
  if (auto prepared = prepare_session(**connection); !prepared) return failed(prepared.error());
  auto settings = (*connection)
                      ->query(
                          "SELECT current_setting('wal_level'),"
                          " current_setting('server_encoding')");
  if (!settings) return failed(settings.error());
  RETURN_IF_ERROR(check_settings(*settings));
  auto actions = published_actions(**connection, publication);
  if (!actions) return failed(actions.error());
  if (!*actions) {
    return contact_failure("publication \"" + publication + "\" does not exist",
                           "Create it with CREATE PUBLICATION in the upstream database.");
  }
  if (auto missing = missing_actions(**actions, publication)) {
    return fail(Error(sql_state::kInvalidParameterValue, kPrefix + *missing)
                    .with_hint("Use ALTER PUBLICATION ... SET (publish = 'insert, update, delete, "
                               "truncate')."));
  }
  auto description = describe(**connection, publication);
  if (!description) return failed(description.error());
  if (description->tables.empty()) {
    return fail(Error(sql_state::kObjectNotInState,
                      std::string(kPrefix) + "PUBLICATION " + publication + " is empty")
                    .with_hint("Add tables to it with ALTER PUBLICATION ... ADD TABLE."));
  }
  return std::move(*description);
}

Status check_published_tables(const PostgresDescription& description,
                              std::span<const defs::UpstreamTable> tables) {
  std::vector<std::string> no_usage;
  std::vector<std::string> no_select;
  std::vector<std::string> hidden_rows;
  std::vector<std::string> not_full;
  for (const defs::UpstreamTable& wanted : tables) {
    for (const PublishedTable& table : description.tables) {
      if (table.table.oid != wanted.oid) continue;
      std::string name = wanted.schema_name + "." + wanted.table_name;
      bool known = std::ranges::find(no_usage, wanted.schema_name) != no_usage.end();
      if (!table.schema_usage && !known) no_usage.push_back(wanted.schema_name);
      if (!table.can_select) no_select.push_back(name);
      if (table.row_security) hidden_rows.push_back(name);
      if (!table.replica_identity_full) not_full.push_back(name);
    }
  }
  auto refused = [](SqlState state, const std::string& text, const std::string& detail,
                    const std::string& hint) {
    return fail(Error(state, kPrefix + text).with_detail(detail).with_hint(hint));
  };
  if (!no_usage.empty()) {
    return refused(sql_state::kInsufficientPrivilege, "insufficient privileges",
                   "user lacks USAGE privileges for schemas " + joined(no_usage),
                   "Grant USAGE on these schemas to the connection's user.");
  }
  if (!no_select.empty()) {
    return refused(sql_state::kInsufficientPrivilege, "insufficient privileges",
                   "user lacks SELECT privileges for tables " + joined(no_select),
                   "Grant SELECT on these tables to the connection's user.");
  }
  if (!hidden_rows.empty()) {
    return refused(sql_state::kInsufficientPrivilege, "one or more tables requires BYPASSRLS",
                   "row level security would hide rows of: " + joined(hidden_rows),
                   "Give the connection's user BYPASSRLS.");
  }
  if (!not_full.empty()) {
    return refused(sql_state::kObjectNotInState,
                   "referenced items not tables with REPLICA IDENTITY FULL",
                   "referenced items: " + joined(not_full),
                   "Use ALTER TABLE ... REPLICA IDENTITY FULL on each of them.");
  }
  return {};
}

}  // namespace penstock::sources
