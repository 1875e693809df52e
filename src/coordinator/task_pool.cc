// A pool that grows to its limit and never shrinks: threads that sleep cost little.
#include "coordinator/task_pool.h"

#include "base/thread_name.h"

#include <utility>

namespace penstock::coordinator {

bool TaskPool::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  if (idle_ < tasks_.size() && threads_.size() < max_threads_) {
    threads_.emplace_back([this] { run(); });
  }
  ready_.notify_one();
  return true;
}

void TaskPool::stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
    threads.swap(threads_);
    ready_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
}

void TaskPool::run() {
  name_this_thread("session");
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    ready_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (stopping_) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace penstock::coordinator
