// Reads a sink's records out of its progress topic.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/topic_reader.h"
#include "sinks/progress_record.h"

namespace penstock::sinks {

struct FoundRecord {
  int64_t offset = 0;
  ProgressRecord record;
};

// This sink's records in [from, high), in order.
struct ProgressView {
  int64_t low = 0;
  int64_t high = 0;
  std::vector<FoundRecord> records;
};

struct ProgressQuery {
  std::string topic;
  std::string compatible_key;
  std::string own_key;
  std::optional<int64_t> from;          // None = from the start.
  std::chrono::milliseconds timeout{};  // Until the end must be reached.
};

// Hears how reading goes on. May be empty.
struct ProgressListener {
  std::function<void()> waiting = {};  // About every 100 ms.
  // Offsets that are left; records that were read since the last time, whoever's they are.
  std::function<void(int64_t left, uint64_t consumed)> advanced = {};
};

// Reads up to the high watermark: true end of the log, proven by the position. Read committed, it
// waits for transactions that are open.
connect::KafkaResult<ProgressView> read_progress(connect::TopicReader& reader,
                                                 const ProgressQuery& query, const StopToken& stop,
                                                 const ProgressListener& listener);

}  // namespace penstock::sinks
