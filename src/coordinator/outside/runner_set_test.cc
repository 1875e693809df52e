// Several that stop slowly stop together.
#include "coordinator/outside/runner_set.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/stop_token.h"

namespace penstock::coordinator {
namespace {

// What the runners of a test have been told so far.
struct Told {
  std::mutex mutex;
  std::condition_variable changed;
  int count = 0;
  int late = 0;  // Runners that ended before all they wait for were told.
};

// Ends only when `awaited` runners have been told to stop, or after a while.
class PatientRunner {
 public:
  PatientRunner(Told& told, int awaited) : told_(told) {
    thread_ = std::thread([this, awaited] {
      while (!stop_.wait_for(std::chrono::seconds(10))) continue;
      std::unique_lock lock(told_.mutex);
      bool all = told_.changed.wait_for(lock, std::chrono::seconds(5),
                                        [&] { return told_.count >= awaited; });
      if (!all) ++told_.late;
    });
  }
  ~PatientRunner() {
    tell_to_stop();
    thread_.join();
  }
  void tell_to_stop() {
    if (stop_.stopped()) return;
    stop_.stop();
    std::lock_guard lock(told_.mutex);
    ++told_.count;
    told_.changed.notify_all();
  }

 private:
  Told& told_;
  StopToken stop_;
  std::thread thread_;
};

class Runners : public testing::Test {
 protected:
  void start(uint64_t id, int awaited) {
    runners_.put(ObjectId{id}, std::make_unique<PatientRunner>(told_, awaited));
  }
  std::vector<uint64_t> running() const {
    std::vector<uint64_t> ids;
    runners_.each([&](ObjectId id, const PatientRunner&) { ids.push_back(id.value); });
    return ids;
  }

  Told told_;
  RunnerSet<PatientRunner> runners_;
};

TEST_F(Runners, AllAreToldBeforeOneIsWaitedFor) {
  for (uint64_t id = 1; id <= 12; ++id) start(id, 12);
  runners_.stop_all();
  EXPECT_EQ(told_.late, 0);
  EXPECT_EQ(running(), std::vector<uint64_t>{});
}

TEST_F(Runners, SoAreThoseThatStopAmongOthers) {
  for (uint64_t id = 1; id <= 3; ++id) start(id, 2);
  const ObjectId some[] = {ObjectId{1}, ObjectId{3}, ObjectId{7}};
  runners_.stop(some);
  EXPECT_EQ(told_.late, 0);
  EXPECT_EQ(running(), std::vector<uint64_t>{2});
}

TEST_F(Runners, TellingDoesNotWait) {
  start(1, 2);
  start(2, 2);
  runners_.tell_to_stop(ObjectId{1});
  EXPECT_EQ(running(), (std::vector<uint64_t>{1, 2}));
  runners_.tell_all_to_stop();
  EXPECT_EQ(told_.count, 2);
  runners_.stop_all();
  EXPECT_EQ(told_.late, 0);
}

}  // namespace
}  // namespace penstock::coordinator
