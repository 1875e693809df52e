// Turns inputs into ticks: the only place where time is minted (rules T1-T3).
//
// One thread. Takes what arrived while the last tick was appended, up to 8 MiB together, in the
// order in which it was handed over; appends it as one batch; tells those who wait, and the
// clusters. When nothing arrives nothing is written.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/stop_token.h"
#include "engine/durable_callbacks.h"
#include "engine/engine.h"
#include "engine/tick.h"
#include "engine/tick_clock.h"
#include "storage/storage.h"

namespace penstock::engine {

class Ticker {
 public:
  // `deliver` is called on the ticker's thread for every tick; true = a cluster will append exports
  // of it at once, so one sync may cover both.
  using Deliver = std::function<void(const TickRef&)>;
  using WillExport = std::function<bool(const Tick&)>;

  Ticker(storage::Storage& storage, const Clock& clock, size_t queue_bytes, Deliver deliver,
         WillExport will_export);
  ~Ticker() { stop(); }

  // Waits out the rest of the second that the durable bound may be ahead (T2), makes a first, empty
  // tick, and starts the thread.
  Status start();
  void stop();

  bool submit(storage::TickInputRef input, SubmitCallbacks callbacks);
  bool try_submit(storage::TickInputRef input, SubmitCallbacks callbacks);
  std::optional<Error> failure() const;
  bool stopping() const { return stop_.stopped(); }

 private:
  struct Waiting {
    storage::TickInputRef input;
    SubmitCallbacks callbacks;
    size_t bytes = 0;
    uint64_t submitted_us = 0;
  };
  void run();
  Status append(std::vector<Waiting> inputs);

  storage::Storage& storage_;
  const Clock& clock_;
  Deliver deliver_;
  WillExport will_export_;
  BoundedQueue<Waiting> queue_;
  DurableCallbacks callbacks_;
  std::optional<TickClock> tick_clock_;
  Timestamp last_;
  StopToken stop_;
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace penstock::engine
