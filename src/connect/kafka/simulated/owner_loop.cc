// Events of the network are kept until their owner's loop runs.
#include "connect/kafka/simulated/owner_loop.h"

#include <algorithm>
#include <utility>

namespace penstock::connect::kafka {

// A link of the network, and what has arrived on it.
struct OwnerLink final : LinkEvents, std::enable_shared_from_this<OwnerLink> {
  explicit OwnerLink(OwnerLoop& owner, LinkEvents& client_events)
      : loop(&owner), client(&client_events) {}

  SimulatedProcess& process() const { return loop->process_; }

  void plan(EventLoop::Task task) {
    if (loop) loop->due_.push_back(std::move(task));
  }
  void on_connected() override {
    plan([self = shared_from_this()] {
      if (self->client) self->client->on_connected();
    });
  }
  std::span<char> read_buffer() override { return room; }
  void on_read(size_t size) override {
    if (arrived.empty()) plan([self = shared_from_this()] { self->deliver(); });
    arrived.append(room.data(), size);
  }
  void on_closed(const LinkError& error) override {
    link_is_closed = true;
    plan([self = shared_from_this(), error] {
      if (LinkEvents* told = std::exchange(self->client, nullptr)) told->on_closed(error);
    });
  }

  void deliver() {
    const std::string bytes = std::exchange(arrived, {});
    size_t taken = 0;
    while (client && taken < bytes.size()) {
      const std::span<char> into = client->read_buffer();
      if (into.empty()) break;
      const size_t size = std::min(into.size(), bytes.size() - taken);
      std::copy_n(bytes.data() + taken, size, into.data());
      taken += size;
      client->on_read(size);
    }
    arrived.insert(0, bytes, taken);
  }

  void send(Payload payload) {
    std::string bytes;
    for (const std::string_view piece : payload.pieces) bytes.append(piece);
    process().last_step_ = loop->network().step_of(bytes);
    if (!process().live()) return;
    if (stalled.empty()) {
      if (!process().drawn(process().faults.stall_one_in, "stalled")) return pass_on(bytes);
      stall(bytes.size());
    }
    stalled.push_back(std::move(bytes));
  }
  void pass_on(const std::string& bytes) {
    if (link) link->send({{bytes}, nullptr});
  }
  void stall(size_t bytes) {
    SimulatedLoop& network = loop->network();
    // A part may have left; as nobody acts on a part of a request, it is not really sent.
    pretended = network.rng().below(bytes);
    const auto most = static_cast<uint64_t>(process().faults.stall_most.count());
    network.at(network.now() + std::chrono::milliseconds(network.rng().below(most + 1)),
               [self = shared_from_this()] { self->go_on(); });
  }
  void go_on() {
    const auto late = std::exchange(stalled, {});
    pretended = 0;
    if (link_is_closed) {
      stalled = late;
      return;
    }
    for (const std::string& bytes : late) pass_on(bytes);
  }
  size_t unsent_bytes() const {
    size_t bytes = 0;
    for (const std::string& each : stalled) bytes += each.size();
    return bytes - pretended;
  }

  // The network tells us nothing more.
  void close() {
    client = nullptr;
    stalled.clear();
    pretended = 0;
    link.reset();
  }

  OwnerLoop* loop;
  LinkEvents* client;
  std::unique_ptr<Link> link;
  bool link_is_closed = false;
  std::array<char, 16 << 10> room;
  std::string arrived;
  std::deque<std::string> stalled;
  size_t pretended = 0;  // Bytes of the first one that are said to have left.
};

namespace {

class LinkOfOwner final : public Link {
 public:
  explicit LinkOfOwner(std::shared_ptr<OwnerLink> link) : link_(std::move(link)) {}
  ~LinkOfOwner() override { link_->close(); }
  void send(Payload payload) override { link_->send(std::move(payload)); }
  size_t unsent_bytes() const override { return link_->unsent_bytes(); }
  void resume_reading() override {
    link_->plan([link = link_] { link->deliver(); });
  }

 private:
  std::shared_ptr<OwnerLink> link_;
};

}  // namespace

bool SimulatedProcess::live() {
  if (!dead_ && left_ > 0 && --left_ == 0) die();
  return !dead_;
}

void SimulatedProcess::die() {
  if (std::exchange(dead_, true)) return;
  network_.fault_counts.count("process died", last_step_);
  on_death();
  for (OwnerLoop* loop : loops_) {
    loop->due_.clear();
    for (const auto& weak : loop->links_)
      if (const auto link = weak.lock()) link->link.reset();
  }
}

OwnerLoop::OwnerLoop(SimulatedProcess& process) : process_(process) {
  process.loops_.push_back(this);
}

OwnerLoop::~OwnerLoop() {
  std::erase(process_.loops_, this);
  for (const auto& [id, timer] : timers_) network().cancel(timer.in_network);
  for (const auto& weak : links_)
    if (const auto link = weak.lock()) link->loop = nullptr;
}

EventLoop::TimerId OwnerLoop::at(Time time, Task task) {
  const TimerId id = next_timer_++;
  const TimerId in_network = network().at(time, [this, id] {
    if (process_.dead_) return;
    due_.push_back([this, id] {
      auto timer = timers_.extract(id);
      if (timer) timer.mapped().task();
    });
  });
  timers_.emplace(id, Timer{in_network, std::move(task)});
  return id;
}

void OwnerLoop::cancel(TimerId timer) {
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  network().cancel(found->second.in_network);
  timers_.erase(found);
}

std::unique_ptr<Link> OwnerLoop::connect(const LinkOptions& options, LinkEvents& events) {
  auto link = std::make_shared<OwnerLink>(*this, events);
  std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
  links_.push_back(link);
  process_.last_step_ = ProtocolStep::kConnect;
  if (process_.live()) link->link = network().connect(options, *link);
  return std::make_unique<LinkOfOwner>(std::move(link));
}

bool OwnerLoop::do_what_is_due() {
  bool done = false;
  // What is planned meanwhile is for the next turn.
  for (size_t left = due_.size(); left > 0 && !due_.empty(); --left) {
    if (!process_.live()) break;
    stand_still();
    Task task = std::move(due_.front());
    due_.pop_front();
    task();
    done = true;
  }
  return done;
}

void OwnerLoop::stand_still() {
  SimulatedLoop& world = network();
  const ProcessFaults& faults = process_.faults;
  const auto up_to = [&](std::chrono::milliseconds most) {
    return std::chrono::milliseconds(world.rng().below(static_cast<uint64_t>(most.count()) + 1));
  };
  if (process_.drawn(faults.jump_one_in, "clock jumped"))
    world.wall_clock_offset = up_to(2 * faults.jump_most) - faults.jump_most;
  if (!process_.drawn(faults.pause_one_in, "process paused")) return;
  const auto end = world.now() + up_to(faults.pause_most);
  while (world.now() < end)
    world.run(std::chrono::ceil<std::chrono::microseconds>(end - world.now()));
}

void OwnerLoop::run(std::chrono::microseconds wait) {
  const auto end = now() + wait;
  // What is due by now in the network, too.
  network().run(std::chrono::microseconds(0));
  while (!do_what_is_due() && now() < end)
    network().run(std::chrono::ceil<std::chrono::microseconds>(end - now()));
}

}  // namespace penstock::connect::kafka
