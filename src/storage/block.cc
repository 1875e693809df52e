// Sorting, adding up and front-coding of updates.
#include "storage/block.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bytes_io.h"
#include "base/check.h"
#include "storage/row_hash.h"

namespace penstock::storage {

namespace {

constexpr uint8_t kBlockVersion = 1;
constexpr uint8_t kTimedFlag = 1;

uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

size_t common_prefix(std::string_view a, std::string_view b) {
  size_t limit = std::min(a.size(), b.size());
  size_t at = 0;
  while (at + 8 <= limit && std::memcmp(a.data() + at, b.data() + at, 8) == 0) at += 8;
  while (at < limit && a[at] == b[at]) ++at;
  return at;
}

uint64_t prefix_of(std::string_view key) {
  char padded[8] = {};
  std::memcpy(padded, key.data(), std::min<size_t>(8, key.size()));
  uint64_t word;
  std::memcpy(&word, padded, 8);
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

}  // namespace

HashSum entry_hash(const Entry& entry) {
  return times(hash128(RowFormat::row_of(entry.sort_key, entry.payload), kRowHashSeed),
               entry.weight);
}

BlockReader::BlockReader(std::string_view block, Timestamp time) {
  ByteReader reader(block);
  uint8_t version = reader.fixed<uint8_t>();
  timed_ = (reader.fixed<uint8_t>() & kTimedFlag) != 0;
  entries_left_ = reader.varint();
  base_time_ = timed_ ? reader.varint() : time.ms;
  damaged_ = reader.failed() || version != kBlockVersion;
  entry_.time = time;
  rest_ = reader.rest();
}

bool BlockReader::next() {
  if (damaged_ || entries_left_ == 0) return false;
  --entries_left_;
  ByteReader reader(rest_);
  uint64_t shared = reader.varint();
  bool has_payload = (shared & 1) != 0;
  shared >>= 1;
  std::string_view more = reader.string();
  if (reader.failed() || shared > sort_key_.size()) {
    damaged_ = true;
    return false;
  }
  sort_key_.resize(shared);
  sort_key_.append(more);
  entry_.weight = unzigzag(reader.varint());
  if (timed_) {
    entry_.time = Timestamp{base_time_ + static_cast<uint64_t>(unzigzag(reader.varint()))};
  }
  entry_.payload = has_payload ? reader.string() : std::string_view();
  entry_.sort_key = sort_key_;
  damaged_ = reader.failed() || sort_key_.size() < 2;
  rest_ = reader.rest();
  return !damaged_;
}

uint64_t BlockReader::count_entries(std::string_view block) {
  ByteReader reader(block);
  reader.fixed<uint16_t>();
  return reader.varint();
}

void RunBuilder::push(uint64_t offset, uint64_t key_size, uint64_t payload_size, int64_t weight,
                      Timestamp time) {
  Item item;
  item.offset = offset;
  item.key_size = static_cast<uint32_t>(key_size);
  item.payload_size = static_cast<uint32_t>(payload_size);
  item.weight = weight;
  item.time = time;
  item.prefix = prefix_of({bytes_.data() + offset, key_size});
  items_.push_back(item);
}

void RunBuilder::add(const RowFormat& format, const data::DeltaBatch& batch, Timestamp time) {
  CHECK_OP(==, batch.num_columns(), format.kinds().size());
  std::optional<data::DeltaBatch> keys = format.keys_of(batch);
  for (size_t row = 0; row < batch.size(); ++row) {
    size_t offset = bytes_.size();
    bool has_payload = format.encode(batch, keys, row, bytes_, row_bytes_);
    size_t key_size = bytes_.size() - offset;
    if (has_payload) bytes_.append(row_bytes_);
    hash_.add(times(hash128(row_bytes_, kRowHashSeed), batch.diff(row)));
    weight_ += batch.diff(row);
    push(offset, key_size, bytes_.size() - offset - key_size, batch.diff(row), time);
  }
}

void RunBuilder::add(const Entry& entry) {
  size_t offset = bytes_.size();
  bytes_.append(entry.sort_key);
  bytes_.append(entry.payload);
  push(offset, entry.sort_key.size(), entry.payload.size(), entry.weight, entry.time);
}

bool RunBuilder::before(const Item& a, const Item& b) const {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  int order = key_of(a).compare(key_of(b));
  if (order != 0) return order < 0;
  return timed_ && a.time < b.time;
}

bool RunBuilder::same(const Item& a, const Item& b) const {
  return a.prefix == b.prefix && (!timed_ || a.time == b.time) && key_of(a) == key_of(b);
}

void RunBuilder::for_each(const std::function<void(const Entry&)>& visit) {
  std::sort(items_.begin(), items_.end(),
            [this](const Item& a, const Item& b) { return before(a, b); });
  for (size_t i = 0; i < items_.size();) {
    const Item& item = items_[i];
    int64_t weight = item.weight;
    size_t next = i + 1;
    while (next < items_.size() && same(item, items_[next])) weight += items_[next++].weight;
    if (weight != 0) {
      std::string_view payload(bytes_.data() + item.offset + item.key_size, item.payload_size);
      visit({key_of(item), payload, weight, item.time});
    }
    i = next;
  }
}

RunBuilder::Totals RunBuilder::finish(const std::function<void(std::string_view block)>& emit) {
  BlockWriter writer(timed_, emit);
  for_each([&](const Entry& entry) { writer.add(entry); });
  writer.finish();
  clear();
  return writer.totals();
}

void RunBuilder::clear() {
  bytes_.clear();
  items_.clear();
  hash_ = {};
  weight_ = 0;
}

void BlockWriter::add(const Entry& entry) {
  if (entries_ == 0) base_time_ = entry.time.ms;
  if (entries_ > 0 && body_.size() + entry.sort_key.size() + entry.payload.size() > kBlockBytes) {
    finish();
    base_time_ = entry.time.ms;
  }
  size_t shared = common_prefix(last_key_, entry.sort_key);
  put_varint(body_, (shared << 1) | (entry.payload.empty() ? 0U : 1U));
  put_string(body_, entry.sort_key.substr(shared));
  put_varint(body_, zigzag(entry.weight));
  if (timed_) put_varint(body_, zigzag(static_cast<int64_t>(entry.time.ms - base_time_)));
  if (!entry.payload.empty()) put_string(body_, entry.payload);
  last_key_.resize(shared);
  last_key_.append(entry.sort_key.substr(shared));
  ++entries_;
}

void BlockWriter::finish() {
  if (entries_ == 0) return;
  block_.clear();
  block_.push_back(static_cast<char>(kBlockVersion));
  block_.push_back(static_cast<char>(timed_ ? kTimedFlag : 0));
  put_varint(block_, entries_);
  if (timed_) put_varint(block_, base_time_);
  block_.append(body_);
  totals_.updates += entries_;
  totals_.bytes += block_.size();
  ++totals_.blocks;
  emit_(block_);
  body_.clear();
  last_key_.clear();
  entries_ = 0;
}

}  // namespace penstock::storage
