// Contact with a PostgreSQL server outside of the stream: what a publication holds, when a source
// or table is created and again while it runs; whether it still is the right server; the removal of
// a slot. Functions block (for at most the connection's timeouts) and run on any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop_token.h"
#include "connect/postgres/lsn.h"
#include "connect/postgres/postgres_connection.h"
#include "defs/source_def.h"
#include "sources/postgres/source_position.h"

namespace penstock::sources {

struct PublishedTable {
  defs::UpstreamTable table;
  bool replica_identity_full = false;
  bool schema_usage = false;  // Privileges of the connection's role.
  bool can_select = false;
  bool row_security = false;  // Would hide rows from it.
};

struct PostgresDescription {
  std::string database;
  defs::PostgresIdentity identity;
  bool in_recovery = false;
  std::vector<PublishedTable> tables;  // By schema and name.

  std::vector<defs::UpstreamTable> upstream_tables() const;
};

// Contact at CREATE SOURCE and CREATE TABLE ... FROM SOURCE. Errors: cannot connect, no such
// publication, an empty one, wal_level.
Result<PostgresDescription> describe_postgres(const connect::PostgresOptions& options,
                                              const std::string& publication,
                                              const StopToken& stop);

// Whether these tables can be ingested as they stand: privileges, row security, replica identity.
Status check_published_tables(const PostgresDescription& description,
                              std::span<const defs::UpstreamTable> tables);

// --- parts, over an open connection ---

// Prints values the way that types reads them, whatever the server's configuration.
connect::PostgresResult<void> prepare_session(connect::PostgresConnection& connection);
// What a publication lets through: those of its `publish` parameter.
struct PublishedActions {
  bool inserts = false;
  bool updates = false;
  bool deletes = false;
  bool truncations = false;
};
// Nothing when there is no such publication.
connect::PostgresResult<std::optional<PublishedActions>> published_actions(
    connect::PostgresConnection& connection, const std::string& publication);
// Why a publication that leaves some actions out cannot be followed; nothing if it leaves none out.
std::optional<std::string> missing_actions(const PublishedActions& actions,
                                           const std::string& publication);
connect::PostgresResult<std::vector<PublishedTable>> list_published_tables(
    connect::PostgresConnection& connection, const std::string& publication);

// Why a table that was ingested as `then` can no longer be; nothing while it can. `now` is absent
// when the publication has no such table.
std::optional<std::string> incompatibility(const defs::SourceTableDef& then,
                                           const PublishedTable* now,
                                           const std::string& publication);

// The server's answer to IDENTIFY_SYSTEM.
struct ServerIdentity {
  std::string system_identifier;
  uint32_t timeline = 0;
  connect::Lsn end;
};
connect::PostgresResult<ServerIdentity> identify_server(connect::PostgresConnection& replication);

// An identity fault (rule P4): why this is not the server, or not the slot, to go on with.
// `position` is absent before the first snapshot is published.
connect::PostgresResult<std::optional<std::string>> identity_fault(
    connect::PostgresConnection& replication, const defs::PostgresSourceDef& source,
    const ServerIdentity& server, const std::optional<SourcePosition>& position);

// Removes a slot for good: whoever still holds it is disconnected. A slot that is not there is
// fine. Retried until it succeeds by whoever keeps the durable reminder.
Status drop_replication_slot(const connect::PostgresOptions& options, const std::string& slot,
                             const StopToken& stop);

}  // namespace penstock::sources
