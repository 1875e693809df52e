// The background of storage: advancing since, folding what nobody holds, merging what somebody
// does (rules S1, S3).
//
// One round looks at every z-set and does at most one bounded piece of work on each, so a tick
// never waits for more than one small batch. Run by one thread at a time.
#pragma once

#include <mutex>

#include "storage/log_durability.h"
#include "storage/log_reader.h"
#include "storage/rocksdb/database.h"
#include "storage/storage.h"
#include "storage/store_state.h"

namespace penstock::storage {

class Maintenance {
 public:
  Maintenance(Database& database, StoreState& state, LogDurability& durability,
              std::mutex& rewriting)
      : database_(database), state_(state), durability_(durability), rewriting_(rewriting) {}

  // One round; whether anything was done. `eager` folds however little there is.
  Result<bool> run(const MaintenancePolicy& policy, bool eager);

 private:
  struct Work;  // On one z-set.
  std::vector<Work> plan(const MaintenancePolicy& policy, bool eager);
  void plan_collection(CollectionState& collection, const MaintenancePolicy& policy, bool eager,
                       std::vector<Work>& out);
  static bool plan_fold(const StreamState& state, const MaintenancePolicy& policy, bool eager,
                        Work& work);
  static bool plan_merge(const StreamState& state, const MaintenancePolicy& policy, Work& work);
  Status carry_out(const Work& work);
  Status fold_blocks(const Work& work);
  Status fold_part(const Work& work);
  Status merge(const Work& work);
  Status compact_if_hollow(const Work& work);
  Status write_fold(const Work& work, WriteBatch& batch);
  Result<std::string> block_at(const Work& work, const LogEntry& entry) const;

  Database& database_;
  StoreState& state_;
  LogDurability& durability_;
  std::mutex& rewriting_;
};

}  // namespace penstock::storage
