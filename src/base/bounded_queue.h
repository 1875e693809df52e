// A queue between two threads, bounded in bytes. Full means the producer waits (push) or is told
// (try_push); it is never an error and never a growing queue.
//
// One item larger than the limit is let in when the queue is empty, so nothing can be stuck for its
// size. Thread-safe. close() wakes everybody; what is queued can still be popped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace penstock {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Waits for room. False when the queue was closed; the item is then dropped.
  bool push(T item, size_t item_bytes) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || has_room(item_bytes); });
    if (closed_) return false;
    add(std::move(item), item_bytes);
    return true;
  }

  // False when there is no room or the queue is closed; `item` is then untouched.
  bool try_push(T& item, size_t item_bytes) {
    std::lock_guard lock(mutex_);
    if (closed_ || !has_room(item_bytes)) return false;
    add(std::move(item), item_bytes);
    return true;
  }

  // Waits for an item; nothing when the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return take();
  }

  // Waits at most `timeout`; nothing when no item came.
  std::optional<T> pop_for(std::chrono::microseconds timeout) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, timeout, [&] { return closed_ || !items_.empty(); });
    return take();
  }

  std::optional<T> try_pop() {
    std::lock_guard lock(mutex_);
    return take();
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    ready_.notify_all();
    room_.notify_all();
  }

  size_t size_bytes() const {
    std::lock_guard lock(mutex_);
    return used_bytes_;
  }
  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  bool has_room(size_t item_bytes) const {
    return items_.empty() || used_bytes_ + item_bytes <= limit_bytes_;
  }
  void add(T item, size_t item_bytes) {
    items_.emplace_back(std::move(item), item_bytes);
    used_bytes_ += item_bytes;
    ready_.notify_one();
  }
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::pair<T, size_t> front = std::move(items_.front());
    items_.pop_front();
    used_bytes_ -= front.second;
    room_.notify_all();
    return std::move(front.first);
  }

  const size_t limit_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable room_;
  std::deque<std::pair<T, size_t>> items_;
  size_t used_bytes_ = 0;
  bool closed_ = false;
};

}  // namespace penstock
