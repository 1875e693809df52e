// Threads for work that may block: statements, contacts with the outside. A task gets a thread at
// once: an idle one, or a new one up to the limit; beyond it, it waits its turn.
//
// post() from any thread. stop() refuses new tasks, drops those that wait, and joins.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace penstock::coordinator {

class TaskPool {
 public:
  explicit TaskPool(size_t max_threads) : max_threads_(max_threads) {}
  ~TaskPool() { stop(); }
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  // False when stopping; the task is then dropped.
  bool post(std::function<void()> task);
  void stop();

 private:
  void run();

  const size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace penstock::coordinator
