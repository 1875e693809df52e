// What a sink tells the outside about itself: status, statistics, frontier, what it is doing.
// Written by the sink's thread, read by any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "connect/kafka/transactional_producer.h"
#include "sinks/sink_activity.h"

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

  // A transaction begins, and none is open.
  void begin_transaction(uint64_t at_us);
  // Messages, the first of them stamped `time` or earlier, are in the open transaction.
  void stage(uint64_t messages, uint64_t bytes, Timestamp time);
  // What is open is being committed; its outcome is not known, and why.
  void ask_for_commit();
  void doubt(const std::string& cause);
  // What is open is committed, and `written` of it in each partition; or it is not, or will not be.
  void commit(const CommittedTransaction& done, std::span<const connect::WrittenPartition> written);
  void abort(const AbortedTransaction& done);
  SinkTransactions transactions() const;
  std::map<int32_t, PartitionProgress> partitions() const;

  // `progress` is what is known at the start, or when it begins anew at another time.
  void expect_snapshot(const SnapshotProgress& progress);
  void begin_snapshot_part(uint64_t at_us, uint64_t rows_done);
  // A transaction of it is committed; `rows_done` in all.
  void end_snapshot_part(uint64_t at_us, uint64_t rows_done);
  void end_snapshot(uint64_t at_us);
  std::optional<SnapshotProgress> snapshot() const;

  void count_violations(uint64_t keys) {
    std::lock_guard lock(mutex_);
    statistics_.key_violations += keys;
  }
  void count_refused(uint64_t messages) {
    std::lock_guard lock(mutex_);
    transactions_.refused += messages;
  }
  void count_partition_errors(uint64_t rows) {
    std::lock_guard lock(mutex_);
    statistics_.partition_errors += rows;
  }
  SinkStatistics statistics() const {
    std::lock_guard lock(mutex_);
    return statistics_;
  }

  void set_partition_count(int32_t partitions) {
    std::lock_guard lock(mutex_);
    partition_count_ = partitions;
  }
  int32_t partition_count() const {
    std::lock_guard lock(mutex_);
    return partition_count_;
  }
  void advance_progress_reading(int64_t left, uint64_t consumed) {
    std::lock_guard lock(mutex_);
    progress_.outstanding = left;
    progress_.consumed += consumed;
  }
  ProgressReading progress_reading() const {
    std::lock_guard lock(mutex_);
    return progress_;
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
  SinkTransactions transactions_;
  std::map<int32_t, PartitionProgress> partitions_;
  std::optional<SnapshotProgress> snapshot_;
  int32_t partition_count_ = 0;
  ProgressReading progress_;
  Timestamp frontier_ = Timestamp::min();
};

}  // namespace penstock::sinks
