// Whether the server is still the one to read from, and its tables still what they were.
#include <algorithm>
#include <charconv>

#include "sources/postgres/postgres_describe.h"

namespace penstock::sources {
namespace {

using connect::Lsn;
using connect::PostgresConnection;
using connect::PostgresResult;
using connect::quote_identifier;
using connect::quote_literal;

uint32_t number(const std::optional<std::string>& text) {
  uint32_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// Where timeline `timeline` was left, by the history file of a later one: lines of the timeline, a
// tab, the LSN, a tab and a reason.
std::optional<Lsn> switch_point(std::string_view history, uint32_t timeline) {
  while (!history.empty()) {
    size_t end = history.find('\n');
    std::string_view line = history.substr(0, end);
    history = end == std::string_view::npos ? std::string_view() : history.substr(end + 1);
    size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    if (number(std::string(line.substr(0, tab))) != timeline) continue;
    std::string_view rest = line.substr(tab + 1);
    return connect::parse_lsn(rest.substr(0, rest.find('\t')));
  }
  return std::nullopt;
}

PostgresResult<std::optional<std::string>> timeline_fault(PostgresConnection& replication,
                                                          const ServerIdentity& server,
                                                          const SourcePosition& position) {
  if (server.timeline == position.timeline) return std::nullopt;
  std::string fault = "the server is on timeline " + std::to_string(server.timeline) +
                      ", which does not descend from " + connect::to_text(position.lsn) +
                      " of timeline " + std::to_string(position.timeline);
  if (server.timeline < position.timeline) return fault;
  auto rows = replication.query("TIMELINE_HISTORY " + std::to_string(server.timeline));
  if (!rows) return std::unexpected(rows.error());
  std::optional<Lsn> left;
  if (!rows->rows.empty()) left = switch_point(rows->rows[0][1].value_or(""), position.timeline);
  if (!left || *left < position.lsn) return fault;
  return std::nullopt;
}

PostgresResult<std::optional<std::string>> slot_fault(PostgresConnection& connection,
                                                      const std::string& slot,
                                                      const SourcePosition& position) {
  std::string status = connection.server_version() >= 130000 ? "wal_status" : "NULL";
  auto rows = connection.query("SELECT confirmed_flush_lsn, restart_lsn, " + status +
                               ", database = current_database(), plugin"
                               " FROM pg_catalog.pg_replication_slots WHERE slot_name = " +
                               quote_literal(slot));
  if (!rows) return std::unexpected(rows.error());
  if (rows->rows.empty()) return "replication slot \"" + slot + "\" is gone";
  const auto& row = rows->rows[0];
  if (row[2] == "lost" || !row[1]) {
    return "replication slot has been invalidated because it exceeded the maximum reserved size";
  }
  if (row[3] != "t" || row[4] != "pgoutput") {
    return "replication slot \"" + slot + "\" is of another database or plugin";
  }
  std::optional<Lsn> confirmed = connect::parse_lsn(row[0].value_or(""));
  if (confirmed && *confirmed > position.lsn) {
    return "replication slot \"" + slot + "\" has moved on to " + connect::to_text(*confirmed) +
           ", past " + connect::to_text(position.lsn) + " where this source stands";
  }
  return std::nullopt;
}

// The columns that are used, by name, must be there with their types; what we promised about NULLs
// and keys must still hold.
bool columns_fit(const defs::SourceTableDef& then, const defs::UpstreamTable& now) {
  for (size_t i = 0; i < then.columns.size(); ++i) {
    const defs::UpstreamColumn& old_column = then.upstream.columns[then.columns[i]];
    auto found = std::ranges::find(now.columns, old_column.name, &defs::UpstreamColumn::name);
    if (found == now.columns.end()) return false;
    if (old_column.not_null && !found->not_null) return false;
    bool same_type =
        found->type_oid == old_column.type_oid && found->type_modifier == old_column.type_modifier;
    if (!same_type && !then.as_text[i]) return false;
  }
  return true;
}

bool keys_fit(const defs::SourceTableDef& then, const defs::UpstreamTable& now) {
  auto names = [](const defs::UpstreamTable& table, const defs::UpstreamKey& key) {
    std::vector<std::string> out;
    for (size_t column : key.columns) out.push_back(table.columns[column].name);
    std::ranges::sort(out);
    return out;
  };
  for (const defs::UpstreamKey& key : then.upstream.keys) {
    bool used = std::ranges::all_of(key.columns, [&](size_t column) {
      return std::ranges::find(then.columns, column) != then.columns.end();
    });
    if (!used) continue;
    std::vector<std::string> wanted = names(then.upstream, key);
    bool kept = std::ranges::any_of(
        now.keys, [&](const defs::UpstreamKey& other) { return names(now, other) == wanted; });
    if (!kept) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> incompatibility(const defs::SourceTableDef& then,
                                           const PublishedTable* now,
                                           const std::string& publication) {
  if (now == nullptr) {
    return "source table " + then.upstream.table_name + " with oid " +
           std::to_string(then.upstream.oid) + " is no longer in publication \"" + publication +
           "\"";
  }
  bool fits = now->table.schema_name == then.upstream.schema_name &&
              now->table.table_name == then.upstream.table_name && columns_fit(then, now->table) &&
              keys_fit(then, now->table);
  if (!fits) {
    return "incompatible schema change: source table " + then.upstream.table_name + " with oid " +
           std::to_string(then.upstream.oid) + " has been altered";
  }
  return std::nullopt;
}

PostgresResult<ServerIdentity> identify_server(PostgresConnection& replication) {
  auto rows = replication.query("IDENTIFY_SYSTEM");
  if (!rows) return std::unexpected(rows.error());
  const auto& row = rows->rows[0];
  ServerIdentity out;
  out.system_identifier = row[0].value_or("");
  out.timeline = number(row[1]);
  out.end = connect::parse_lsn(row[2].value_or("")).value_or(Lsn{});
  return out;
}

PostgresResult<std::optional<std::string>> identity_fault(
    PostgresConnection& replication, const defs::PostgresSourceDef& source,
    const ServerIdentity& server, const std::optional<SourcePosition>& position) {
  if (server.system_identifier != source.identity.system_identifier) {
    return "this is another server: its system identifier is " + server.system_identifier +
           ", that of this source is " + source.identity.system_identifier;
  }
  if (!position) return std::nullopt;
  auto timeline = timeline_fault(replication, server, *position);
  if (!timeline || *timeline) return timeline;
  if (server.end < position->lsn) {
    return "the server's log ends at " + connect::to_text(server.end) + ", before " +
           connect::to_text(position->lsn) + " where this source stands";
  }
  return slot_fault(replication, source.slot_name, *position);
}

Status drop_replication_slot(const connect::PostgresOptions& options, const std::string& slot,
                             const StopToken& stop) {
  auto connection = PostgresConnection::connect(options, stop);
  if (!connection) return fail(connect::to_error(connection.error()));
  std::string where =
      " FROM pg_catalog.pg_replication_slots WHERE slot_name = " + quote_literal(slot);
  // Only a walsender of ours can hold a slot of ours: its connection has not noticed yet.
  auto freed = (*connection)
                   ->query("SELECT pg_catalog.pg_terminate_backend(active_pid)" + where +
                           " AND active_pid IS NOT NULL");
  if (!freed) return fail(connect::to_error(freed.error()));
  auto dropped =
      (*connection)->query("SELECT pg_catalog.pg_drop_replication_slot(slot_name)" + where);
  if (!dropped && dropped.error().fault != connect::PostgresFault::kUndefinedObject) {
    return fail(connect::to_error(dropped.error()));
  }
  return {};
}

}  // namespace penstock::sources
