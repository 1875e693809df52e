// What is left to do in Kafka when a sink was dropped (rule K9).
#pragma once

#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/kafka_client.h"
#include "sinks/progress.h"
#include "sinks/sink_config.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

// Fences the dropped sink's transactional id, which aborts what it left open and lets readers pass,
// and removes its progress records (compaction does, behind tombstones). The topic stays. Where
// another writer uses the sink's id nothing is touched, and that is success.
//
// One attempt, at most about `config.limits.transaction_timeout`; safe to repeat, from any thread.
// The sink's own thread must have ended. On kRetry and kRefused: keep the row and try later.
Step<void> clean_up_dropped_sink(const SinkConfig& config, const SinkPlace& place,
                                 const std::vector<Life>& lives, connect::KafkaClient& kafka,
                                 const StopToken& stop);

}  // namespace penstock::sinks
