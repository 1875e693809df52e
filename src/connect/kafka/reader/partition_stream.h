// The records of one partition in order, out of the pieces that were fetched of it.
//
// The position is the offset after the last record that was given out or passed over: control
// records, records of aborted transactions (read committed), and offsets that compaction has
// emptied. A fetch begins with a whole batch, so the first records of a piece may lie before the
// position.
//
// Pure bookkeeping, no I/O. One owner thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/client/frame_reader.h"
#include "connect/kafka/protocol/error_code.h"
#include "connect/kafka/records/aborted_filter.h"
#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/topic_reader.h"

namespace penstock::connect::kafka {

// What one response holds of a partition.
struct FetchedPiece {
  std::shared_ptr<const Frame> frame;  // What `records` is a view of.
  std::string_view records;
  std::vector<AbortedTransaction> aborted;
};

inline IncomingMessage message_of(int32_t partition, const RecordView& record) {
  return {partition, record.offset, record.key, record.value, record.headers, record.timestamp_ms};
}

class PartitionStream {
 public:
  PartitionStream(int32_t partition, KafkaIsolation isolation, Compression& compression);

  // Begins anew at an offset; what was fetched before is forgotten.
  void seek(int64_t offset);
  int64_t position() const { return position_; }
  // Where the next fetch begins: after what was fetched.
  int64_t fetch_offset() const { return fetch_offset_; }
  // The leader epoch of the last batch that was fetched (KIP-320); -1 = nothing was, since seek().
  int32_t fetched_epoch() const { return fetched_epoch_; }
  // Bytes that were fetched and not given out.
  size_t queued_bytes() const { return queued_bytes_; }

  // REQUIRES: it was fetched at fetch_offset() or, from an earlier leader, at a smaller offset.
  // Upon an error nothing of it is taken.
  KafkaResult<void> add(FetchedPiece piece);
  // The next record; its views live until the next call. None: all that was fetched is given out.
  KafkaResult<std::optional<IncomingMessage>> next();
  // The same, as long as it is in the batch that is being read, which is what happens a thousand
  // times as often as anything else. None: next() tells.
  const RecordView* next_in_batch() {
    while (in_batch_ && batches_.next_record()) {
      const RecordView& record = batches_.record();
      if (record.offset < position_) continue;
      position_ = record.offset + 1;
      return &record;
    }
    return nullptr;
  }

 private:
  // The next batch that has something to show. False: there is none in this piece.
  KafkaResult<bool> next_batch();
  KafkaError corrupt(const std::string& why) const;

  const int32_t partition_;
  const KafkaIsolation isolation_;
  BatchReader batches_;
  BatchReader scan_;  // Over what is added: it verifies, while the bytes are still in the cache.
  AbortedFilter filter_;
  std::deque<FetchedPiece> pieces_;  // The first is being read once `open_`.
  bool open_ = false;
  bool in_batch_ = false;
  int64_t position_ = 0;
  int64_t fetch_offset_ = 0;
  int32_t fetched_epoch_ = -1;
  size_t queued_bytes_ = 0;
};

}  // namespace penstock::connect::kafka
