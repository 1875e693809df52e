// The machine's clock over <chrono>.
#include "base/clock.h"

#include <chrono>

namespace penstock {
namespace {

template <typename Unit, typename ClockType>
uint64_t since_epoch() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<Unit>(ClockType::now().time_since_epoch()).count());
}

class SystemClock final : public Clock {
 public:
  uint64_t wall_ms() const override {
    return since_epoch<std::chrono::milliseconds, std::chrono::system_clock>();
  }
  uint64_t wall_us() const override {
    return since_epoch<std::chrono::microseconds, std::chrono::system_clock>();
  }
  uint64_t monotonic_us() const override {
    return since_epoch<std::chrono::microseconds, std::chrono::steady_clock>();
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace penstock
