// Audits a sink: reads its collection at one time, then its topic from the beginning to what was
// its end at the start, and compares (docs/design/0003). Writes nothing.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "base/stop_token.h"
#include "connect/kafka/kafka_client.h"
#include "data/update_stream.h"
#include "sinks/audit_report.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

// What an audit touches; all outlive it.
struct AuditWorld {
  connect::KafkaClient& kafka;
  data::UpdateStream& stream;
  const StopToken& stop;  // Ends what waits for a broker.
  // Asked every 100 ms at least and often between; an error ends the audit with it.
  std::function<Status()> may_go_on;
  // The collection has been read.
  std::function<void()> collection_read;
  // What is stamped before it is another relation's.
  std::optional<Timestamp> since = {};
  // Without any progress for so long the topic is given up.
  std::chrono::milliseconds patience{120'000};
};

// REQUIRES: the collection can be read at `time` until collection_read(), and every message stamped
// at or before it was committed before the call. Errors: 55000 when the collection has errors then
// or the topic is not there, 0A000 when its messages cannot be compared, 58000 of brokers.
Result<AuditReport> audit_sink(const SinkConfig& config, Timestamp time, const AuditWorld& world);

}  // namespace penstock::sinks
