// Shared and exclusive locks over one mutex: they are taken once a statement.
#include "coordinator/table_locks.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace penstock::coordinator {

TableLocks::Guard::Guard(Guard&& other) noexcept
    : locks_(std::exchange(other.locks_, nullptr)),
      mode_(other.mode_),
      tables_(std::move(other.tables_)) {}

TableLocks::Guard& TableLocks::Guard::operator=(Guard&& other) noexcept {
  if (this == &other) return *this;
  release();
  locks_ = std::exchange(other.locks_, nullptr);
  mode_ = other.mode_;
  tables_ = std::move(other.tables_);
  return *this;
}

void TableLocks::Guard::release() {
  if (locks_ == nullptr) return;
  {
    std::lock_guard lock(locks_->mutex_);
    for (CollectionId table : tables_) locks_->give_back(table, mode_);
  }
  locks_->changed_.notify_all();
  locks_ = nullptr;
}

bool TableLocks::Guard::holds(const std::vector<CollectionId>& tables) const {
  return std::ranges::all_of(
      tables, [&](CollectionId table) { return std::ranges::binary_search(tables_, table); });
}

TableLocks::Guard TableLocks::guard_of(LockMode mode) {
  Guard guard;
  guard.locks_ = this;
  guard.mode_ = mode;
  return guard;
}

bool TableLocks::try_take(CollectionId table, LockMode mode) {
  State& state = states_[table];
  if (mode == LockMode::kAlone) {
    if (state.alone || state.shared > 0) return false;
    state.alone = true;
    return true;
  }
  if (state.alone || state.waiting_alone > 0) return false;
  ++state.shared;
  return true;
}

void TableLocks::give_back(CollectionId table, LockMode mode) {
  auto found = states_.find(table);
  if (mode == LockMode::kAlone) {
    found->second.alone = false;
  } else {
    --found->second.shared;
  }
  const State& state = found->second;
  if (!state.alone && state.shared == 0 && state.waiting_alone == 0) states_.erase(found);
}

namespace {

void sort_once(std::vector<CollectionId>& tables) {
  std::ranges::sort(tables);
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
}

}  // namespace

std::optional<TableLocks::Guard> TableLocks::try_lock(std::vector<CollectionId> tables,
                                                      LockMode mode) {
  sort_once(tables);
  Guard guard = guard_of(mode);  // Gives back, without the mutex, what was taken in vain.
  std::lock_guard lock(mutex_);
  for (CollectionId table : tables) {
    auto state = states_.find(table);
    if (state != states_.end() && state->second.waiting_alone > 0) return std::nullopt;
    if (!try_take(table, mode)) return std::nullopt;
    guard.tables_.push_back(table);
  }
  return guard;
}

Result<TableLocks::Guard> TableLocks::lock(std::vector<CollectionId> tables, LockMode mode,
                                           const StopToken& cancelled, Deadline deadline) {
  sort_once(tables);
  Guard guard = guard_of(mode);
  for (CollectionId table : tables) {
    std::unique_lock lock(mutex_);
    bool alone = mode == LockMode::kAlone;
    if (alone) ++states_[table].waiting_alone;
    bool taken = false;
    bool late = false;
    while (!cancelled.stopped() && !late && !(taken = try_take(table, mode))) {
      late = deadline && std::chrono::steady_clock::now() >= *deadline;
      changed_.wait_for(lock, std::chrono::milliseconds(50));
    }
    if (alone) --states_[table].waiting_alone;
    if (!taken) {
      // What was taken so far goes back with the guard, which needs the mutex.
      lock.unlock();
      changed_.notify_all();
      return fail(sql_state::kQueryCanceled, late ? "canceling statement due to statement timeout"
                                                  : "canceling statement due to user request");
    }
    guard.tables_.push_back(table);
  }
  return guard;
}

}  // namespace penstock::coordinator
