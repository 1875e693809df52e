// Removes outside what a DROP left there (see cleanup_row.h): retried with backoff, and again at
// every start, until it is done; each time over the connection as it is declared then. One thread.
//
// begin() and keeps_secret() from the coordinator's thread.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/stop_token.h"
#include "coordinator/catalog_keeper.h"
#include "coordinator/outside/cleanup_row.h"
#include "coordinator/outside/secret_store.h"
#include "storage/storage.h"

namespace penstock::coordinator {

// Does it once, or says why it could not; gives up at the stop.
using CleanUpOutside = std::function<Status(const CleanupTask& task, const StopToken& stop)>;
struct OutsideAccess {
  const storage::Storage& storage;
  const SecretStore& secrets;
  std::string environment_id;
  std::function<CatalogSnapshot()> catalog;
};
// Over the real clients.
CleanUpOutside clean_up_outside(OutsideAccess access);

class Cleanup {
 public:
  Cleanup(storage::Storage& storage, SecretStore& secrets, std::function<CatalogSnapshot()> catalog,
          CleanUpOutside clean_up);
  ~Cleanup() { stop(); }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

  // Reads what is left from before and begins.
  Status start();
  void tell_to_stop() { stop_.stop(); }
  void stop();

  // Its row is durable already, written in one batch with the drop.
  void begin(const CleanupTask& task);
  // Whether a clean-up still has to log in with this secret: it is removed when that is done.
  bool keeps_secret(ObjectId secret);

 private:
  void run();
  CleanupTask renewed(const std::string& key);
  bool attempt(const CleanupTask& task);
  void remove_orphaned_secrets();

  storage::Storage& storage_;
  SecretStore& secrets_;
  const std::function<CatalogSnapshot()> catalog_;
  const CleanUpOutside clean_up_;
  std::mutex mutex_;
  std::map<std::string, CleanupTask> pending_;  // By the key of its row.
  std::vector<ObjectId> orphaned_secrets_;
  StopToken stop_;
  std::thread thread_;
};

}  // namespace penstock::coordinator
