// The hot path of producing: a record is measured, then written with one reservation.
#include "connect/kafka/records/batch_builder.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/crc32c.h"
#include "connect/kafka/records/varint.h"

namespace penstock::connect::kafka {

namespace {

constexpr int64_t kBaseOffset = 0;      // The broker assigns it.
constexpr int32_t kNoLeaderEpoch = -1;  // So does it this.
constexpr char kRecordAttributes = 0;
// Less than the nearest cache holds, and four rounds of the longest lanes of crc32c.
constexpr size_t kCheckStepBytes = 12 << 10;
// What has become as large as this will most likely be filled. Memory that is not written to costs
// nothing, and moving a large batch from one size to the next costs as much as filling it.
constexpr size_t kGrowsToLimitBytes = 64 << 10;

// The zigzag form of a length.
uint64_t length_code(size_t size) {
  return static_cast<uint64_t>(size) << 1;
}

size_t field_size(std::string_view bytes) {
  return varint_size(length_code(bytes.size())) + bytes.size();
}
size_t field_size(const std::optional<std::string_view>& bytes) {
  return bytes ? field_size(*bytes) : varint_size(zigzag(kNullLength));
}

char* put_field(char* at, std::string_view bytes) {
  at = put_varint(at, length_code(bytes.size()));
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}
char* put_field(char* at, const std::optional<std::string_view>& bytes) {
  return bytes ? put_field(at, *bytes) : put_varint(at, zigzag(kNullLength));
}

// Timestamps are any 64 bits: a difference wraps around, and back when it is read.
int64_t wrapping_difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

}  // namespace

BatchBuilder::BatchBuilder(size_t limit_bytes, Codec codec)
    : limit_bytes_(limit_bytes), codec_(codec) {
  CHECK_OP(>=, limit_bytes, kBatchHeaderBytes);
  CHECK_OP(<=, limit_bytes, size_t{std::numeric_limits<int32_t>::max()});
  clear();
}

BatchBuilder::Measured BatchBuilder::measure(const RecordFields& record) const {
  Measured measured;
  const int64_t base_ms = count_ == 0 ? record.timestamp_ms : base_timestamp_ms_;
  measured.timestamp_delta = zigzag(wrapping_difference(record.timestamp_ms, base_ms));
  size_t bytes = sizeof(kRecordAttributes) + varint_size(measured.timestamp_delta) +
                 varint_size(zigzag(count_)) + field_size(record.key) + field_size(record.value) +
                 varint_size(length_code(record.headers.size()));
  for (const RecordHeader& header : record.headers)
    bytes += field_size(header.key) + field_size(header.value);
  measured.body_bytes = bytes;
  measured.total_bytes = varint_size(length_code(bytes)) + bytes;
  return measured;
}

bool BatchBuilder::append(const RecordFields& record) {
  DCHECK(!finished_);
  const Measured measured = measure(record);
  if (measured.total_bytes > limit_bytes_ - bytes_.size()) return false;
  if (count_ == 0) base_timestamp_ms_ = max_timestamp_ms_ = record.timestamp_ms;
  max_timestamp_ms_ = std::max(max_timestamp_ms_, record.timestamp_ms);

  const bool grows = bytes_.size() + measured.total_bytes > bytes_.capacity();
  char* const begin =
      bytes_.reserve(grows && bytes_.size() >= kGrowsToLimitBytes ? limit_bytes_ - bytes_.size()
                                                                  : measured.total_bytes);
  char* at = put_varint(begin, length_code(measured.body_bytes));
  *at++ = kRecordAttributes;
  at = put_varint(at, measured.timestamp_delta);
  at = put_varint(at, zigzag(count_));
  at = put_field(at, record.key);
  at = put_field(at, record.value);
  at = put_varint(at, length_code(record.headers.size()));
  for (const RecordHeader& header : record.headers) {
    at = put_field(at, header.key);
    at = put_field(at, header.value);
  }
  DCHECK(at == begin + measured.total_bytes);
  bytes_.commit(measured.total_bytes);
  ++count_;
  if (codec_ == Codec::kNone && bytes_.size() - checked_bytes_ >= kCheckStepBytes) check_records();
  return true;
}

void BatchBuilder::check_records() {
  records_crc_ = crc32c_extend(records_crc_, bytes_.view().substr(checked_bytes_));
  checked_bytes_ = bytes_.size();
}

std::string_view BatchBuilder::finish(const BatchIdentity& identity, Compression& compression) {
  CHECK(!finished_ && count_ > 0);
  finished_ = true;
  Codec codec = codec_;
  if (codec != Codec::kNone) {
    const std::string_view records = bytes_.view().substr(kBatchHeaderBytes);
    const std::string_view compressed = compression.compress(codec, records);
    if (compressed.size() < records.size()) {
      // Copying costs little beside compressing, and saves every builder a second buffer.
      std::memcpy(bytes_.data() + kBatchHeaderBytes, compressed.data(), compressed.size());
      bytes_.truncate(kBatchHeaderBytes + compressed.size());
    } else {
      codec = Codec::kNone;
    }
  }
  check_records();
  char* const header = bytes_.data();
  const size_t length = bytes_.size() - kLeaderEpochAt;
  const int16_t flags = identity.transactional ? kTransactionalFlag : int16_t{0};
  store_big_endian(header, kBaseOffset);
  store_big_endian(header + kLengthAt, static_cast<int32_t>(length));
  store_big_endian(header + kLeaderEpochAt, kNoLeaderEpoch);
  store_big_endian(header + kMagicAt, kMagic);
  store_big_endian(header + kAttributesAt,
                   static_cast<int16_t>(static_cast<int16_t>(codec) | flags));
  store_big_endian(header + kLastOffsetDeltaAt, count_ - 1);
  store_big_endian(header + kBaseTimestampAt, base_timestamp_ms_);
  store_big_endian(header + kMaxTimestampAt, max_timestamp_ms_);
  store_big_endian(header + kProducerIdAt, identity.producer_id);
  store_big_endian(header + kProducerEpochAt, identity.producer_epoch);
  store_big_endian(header + kBaseSequenceAt, identity.base_sequence);
  store_big_endian(header + kCountAt, count_);
  const std::string_view checked(header + kAttributesAt, kBatchHeaderBytes - kAttributesAt);
  store_big_endian(header + kCrcAt,
                   crc32c_joined(crc32c(checked), records_crc_, bytes_.size() - kBatchHeaderBytes));
  return bytes_.view();
}

void BatchBuilder::clear() {
  bytes_.clear();
  bytes_.reserve(kBatchHeaderBytes);
  bytes_.commit(kBatchHeaderBytes);
  checked_bytes_ = kBatchHeaderBytes;
  records_crc_ = 0;
  count_ = 0;
  finished_ = false;
}

}  // namespace penstock::connect::kafka
