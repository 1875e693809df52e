// Builds a record batch of magic 2 (KIP-98) in the one buffer it is sent from.
//
// Records are written behind the room for the batch's header as they come; finish() fills in the
// header. Before a batch is sent again as another producer, set_identity() changes the header only.
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
  explicit BatchBuilder(size_t limit_bytes);

  bool fits(const RecordFields& record) const;
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
  std::string_view finish(const BatchIdentity& identity, Codec codec, Compression& compression);
  // The finished batch with another identity.
  // REQUIRES: finished, and no earlier view is being sent any more.
  std::string_view set_identity(const BatchIdentity& identity);

  void clear();

 private:
  // The sizes as varints on the wire, and what they are sizes of.
  struct Measured {
    uint64_t timestamp_delta;  // Zigzag.
    size_t body_bytes;         // What follows the record's length.
    size_t total_bytes;
  };
  Measured measure(const RecordFields& record) const;

  size_t limit_bytes_;
  ByteBuffer bytes_;
  int32_t count_ = 0;
  int64_t base_timestamp_ms_ = 0;
  int64_t max_timestamp_ms_ = 0;
  bool finished_ = false;
};

}  // namespace penstock::connect::kafka
