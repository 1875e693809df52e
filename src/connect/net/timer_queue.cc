// TimerQueue over an ordered map.
#include "connect/net/timer_queue.h"

#include <utility>
#include <vector>

namespace penstock::connect {

TimerQueue::TimerId TimerQueue::add(Time time, EventLoop::Task task) {
  const TimerId id = next_id_++;
  tasks_.emplace(Key{time, id}, std::move(task));
  times_.emplace(id, time);
  return id;
}

void TimerQueue::cancel(TimerId timer) {
  const auto found = times_.find(timer);
  if (found == times_.end()) return;
  tasks_.erase(Key{found->second, timer});
  times_.erase(found);
}

std::optional<TimerQueue::Time> TimerQueue::next() const {
  if (tasks_.empty()) return std::nullopt;
  return tasks_.begin()->first.first;
}

size_t TimerQueue::run_due(Time now) {
  if (tasks_.empty() || tasks_.begin()->first.first > now) return 0;
  std::vector<Key> due;
  for (const auto& [key, task] : tasks_) {
    if (key.first > now) break;
    due.push_back(key);
  }
  size_t count = 0;
  for (const Key& key : due) {
    const auto found = tasks_.find(key);
    if (found == tasks_.end()) continue;  // A task before it has cancelled it.
    EventLoop::Task task = std::move(found->second);
    tasks_.erase(found);
    times_.erase(key.second);
    task();
    ++count;
  }
  return count;
}

}  // namespace penstock::connect
