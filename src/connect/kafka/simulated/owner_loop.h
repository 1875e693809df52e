// The loop of one producer, reader or admin on a simulated network that many share. As in a real
// process, nothing of an owner happens but inside run() of its own loop: while its thread is busy
// elsewhere, timers become due and answers arrive, and wait.
//
// Loops belong to a SimulatedProcess, which can be paused, and which can die between any two
// things that happen to it: then its links are closed, nothing that it sends goes anywhere, and
// nothing happens to it any more, while its calls come to their ends. One thread.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "connect/kafka/simulated/simulated_loop.h"

namespace penstock::connect::kafka {

class OwnerLoop;

// Rates are one in so many things that happen to the process; 0 = never.
struct ProcessFaults {
  // Its threads stand still for a while: a debugger, a sleeping machine.
  uint64_t pause_one_in = 0;
  std::chrono::milliseconds pause_most{3'000};
  // The peer takes nothing for a while: what is sent stays with us.
  uint64_t stall_one_in = 0;
  std::chrono::milliseconds stall_most{3'000};
  // The wall clock jumps, back or forth.
  uint64_t jump_one_in = 0;
  std::chrono::milliseconds jump_most{7'200'000};
};

class SimulatedProcess {
 public:
  explicit SimulatedProcess(SimulatedLoop& network) : network_(network) {}
  SimulatedProcess(const SimulatedProcess&) = delete;
  SimulatedProcess& operator=(const SimulatedProcess&) = delete;

  // It dies with the thing of this number from now on; 0: it lives on.
  void die_after(uint64_t things) { left_ = things; }
  void die();
  bool dead() const { return dead_; }
  // The request that was sent last, by any of its loops.
  ProtocolStep last_step() const { return last_step_; }

  // Told at the moment of death.
  std::function<void()> on_death = [] {};

  ProcessFaults faults;
  SimulatedLoop& network() const { return network_; }

 private:
  friend class OwnerLoop;
  friend struct OwnerLink;

  // Something is about to happen to it. False: it has died.
  bool live();
  bool drawn(uint64_t one_in, std::string_view fault) {
    return network_.drawn(one_in, fault, last_step_);
  }

  SimulatedLoop& network_;
  std::vector<OwnerLoop*> loops_;
  bool dead_ = false;
  uint64_t left_ = 0;  // 0: no end is planned.
  ProtocolStep last_step_ = ProtocolStep::kConnect;
};

class OwnerLoop final : public EventLoop {
 public:
  // `process` must outlive the loop.
  explicit OwnerLoop(SimulatedProcess& process);
  ~OwnerLoop() override;

  Time now() const override { return network().now(); }
  int64_t unix_ms() const override { return network().unix_ms(); }
  TimerId at(Time time, Task task) override;
  void cancel(TimerId timer) override;
  std::unique_ptr<Link> connect(const LinkOptions& options, LinkEvents& events) override;
  void run(std::chrono::microseconds wait) override;

 private:
  friend class SimulatedProcess;
  friend struct OwnerLink;
  struct Timer {
    TimerId in_network;
    Task task;
  };

  SimulatedLoop& network() const { return process_.network_; }
  // True: something happened.
  bool do_what_is_due();
  void stand_still();

  SimulatedProcess& process_;
  std::map<TimerId, Timer> timers_;
  TimerId next_timer_ = 1;
  std::deque<Task> due_;
  std::vector<std::weak_ptr<struct OwnerLink>> links_;
};

}  // namespace penstock::connect::kafka
