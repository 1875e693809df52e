// A producer whose messages become visible in transactions.
//
// Five calls: fence, begin, send, commit, abort. No call blocks longer than the time it is given;
// `send` does not block at all. One owner thread. Destroying a producer leaves its open transaction
// to the next fence() of the same transactional id, or to its timeout.
//
// Without a transactional id it is idempotent and no more: fence() fences nobody, what is sent can
// be read as soon as a broker has it, commit() waits until all of it was acknowledged, and a kAbort
// of it says only that not all was. What one producer sends comes once and in order.
//
// After any error the producer is of no further use: destroy it. kRetriable comes from fence()
// only: another producer may succeed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/kafka_error.h"
#include "connect/kafka/records/batch_layout.h"

namespace penstock::connect {

using KafkaHeader = kafka::RecordHeader;

// All views need to live only until send() returns.
struct OutgoingMessage {
  int topic = 0;  // From open_topic().
  int32_t partition = 0;
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};  // None = tombstone, which is not the empty value.
  std::span<const KafkaHeader> headers = {};
  bool marked = false;  // Report its offset: see marked_offset().
};

// What the brokers have acknowledged of a transaction in one partition.
struct WrittenPartition {
  int32_t partition = 0;
  // Of the last message. None if the broker did not say it: it need not of a batch that it has
  // recognised as a repetition.
  std::optional<int64_t> last_offset = {};
  uint64_t messages = 0;
  friend bool operator==(const WrittenPartition&, const WrittenPartition&) = default;
};

enum class SendState { kAccepted, kFull };

class TransactionalProducer {
 public:
  virtual ~TransactionalProducer() = default;

  // A number for a topic, to be used in messages, and its present partitions are learned (which
  // takes at most half a second): call it again when the topic has grown. Any number of times.
  virtual int open_topic(const std::string& name) = 0;

  // Ends the epoch of every older producer of this transactional id and aborts what it left open.
  virtual KafkaResult<CallState> fence(std::chrono::milliseconds wait) = 0;

  // Starts a transaction. Sends nothing.
  virtual KafkaResult<void> begin() = 0;

  // kFull: the byte budget is used up; serve() until there is room and send again. A message larger
  // than the whole budget is accepted when nothing else is unacknowledged. Failures of delivery are
  // reported by a later send() or by commit().
  virtual KafkaResult<SendState> send(const OutgoingMessage& message) = 0;

  // Commits what was sent since begin(). kFatal and kAbort are certain: it was not committed.
  virtual KafkaResult<CallState> commit(std::chrono::milliseconds wait) = 0;

  // Aborts what was sent since begin(); the producer is then ready for begin().
  virtual KafkaResult<CallState> abort(std::chrono::milliseconds wait) = 0;

  // Takes in acknowledgements, waiting at most `wait` for the first.
  virtual void serve(std::chrono::milliseconds wait) = 0;

  virtual size_t unacknowledged_bytes() const = 0;

  // The offset of the last acknowledged message with `marked` since begin(). None also if the
  // broker did not say it: it need not of a batch that it has recognised as a repetition.
  virtual std::optional<int64_t> marked_offset() const = 0;

  // What was acknowledged since begin() in partitions of a topic from open_topic(), ascending;
  // those with nothing are left out. Also after the end of the transaction, and after an error.
  virtual std::vector<WrittenPartition> written(int topic) const = 0;

  // What the connection last complained about, for statuses while a call stays pending; or empty.
  virtual std::string last_trouble() const = 0;
};

}  // namespace penstock::connect
