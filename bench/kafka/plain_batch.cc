// Records by hand.
#include "bench/kafka/plain_batch.h"

#include <chrono>
#include <cstring>

#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/batch_layout.h"
#include "connect/kafka/records/crc32c.h"

namespace penstock::bench {
namespace {

namespace kafka = connect::kafka;

// Attributes, and a varint of five bytes for each length and difference.
constexpr size_t kMostPerRecord = 32;
constexpr size_t kLengthEnd = kafka::kLengthAt + sizeof(int32_t);

char* put(char* at, uint32_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

// Lengths are signed: zigzag doubles what is not negative.
char* put_bytes(char* at, std::string_view bytes) {
  at = put(at, static_cast<uint32_t>(2 * bytes.size()));
  std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

size_t size_of(uint32_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

int64_t take(const char*& at) {
  uint64_t value = 0;
  int shift = 0;
  for (; (*at & 0x80) != 0; shift += 7) value |= static_cast<uint64_t>(*at++ & 0x7f) << shift;
  value |= static_cast<uint64_t>(*at++) << shift;
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

std::string_view take_bytes(const char*& at) {
  const auto size = static_cast<size_t>(take(at));
  const char* begin = at;
  at += size;
  return {begin, size};
}

void tally_batch(const char* batch, Tally& tally) {
  const auto count = kafka::load_big_endian<int32_t>(batch + kafka::kCountAt);
  const char* at = batch + kafka::kBatchHeaderBytes;
  for (int32_t i = 0; i < count; ++i) {
    const auto length = static_cast<size_t>(take(at));
    const char* end = at + length;
    ++at;  // Attributes.
    take(at);
    take(at);
    const std::string_view key = take_bytes(at);
    tally.add(key, take_bytes(at));
    at = end;
  }
}

// The first whole batch, or an empty view.
std::string_view first_batch(std::string_view records) {
  if (records.size() < kafka::kBatchHeaderBytes) return {};
  const auto length = kafka::load_big_endian<int32_t>(records.data() + kafka::kLengthAt);
  const size_t size = kLengthEnd + static_cast<size_t>(length);
  return size > records.size() ? std::string_view() : records.substr(0, size);
}

}  // namespace

PlainBatch::PlainBatch(size_t limit_bytes)
    : limit_bytes_(limit_bytes),
      bytes_(std::make_unique_for_overwrite<char[]>(limit_bytes)),
      size_(kafka::kBatchHeaderBytes) {}

bool PlainBatch::append(std::string_view key, std::string_view value) {
  if (size_ + key.size() + value.size() + kMostPerRecord > limit_bytes_) return false;
  const auto delta = static_cast<uint32_t>(2 * count_);
  // Attributes, timestamp and the number of headers take a byte each.
  const size_t body = 3 + size_of(delta) + size_of(static_cast<uint32_t>(2 * key.size())) +
                      key.size() + size_of(static_cast<uint32_t>(2 * value.size())) + value.size();
  char* at = put(&bytes_[size_], static_cast<uint32_t>(2 * body));
  *at++ = 0;
  *at++ = 0;
  at = put(at, delta);
  at = put_bytes(at, key);
  at = put_bytes(at, value);
  *at++ = 0;
  size_ = static_cast<size_t>(at - bytes_.get());
  ++count_;
  return true;
}

std::string_view PlainBatch::finish(int64_t producer_id, int16_t producer_epoch,
                                    int32_t base_sequence) {
  char* const begin = bytes_.get();
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  kafka::store_big_endian(begin, int64_t{0});
  kafka::store_big_endian(begin + kafka::kLengthAt, static_cast<int32_t>(size_ - kLengthEnd));
  kafka::store_big_endian(begin + kafka::kLeaderEpochAt, int32_t{-1});
  begin[kafka::kMagicAt] = kafka::kMagic;
  kafka::store_big_endian(begin + kafka::kAttributesAt, kafka::kTransactionalFlag);
  kafka::store_big_endian(begin + kafka::kLastOffsetDeltaAt, count_ - 1);
  kafka::store_big_endian(begin + kafka::kBaseTimestampAt, now_ms);
  kafka::store_big_endian(begin + kafka::kMaxTimestampAt, now_ms);
  kafka::store_big_endian(begin + kafka::kProducerIdAt, producer_id);
  kafka::store_big_endian(begin + kafka::kProducerEpochAt, producer_epoch);
  kafka::store_big_endian(begin + kafka::kBaseSequenceAt, base_sequence);
  kafka::store_big_endian(begin + kafka::kCountAt, count_);
  const uint32_t crc = kafka::crc32c({begin + kafka::kAttributesAt, size_ - kafka::kAttributesAt});
  kafka::store_big_endian(begin + kafka::kCrcAt, crc);
  return {begin, size_};
}

void PlainBatch::clear() {
  size_ = kafka::kBatchHeaderBytes;
  count_ = 0;
}

int64_t offset_after(std::string_view records, int64_t offset) {
  while (true) {
    const std::string_view batch = first_batch(records);
    if (batch.empty()) return offset;
    offset = kafka::load_big_endian<int64_t>(batch.data()) +
             kafka::load_big_endian<int32_t>(batch.data() + kafka::kLastOffsetDeltaAt) + 1;
    records.remove_prefix(batch.size());
  }
}

void tally_records(std::string_view records, Tally& tally) {
  while (true) {
    const std::string_view batch = first_batch(records);
    if (batch.empty()) return;
    const auto attributes = kafka::load_big_endian<int16_t>(batch.data() + kafka::kAttributesAt);
    if ((attributes & kafka::kControlFlag) == 0) tally_batch(batch.data(), tally);
    records.remove_prefix(batch.size());
  }
}

}  // namespace penstock::bench
