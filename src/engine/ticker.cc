// The ticker's thread.
#include "engine/ticker.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_name.h"

namespace penstock::engine {
namespace {

constexpr size_t kSmallInputBytes = 256;  // Even an empty input occupies a place.

Histogram& hop(const char* name) {
  return metric_histogram("penstock_hop_seconds", "Time a change spends at each hand-over.",
                          {{"hop", name}});
}

}  // namespace

Ticker::Ticker(storage::Storage& storage, const Clock& clock, size_t queue_bytes, Deliver deliver,
               WillExport will_export)
    : storage_(storage),
      clock_(clock),
      deliver_(std::move(deliver)),
      will_export_(std::move(will_export)),
      queue_(queue_bytes),
      callbacks_(storage.durability()) {}

Status Ticker::start() {
  Timestamp bound = storage_.writer().time_bound();
  uint64_t now = clock_.wall_ms();
  if (bound.ms > now) {
    stop_.wait_for(std::chrono::milliseconds(std::min<uint64_t>(bound.ms - now, 1000)));
  }
  last_ = std::max(bound, storage_.durability().upper(storage::kInputs));
  tick_clock_.emplace(clock_, last_);
  RETURN_IF_ERROR(append({}));
  thread_ = std::thread([this] { run(); });
  return {};
}

void Ticker::stop() {
  stop_.stop();
  queue_.close();
  if (thread_.joinable()) thread_.join();
  // What their callbacks hold on to may go before the ticker does.
  while (queue_.try_pop()) {
  }
}

std::optional<Error> Ticker::failure() const {
  std::lock_guard lock(failure_mutex_);
  return failure_;
}

bool Ticker::submit(storage::TickInputRef input, SubmitCallbacks callbacks) {
  size_t bytes = input->size_bytes() + kSmallInputBytes;
  return queue_.push({std::move(input), std::move(callbacks), bytes, clock_.monotonic_us()}, bytes);
}

bool Ticker::try_submit(storage::TickInputRef input, SubmitCallbacks callbacks) {
  size_t bytes = input->size_bytes() + kSmallInputBytes;
  Waiting waiting{std::move(input), std::move(callbacks), bytes, clock_.monotonic_us()};
  return queue_.try_push(waiting, bytes);
}

void Ticker::run() {
  name_this_thread("ticker");
  std::optional<Waiting> next;
  while (!stop_.stopped()) {
    if (!next) next = queue_.pop();
    if (!next) return;
    std::vector<Waiting> inputs;
    size_t bytes = 0;
    while (next && (inputs.empty() || bytes + next->bytes <= storage::kTickBytes)) {
      bytes += next->bytes;
      inputs.push_back(std::move(*next));
      next = queue_.try_pop();
    }
    Status appended = append(std::move(inputs));
    if (!appended) {
      log_error("engine", "a tick could not be appended", {{"error", appended.error().message}});
      {
        std::lock_guard lock(failure_mutex_);
        failure_ = appended.error();
      }
      queue_.close();  // Nobody may wait for room in it.
      return;
    }
  }
}

Status Ticker::append(std::vector<Waiting> inputs) {
  static Histogram& queued = hop("input_queue");
  static Histogram& written = hop("tick_append");
  auto tick = std::make_shared<Tick>();
  for (Waiting& waiting : inputs) {
    queued.observe(static_cast<double>(clock_.monotonic_us() - waiting.submitted_us) / 1e6);
    tick->inputs.push_back(waiting.input);
    tick->bytes += waiting.bytes;
  }
  tick->previous = last_;
  tick->time = tick_clock_->mint();
  uint64_t began_us = clock_.monotonic_us();
  storage::SyncUrgency urgency =
      will_export_(*tick) ? storage::SyncUrgency::kWithNext : storage::SyncUrgency::kSoon;
  ASSIGN_OR_RETURN(storage::LogPosition position,
                   storage_.writer().append_tick(tick->time, tick->inputs, urgency));
  tick->appended_us = clock_.monotonic_us();
  written.observe(static_cast<double>(tick->appended_us - began_us) / 1e6);
  last_ = tick->time;
  deliver_(tick);
  for (Waiting& waiting : inputs) {
    Appended appended{tick->time, position};
    if (waiting.callbacks.appended) waiting.callbacks.appended(appended);
    if (waiting.callbacks.durable) {
      callbacks_.add(position, [callback = std::move(waiting.callbacks.durable), appended] {
        callback(appended);
      });
    }
  }
  return {};
}

}  // namespace penstock::engine
