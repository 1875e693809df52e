// Slewing: while the wall clock is far ahead, our time runs at double pace towards it.
#include "engine/tick_clock.h"

#include <algorithm>

#include "base/log.h"

namespace penstock::engine {
namespace {

constexpr uint64_t kJumpMs = 60'000;

}  // namespace

TickClock::TickClock(const Clock& clock, Timestamp last)
    : clock_(clock), last_(last), wall_ms_(clock.wall_ms()), monotonic_us_(clock.monotonic_us()) {}

uint64_t TickClock::now_ms() {
  uint64_t wall = clock_.wall_ms();
  uint64_t monotonic = clock_.monotonic_us();
  uint64_t elapsed_ms = (monotonic - monotonic_us_) / 1000;
  uint64_t expected = wall_ms_ + elapsed_ms;
  if (wall > expected + (slewing_ ? 0 : kJumpMs)) {
    if (!slewing_) {
      log_warn("engine", "the wall clock jumped forward; ticks follow it slowly",
               {{"jump_ms", std::to_string(wall - expected)}});
    }
    slewing_ = true;
    expected = std::min(wall, expected + elapsed_ms);
  } else {
    slewing_ = false;
    expected = wall;
  }
  if (elapsed_ms > 0) {
    wall_ms_ = expected;
    // Whole milliseconds only: what is left counts next time.
    monotonic_us_ += elapsed_ms * 1000;
  }
  return expected;
}

Timestamp TickClock::mint() {
  last_ = Timestamp{std::max(now_ms(), last_.ms + 1)};
  return last_;
}

}  // namespace penstock::engine
