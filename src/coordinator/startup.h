// What happens once: the first catalog of a new directory, what runs again after a restart, and
// what a client's startup packet says.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_change.h"
#include "coordinator/outside/cleanup.h"
#include "coordinator/services.h"
#include "coordinator/session.h"
#include "coordinator/session_client.h"
#include "coordinator/session_variables.h"

namespace penstock::coordinator {

// Database, schema, cluster and role of a new directory.
std::vector<catalog::CatalogChange> first_changes(const ServerIdentity& identity, IdMint& ids);

// Clusters, materialized views, indexes and what sinks have resolved, handed to the engine.
Status run_maintained(const catalog::CatalogState& catalog, engine::Engine& engine);

// What an ALTER SINK ... SET FROM that did not come to its end has left. Before anything runs.
Status drop_unowned_collections(const catalog::CatalogState& catalog, storage::Storage& storage);

// Lives older than the one that wrote the oldest K of a sink are of no further use (rule K2).
Status forget_unneeded_lives(const catalog::CatalogState& catalog, storage::Storage& storage);

// The file has values of secrets that no catalog knows when the process died in the middle of
// CREATE or DROP SECRET. Those that a clean-up needs stay.
Status forget_dropped_secrets(const catalog::CatalogState& catalog, Cleanup& cleanup,
                              SecretStore& secrets);

struct OpenedSession {
  SessionVariables variables;
  std::string role;
  bool is_superuser = false;
  std::vector<Notice> notices;  // `startup setting X not set: reason`
};
// Errors: a system role on the wrong port (42501).
Result<OpenedSession> read_startup(const StartupRequest& request, const ServerIdentity& identity);

// The welcome, and notices about a missing database or cluster.
void greet(Session& session, const ServerIdentity& identity, const catalog::CatalogState& catalog);

std::string random_uuid();

}  // namespace penstock::coordinator
