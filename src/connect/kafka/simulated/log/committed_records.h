// What a read_committed reader must see of a log, worked out from nothing but its bytes: for tests
// to compare with what a client says. Not how a client does it: here each batch's fate is looked up
// in the markers that follow it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/simulated/log/partition_log.h"

namespace penstock::connect::kafka {

struct CommittedRecord {
  int64_t offset = 0;
  int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  ProducerIdAndEpoch producer;

  bool operator==(const CommittedRecord&) const = default;
};

std::vector<CommittedRecord> committed_records(const PartitionLog& log);

// The markers in a log, in its order.
struct LogMarker {
  int64_t offset = 0;
  ProducerIdAndEpoch producer;
  bool commit = false;

  bool operator==(const LogMarker&) const = default;
};
std::vector<LogMarker> log_markers(const PartitionLog& log);

// The first record since a time, below an offset. None: there is none.
struct TimedOffset {
  int64_t offset;
  int64_t timestamp_ms;
};
std::optional<TimedOffset> first_since(const PartitionLog& log, int64_t timestamp_ms);

}  // namespace penstock::connect::kafka
