// A data directory: durable timestamped collections and small facts in one log, kept by one
// process.
//
//   open() → lock the directory, recover, sync what was found (D3), begin a life
//   writer() appends, durability() tells what is safe, reader() reads, holds() keep history
//   start_maintenance() once all holds are back: only then is anything folded (S4)
//   stop_maintenance() before the first of them is given up because the process ends
//
// Thread rule: see each part. Storage outlives everything it hands out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/update_stream.h"
#include "storage/collection_reader.h"
#include "storage/durability.h"
#include "storage/holds.h"
#include "storage/meta_store.h"
#include "storage/staging.h"
#include "storage/tick_writer.h"

namespace penstock::storage {

// How much history may gather before the background works on it. Lazy: rows that come and go
// within it cost nothing.
struct MaintenancePolicy {
  // Kept without any hold, so that a reader that has chosen a time still finds it.
  uint64_t keep_ms = 1000;
  uint64_t fold_bytes = 4 << 20;
  size_t fold_entries = 1024;
  uint64_t merge_bytes = 8 << 20;
  size_t merge_entries = 2048;
  // A z-set is written down as a base when its rows and its log have this many bytes, and half of
  // those of the base that it has.
  uint64_t base_bytes = 32 << 20;
  uint64_t compaction_step_bytes = 8 << 20;  // A turn of it: some tens of milliseconds.
};

struct StorageOptions {
  std::string directory;
  size_t memory_bytes = 64 << 20;  // Block cache and memtables together.
  double min_free_disk = 0.05;     // Of the file system; below it, disk_low().
  MaintenancePolicy maintenance;
  // A crash of the process (not only of the machine) loses what was not synced: for tests. Also set
  // by PENSTOCK_TEST_UNSYNCED_LOSS=1.
  bool lose_unsynced = false;
  bool sync_on_close = true;  // Without it closing is like a crash.
  bool background = true;     // Without it nothing runs by itself: sync_now() and maintain() do.
};

// One run of a process over this directory (rule K2).
struct Life {
  std::array<char, 16> id{};
  Timestamp found;           // The D it found: the greatest over all timelines.
  std::string text() const;  // 32 hexadecimal digits.
};

class Storage {
 public:
  // Errors: the directory cannot be used, or another process holds it (its pid is in the detail).
  static Result<std::unique_ptr<Storage>> open(const StorageOptions& options);
  virtual ~Storage() = default;  // Stops the background, syncs, closes.

  virtual TickWriter& writer() = 0;
  virtual Durability& durability() = 0;
  virtual CollectionReader& reader() = 0;
  virtual HoldTable& holds() = 0;
  virtual const HoldTable& holds() const = 0;
  virtual MetaStore& meta() = 0;

  virtual Result<std::unique_ptr<StagingWriter>> stage(CollectionId collection) = 0;
  virtual Status discard(const StagedParts& parts) = 0;
  // What no tick has published yet, for whoever staged it. REQUIRES: it will not be published
  // before it is read.
  virtual Result<std::unique_ptr<data::OrderedRows>> staged_rows(const StagedParts& parts,
                                                                 Stream stream) const = 0;

  // The collection as a sink reads it. Holds are the caller's business.
  virtual Result<std::unique_ptr<data::UpdateStream>> open_stream(CollectionId collection) = 0;

  // All lives of this directory, oldest first; the last is ours. forget_lives() lets those go that
  // began before `oldest_needed` (the one that wrote the oldest K).
  virtual std::vector<Life> lives() const = 0;
  virtual Status forget_lives_before(const std::array<char, 16>& oldest_needed) = 0;

  virtual void start_maintenance() = 0;
  // For good; returns when what runs is over.
  virtual void stop_maintenance() = 0;
  // One round of advancing since, merging and folding; whether anything was done.
  virtual Result<bool> maintain() = 0;
  virtual Status sync_now() = 0;

  // Why nothing can be appended any more: the disk refused once. The process must end.
  virtual std::optional<Error> failure() const = 0;
  virtual bool disk_low() const = 0;
};

}  // namespace penstock::storage
