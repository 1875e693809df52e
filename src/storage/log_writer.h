// TickWriter over the database: makes each batch, appends it, and then tells memory about it.
#pragma once

#include <map>
#include <mutex>

#include "storage/block.h"
#include "storage/log_durability.h"
#include "storage/store_state.h"
#include "storage/tick_writer.h"

namespace penstock::storage {

class LogWriter : public TickWriter {
 public:
  // `maintenance` is held by whoever rewrites the log of a collection; a drop waits for it.
  LogWriter(Database& database, StoreState& state, LogDurability& durability,
            std::mutex& maintenance)
      : database_(database), state_(state), durability_(durability), maintenance_(maintenance) {}

  Result<LogPosition> append_tick(Timestamp time, std::span<const TickInputRef> inputs,
                                  SyncUrgency urgency) override;
  Result<LogPosition> append_exports(Timeline cluster, Timestamp time, const TickInput& exports,
                                     SyncUrgency urgency) override;
  Result<LogPosition> append_changes(const Changes& changes, SyncUrgency urgency) override;
  Result<LogPosition> move_time_bound(Timestamp bound) override;
  Timestamp time_bound() const override;
  void advance_upper(Timeline timeline, Timestamp upper) override;

  // Writes `batch` and counts it as appended; for what changes no upper.
  Result<LogPosition> append(WriteBatch& batch, SyncUrgency urgency);

 private:
  struct Assembly;
  void add_changes(const Changes& changes, Assembly& assembly);
  void add_input(const TickInput& input, Assembly& assembly);
  void add_staged(const StagedParts& staged, Assembly& assembly);
  void add_runs(Assembly& assembly);
  void add_drop(CollectionId collection, Assembly& assembly);
  Result<LogPosition> write(Assembly& assembly, std::optional<LogDurability::Moved> moved,
                            SyncUrgency urgency);
  void remove_parts(CollectionId collection, Assembly& assembly);
  void remember(Assembly& assembly);

  Database& database_;
  StoreState& state_;
  LogDurability& durability_;
  std::mutex& maintenance_;
};

}  // namespace penstock::storage
