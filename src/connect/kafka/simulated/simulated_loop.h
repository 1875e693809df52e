// An EventLoop with a clock and a network of its own: nothing happens but what the seed decides,
// and an hour passes in the time that its events take.
//
// The network is what TCP is to its users: each direction of a link is a stream in order, different
// links know nothing of each other's order, and bytes that left one side before it closed may reach
// the other long afterwards, or never. Faults are drawn from the seed by the rates in
// NetworkFaults. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "connect/kafka/simulated/protocol_step.h"
#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

// Rates are one in so many; 0 = never.
struct NetworkFaults {
  std::chrono::microseconds latency_least{50};
  std::chrono::microseconds latency_most{500};
  // A piece of a stream, and all behind it, comes later by up to this.
  uint64_t delay_one_in = 0;
  std::chrono::milliseconds delay_most{3'000};
  // Both ends of the link are told that it is reset; what is under way is lost from some byte on.
  uint64_t cut_one_in = 0;
  // From this piece on one direction delivers nothing, and nobody is told.
  uint64_t black_hole_one_in = 0;
  // An attempt to connect is refused.
  uint64_t refuse_one_in = 0;
};

class SimulatedLoop;

// The server's end of a link. Destroying it closes the link.
class ServerLink {
 public:
  virtual ~ServerLink() = default;
  virtual void send(std::string bytes) = 0;
};

// What a server does with one link.
class ServerEvents {
 public:
  virtual ~ServerEvents() = default;
  virtual void on_bytes(std::string_view bytes) = 0;
  // The peer is gone. The link does nothing more.
  virtual void on_gone() = 0;
};

class SimulatedLoop final : public EventLoop {
 public:
  // Told of a new link; it keeps the link, and what it returns hears of the bytes.
  using Accept = std::function<std::unique_ptr<ServerEvents>(std::unique_ptr<ServerLink>)>;

  explicit SimulatedLoop(uint64_t seed);
  ~SimulatedLoop() override;

  Time now() const override { return now_; }
  int64_t unix_ms() const override;
  TimerId at(Time time, Task task) override;
  void cancel(TimerId timer) override;
  std::unique_ptr<Link> connect(const LinkOptions& options, LinkEvents& events) override;
  void run(std::chrono::microseconds wait) override;

  void listen(const HostAndPort& address, Accept accept);
  // Nobody listens there any more, and all its links are reset.
  void fall_silent(const HostAndPort& address);

  // May be changed at any time.
  NetworkFaults faults;
  // Moves the wall clock, not the steady one.
  std::chrono::milliseconds wall_clock_offset{0};
  Rng& rng() { return rng_; }
  // Whether something happens that happens once in so many times (0: never). Counted if it does.
  bool drawn(uint64_t one_in, std::string_view fault, ProtocolStep step);
  // What has gone wrong, the brokers' faults included.
  FaultTable fault_counts;
  // Tells what a client's piece of a stream that begins a request is for. A client sends each
  // request by a send() of its own, a server each answer, and in the order of the requests.
  std::function<ProtocolStep(std::string_view request)> step_of = [](std::string_view) {
    return ProtocolStep::kOther;
  };

 private:
  friend struct SimulatedLink;
  // A timer's id is its slot and how often the slot has been used: no lookup, no node per timer.
  struct Slot {
    Task task;
    uint32_t uses = 0;
  };
  struct Event {
    Time time;
    uint64_t order;
    TimerId id;
    bool operator>(const Event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };

  static uint32_t slot_of(TimerId id) { return static_cast<uint32_t>(id); }
  bool pending(TimerId id) const { return slots_[slot_of(id)].uses == id >> 32; }
  Task take(TimerId id);
  void pop_event();
  void drop_cancelled();
  std::chrono::microseconds latency();
  void establish(const std::shared_ptr<struct SimulatedLink>& link);

  Rng rng_;
  Time now_{std::chrono::hours(1)};
  bool closing_ = false;
  uint64_t next_order_ = 1;
  std::vector<Event> events_;  // A heap, the next one at its front.
  size_t num_cancelled_ = 0;   // Of events_.
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::map<HostAndPort, Accept> listeners_;
  std::vector<std::weak_ptr<struct SimulatedLink>> links_;
};

}  // namespace penstock::connect::kafka
