// The background of storage: advancing since, folding what nobody holds, merging what somebody
// does (rules S1, S3), and compacting what is large.
//
// One round looks at every z-set and does at most one bounded piece of work of a kind on each, so a
// tick never waits for more than one small batch. One compaction goes on at a time. Run by one
// thread at a time.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/compaction.h"
#include "storage/log_durability.h"
#include "storage/log_reader.h"
#include "storage/rocksdb/database.h"
#include "storage/storage.h"
#include "storage/store_state.h"

namespace penstock::storage {

class Maintenance {
 public:
  Maintenance(Database& database, StoreState& state, LogDurability& durability,
              const LogReader& reader, std::mutex& rewriting)
      : database_(database),
        state_(state),
        durability_(durability),
        reader_(reader),
        rewriting_(rewriting) {}

  // One round; whether anything was done. `eager` folds however little there is.
  Result<bool> run(const MaintenancePolicy& policy, bool eager);

 private:
  struct Work;  // On one z-set.
  std::vector<Work> plan(const MaintenancePolicy& policy, bool eager);
  void plan_collection(CollectionState& collection, const MaintenancePolicy& policy, bool eager,
                       std::vector<Work>& out);
  static bool plan_compaction(const StreamState& state, const MaintenancePolicy& policy,
                              Work& work);
  static bool plan_minor(const StreamState& state, std::deque<LogEntry>::const_iterator end,
                         Work& work);
  static bool plan_fold(const StreamState& state, const MaintenancePolicy& policy, bool eager,
                        Work& work);
  static bool plan_merge(const StreamState& state, const MaintenancePolicy& policy, Work& work);
  Status carry_out(const Work& work);
  Status fold_blocks(const Work& work);
  Status fold_part(const Work& work);
  Status merge(const Work& work);
  // Begins or continues.
  Status compact(const Work& work, const MaintenancePolicy& policy);
  bool is_compacted(CollectionId collection, Stream stream) const;
  Result<std::unique_ptr<EntrySource>> updates_of(const Work& work) const;
  Status publish(const CompactionTarget& target, const PartEntry& part);
  // Gives up a compaction whose collection is gone.
  Status leave_dropped();
  Status write_fold(CollectionId collection, Timestamp since, WriteBatch& batch);
  Result<std::string> block_at(const Work& work, const LogEntry& entry) const;

  Database& database_;
  StoreState& state_;
  LogDurability& durability_;
  const LogReader& reader_;
  std::mutex& rewriting_;
  std::unique_ptr<Compaction> compaction_;
};

}  // namespace penstock::storage
