// What must still be removed outside after a DROP: replication slots. Each is a durable row,
// written with the drop, retried with backoff and at every start until it is done.
//
// add_row() and needs_secret() from the coordinator's thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/stop_token.h"
#include "coordinator/outside/secret_store.h"
#include "defs/connection_def.h"
#include "storage/storage.h"

namespace penstock::coordinator {

struct SlotCleanup {
  ObjectId source;
  std::string slot_name;
  defs::PostgresConnectionDef connection;
};

class Cleanup {
 public:
  Cleanup(storage::Storage& storage, SecretStore& secrets);
  ~Cleanup() { stop(); }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

  // Reads what is left from before and begins.
  Status start();
  void stop();

  // The row to be written in one batch with the drop; then begin() once that is durable.
  static storage::MetaChange row(const SlotCleanup& cleanup);
  void begin(const SlotCleanup& cleanup);
  // Whether a clean-up still has to log in with this secret: it is removed when that is done.
  bool keeps_secret(ObjectId secret);

 private:
  void run();
  bool attempt(const SlotCleanup& cleanup);

  storage::Storage& storage_;
  SecretStore& secrets_;
  std::mutex mutex_;
  std::map<ObjectId, SlotCleanup> pending_;
  std::vector<ObjectId> orphaned_secrets_;
  StopToken stop_;
  std::thread thread_;
};

}  // namespace penstock::coordinator
