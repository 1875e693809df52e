// Builds a record batch of magic 2 (KIP-98) in the one buffer it is sent from.
//
// Records are written behind the room for the batch's header as they come; finish() fills in the
// header. The checksum of records that stay as they are is taken while the processor has them near.
// A builder is reused with clear() and keeps its memory. One owner thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "connect/kafka/records/batch_layout.h"
#include "connect/kafka/records/byte_buffer.h"
#include "connect/kafka/records/compression.h"

namespace penstock::connect::kafka {

// Views that need to live for the call only. An empty key or value is not null.
struct RecordFields {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  int64_t timestamp_ms = 0;  // Since 1970.
  std::span<const RecordHeader> headers;
};

// Who sends a batch, and what its number is among those to the same partition. Without an
// idempotent producer all are -1.
struct BatchIdentity {
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  bool transactional = false;
};

class BatchBuilder {
 public:
  // No batch becomes larger than `limit_bytes`, header included, whatever the codec.
  // REQUIRES: kBatchHeaderBytes <= limit_bytes <= 2^31 - 1.
  BatchBuilder(size_t limit_bytes, Codec codec);

  // Copies the record to the end of the batch. False, and nothing is changed, if it does not fit.
  // REQUIRES: the batch is not finished.
  [[nodiscard]] bool append(const RecordFields& record);

  size_t limit_bytes() const { return limit_bytes_; }
  bool empty() const { return count_ == 0; }
  int32_t count() const { return count_; }
  // Of the batch as it stands: what finish() would give uncompressed, or what it gave.
  size_t size_bytes() const { return bytes_.size(); }

  // The whole batch: a view that is valid until clear(). A batch that compression does not make
  // smaller stays uncompressed, so that the limit holds and nobody decompresses it in vain.
  // REQUIRES: at least one record; not finished.
  std::string_view finish(const BatchIdentity& identity, Compression& compression);

  void clear();

 private:
  // The sizes as varints on the wire, and what they are sizes of.
  struct Measured {
    uint64_t timestamp_delta;  // Zigzag.
    size_t body_bytes;         // What follows the record's length.
    size_t total_bytes;
  };
  Measured measure(const RecordFields& record) const;
  // Takes what is not in the checksum yet.
  void check_records();

  size_t limit_bytes_;
  Codec codec_;
  ByteBuffer bytes_;
  size_t checked_bytes_ = 0;  // From the batch's beginning, of which the header is checked last.
  uint32_t records_crc_ = 0;  // Of the records among them.
  int32_t count_ = 0;
  int64_t base_timestamp_ms_ = 0;
  int64_t max_timestamp_ms_ = 0;
  bool finished_ = false;
};

}  // namespace penstock::connect::kafka
