// Signed varints inside record batches: zigzag, then groups of seven bits, least significant first.
// Those of 32 bits look the same as those of 64.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock::connect::kafka {

constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// One byte for each seven bits begun. 9 / 64 is a little more than 1 / 7, by so little that it
// makes no difference up to 64 bits, and it needs no division.
constexpr size_t varint_size(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

// REQUIRES: room for varint_size(value) bytes. Returns where they end.
inline char* put_varint(char* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

// Reads varints and bytes. Like WireReader it fails once and then gives zeros.
class VarintReader {
 public:
  explicit VarintReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // Ten bytes at most.
  int64_t varint() {
    // Most are short.
    if (at_ != end_ && static_cast<uint8_t>(*at_) < 0x80)
      return unzigzag(static_cast<uint8_t>(*at_++));
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return unzigzag(value);
    }
    fail();
    return 0;
  }
  // Fails if there is less, or if the size is negative.
  std::string_view raw(int64_t size) {
    if (static_cast<uint64_t>(size) > static_cast<uint64_t>(end_ - at_)) {
      fail();
      return {};
    }
    const char* begin = at_;
    at_ += size;
    return {begin, static_cast<size_t>(size)};
  }

  bool at_end() const { return at_ == end_; }
  bool failed() const { return failed_; }
  void fail() {
    failed_ = true;
    at_ = end_;
  }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace penstock::connect::kafka
