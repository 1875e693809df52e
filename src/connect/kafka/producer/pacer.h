// When the first batch of the next transaction may be sent, under version 2.
//
// EndTxn is acknowledged before the transaction's markers are written. A batch that reaches its
// leader before the marker of the last transaction is held back there, for as long as the broker
// waits before it looks again (add.partitions.to.txn.retry.backoff.ms, 20 ms): so coming a moment
// too early costs ten times that moment. How long markers take cannot be asked. The pause grows
// when a first batch took suspiciously long, and shrinks slowly while none does.
#pragma once

#include <algorithm>
#include <chrono>

#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

class Pacer {
 public:
  using Duration = std::chrono::microseconds;

  void ended(EventLoop::Time now) { earliest_ = now + pause_; }
  EventLoop::Time earliest() const { return earliest_; }
  Duration pause() const { return pause_; }

  // How long the first batch of a transaction took to be acknowledged.
  void first_batch_took(Duration took) {
    usual_ = usual_.count() == 0 ? took : std::min(took, usual_ + usual_ / 64 + Duration(1));
    if (took >= usual_ + kTrap && took <= usual_ + kTrapMost) {
      pause_ = std::min(kMost, pause_ * 2);
    } else {
      pause_ = std::max(kLeast, pause_ - pause_ / 32);
    }
  }

 private:
  // Three quarters of the broker's wait, which begins before the batch is held back.
  static constexpr Duration kTrap{15'000};
  // What takes longer was slow for other reasons.
  static constexpr Duration kTrapMost{30'000};
  static constexpr Duration kLeast{500};
  // More would cost more than falling into the trap now and then.
  static constexpr Duration kMost{4'000};

  EventLoop::Time earliest_ = {};
  Duration pause_ = kLeast;
  Duration usual_{0};  // The fastest of late.
};

}  // namespace penstock::connect::kafka
