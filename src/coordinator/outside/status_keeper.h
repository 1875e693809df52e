// The status history outlives the process: what changed is written every second, with the log's
// next sync, and the last entries of each object are there again at the next start.
//
// A crash may forget what the last second brought. One thread.
#pragma once

#include <functional>
#include <thread>

#include "base/stop_token.h"
#include "coordinator/catalog_keeper.h"
#include "coordinator/status_board.h"
#include "storage/storage.h"

namespace penstock::coordinator {

class StatusKeeper {
 public:
  StatusKeeper(storage::Storage& storage, StatusBoard& statuses,
               std::function<CatalogSnapshot()> catalog)
      : storage_(storage), statuses_(statuses), catalog_(std::move(catalog)) {}
  ~StatusKeeper() { stop(); }
  StatusKeeper(const StatusKeeper&) = delete;
  StatusKeeper& operator=(const StatusKeeper&) = delete;

  // Gives the board what was kept, and begins to write. REQUIRES: nothing is on the board.
  Status start();
  // Writes what is new.
  void stop();
  // For tests.
  Status restore();
  Status write();

 private:
  void write_or_log();

  storage::Storage& storage_;
  StatusBoard& statuses_;
  const std::function<CatalogSnapshot()> catalog_;
  StopToken stop_;
  std::thread thread_;
};

}  // namespace penstock::coordinator
