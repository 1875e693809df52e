// What a sink would find in Kafka: its progress, and its topic. Asks; fences, creates and sends
// nothing.
#pragma once

#include <optional>

#include "base/stop_token.h"
#include "connect/kafka/kafka_client.h"
#include "sinks/progress_reader.h"
#include "sinks/sink_config.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

struct ProgressSurvey {
  // All records of the sink that are committed.
  ProgressView view;
  // A transaction is open in the progress topic: what it has written is part of `view`, and may
  // still be undone.
  bool is_open = false;
  std::optional<int32_t> partitions;  // Of the sink's topic; none: it is not there.
  int64_t offsets = 0;                // That the topic has, markers among them.
  bool is_compacted = false;
};

// In the calling thread; waits for open transactions as long as `patience`.
Step<ProgressSurvey> survey_progress(const SinkConfig& config, connect::KafkaClient& kafka,
                                     const StopToken& stop, std::chrono::milliseconds patience);

}  // namespace penstock::sinks
