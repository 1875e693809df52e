// The rows of a snapshot as encoded messages, a chunk at a time: what a sink's thread has to send,
// and what it needs to know of the rows to find its place again. A thread may run ahead of the
// sink's with it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/stop_token.h"
#include "data/update_stream.h"
#include "sinks/change_encoder.h"
#include "sinks/sink_config.h"
#include "sinks/trouble.h"

namespace penstock::sinks {

// A row that was met: another one of its key, right behind it, is a violation.
struct SnapshotRow {
  std::string key;    // By which it is grouped.
  std::string value;  // Of its message.
};

// The messages of a chunk's rows, one for each row. Plain value.
class EncodedChunk {
 public:
  struct Row {
    size_t key_begin = 0;  // Into the chunk's bytes: the key, the headers, the value.
    size_t headers_begin = 0;
    size_t value_begin = 0;
    size_t value_end = 0;
    bool has_key = false;
    size_t steady_bytes = 0;
    uint64_t partition_hash = 0;
    uint64_t copies = 0;
    uint64_t changes = 0;                         // More than 1 is a violation of the key.
    std::shared_ptr<const Refusal> refusal = {};  // As of a message.
  };

  size_t size() const { return rows_.size(); }
  const Row& row(size_t index) const { return rows_[index]; }
  // Its views live as long as the chunk is as it is.
  SinkMessage message(size_t index) const;
  // Which key and rows; only of the chunk's first violation, and of a key that is proven.
  std::string_view violation(size_t index) const;
  // Of memory.
  size_t bytes() const;

  std::string position;             // Of the last row: reading goes on behind it.
  std::optional<SnapshotRow> last;  // Where the key counts.
  uint64_t partition_errors = 0;    // Of PARTITION BY.
  std::optional<Trouble> trouble;   // What came after the rows, and ended it.
  bool at_end = false;              // No rows, and none behind.

 private:
  friend class SnapshotEncoder;
  void clear();

  std::string bytes_;
  std::vector<Row> rows_;
  size_t refusal_bytes_ = 0;  // Of texts in refusals.
  std::optional<std::pair<size_t, std::string>> violation_;
};

// Where a snapshot's rows are read from, and what is known of those before.
struct SnapshotPlace {
  Timestamp time;
  std::optional<SnapshotRow> previous = {};
};

// One owner thread, which need not be the sink's.
class SnapshotEncoder {
 public:
  SnapshotEncoder(const SinkConfig& config, const MessageHeads& heads,
                  std::unique_ptr<data::OrderedRows> rows, SnapshotPlace place);

  // The next chunk, into one whose memory is used again.
  void encode(EncodedChunk& chunk);

 private:
  bool encode_row(const data::DeltaBatch& batch, size_t row, EncodedChunk& chunk);
  void keep_refusal(const SinkMessage& message, EncodedChunk& chunk);
  void look_for_violation(EncodedChunk& chunk);
  std::string_view bare(std::string_view value) const;

  ChangeEncoder encoder_;
  std::unique_ptr<data::OrderedRows> rows_;
  SnapshotPlace place_;
  std::vector<uint64_t> partition_values_;
  std::string group_key_;
  std::string message_key_;
  std::string value_;
};

// Encodes ahead in a thread of its own, up to so many bytes; with none, when asked. One owner
// thread; the encoder belongs to the other one meanwhile, which ends with the object.
class EncodeAhead {
 public:
  EncodeAhead(std::unique_ptr<SnapshotEncoder> encoder, size_t most_bytes);
  ~EncodeAhead();
  EncodeAhead(const EncodeAhead&) = delete;
  EncodeAhead& operator=(const EncodeAhead&) = delete;

  // The next chunk, which stays until the next call; null when told to stop. Not called again after
  // one with trouble or at the end.
  EncodedChunk* next(const StopToken& stop);

 private:
  void run();

  const std::unique_ptr<SnapshotEncoder> encoder_;
  const size_t most_bytes_;
  std::unique_ptr<EncodedChunk> taken_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<EncodedChunk>> ready_;
  size_t ready_bytes_ = 0;
  std::vector<std::unique_ptr<EncodedChunk>> spare_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace penstock::sinks
