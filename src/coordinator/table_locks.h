// Locks of tables, so that read-then-write statements are linearizable: they hold everything they
// read and write alone, from before their read until their write has its timestamp; plain inserts
// share a table among themselves.
//
// Thread-safe. Several tables are always taken in ascending order of id, so nothing deadlocks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/stop_token.h"

namespace penstock::coordinator {

enum class LockMode { kShared, kAlone };

class TableLocks {
 public:
  class Guard {
   public:
    Guard() = default;
    Guard(Guard&& other) noexcept;
    Guard& operator=(Guard&& other) noexcept;
    ~Guard() { release(); }
    void release();
    // Whether all of `tables` are among what it holds.
    bool holds(const std::vector<CollectionId>& tables) const;

   private:
    friend class TableLocks;
    TableLocks* locks_ = nullptr;
    LockMode mode_ = LockMode::kShared;
    std::vector<CollectionId> tables_;  // Ascending.
  };

  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  // Waits for all of `tables`, until `deadline`. Error 57014 when cancelled or too late.
  Result<Guard> lock(std::vector<CollectionId> tables, LockMode mode, const StopToken& cancelled,
                     Deadline deadline = std::nullopt);
  // All of `tables` at once, or nothing when one is taken or awaited by somebody.
  std::optional<Guard> try_lock(std::vector<CollectionId> tables, LockMode mode);

 private:
  struct State {
    int shared = 0;
    bool alone = false;
    int waiting_alone = 0;  // New sharers wait behind these, or they would starve.
  };
  Guard guard_of(LockMode mode);
  bool try_take(CollectionId table, LockMode mode);
  void give_back(CollectionId table, LockMode mode);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<CollectionId, State> states_;
};

}  // namespace penstock::coordinator
