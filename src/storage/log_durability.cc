// The sync thread and everybody who waits for it.
#include "storage/log_durability.h"

#include <algorithm>

#include "base/check.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_name.h"

namespace penstock::storage {

namespace {

// How long a sync waits for the append that was promised to follow.
constexpr std::chrono::milliseconds kFollowWait(1);

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void LogDurability::restore(Timeline timeline, Timestamp upper) {
  std::lock_guard lock(mutex_);
  Line& line = lines_[timeline];
  line.upper = line.logged_upper = line.synced_upper = upper;
}

void LogDurability::restore_skipped(Timeline timeline, Timestamp from, Timestamp until) {
  std::lock_guard lock(mutex_);
  lines_[timeline].skipped[from] = until;
}

void LogDurability::start() {
  thread_ = std::thread([this] { run(); });
}

void LogDurability::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

LogPosition LogDurability::appended_batch(std::optional<Moved> moved, SyncUrgency urgency) {
  std::lock_guard lock(mutex_);
  appended_.value += 1;
  if (moved) {
    Line& line = lines_[moved->timeline];
    CHECK_OP(>=, moved->time.ms, line.logged_upper.ms);
    // Together with the upper: who sees that it has passed a time sees that the time was skipped.
    if (moved->skipped_from) line.skipped[*moved->skipped_from] = moved->time;
    line.logged_upper = moved->time.next();
    line.upper = std::max(line.upper, line.logged_upper);
    line.unsynced.push_back({appended_, moved->time});
    changed_.notify_all();
  }
  if (urgency == SyncUrgency::kSoon) urgent_ = true;
  work_.notify_one();
  return appended_;
}

void LogDurability::advance_upper(Timeline timeline, Timestamp upper) {
  std::lock_guard lock(mutex_);
  Line& line = lines_[timeline];
  if (line.upper >= upper) return;
  line.upper = upper;
  changed_.notify_all();
}

Timestamp LogDurability::logged_upper(Timeline timeline) const {
  std::lock_guard lock(mutex_);
  auto found = lines_.find(timeline);
  return found == lines_.end() ? Timestamp::min() : found->second.logged_upper;
}

Timestamp LogDurability::greatest_upper() const {
  std::lock_guard lock(mutex_);
  Timestamp greatest = Timestamp::min();
  for (const auto& [timeline, line] : lines_) greatest = std::max(greatest, line.logged_upper);
  return greatest;
}

void LogDurability::run() {
  name_this_thread("log sync");
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stopping_ || (appended_ > synced_ && !failure_); });
    if (stopping_) return;
    if (!urgent_) work_.wait_for(lock, kFollowWait, [&] { return stopping_ || urgent_; });
    urgent_ = false;
    lock.unlock();
    static_cast<void>(sync_now());
    lock.lock();
  }
}

Status LogDurability::sync_now() {
  static Histogram& duration =
      metric_histogram("penstock_storage_sync_seconds", "How long one sync of the log takes.", {});
  LogPosition position = appended();
  auto start = std::chrono::steady_clock::now();
  Status status = database_.sync();
  duration.observe(seconds_since(start));
  if (status && failpoint("storage.sync_error")) {
    status = fail(sql_state::kIoError, "storage: the log could not be synced (failpoint)");
  }
  if (!status) {
    // What a failed sync left on disk is unknown, and asking again may answer wrongly.
    fail_with(status.error());
    return status;
  }
  failpoint("storage.after_sync");
  announce(position);
  return {};
}

void LogDurability::announce(LogPosition position) {
  {
    std::lock_guard lock(mutex_);
    if (position <= synced_) return;
    synced_ = position;
    for (auto& [timeline, line] : lines_) {
      while (!line.unsynced.empty() && line.unsynced.front().position <= position) {
        line.synced_upper = line.unsynced.front().time.next();
        line.unsynced.pop_front();
      }
    }
    changed_.notify_all();
  }
  std::lock_guard lock(observers_mutex_);
  for (const auto& [ticket, observer] : observers_) observer(position);
}

void LogDurability::fail_with(const Error& error) {
  std::lock_guard lock(mutex_);
  if (failure_) return;
  failure_ = error;
  log_error("storage", "the disk refused; the process must end", {{"error", error.message}});
  changed_.notify_all();
}

std::optional<Error> LogDurability::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

Timestamp LogDurability::upper(Timeline timeline) const {
  std::lock_guard lock(mutex_);
  auto found = lines_.find(timeline);
  return found == lines_.end() ? Timestamp::min() : found->second.upper;
}

bool LogDurability::wait_upper(Timeline timeline, Timestamp time, std::chrono::microseconds wait) {
  std::unique_lock lock(mutex_);
  auto passed = [&] {
    auto found = lines_.find(timeline);
    return found != lines_.end() && found->second.upper > time;
  };
  changed_.wait_for(lock, wait, [&] { return passed() || failure_ || stopping_; });
  return passed();
}

bool LogDurability::wait_logged_upper(Timeline timeline, Timestamp time,
                                      std::chrono::microseconds wait) {
  std::unique_lock lock(mutex_);
  auto passed = [&] {
    auto found = lines_.find(timeline);
    return found != lines_.end() && found->second.logged_upper > time;
  };
  changed_.wait_for(lock, wait, [&] { return passed() || failure_ || stopping_; });
  return passed();
}

Timestamp LogDurability::offered_from(Timeline timeline, Timestamp time) const {
  std::lock_guard lock(mutex_);
  auto line = lines_.find(timeline);
  if (line == lines_.end()) return time;
  auto after = line->second.skipped.upper_bound(time);
  if (after == line->second.skipped.begin()) return time;
  return std::max(time, std::prev(after)->second);
}

bool LogDurability::skipped_within(Timeline timeline, Timestamp from, Timestamp until) const {
  std::lock_guard lock(mutex_);
  auto line = lines_.find(timeline);
  if (line == lines_.end()) return false;
  auto at = line->second.skipped.lower_bound(until);
  return at != line->second.skipped.begin() && std::prev(at)->second > from;
}

LogPosition LogDurability::appended() const {
  std::lock_guard lock(mutex_);
  return appended_;
}

LogPosition LogDurability::synced() const {
  std::lock_guard lock(mutex_);
  return synced_;
}

bool LogDurability::wait_synced(LogPosition position, std::chrono::microseconds wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [&] { return synced_ >= position || failure_; });
  return synced_ >= position;
}

Timestamp LogDurability::durable(Timeline timeline) const {
  std::lock_guard lock(mutex_);
  auto found = lines_.find(timeline);
  if (found == lines_.end() || found->second.synced_upper.ms == 0) return Timestamp::min();
  return found->second.synced_upper.previous();
}

bool LogDurability::is_durable(Timeline timeline, Timestamp time) const {
  auto found = lines_.find(timeline);
  if (found == lines_.end() || found->second.upper <= time) return false;
  return found->second.unsynced.empty() || time < found->second.unsynced.front().time;
}

bool LogDurability::wait_durable(Timeline timeline, Timestamp time,
                                 std::chrono::microseconds wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait,
                    [&] { return is_durable(timeline, time) || failure_ || stopping_; });
  return is_durable(timeline, time);
}

uint64_t LogDurability::observe(std::function<void(LogPosition)> observer) {
  std::lock_guard lock(observers_mutex_);
  observers_[next_ticket_] = std::move(observer);
  return next_ticket_++;
}

void LogDurability::unobserve(uint64_t ticket) {
  std::lock_guard lock(observers_mutex_);
  observers_.erase(ticket);
}

}  // namespace penstock::storage
