// Removes outside what a DROP left there (see cleanup_row.h): retried with backoff, and again at
// every start, until it is done. One thread.
//
// begin() and keeps_secret() from the coordinator's thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/stop_token.h"
#include "coordinator/outside/cleanup_row.h"
#include "coordinator/outside/secret_store.h"
#include "storage/storage.h"

namespace penstock::coordinator {

class Cleanup {
 public:
  Cleanup(storage::Storage& storage, SecretStore& secrets);
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
  bool attempt(const CleanupTask& task);
  Status drop_slot(const SlotCleanup& cleanup);
  Status leave_kafka(const SinkCleanup& cleanup);
  void remove_orphaned_secrets();

  storage::Storage& storage_;
  SecretStore& secrets_;
  std::mutex mutex_;
  std::map<std::string, CleanupTask> pending_;  // By the key of its row.
  std::vector<ObjectId> orphaned_secrets_;
  StopToken stop_;
  std::thread thread_;
};

}  // namespace penstock::coordinator
