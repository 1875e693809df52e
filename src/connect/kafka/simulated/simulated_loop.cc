// The network, and the heap of what is to happen.
#include "connect/kafka/simulated/simulated_loop.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace penstock::connect::kafka {
namespace {

constexpr int64_t kUnixMsAtStart = 1'750'000'000'000;
// Pieces are cut so that faults fall between a request's bytes too.
constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kCancelledKept = 256;

}  // namespace

// Both directions of one stream. It lives while an end or a piece under way refers to it.
struct SimulatedLink : std::enable_shared_from_this<SimulatedLink> {
  struct Direction {
    EventLoop::Time last_arrival = {};
    bool lost = false;  // What is sent from here on arrives nowhere.
  };

  explicit SimulatedLink(SimulatedLoop& owner) : loop(owner) {}

  void send(bool to_server, std::string bytes) {
    const ProtocolStep step = to_server ? loop.step_of(bytes) : next_answered();
    if (to_server) unanswered.push_back(step);
    if (bytes.size() <= kPieceBytes) return send_piece(to_server, std::move(bytes), step);
    for (size_t at = 0; at < bytes.size(); at += kPieceBytes)
      send_piece(to_server, bytes.substr(at, kPieceBytes), step);
  }

  ProtocolStep next_answered() {
    if (unanswered.empty()) return ProtocolStep::kOther;
    const ProtocolStep step = unanswered.front();
    unanswered.pop_front();
    return step;
  }

  void send_piece(bool to_server, std::string piece, ProtocolStep step) {
    Direction& direction = to_server ? up : down;
    if (direction.lost) return;
    if (loop.drawn(loop.faults.black_hole_one_in,
                   to_server ? "request to nowhere" : "answer to nowhere", step)) {
      direction.lost = true;
      return;
    }
    auto arrival = std::max(direction.last_arrival, loop.now() + loop.latency());
    if (loop.drawn(loop.faults.delay_one_in, to_server ? "request delayed" : "answer delayed",
                   step)) {
      arrival += std::chrono::milliseconds(
          loop.rng().below(static_cast<uint64_t>(loop.faults.delay_most.count()) + 1));
    }
    if (loop.drawn(loop.faults.cut_one_in, to_server ? "request cut" : "answer cut", step)) {
      piece.resize(loop.rng().below(piece.size() + 1));
      direction.lost = true;
      loop.at(arrival, [self = shared_from_this()] { self->reset(); });
    }
    direction.last_arrival = arrival;
    loop.at(arrival, [self = shared_from_this(), to_server, piece = std::move(piece)] {
      to_server ? self->arrive_at_server(piece) : self->arrive_at_client(piece);
    });
  }

  void arrive_at_server(std::string_view bytes) {
    if (server && !bytes.empty()) server->on_bytes(bytes);
  }

  void arrive_at_client(std::string_view bytes) {
    if (!unread.empty()) {
      unread.append(bytes);
      return deliver_unread();
    }
    unread.append(bytes.substr(delivered(bytes)));
  }

  void deliver_unread() {
    // Apart from the member: what the client does may make more arrive.
    const std::string bytes = std::exchange(unread, {});
    unread.insert(0, bytes, delivered(bytes));
  }

  // The client takes what it has room for.
  size_t delivered(std::string_view bytes) {
    size_t taken = 0;
    while (client && taken < bytes.size()) {
      const std::span<char> room = client->read_buffer();
      if (room.empty()) break;
      const size_t size = std::min(room.size(), bytes.size() - taken);
      std::copy_n(bytes.data() + taken, size, room.data());
      taken += size;
      client->on_read(size);
    }
    return taken;
  }

  // The client's end is gone. What it sent may still arrive, and only then its end.
  void close_client() {
    client = nullptr;
    if (!established) return;
    const auto end = std::max(up.last_arrival, loop.now() + loop.latency());
    loop.at(end, [self = shared_from_this()] { self->tell_server(); });
  }

  void close_server() {
    server_closed = true;
    const auto end = std::max(down.last_arrival, loop.now() + loop.latency());
    loop.at(end, [self = shared_from_this()] { self->tell_client({LinkFault::kClosed, ""}); });
  }

  void reset() {
    up.lost = down.lost = true;
    tell_client({LinkFault::kReset, "Connection reset by peer"});
    tell_server();
  }

  void tell_client(const LinkError& error) {
    if (LinkEvents* told = std::exchange(client, nullptr)) told->on_closed(error);
  }
  void tell_server() {
    up.lost = true;
    auto told = std::exchange(server, nullptr);
    if (!told) return;
    if (!server_closed) told->on_gone();
    // It may be what is running now: a server that resets its links while it serves one of them.
    loop.at(loop.now(), [kept = std::move(told)] {});
  }

  SimulatedLoop& loop;
  HostAndPort address;
  bool established = false;
  LinkEvents* client = nullptr;
  std::unique_ptr<ServerEvents> server;
  bool server_closed = false;
  Direction up;
  Direction down;
  std::deque<ProtocolStep> unanswered;  // What the requests were for.
  std::string unread;                   // Arrived at the client, which has no room yet.
};

namespace {

class ClientEnd final : public Link {
 public:
  explicit ClientEnd(std::shared_ptr<SimulatedLink> link) : link_(std::move(link)) {}
  ~ClientEnd() override { link_->close_client(); }

  void send(Payload payload) override {
    std::string bytes;
    for (std::string_view piece : payload.pieces) bytes.append(piece);
    link_->send(true, std::move(bytes));
  }
  size_t unsent_bytes() const override { return 0; }
  void resume_reading() override {
    link_->loop.at(link_->loop.now(), [link = link_] { link->deliver_unread(); });
  }

 private:
  std::shared_ptr<SimulatedLink> link_;
};

class ServerEnd final : public ServerLink {
 public:
  explicit ServerEnd(std::shared_ptr<SimulatedLink> link) : link_(std::move(link)) {}
  ~ServerEnd() override {
    if (auto link = link_.lock()) link->close_server();
  }
  void send(std::string bytes) override {
    if (auto link = link_.lock()) link->send(false, std::move(bytes));
  }

 private:
  // Weak: the link owns the server's events, which own this.
  std::weak_ptr<SimulatedLink> link_;
};

}  // namespace

SimulatedLoop::SimulatedLoop(uint64_t seed) : rng_(seed) {}
// Ending what tasks hold makes new ones, which nobody will run.
SimulatedLoop::~SimulatedLoop() {
  closing_ = true;
  std::exchange(slots_, {}).clear();
}

int64_t SimulatedLoop::unix_ms() const {
  return kUnixMsAtStart + wall_clock_offset.count() +
         std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
}

EventLoop::TimerId SimulatedLoop::at(Time time, Task task) {
  if (closing_) return 0;
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  slot.task = std::move(task);
  const TimerId id = (TimerId{++slot.uses} << 32) | index;
  events_.push_back({std::max(time, now_), next_order_++, id});
  std::push_heap(events_.begin(), events_.end(), std::greater<>());
  return id;
}

EventLoop::Task SimulatedLoop::take(TimerId id) {
  Slot& slot = slots_[slot_of(id)];
  ++slot.uses;
  free_slots_.push_back(slot_of(id));
  return std::exchange(slot.task, nullptr);
}

void SimulatedLoop::cancel(TimerId timer) {
  if (slot_of(timer) >= slots_.size() || !pending(timer)) return;
  take(timer);
  ++num_cancelled_;
  if (num_cancelled_ > kCancelledKept && num_cancelled_ > events_.size() / 2) drop_cancelled();
}

// Deadlines are far away and nearly always cancelled: without this they would fill the heap.
void SimulatedLoop::drop_cancelled() {
  std::erase_if(events_, [this](const Event& event) { return !pending(event.id); });
  std::make_heap(events_.begin(), events_.end(), std::greater<>());
  num_cancelled_ = 0;
}

void SimulatedLoop::pop_event() {
  std::pop_heap(events_.begin(), events_.end(), std::greater<>());
  events_.pop_back();
}

bool SimulatedLoop::drawn(uint64_t one_in, std::string_view fault, ProtocolStep step) {
  if (one_in == 0 || !rng_.one_in(one_in)) return false;
  fault_counts.count(fault, step);
  return true;
}

std::chrono::microseconds SimulatedLoop::latency() {
  const auto span = static_cast<uint64_t>((faults.latency_most - faults.latency_least).count());
  return faults.latency_least + std::chrono::microseconds(rng_.below(span + 1));
}

std::unique_ptr<Link> SimulatedLoop::connect(const LinkOptions& options, LinkEvents& events) {
  auto link = std::make_shared<SimulatedLink>(*this);
  link->address = options.address;
  link->client = &events;
  std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
  links_.push_back(link);
  at(now_ + latency(), [this, link] { establish(link); });
  return std::make_unique<ClientEnd>(link);
}

void SimulatedLoop::establish(const std::shared_ptr<SimulatedLink>& link) {
  if (!link->client) return;
  const auto listener = listeners_.find(link->address);
  if (listener == listeners_.end() ||
      drawn(faults.refuse_one_in, "refused", ProtocolStep::kConnect))
    return link->tell_client({LinkFault::kRefused, "Connection refused"});
  link->established = true;
  link->server = listener->second(std::make_unique<ServerEnd>(link));
  link->client->on_connected();
}

void SimulatedLoop::listen(const HostAndPort& address, Accept accept) {
  listeners_[address] = std::move(accept);
}

void SimulatedLoop::fall_silent(const HostAndPort& address) {
  listeners_.erase(address);
  for (const auto& weak : std::vector(links_)) {
    if (auto link = weak.lock(); link && link->established && link->address == address)
      link->reset();
  }
}

void SimulatedLoop::run(std::chrono::microseconds wait) {
  const Time end = now_ + wait;
  bool done_something = false;
  while (!events_.empty()) {
    const Event event = events_.front();
    // Once something has happened, only what happens in the same instant still belongs to this
    // turn.
    if (event.time > (done_something ? now_ : end)) break;
    pop_event();
    if (!pending(event.id)) {
      --num_cancelled_;
      continue;
    }
    now_ = std::max(now_, event.time);
    done_something = true;
    take(event.id)();
  }
  if (!done_something) now_ = end;
}

}  // namespace penstock::connect::kafka
