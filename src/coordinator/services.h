// What the statements of all sessions share. Every member is thread-safe; the struct outlives them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "coordinator/catalog_keeper.h"
#include "coordinator/introspection/builtin_rows.h"
#include "coordinator/outside/sink_auditor.h"
#include "coordinator/sequence/statements.h"
#include "coordinator/status_board.h"
#include "coordinator/table_locks.h"
#include "coordinator/task_pool.h"
#include "engine/engine.h"
#include "sinks/progress.h"
#include "sinks/progress_survey.h"
#include "sinks/sink_check.h"
#include "storage/storage.h"

namespace penstock::coordinator {

struct ServerIdentity {
  std::string version;  // "0.1.0"
  std::string environment_id;
  std::string bootstrap_database;
  std::string bootstrap_role;
  uint64_t started_at_us = 0;
};

// How a session names things, and who it is, at the moment of a statement.
struct SessionView {
  catalog::NameContext names;
  std::string role;
  std::string cluster_name;
  bool is_superuser = false;
  expr::StatementContext statement;
};

using DdlFunction = std::function<Result<Sequenced>(SequenceContext&)>;

// Contacts of DDL with the outside, before anything is decided. In the calling thread; each gives
// up when `cancelled`.
class OutsideContacts {
 public:
  virtual ~OutsideContacts() = default;
  virtual Result<PostgresFindings> describe_postgres(const catalog::CatalogItem& connection,
                                                     const std::string& publication,
                                                     const StopToken& cancelled) = 0;
  // Whether the server behind a connection answers as it must. `catalog`: what else it is made of.
  // Error 58000.
  virtual Status validate(const defs::ConnectionDef& connection,
                          const catalog::CatalogState& catalog, const StopToken& cancelled) = 0;
  // What can go wrong with a sink. `sink`: nothing of one that is not created yet.
  virtual Result<std::vector<sinks::SinkFinding>> check_sink(const defs::SinkDef& def,
                                                             const std::optional<ObjectId>& sink,
                                                             sinks::CheckScope scope,
                                                             const catalog::CatalogState& catalog,
                                                             const StopToken& cancelled) = 0;
  // What a sink that is there would find. Error 58000.
  virtual Result<sinks::ProgressSurvey> survey_progress(const catalog::CatalogItem& sink,
                                                        const catalog::CatalogState& catalog,
                                                        const StopToken& cancelled) = 0;
};

struct Services {
  const ServerIdentity& identity;
  const Clock& clock;
  engine::Engine& engine;
  storage::Storage& storage;
  CatalogKeeper& catalog;
  TaskPool& pool;
  TableLocks& locks;
  StatusBoard& statuses;
  OutsideContacts& contacts;
  SinkAuditor& auditor;
  // Runs `ddl` on the coordinator's thread, makes it durable and carries it out; waits for that.
  // The list's effects are used up.
  // `cancelled` ends its waiting for its turn and for writers of tables that are dropped (57014).
  std::function<Result<Sequenced>(const SessionView& session, const DdlFunction& ddl,
                                  const StopToken& cancelled)>
      run_ddl;
  std::function<IntrospectionSources(const catalog::CatalogState&)> introspect;
  // Where a sink stands; nothing when it was never born.
  std::function<Result<std::optional<sinks::SinkPlace>>(ObjectId)> sink_place;
};

}  // namespace penstock::coordinator
