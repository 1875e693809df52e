// The running sources: one thread each, told by the coordinator's thread which tables they feed.
//
// start/stop/refresh from the coordinator's thread; counters from any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "coordinator/catalog_keeper.h"
#include "coordinator/introspection/builtin_rows.h"
#include "coordinator/outside/secret_store.h"
#include "coordinator/status_board.h"
#include "engine/engine.h"
#include "storage/storage.h"

namespace penstock::coordinator {

class SourceFleet {
 public:
  virtual ~SourceFleet() = default;
  // With the tables that the catalog says it feeds.
  virtual void start(ObjectId source) = 0;
  virtual void add_table(ObjectId table) = 0;
  virtual void remove_table(ObjectId table, ObjectId source) = 0;
  // Returns at once; the source ends on its own. Who stops several tells all of them first.
  virtual void tell_to_stop(ObjectId source) = 0;
  virtual void stop(ObjectId source) = 0;
  virtual void refresh_connection(ObjectId connection) = 0;
  virtual void tell_all_to_stop() = 0;
  virtual void stop_all() = 0;
  virtual std::map<ObjectId, SourceCounters> counters() const = 0;
};

struct FleetContext {
  storage::Storage& storage;
  engine::Engine& engine;
  StatusBoard& statuses;
  const SecretStore& secrets;
  std::string environment_id;
  std::string spill_directory;
  std::function<CatalogSnapshot()> catalog;
};

std::unique_ptr<SourceFleet> make_source_fleet(const FleetContext& context);

}  // namespace penstock::coordinator
