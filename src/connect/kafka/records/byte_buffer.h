// Bytes that grow at their end and are never filled with zeros before they are written: what
// batches are built in and decompressed into. A cleared buffer keeps its memory.
//
// A plain value of one owner; growing it makes views of it invalid.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace penstock::connect::kafka {

class ByteBuffer {
 public:
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  char* data() { return bytes_.get(); }
  std::string_view view() const { return {bytes_.get(), size_}; }

  // Where the next byte goes, with room for `more` bytes. What is there is kept.
  char* reserve(size_t more) {
    if (more > capacity_ - size_) grow(size_ + more);
    return bytes_.get() + size_;
  }
  // REQUIRES: `written` bytes were written to what reserve() gave.
  void commit(size_t written) { size_ += written; }
  // REQUIRES: `size` is at most size().
  void truncate(size_t size) { size_ = size; }
  void clear() { size_ = 0; }

 private:
  void grow(size_t needed) {
    const size_t capacity = std::max(needed, 2 * capacity_);
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace penstock::connect::kafka
