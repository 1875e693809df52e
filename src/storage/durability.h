// What is appended and what is synced: uppers and D per timeline, and waiting for either.
//
// D_in and D_c (rules D1, D2): the last tick of the inputs, or of the exports of cluster c, that a
// finished sync covers. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/timestamp.h"
#include "storage/collection.h"

namespace penstock::storage {

// A place in the log: everything at or below a synced position is durable. 0 = nothing.
struct LogPosition {
  uint64_t value = 0;
  friend constexpr auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

class Durability {
 public:
  virtual ~Durability() = default;

  virtual Timestamp upper(Timeline timeline) const = 0;
  // Waits up to `wait` for upper(timeline) > time; whether it is.
  virtual bool wait_upper(Timeline timeline, Timestamp time, std::chrono::microseconds wait) = 0;

  // The first time at or after `time` that the timeline offers, among those below its upper: later
  // than `time` if a cluster skipped that (rule S5).
  virtual Timestamp offered_from(Timeline timeline, Timestamp time) const = 0;

  // Whether a time in [from, until) was skipped.
  virtual bool skipped_within(Timeline timeline, Timestamp from, Timestamp until) const = 0;

  virtual LogPosition appended() const = 0;
  virtual LogPosition synced() const = 0;
  virtual bool wait_synced(LogPosition position, std::chrono::microseconds wait) = 0;

  // D of the timeline: a tick whose batch is synced. Time that was only advanced in memory does not
  // count: a restart would not find it (rule K2).
  virtual Timestamp durable(Timeline timeline) const = 0;
  // Waits up to `wait` until upper(timeline) > time and nothing at or before `time` is unsynced;
  // whether it is so.
  virtual bool wait_durable(Timeline timeline, Timestamp time, std::chrono::microseconds wait) = 0;

  // Called on the sync thread after every sync; must not block. Returns a ticket for unobserve().
  virtual uint64_t observe(std::function<void(LogPosition)> observer) = 0;
  virtual void unobserve(uint64_t ticket) = 0;  // After this the observer is not running.
};

}  // namespace penstock::storage
