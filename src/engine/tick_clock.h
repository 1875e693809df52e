// Mints the times of ticks (rule T1): the wall clock, never twice the same, never back. A jump
// forward of more than a minute against the monotonic clock is not followed at once but slewed, at
// twice the pace of time, and logged.
#pragma once

#include "base/clock.h"
#include "base/timestamp.h"

namespace penstock::engine {

// Owned by the ticker's thread.
class TickClock {
 public:
  // The first time will be above `last`.
  TickClock(const Clock& clock, Timestamp last);

  Timestamp mint();
  // The time that mint() would give, without using it up.
  uint64_t now_ms();

 private:
  const Clock& clock_;
  Timestamp last_;
  uint64_t wall_ms_;       // What we take the wall clock to be...
  uint64_t monotonic_us_;  // ... at this monotonic time.
  bool slewing_ = false;
};

}  // namespace penstock::engine
