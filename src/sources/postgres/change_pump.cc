// The turn of a source's thread while it streams.
#include "sources/postgres/change_pump.h"

#include <algorithm>

#include "base/failpoint.h"

namespace penstock::sources {
namespace {

using connect::Lsn;

constexpr uint64_t kLaggingPerMs = 20;
constexpr int64_t kLaggingUs = 3'000;
constexpr std::chrono::microseconds kNap{1'000};
// While lagging, inputs are gathered: larger ticks cost less, most of all behind a GROUP BY. For a
// quarter of the lag at most, so that gathering never is what lags; in bytes half a tick's worth.
constexpr size_t kGatherBytes = 512 << 10;
constexpr size_t kMostGatherBytes = 4 << 20;
constexpr uint64_t kGatherUs = 5'000;
constexpr uint64_t kMostGatherUs = 250'000;
// An idle position is written this often, and only if it moved: the server keeps its log from
// there.
constexpr uint64_t kIdleBindingUs = 1'000'000;
constexpr uint64_t kMessagesPerTurn = 4096;
constexpr int64_t kPostgresEpochUs = 946'684'800LL * 1'000'000;

}  // namespace

ChangePump::ChangePump(ChangeStream& stream, ChangeAssembler& assembler, HandOver& hand_over,
                       const Clock& clock, const StopToken& stop)
    : stream_(stream),
      assembler_(assembler),
      hand_over_(hand_over),
      clock_(clock),
      stop_(stop),
      window_begin_us_(clock.monotonic_us()),
      last_binding_us_(clock.monotonic_us()),
      acknowledged_(hand_over.durable()) {}

// True when nothing is left in memory.
SourceResult<bool> ChangePump::drain() {
  uint64_t messages = 0;
  uint64_t bytes = 0;
  Lsn server_end;
  bool drained = false;
  while (messages < kMessagesPerTurn && assembler_.pending_bytes() < gather_bytes_) {
    auto message = stream_.next();
    if (!message) return std::unexpected(fault_of(message.error()));
    if (!*message) {
      drained = true;
      break;
    }
    server_end = std::max(server_end, (*message)->server_end);
    if ((*message)->payload.empty()) {
      // A keepalive: everything below was sent. Inside a transaction it says nothing.
      if (!assembler_.in_transaction()) assembler_.advance((*message)->server_end);
      continue;
    }
    ++messages;
    bytes += (*message)->payload.size();
    if (Status handled = assembler_.handle((*message)->payload); !handled) {
      return std::unexpected(fault_of(handled.error()));
    }
  }
  messages_ += messages;
  if (messages > 0) hand_over_.count_received(messages, bytes);
  if (server_end > Lsn{}) hand_over_.note_server_end(server_end);
  return drained;
}

bool ChangePump::lagging() {
  uint64_t now = clock_.monotonic_us();
  uint64_t window_us = now - window_begin_us_;
  if (window_us >= 1'000) {
    bool busy = messages_ * 1'000 >= kLaggingPerMs * window_us;
    int64_t age =
        static_cast<int64_t>(clock_.wall_us()) - (assembler_.commit_time_us() + kPostgresEpochUs);
    // Younger than now: the clocks differ, and the rate alone decides.
    lagging_ = busy && (age > kLaggingUs || age < 0);
    gather_us_ = std::clamp(age > 0 ? static_cast<uint64_t>(age) / 4 : 0, kGatherUs, kMostGatherUs);
    gather_bytes_ = gather_us_ == kMostGatherUs ? kMostGatherBytes : kGatherBytes;
    messages_ = 0;
    window_begin_us_ = now;
  }
  return lagging_;
}

SourceResult<void> ChangePump::keep_alive() {
  auto sent = stream_.acknowledge(hand_over_.durable(), true);
  if (!sent) return std::unexpected(fault_of(sent.error()));
  return {};
}

SourceResult<void> ChangePump::submit(ChangeAssembler::Taken taken) {
  last_binding_us_ = clock_.monotonic_us();
  return hand_over_.submit(std::move(taken), assembler_.position(),
                           [this] { return keep_alive(); });
}

SourceResult<void> ChangePump::hand_over_due() {
  uint64_t now = clock_.monotonic_us();
  if (assembler_.has_pending()) {
    if (pending_since_us_ == 0) pending_since_us_ = now;
    bool gather = lagging_ && assembler_.pending_bytes() < gather_bytes_ &&
                  now - pending_since_us_ < gather_us_;
    if (gather) return {};
    pending_since_us_ = 0;
    auto taken = assembler_.take();
    if (!taken) return std::unexpected(fault_of(taken.error()));
    if (*taken && !(*taken)->only_position) return submit(std::move(**taken));
  }
  bool moved = hand_over_.handed_over() != assembler_.position();
  if (moved && !assembler_.has_pending() && now - last_binding_us_ >= kIdleBindingUs) {
    return submit(assembler_.take_position());
  }
  return {};
}

SourceResult<void> ChangePump::acknowledge() {
  Lsn durable = hand_over_.durable();
  if (durable == acknowledged_) return {};
  if (failpoint("source.before_ack")) {
    return std::unexpected(SourceFault{SourceFault::Kind::kTransient, "failpoint"});
  }
  auto sent = stream_.acknowledge(durable, false);
  if (!sent) return std::unexpected(fault_of(sent.error()));
  acknowledged_ = durable;
  return {};
}

SourceResult<void> ChangePump::turn(std::chrono::microseconds wait) {
  auto drained = drain();
  if (!drained) return std::unexpected(drained.error());
  bool behind = lagging();
  if (auto handed = hand_over_due(); !handed) return handed;
  if (auto acknowledged = acknowledge(); !acknowledged) return acknowledged;
  if (!*drained) return {};
  if (behind) {
    if (stop_.wait_for(kNap)) {
      return std::unexpected(SourceFault{SourceFault::Kind::kStopped, "stopped"});
    }
    wait = std::min<std::chrono::microseconds>(wait, kNap);
  }
  auto filled = stream_.fill(wait);
  if (!filled) return std::unexpected(fault_of(filled.error()));
  return {};
}

}  // namespace penstock::sources
