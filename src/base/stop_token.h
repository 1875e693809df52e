// How a thread is told to stop, and waits without missing it. The owner calls stop() and joins; the
// thread asks stopped() or waits with wait_for(). Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace penstock {

class StopToken {
 public:
  void stop() {
    std::lock_guard lock(mutex_);
    stopped_.store(true);
    changed_.notify_all();
  }
  bool stopped() const { return stopped_.load(); }

  // Waits for stop() or the time, whichever is first. True when stopped.
  bool wait_for(std::chrono::microseconds time) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [&] { return stopped_.load(); });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::atomic<bool> stopped_{false};
};

}  // namespace penstock
