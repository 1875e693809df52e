// Storage over one directory: puts the parts together, recovers, runs the background.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/stop_token.h"
#include "storage/directory_lock.h"
#include "storage/hold_table.h"
#include "storage/log_durability.h"
#include "storage/log_reader.h"
#include "storage/log_writer.h"
#include "storage/maintenance.h"
#include "storage/rocksdb/database.h"
#include "storage/storage.h"
#include "storage/store_state.h"

namespace penstock::storage {

class DatabaseMetaStore : public MetaStore {
 public:
  explicit DatabaseMetaStore(const Database& database) : database_(database) {}
  Result<std::optional<std::string>> get(std::string_view key) const override;
  Result<std::vector<std::pair<std::string, std::string>>> scan(
      std::string_view prefix) const override;

 private:
  const Database& database_;
};

class DirectoryStorage : public Storage {
 public:
  DirectoryStorage(const StorageOptions& options, DirectoryLock lock,
                   std::unique_ptr<Database> database);
  ~DirectoryStorage() override;

  // Reads what the database holds, syncs it, begins a life, starts the sync thread.
  Status recover();

  TickWriter& writer() override { return writer_; }
  Durability& durability() override { return durability_; }
  CollectionReader& reader() override { return reader_; }
  HoldTable& holds() override { return holds_; }
  const HoldTable& holds() const override { return holds_; }
  MetaStore& meta() override { return meta_; }
  Result<std::unique_ptr<StagingWriter>> stage(CollectionId collection) override;
  Status discard(const StagedParts& parts) override;
  Result<std::unique_ptr<data::OrderedRows>> staged_rows(const StagedParts& parts,
                                                         Stream stream) const override;
  Result<std::unique_ptr<data::UpdateStream>> open_stream(CollectionId collection) override;
  std::vector<Life> lives() const override;
  Status forget_lives_before(const std::array<char, 16>& oldest_needed) override;
  void start_maintenance() override;
  void stop_maintenance() override;
  Result<bool> maintain() override;
  Status sync_now() override { return durability_.sync_now(); }
  std::optional<Error> failure() const override { return durability_.failure(); }
  bool disk_low() const override { return disk_low_.load(); }

 private:
  Status check_format();
  Status load_collections();
  Status load_times();
  Status load_skipped();
  Status load_holds();
  Status load_log();
  // `published`: ids of parts in the log, ascending.
  Status discard_unpublished(const std::vector<uint64_t>& published);
  Status begin_life();
  void run_maintenance();
  void look_at_disk();

  StorageOptions options_;
  DirectoryLock lock_;
  std::unique_ptr<Database> database_;
  StoreState state_;
  std::mutex rewriting_;
  LogDurability durability_;
  LogWriter writer_;
  LogReader reader_;
  StateHoldTable holds_;
  DatabaseMetaStore meta_;
  Maintenance maintenance_;

  mutable std::mutex lives_mutex_;
  std::vector<Life> lives_;
  std::vector<uint64_t> life_numbers_;

  std::atomic<bool> disk_low_{false};
  StopToken stop_;
  std::thread maintenance_thread_;
};

}  // namespace penstock::storage
