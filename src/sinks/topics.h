// Makes sure that a sink's topics are there; what all messages in them have.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/stop_token.h"
#include "connect/kafka/cluster_admin.h"
#include "defs/sink_def.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

// A header of every message: the tick's time in decimal.
inline constexpr std::string_view kTimestampHeader = "materialize-timestamp";

// The topic's number of partitions; creates it when it does not exist and waits until it shows.
// What exists is left as it is. `wait`: for a new topic to show.
Step<int32_t> ensure_topic(connect::ClusterAdmin& admin, const connect::NewTopic& topic,
                           std::chrono::milliseconds wait, const StopToken& stop);

// The same, of a topic made by `progress_topic`: its causes say so.
Step<int32_t> ensure_progress_topic(connect::ClusterAdmin& admin, const connect::NewTopic& topic,
                                    std::chrono::milliseconds wait, const StopToken& stop);

// The number of partitions of a topic that must exist.
Step<int32_t> existing_partitions(connect::ClusterAdmin& admin, const std::string& topic,
                                  const StopToken& stop);

// Where letters about refused messages go: made like the sink's topic, but not configured like it.
connect::NewTopic letter_topic(const defs::SinkDef& def);

// One partition, compacted, small segments: what is read at every start stays short.
connect::NewTopic progress_topic(const std::string& name, std::optional<int32_t> replication);

}  // namespace penstock::sinks
