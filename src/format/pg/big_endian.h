// Big-endian integers in byte strings, as PostgreSQL's protocols have them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace penstock::format {

template <typename Int>
void put_big_endian(std::string& out, Int value) {
  using Bits = std::make_unsigned_t<Int>;
  Bits bits = std::byteswap(static_cast<Bits>(value));
  char raw[sizeof(Int)];
  std::memcpy(raw, &bits, sizeof(Int));
  out.append(raw, sizeof(Int));
}

// REQUIRES: bytes.size() >= sizeof(Int).
template <typename Int>
Int get_big_endian(std::string_view bytes) {
  std::make_unsigned_t<Int> bits;
  std::memcpy(&bits, bytes.data(), sizeof(Int));
  return static_cast<Int>(std::byteswap(bits));
}

// Never reads past the end: it turns failed and gives zeros.
class BigEndianReader {
 public:
  explicit BigEndianReader(std::string_view bytes) : rest_(bytes) {}

  template <typename Int>
  Int take() {
    if (rest_.size() < sizeof(Int)) {
      failed_ = true;
      rest_ = {};
      return 0;
    }
    Int value = get_big_endian<Int>(rest_);
    rest_.remove_prefix(sizeof(Int));
    return value;
  }
  std::string_view bytes(size_t count) {
    if (rest_.size() < count) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    std::string_view value = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return value;
  }
  // Up to a zero byte, which is taken too.
  std::string_view c_string() {
    size_t end = rest_.find('\0');
    if (end == std::string_view::npos) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    std::string_view value = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return value;
  }

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace penstock::format
