// A 16-byte view of a byte string, as DuckDB and Velox use (Neumann and Freitag, CIDR 2020): up to
// 12 bytes inline and zero-padded, so that equality is two word compares; longer ones keep their
// first 4 bytes and a pointer into a buffer that outlives the view.
//
//   bytes 0-3 length | 4-15 the bytes          (length <= 12)
//   bytes 0-3 length | 4-7 prefix | 8-15 pointer
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace penstock::data {

class Slice {
 public:
  static constexpr size_t kInlineBytes = 12;

  Slice() = default;
  // `text` must outlive the slice if it is longer than kInlineBytes.
  explicit Slice(std::string_view text) : length_(static_cast<uint32_t>(text.size())) {
    if (text.empty()) return;  // It may be nowhere at all.
    if (text.size() <= kInlineBytes) {
      std::memcpy(rest_, text.data(), text.size());
    } else {
      std::memcpy(rest_, text.data(), 4);
      const char* pointer = text.data();
      std::memcpy(rest_ + 4, &pointer, sizeof(pointer));
    }
  }

  size_t size() const { return length_; }
  bool is_inline() const { return length_ <= kInlineBytes; }
  // Valid while this slice (if inline) or its buffer lives.
  std::string_view view() const {
    if (is_inline()) return {rest_, length_};
    const char* pointer;
    std::memcpy(&pointer, rest_ + 4, sizeof(pointer));
    return {pointer, length_};
  }

  friend bool operator==(const Slice& a, const Slice& b) {
    uint64_t words_a[2];
    uint64_t words_b[2];
    std::memcpy(words_a, &a, 16);
    std::memcpy(words_b, &b, 16);
    if (words_a[0] != words_b[0]) return false;
    if (words_a[1] == words_b[1]) return true;
    if (a.is_inline()) return false;
    return std::memcmp(a.view().data(), b.view().data(), a.size()) == 0;
  }

 private:
  uint32_t length_ = 0;
  char rest_[12] = {};
};
static_assert(sizeof(Slice) == 16);

}  // namespace penstock::data
