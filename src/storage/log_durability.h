// Durability over a Database: counts what is appended, and one thread that syncs while anything is
// unsynced (rule D1).
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/error.h"
#include "storage/durability.h"
#include "storage/rocksdb/database.h"
#include "storage/tick_writer.h"

namespace penstock::storage {

class LogDurability : public Durability {
 public:
  explicit LogDurability(Database& database) : database_(database) {}
  ~LogDurability() override { stop(); }

  // At start: everything below `upper` is durable.
  void restore(Timeline timeline, Timestamp upper);
  void restore_skipped(Timeline timeline, Timestamp from, Timestamp until);
  void start();
  void stop();

  // A batch is in the log. `timeline` and `time` if it moved an upper to time.next(), and since
  // when the times below were skipped.
  struct Moved {
    Timeline timeline;
    Timestamp time;
    std::optional<Timestamp> skipped_from;
  };
  LogPosition appended_batch(std::optional<Moved> moved, SyncUrgency urgency);
  void advance_upper(Timeline timeline, Timestamp upper);
  // The upper that is in the log; upper() may be ahead of it.
  Timestamp logged_upper(Timeline timeline) const;
  bool wait_logged_upper(Timeline timeline, Timestamp time, std::chrono::microseconds wait);
  Timestamp greatest_upper() const;

  // Syncs in the calling thread.
  Status sync_now();
  // The first refusal of the disk, of an append or a sync; nothing goes on after it.
  void fail_with(const Error& error);
  std::optional<Error> failure() const;

  Timestamp upper(Timeline timeline) const override;
  bool wait_upper(Timeline timeline, Timestamp time, std::chrono::microseconds wait) override;
  Timestamp offered_from(Timeline timeline, Timestamp time) const override;
  bool skipped_within(Timeline timeline, Timestamp from, Timestamp until) const override;
  LogPosition appended() const override;
  LogPosition synced() const override;
  bool wait_synced(LogPosition position, std::chrono::microseconds wait) override;
  Timestamp durable(Timeline timeline) const override;
  bool wait_durable(Timeline timeline, Timestamp time, std::chrono::microseconds wait) override;
  uint64_t observe(std::function<void(LogPosition)> observer) override;
  void unobserve(uint64_t ticket) override;

 private:
  struct Unsynced {
    LogPosition position;
    Timestamp time;
  };
  struct Line {
    Timestamp upper;
    Timestamp logged_upper;
    Timestamp synced_upper;
    std::deque<Unsynced> unsynced;
    std::map<Timestamp, Timestamp> skipped;  // From → the first time that is offered again.
  };
  void run();
  void announce(LogPosition position);
  bool is_durable(Timeline timeline, Timestamp time) const;

  Database& database_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable changed_;
  std::map<Timeline, Line> lines_;
  LogPosition appended_;
  LogPosition synced_;
  bool urgent_ = false;
  bool stopping_ = false;
  std::optional<Error> failure_;
  std::mutex observers_mutex_;  // Held while observers run; taken before nothing else.
  std::map<uint64_t, std::function<void(LogPosition)>> observers_;
  uint64_t next_ticket_ = 1;
  std::thread thread_;
};

}  // namespace penstock::storage
