// A sink's options as limits.
#include "sinks/sink_config.h"

#include <algorithm>

namespace penstock::sinks {

SinkLimits tuned_limits(const defs::SinkTuning& tuning) {
  using std::chrono::milliseconds;
  SinkLimits limits;
  limits.commit_interval = milliseconds(tuning.commit_interval_ms);
  limits.transaction_time = std::max(limits.transaction_time, limits.commit_interval);
  limits.transaction_timeout = milliseconds(tuning.transaction_timeout_ms);
  limits.message_max_bytes = static_cast<size_t>(tuning.message_bytes_max);
  limits.linger = milliseconds(tuning.linger_ms);
  if (tuning.snapshot_bytes_per_second) {
    limits.snapshot_bytes_per_second = static_cast<uint64_t>(*tuning.snapshot_bytes_per_second);
  }
  if (tuning.batch_bytes) limits.batch_bytes = static_cast<size_t>(*tuning.batch_bytes);
  if (tuning.buffer_bytes) limits.producer_bytes = static_cast<size_t>(*tuning.buffer_bytes);
  return limits;
}

}  // namespace penstock::sinks
