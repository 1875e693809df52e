// Decides: one thread that owns the catalog and tells engine, sources and sinks what to run.
//
// Statements run on the sessions' threads against an immutable catalog; only DDL comes here, one at
// a time, as functions that turn the present catalog into a list of changes and effects. What is
// slow (contacting servers, reading rows) has happened before.
// Life: create(), start(), then sessions; stop() before storage and engine go.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "coordinator/services.h"
#include "coordinator/session_client.h"

namespace penstock::coordinator {

struct CoordinatorOptions {
  ServerIdentity identity;
  std::string directory;
  std::map<std::string, std::string> system_parameters;  // From flags; they win over stored ones.
};

class Coordinator : public SessionFactory {
 public:
  // Loads the catalog; nothing runs yet. The references outlive the coordinator.
  static Result<std::unique_ptr<Coordinator>> create(CoordinatorOptions options,
                                                     storage::Storage& storage,
                                                     engine::Engine& engine, const Clock& clock);
  // Starts views, then the engine, then sources and sinks, which connect on their own time.
  virtual Status start() = 0;
  // No statement is running when it returns; sources and sinks have stopped.
  virtual void stop() = 0;
};

}  // namespace penstock::coordinator
