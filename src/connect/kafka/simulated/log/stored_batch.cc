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

// Of the batch at the beginning; 0: there is no whole one.
std::expected<size_t, ErrorCode> batch_size(std::string_view records) {
  constexpr int32_t kLeastLength = 14;  // Of the oldest format.
  if (records.size() <= kMagicAt) return 0;
  const auto length = load_big_endian<int32_t>(records.data() + kLengthAt);
  const auto magic = static_cast<int8_t>(records[kMagicAt]);
  if (length < kLeastLength || magic < 0 || magic > kMagic)
    return std::unexpected(ErrorCode::kCorruptMessage);
  const size_t size = kLeaderEpochAt + static_cast<size_t>(length);
  return size <= records.size() ? size : 0;
}

}  // namespace

std::expected<std::string_view, ErrorCode> find_produced_batch(std::string_view records) {
  const auto size = batch_size(records);
  if (!size) return std::unexpected(size.error());
  if (*size == 0 || records[kMagicAt] != kMagic) return std::unexpected(ErrorCode::kInvalidRecord);
  const auto second = batch_size(records.substr(*size));
  if (!second) return std::unexpected(second.error());
  if (*second != 0) return std::unexpected(ErrorCode::kInvalidRecord);
  return records.substr(0, *size);
}

std::expected<StoredBatch, ErrorCode> read_produced_batch(std::string_view batch) {
  const char* const at = batch.data();
  if (batch.size() < kBatchHeaderBytes ||
      load_big_endian<uint32_t>(at + kCrcAt) != crc32c(batch.substr(kAttributesAt)))
    return std::unexpected(ErrorCode::kCorruptMessage);
  const StoredBatch stored = read_fields(at);
  // Markers are the coordinators' alone, and a producer numbers its offsets without gaps.
  if (stored.control || stored.last_delta < 0 ||
      load_big_endian<int32_t>(at + kCountAt) != stored.last_delta + 1 ||
      (stored.producer.id >= 0 && stored.base_sequence < 0))
    return std::unexpected(ErrorCode::kInvalidRecord);
  return stored;
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
