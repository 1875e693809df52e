// The only way in: every durable change is one atomic batch at the end of one log (rule D1).
//
// append_* return when the batch is in the log and readable, before it is synced; nothing that
// shows it may leave the process until durability() says so (rule D2). Batches of one timeline come
// from one thread, with ascending times; append_changes() from any thread.
// An error means the disk refused: the log's end is then unknown and the process must end.
#pragma once

#include <span>

#include "base/result.h"
#include "base/timestamp.h"
#include "storage/durability.h"
#include "storage/tick_input.h"

namespace penstock::storage {

// When the sync thread should begin. kSoon: now. kWithNext: an append that follows at once will ask
// (so that one sync covers a tick and its exports); it begins by itself a millisecond later.
enum class SyncUrgency : uint8_t { kSoon, kWithNext };

class TickWriter {
 public:
  virtual ~TickWriter() = default;

  // A tick's inputs, bindings and changes in one batch; moves the inputs' upper to time.next() and
  // the durable time bound one second ahead (rule T2). REQUIRES: time >= upper of the inputs.
  virtual Result<LogPosition> append_tick(Timestamp time, std::span<const TickInputRef> inputs,
                                          SyncUrgency urgency) = 0;
  // The exports of a cluster at `time`, and U_c = time.next(), in one batch. Several ticks without
  // a change may be skipped: U_c moves over them.
  virtual Result<LogPosition> append_exports(Timeline cluster, Timestamp time,
                                             const TickInput& exports, SyncUrgency urgency) = 0;
  // Facts that belong to no tick: catalog, K and R of sinks, holds.
  virtual Result<LogPosition> append_changes(const Changes& changes, SyncUrgency urgency) = 0;

  // Moves the durable time bound to `bound` if it is below.
  virtual Result<LogPosition> move_time_bound(Timestamp bound) = 0;
  virtual Timestamp time_bound() const = 0;

  // Nothing happened on this timeline below `upper`: moves the upper in memory only. A later append
  // makes it durable. REQUIRES: upper is at most the durable time bound when it is shown.
  virtual void advance_upper(Timeline timeline, Timestamp upper) = 0;
};

}  // namespace penstock::storage
