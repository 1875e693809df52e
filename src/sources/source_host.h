// What a running source needs of the house: a way to hand over ticks, a place to stage, facts that
// survive, and somebody to tell how it goes. Implemented by the coordinator over engine and
// storage; by a fake in tests.
//
// Thread-safe. Outlives the sources.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "connect/postgres/postgres_connection.h"
#include "storage/staging.h"
#include "storage/tick_input.h"

namespace penstock::sources {

enum class SourceState : uint8_t { kStarting, kRunning, kStalled, kPaused };

struct SourceStatus {
  SourceState state = SourceState::kStarting;
  std::string cause;  // Empty while all is well.
  std::string hint;   // What would mend it.
  friend bool operator==(const SourceStatus&, const SourceStatus&) = default;
};

class SourceHost {
 public:
  virtual ~SourceHost() = default;

  // Hands an input to the next tick with room; false when there is none now. `durable` is called
  // once its tick is synced, on another thread, possibly after the source is gone; it must not
  // block. Inputs of one source become durable in the order in which they were handed over.
  virtual bool try_submit(storage::TickInputRef input, std::function<void()> durable) = 0;

  virtual Result<std::unique_ptr<storage::StagingWriter>> stage(CollectionId collection) = 0;
  virtual Status discard(const storage::StagedParts& parts) = 0;
  // A fact of the meta store, as it was appended last.
  virtual Result<std::optional<std::string>> fact(std::string_view key) = 0;

  // The server as the connection and its secrets describe it now (ALTER takes effect here).
  virtual Result<connect::PostgresOptions> postgres_options(ObjectId connection) = 0;

  // Nothing may be ingested for now (the disk is nearly full); why. Empty = go on.
  virtual std::string ingestion_pause() = 0;
  virtual void set_status(ObjectId source, const SourceStatus& status) = 0;
};

// Counters of one source or one of its tables since the process started. Plain values.
struct SourceStatistics {
  uint64_t messages_received = 0;
  uint64_t bytes_received = 0;
  uint64_t updates_staged = 0;
  uint64_t updates_committed = 0;
  std::optional<uint64_t> snapshot_records_known;
  std::optional<uint64_t> snapshot_records_staged;
  bool snapshot_committed = false;
  std::optional<uint64_t> offset_known;  // LSN.
  std::optional<uint64_t> offset_committed;
};

}  // namespace penstock::sources
