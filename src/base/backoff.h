// The wait before a retry: doubles from `first` to `most`, and starts again after success.
#pragma once

#include <algorithm>
#include <chrono>

namespace penstock {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most)
      : first_(first), most_(most), next_(first) {}

  std::chrono::milliseconds next() {
    std::chrono::milliseconds now = next_;
    next_ = std::min(most_, next_ * 2);
    return now;
  }
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds most_;
  std::chrono::milliseconds next_;
};

}  // namespace penstock
