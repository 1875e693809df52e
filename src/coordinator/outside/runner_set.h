// Threads that run for objects until they are told to stop, by the object's id. Whoever stops
// several tells all of them before it waits for the first, so that stopping them takes as long as
// the slowest, not the sum (rule K9).
//
// Thread-safe; nobody waits for a runner under the lock.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/ids.h"

namespace penstock::coordinator {

// Runner: tell_to_stop() returns at once; the destructor tells, too, and waits for the thread.
template <typename Runner>
class RunnerSet {
 public:
  void put(ObjectId id, std::unique_ptr<Runner> runner) {
    std::lock_guard lock(mutex_);
    CHECK(runners_.emplace(id, std::move(runner)).second);
  }

  void tell_to_stop(ObjectId id) {
    look(id, [](Runner& runner) { runner.tell_to_stop(); });
  }
  void tell_all_to_stop() {
    each([](ObjectId, Runner& runner) { runner.tell_to_stop(); });
  }
  // They have ended when it returns. Ids that are not there are passed over.
  void stop(std::span<const ObjectId> ids) {
    for (ObjectId id : ids) tell_to_stop(id);
    for (ObjectId id : ids) take(id).reset();
  }
  void stop_all() {
    tell_all_to_stop();
    std::map<ObjectId, std::unique_ptr<Runner>> all;
    {
      std::lock_guard lock(mutex_);
      all.swap(runners_);
    }
    all.clear();
  }

  // Shows the runner to `visit`; false when it is not there.
  template <typename Visit>
  bool look(ObjectId id, const Visit& visit) const {
    std::lock_guard lock(mutex_);
    auto found = runners_.find(id);
    if (found == runners_.end()) return false;
    visit(*found->second);
    return true;
  }
  template <typename Visit>
  void each(const Visit& visit) const {
    std::lock_guard lock(mutex_);
    for (const auto& [id, runner] : runners_) visit(id, *runner);
  }

 private:
  std::unique_ptr<Runner> take(ObjectId id) {
    std::lock_guard lock(mutex_);
    auto node = runners_.extract(id);
    return node ? std::move(node.mapped()) : nullptr;
  }

  mutable std::mutex mutex_;
  std::map<ObjectId, std::unique_ptr<Runner>> runners_;
};

}  // namespace penstock::coordinator
