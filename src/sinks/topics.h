// Makes sure that a sink's topics are there.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/stop_token.h"
#include "connect/kafka/cluster_admin.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

// The topic's number of partitions; creates it when it does not exist and waits until it shows.
// What exists is left as it is. `wait`: for a new topic to show.
Step<int32_t> ensure_topic(connect::ClusterAdmin& admin, const connect::NewTopic& topic,
                           std::chrono::milliseconds wait, const StopToken& stop);

// The number of partitions of a topic that must exist.
Step<int32_t> existing_partitions(connect::ClusterAdmin& admin, const std::string& topic,
                                  const StopToken& stop);

// One partition, compacted, small segments: what is read at every start stays short.
connect::NewTopic progress_topic(const std::string& name, std::optional<int32_t> replication);

}  // namespace penstock::sinks
