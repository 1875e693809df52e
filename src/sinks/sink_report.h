// What a sink tells the outside about itself: status, statistics, frontier. Written by the sink's
// thread, read by any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/timestamp.h"

namespace penstock::sinks {

enum class SinkHealth { kStarting, kRunning, kStalled };

struct SinkStatus {
  SinkHealth health = SinkHealth::kStarting;
  std::string error;  // "kafka: ..." when stalled.
  std::vector<std::string> hints;
  friend bool operator==(const SinkStatus&, const SinkStatus&) = default;
};

// Keys and values of messages, progress records excluded. Staged counts what is committed or on its
// way: what is sent again after a fault counts once.
struct SinkStatistics {
  uint64_t messages_staged = 0;
  uint64_t messages_committed = 0;
  uint64_t bytes_staged = 0;
  uint64_t bytes_committed = 0;
  uint64_t transactions = 0;
  uint64_t key_violations = 0;    // Keys with more than one change in a tick (NOT ENFORCED).
  uint64_t partition_errors = 0;  // PARTITION BY was NULL or failed: partition 0.
  friend bool operator==(const SinkStatistics&, const SinkStatistics&) = default;
};

class SinkReport {
 public:
  using Listener = std::function<void(const SinkStatus&)>;

  // `listener` hears every change of status, on the sink's thread; may be empty.
  explicit SinkReport(Listener listener) : listener_(std::move(listener)) {}

  void set_status(const SinkStatus& status) {
    {
      std::lock_guard lock(mutex_);
      if (status == status_ && told_) return;
      status_ = status;
      told_ = true;
    }
    if (listener_) listener_(status);
  }
  SinkStatus status() const {
    std::lock_guard lock(mutex_);
    return status_;
  }

  void stage(uint64_t messages, uint64_t bytes) {
    std::lock_guard lock(mutex_);
    statistics_.messages_staged += messages;
    statistics_.bytes_staged += bytes;
  }
  void unstage(uint64_t messages, uint64_t bytes) {
    std::lock_guard lock(mutex_);
    statistics_.messages_staged -= messages;
    statistics_.bytes_staged -= bytes;
  }
  void commit(uint64_t messages, uint64_t bytes) {
    std::lock_guard lock(mutex_);
    statistics_.messages_committed += messages;
    statistics_.bytes_committed += bytes;
    ++statistics_.transactions;
  }
  void count_violations(uint64_t keys) {
    std::lock_guard lock(mutex_);
    statistics_.key_violations += keys;
  }
  void count_partition_errors(uint64_t rows) {
    std::lock_guard lock(mutex_);
    statistics_.partition_errors += rows;
  }
  SinkStatistics statistics() const {
    std::lock_guard lock(mutex_);
    return statistics_;
  }

  // All ticks below it are committed, or had nothing to send.
  void set_frontier(Timestamp frontier) {
    std::lock_guard lock(mutex_);
    frontier_ = frontier;
  }
  Timestamp frontier() const {
    std::lock_guard lock(mutex_);
    return frontier_;
  }

 private:
  const Listener listener_;
  mutable std::mutex mutex_;
  SinkStatus status_;
  bool told_ = false;
  SinkStatistics statistics_;
  Timestamp frontier_ = Timestamp::min();
};

}  // namespace penstock::sinks
