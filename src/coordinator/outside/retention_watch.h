// No holder of history may fill the disk (rule S5): looks every second at what each retains, warns
// at half of `max_retained_bytes`, and beyond it makes the holder give up.
//
// One thread; `release` is called on it and must not block.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <thread>

#include "base/stop_token.h"
#include "coordinator/catalog_keeper.h"
#include "storage/storage.h"

namespace penstock::coordinator {

struct Retention {
  std::string holder;  // As holds are named: "sink u7", "cluster 3".
  uint64_t bytes = 0;
  uint64_t limit = 0;
};

class RetentionWatch {
 public:
  struct Actions {
    std::function<void(const Retention&)> warn;
    std::function<void(const std::string& holder)> calm;  // It is below the half again.
    std::function<void(const Retention&)> release;
  };

  RetentionWatch(const storage::Storage& storage, std::function<CatalogSnapshot()> catalog,
                 Actions actions);
  ~RetentionWatch() { stop(); }
  RetentionWatch(const RetentionWatch&) = delete;
  RetentionWatch& operator=(const RetentionWatch&) = delete;

  void start();
  void stop();
  // One look; for tests.
  void look();

 private:
  const storage::Storage& storage_;
  const std::function<CatalogSnapshot()> catalog_;
  const Actions actions_;
  std::map<std::string, int> warned_;  // Holders over the half; looks since they went beyond.
  StopToken stop_;
  std::thread thread_;
};

}  // namespace penstock::coordinator
