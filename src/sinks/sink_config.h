// Everything a Kafka sink is told when it starts. Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "connect/registry/message_head.h"
#include "defs/sink_def.h"
#include "expr/scalar.h"

namespace penstock::sinks {

// Together read_bytes and producer_bytes are the budget between collection and acknowledgement:
// 32 MiB, so that a slow broker stops the reader and nothing grows.
struct SinkLimits {
  size_t read_bytes = 16 << 20;
  size_t producer_bytes = 16 << 20;
  // A transaction ends when nothing more is there to send, or at one of these.
  size_t transaction_bytes = 32 << 20;
  std::chrono::milliseconds transaction_time{250};
  // Between a commit's acknowledgement and the next transaction: see SinkTransaction::pace.
  std::chrono::microseconds transaction_pace{2'000};
  // Of a snapshot's and a large tick's transactions, well below the transaction timeout (K5).
  size_t part_bytes = 32 << 20;
  std::chrono::milliseconds part_time{2'000};
  // Of keys and values; none: as fast as it goes (SNAPSHOT RATE LIMIT).
  std::optional<uint64_t> snapshot_bytes_per_second;
  size_t sort_bytes = 16 << 20;  // Memory of sorting a large tick.
  // Of a snapshot's messages that a thread of their own encodes ahead; 0: the sink's thread does.
  size_t ahead_bytes = 8 << 20;
  // A transaction with something in it waits so long for more (COMMIT INTERVAL).
  std::chrono::milliseconds commit_interval{0};
  size_t message_max_bytes = 1'000'000;
  size_t batch_bytes = 1'000'000;
  std::chrono::milliseconds linger{1};
  std::chrono::milliseconds transaction_timeout{60'000};
  std::chrono::milliseconds idle_wait{100};
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{30'000};
  std::chrono::milliseconds stalled_after{10'000};  // K10
  std::chrono::milliseconds topic_wait{30'000};     // For a topic just created to show.
};

// What the sink's definition changes of it.
SinkLimits tuned_limits(const defs::SinkTuning& tuning);

// Of the relation, as it is called when the sink starts.
struct RelationName {
  std::string database;
  std::string schema;
  std::string relation;
};

struct SinkConfig {
  ObjectId id;
  std::string name;  // For logs, and for messages that say where they come from.
  RelationName from = {};
  defs::SinkDef def;
  // What stands in front of keys and values; of formats with a registry only.
  std::optional<connect::HeadForm> key_head = {};
  std::optional<connect::HeadForm> value_head = {};
  std::string progress_topic;
  std::optional<int32_t> progress_replication_factor;
  std::string transactional_id;  // Empty: at least once, without transactions.
  expr::ScalarRef partition_by;  // Of type uint8 over the relation's columns; null = none.
  std::string spill_directory;   // For large ticks; its files vanish with the process.
  SinkLimits limits;
};

}  // namespace penstock::sinks
