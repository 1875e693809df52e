// Reading and writing of batches' headers.
#include "connect/kafka/simulated/log/stored_batch.h"

#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/protocol/wire.h"
#include "connect/kafka/records/batch_layout.h"
#include "connect/kafka/records/crc32c.h"

namespace penstock::connect::kafka {
namespace {

StoredBatch read_fields(const char* at) {
  const auto attributes = load_big_endian<int16_t>(at + kAttributesAt);
  StoredBatch batch;
  batch.base_offset = load_big_endian<int64_t>(at);
  batch.last_delta = load_big_endian<int32_t>(at + kLastOffsetDeltaAt);
  batch.max_timestamp_ms = load_big_endian<int64_t>(at + kMaxTimestampAt);
  batch.producer = {load_big_endian<int64_t>(at + kProducerIdAt),
                    load_big_endian<int16_t>(at + kProducerEpochAt)};
  batch.base_sequence = load_big_endian<int32_t>(at + kBaseSequenceAt);
  batch.transactional = (attributes & kTransactionalFlag) != 0;
  batch.control = (attributes & kControlFlag) != 0;
  return batch;
}

}  // namespace

std::expected<StoredBatch, ErrorCode> read_produced_batch(std::string_view records) {
  if (records.size() < kBatchHeaderBytes) return std::unexpected(ErrorCode::kCorruptMessage);
  const char* const at = records.data();
  const auto length = load_big_endian<int32_t>(at + kLengthAt);
  if (length < static_cast<int32_t>(kBatchHeaderBytes - kLeaderEpochAt) ||
      kLeaderEpochAt + static_cast<size_t>(length) > records.size() || at[kMagicAt] != kMagic)
    return std::unexpected(ErrorCode::kCorruptMessage);
  if (kLeaderEpochAt + static_cast<size_t>(length) < records.size())
    return std::unexpected(ErrorCode::kInvalidRecord);
  if (load_big_endian<uint32_t>(at + kCrcAt) != crc32c(records.substr(kAttributesAt)))
    return std::unexpected(ErrorCode::kCorruptMessage);
  const StoredBatch batch = read_fields(at);
  // Markers are the coordinators' alone, and a producer numbers its offsets without gaps.
  if (batch.control || batch.last_delta < 0 ||
      load_big_endian<int32_t>(at + kCountAt) != batch.last_delta + 1)
    return std::unexpected(ErrorCode::kInvalidRecord);
  return batch;
}

void set_place(char* batch, int64_t base_offset, int32_t leader_epoch) {
  store_big_endian(batch, base_offset);
  store_big_endian(batch + kLeaderEpochAt, leader_epoch);
}

std::string marker_batch(const TransactionMarker& marker) {
  WireWriter record;
  record.raw(std::string_view("\0\0\0\x08", 4));  // Attributes, two deltas, four bytes of key.
  record.int16(0);
  record.int16(marker.commit ? 1 : 0);
  record.raw("\x0c");  // Six bytes of value.
  record.int16(0);
  record.int32(marker.coordinator_epoch);
  record.raw(std::string_view("\0", 1));  // No headers.

  WireWriter checked;
  checked.int16(kTransactionalFlag | kControlFlag);
  checked.int32(0);
  checked.int64(marker.timestamp_ms);
  checked.int64(marker.timestamp_ms);
  checked.int64(marker.producer.id);
  checked.int16(marker.producer.epoch);
  checked.int32(-1);
  checked.int32(1);
  checked.int8(static_cast<int8_t>(2 * record.size()));
  const std::string content = checked.joined() + record.joined();

  WireWriter batch;
  batch.int64(0);
  batch.int32(static_cast<int32_t>(kAttributesAt - kLeaderEpochAt + content.size()));
  batch.int32(-1);
  batch.int8(kMagic);
  batch.int32(static_cast<int32_t>(crc32c(content)));
  return batch.joined() + content;
}

}  // namespace penstock::connect::kafka
