// A reader of assigned partitions of one topic, from given offsets, without a consumer group.
//
// To have read a partition to its end means: position(p) >= the high watermark taken before. The
// position moves past control records (commit and abort markers) too, so it gets there even if the
// last record is one of them; silence proves nothing. Read committed, the position stops at the
// first open transaction. One owner thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/stop_token.h"
#include "connect/kafka/kafka_error.h"
#include "connect/kafka/transactional_producer.h"

namespace penstock::connect {

enum class KafkaIsolation { kReadUncommitted, kReadCommitted };

// Offsets [low, high): `high` is the true end of the log, open transactions included.
struct Watermarks {
  int64_t low = 0;
  int64_t high = 0;
};

// The views live until the next poll(), and so does the list of headers.
struct IncomingMessage {
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const KafkaHeader> headers;
  int64_t timestamp_ms = -1;  // -1 = none.
};

class TopicReader {
 public:
  virtual ~TopicReader() = default;

  // Starts (or restarts) reading a partition at an absolute offset.
  virtual KafkaResult<void> assign(int32_t partition, int64_t offset) = 0;

  // The next record of any assigned partition; none when `wait` passed or only the position moved.
  // An offset that the topic no longer has is kFatal with code "OFFSET_OUT_OF_RANGE". So is a topic
  // that was deleted and created anew, "INCONSISTENT_TOPIC_ID": its offsets are other records'. The
  // reader stays with the topic that was; make another one.
  virtual KafkaResult<std::optional<IncomingMessage>> poll(std::chrono::milliseconds wait) = 0;

  // The offset after the last record that was delivered or skipped.
  virtual int64_t position(int32_t partition) const = 0;

  virtual KafkaResult<Watermarks> watermarks(int32_t partition, const StopToken& stop) = 0;

  // The first offset whose record is at or after the time; the end when there is none.
  virtual KafkaResult<int64_t> offset_at(int32_t partition, int64_t timestamp_ms,
                                         const StopToken& stop) = 0;

  // Why no broker can be asked, naming one, for statuses while nothing comes; empty while one can.
  virtual std::string last_trouble() const = 0;
};

}  // namespace penstock::connect
