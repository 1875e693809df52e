// Carries a replication stream into the assembler and from there to the ticker: when to wait, when
// to nap, when to hand over, what to acknowledge.
//
// Latency and throughput pull apart: a reader that wakes for every few bytes keeps the server's
// sender in system calls and gets less than half of what one gets that naps a millisecond between
// two reads. So it naps only while messages come in faster than kLaggingPerMs and the transactions
// are older than kLaggingUs; having caught up, it sleeps in the socket and hands over at once.
//
// Owned by the source's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/stop_token.h"
#include "sources/postgres/change_assembler.h"
#include "sources/postgres/change_stream.h"
#include "sources/postgres/hand_over.h"
#include "sources/postgres/source_fault.h"

namespace penstock::sources {

class ChangePump {
 public:
  ChangePump(ChangeStream& stream, ChangeAssembler& assembler, HandOver& hand_over,
             const Clock& clock, const StopToken& stop);

  // One turn: takes what has arrived, hands over what is due, acknowledges what is durable, and
  // waits for more, at most `wait`.
  SourceResult<void> turn(std::chrono::microseconds wait);

 private:
  SourceResult<bool> drain();
  SourceResult<void> hand_over_due();
  SourceResult<void> submit(ChangeAssembler::Taken taken);
  SourceResult<void> acknowledge();
  SourceResult<void> keep_alive();
  bool lagging();

  ChangeStream& stream_;
  ChangeAssembler& assembler_;
  HandOver& hand_over_;
  const Clock& clock_;
  const StopToken& stop_;

  uint64_t messages_ = 0;  // Since window_begin_us_.
  uint64_t window_begin_us_ = 0;
  bool lagging_ = false;
  uint64_t gather_us_ = 0;  // While lagging; as lagging() found last.
  size_t gather_bytes_ = 512 << 10;
  uint64_t pending_since_us_ = 0;  // 0 = nothing is pending.
  uint64_t last_binding_us_ = 0;
  connect::Lsn acknowledged_;
};

}  // namespace penstock::sources
