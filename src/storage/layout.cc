// Keys and small values of the durable format.
#include "storage/layout.h"

#include "base/bytes_io.h"
#include "base/check.h"

namespace penstock::storage {

namespace {

constexpr char kTickSpace = 0;
constexpr char kPartSpace = 1;
constexpr char kPartEntryTag = 2;
constexpr uint8_t kTimedPart = 1;
constexpr uint8_t kBasePart = 2;

std::string decimal_key(std::string_view prefix, uint64_t number) {
  std::string key(prefix);
  put_big_endian(key, number);
  return key;
}

}  // namespace

void put_big_endian(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}
void put_big_endian32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}
uint64_t big_endian_at(std::string_view bytes, size_t offset) {
  CHECK_OP(<=, offset + 8, bytes.size());
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[offset + i]);
  return value;
}
uint32_t big_endian32_at(std::string_view bytes, size_t offset) {
  CHECK_OP(<=, offset + 4, bytes.size());
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[offset + i]);
  return value;
}

std::string stream_prefix(CollectionId collection, Stream stream) {
  std::string out;
  put_big_endian(out, collection.value << 1 | (stream == Stream::kErrors ? 1U : 0U));
  return out;
}

std::string after_prefix(std::string_view prefix) {
  std::string out(prefix);
  while (!out.empty() && static_cast<uint8_t>(out.back()) == 0xFF) out.pop_back();
  CHECK(!out.empty());
  out.back() = static_cast<char>(static_cast<uint8_t>(out.back()) + 1);
  return out;
}

std::string tick_prefix(CollectionId collection, Stream stream, Timestamp last) {
  std::string key = ticks_begin(collection, stream);
  put_big_endian(key, last.ms);
  return key;
}
std::string tick_key(CollectionId collection, Stream stream, Timestamp last, uint32_t ordinal) {
  std::string key = tick_prefix(collection, stream, last);
  put_big_endian32(key, ordinal);
  return key;
}
std::string ticks_begin(CollectionId collection, Stream stream) {
  return std::string(1, kTickSpace) + stream_prefix(collection, stream);
}
std::string ticks_end(CollectionId collection, Stream stream) {
  return after_prefix(ticks_begin(collection, stream));
}
TickKey parse_tick_key(std::string_view key) {
  uint64_t stream = big_endian_at(key, 1);
  return {CollectionId{stream >> 1}, (stream & 1) != 0 ? Stream::kErrors : Stream::kRows,
          Timestamp{big_endian_at(key, 9)}, big_endian32_at(key, 17)};
}

std::string part_prefix(uint64_t part) {
  std::string key(1, kPartSpace);
  put_big_endian(key, part);
  return key;
}
std::string part_key(uint64_t part, uint32_t block) {
  std::string key = part_prefix(part);
  put_big_endian32(key, block);
  return key;
}
std::string all_parts_begin() {
  return std::string(1, kPartSpace);
}
std::string all_parts_end() {
  return std::string(1, kPartSpace + 1);
}

bool is_part_entry(std::string_view value) {
  return !value.empty() && value[0] == kPartEntryTag;
}

std::string encode_part_entry(const PartEntry& entry) {
  std::string out(1, kPartEntryTag);
  put_varint(out, entry.first.ms);
  put_varint(out, entry.part);
  put_varint(out, entry.first_block);
  put_varint(out, entry.blocks);
  put_varint(out, entry.updates);
  put_varint(out, entry.bytes);
  out.push_back(static_cast<char>((entry.timed ? kTimedPart : 0) | (entry.base ? kBasePart : 0)));
  return out;
}

std::optional<PartEntry> decode_part_entry(std::string_view value) {
  ByteReader reader(value);
  reader.fixed<uint8_t>();
  PartEntry entry;
  entry.first = Timestamp{reader.varint()};
  entry.part = reader.varint();
  entry.first_block = static_cast<uint32_t>(reader.varint());
  entry.blocks = static_cast<uint32_t>(reader.varint());
  entry.updates = reader.varint();
  entry.bytes = reader.varint();
  const uint8_t flags = reader.fixed<uint8_t>();
  entry.timed = (flags & kTimedPart) != 0;
  entry.base = (flags & kBasePart) != 0;
  if (reader.failed()) return std::nullopt;
  return entry;
}

namespace meta_key {
std::string user(std::string_view key) {
  return "m" + std::string(key);
}
std::string spec(CollectionId collection) {
  return decimal_key(kSpecs, collection.value);
}
std::string since(CollectionId collection) {
  return decimal_key("!since/", collection.value);
}
std::string publication(CollectionId collection) {
  return decimal_key("!publication/", collection.value);
}
std::string hash(CollectionId collection) {
  return decimal_key("!hash/", collection.value);
}
std::string upper(Timeline timeline) {
  return decimal_key(kUppers, timeline.value);
}
std::string skipped(Timeline timeline, Timestamp from) {
  std::string key = decimal_key(kSkipped, timeline.value);
  put_big_endian(key, from.ms);
  return key;
}
std::string hold(std::string_view holder, CollectionId collection) {
  std::string key = decimal_key(kHolds, collection.value);
  key.append(holder);
  return key;
}
std::string life(uint64_t number) {
  return decimal_key(kLives, number);
}
}  // namespace meta_key

std::string encode_time(Timestamp time) {
  std::string out;
  put_varint(out, time.ms);
  return out;
}
std::optional<Timestamp> decode_time(std::string_view value) {
  ByteReader reader(value);
  Timestamp time{reader.varint()};
  if (reader.failed()) return std::nullopt;
  return time;
}

std::string encode_sum(const CollectionSum& sum) {
  std::string out;
  put_fixed(out, sum.hash.low);
  put_fixed(out, sum.hash.high);
  if (sum.rows) put_fixed(out, *sum.rows);
  return out;
}
std::optional<CollectionSum> decode_sum(std::string_view value) {
  ByteReader reader(value);
  CollectionSum sum;
  sum.hash.low = reader.fixed<uint64_t>();
  sum.hash.high = reader.fixed<uint64_t>();
  if (!reader.failed() && !reader.at_end()) sum.rows = reader.fixed<int64_t>();
  if (reader.failed()) return std::nullopt;
  return sum;
}

}  // namespace penstock::storage
