// Wall and monotonic time, injectable so that tests own it. Units are in the names.
#pragma once

#include <cstdint>

namespace penstock {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual uint64_t wall_ms() const = 0;       // Since 1970; may jump.
  virtual uint64_t wall_us() const = 0;       // Since 1970; may jump.
  virtual uint64_t monotonic_us() const = 0;  // From an arbitrary start; never jumps.
};

// The machine's clock. Thread-safe.
const Clock& system_clock();

}  // namespace penstock
