// What shall run later, in order of time; of two with one time, the one that was added first.
// The queue has no clock: its owner says what time it is.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "connect/net/event_loop.h"

namespace penstock::connect {

class TimerQueue {
 public:
  using Time = EventLoop::Time;
  using TimerId = EventLoop::TimerId;

  TimerId add(Time time, EventLoop::Task task);
  void cancel(TimerId timer);  // Nothing happens if it has run.
  std::optional<Time> next() const;
  // Runs what is due and returns how many that were. What a task adds waits for the next call, so
  // that a task which sets itself up again and again does not keep the caller for ever.
  size_t run_due(Time now);

 private:
  using Key = std::pair<Time, TimerId>;

  std::map<Key, EventLoop::Task> tasks_;
  std::unordered_map<TimerId, Time> times_;  // Of those in tasks_.
  TimerId next_id_ = 1;
};

}  // namespace penstock::connect
