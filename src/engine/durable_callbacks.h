// Calls that wait for a place in the log to be synced, made on the sync thread in order of place.
// Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <mutex>

#include "storage/durability.h"

namespace penstock::engine {

class DurableCallbacks {
 public:
  explicit DurableCallbacks(storage::Durability& durability);
  ~DurableCallbacks();
  DurableCallbacks(const DurableCallbacks&) = delete;
  DurableCallbacks& operator=(const DurableCallbacks&) = delete;

  // Calls at once if the position is synced already. Positions must not decrease.
  void add(storage::LogPosition position, std::function<void()> callback);

 private:
  void announce(storage::LogPosition synced);

  storage::Durability& durability_;
  std::mutex mutex_;
  std::deque<std::pair<storage::LogPosition, std::function<void()>>> waiting_;
  uint64_t ticket_;
};

}  // namespace penstock::engine
