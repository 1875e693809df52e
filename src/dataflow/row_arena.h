// Memory of operators' state: blocks of any size, cut from pages and reused by size class. Pages
// are given back only with the arena, so memory that was once used stays reserved for the same
// state.
//
// Sizes are rounded up to a class: multiples of 8 to 128 bytes, then four classes per doubling;
// blocks larger than kLargestClass come from the heap. Addresses fit 48 bits and are multiples
// of 8. One owner thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace penstock::dataflow {

class RowArena {
 public:
  static constexpr size_t kPageBytes = 256 << 10;

  // Tests take small pages, so that every path is walked.
  explicit RowArena(size_t page_bytes);
  ~RowArena();
  RowArena(const RowArena&) = delete;
  RowArena& operator=(const RowArena&) = delete;

  // Not initialised.
  char* allocate(size_t bytes) {
    size_t size_class = class_of(bytes);
    if (size_class < kNumClasses) {
      used_bytes_ += class_size(size_class);
      if (char* block = free_[size_class]) {
        free_[size_class] = next_of(block);
        return block;
      }
      size_t size = class_size(size_class);
      if (static_cast<size_t>(page_end_ - page_at_) >= size) {
        char* block = page_at_;
        page_at_ += size;
        return block;
      }
      return allocate_from_new_page(size);
    }
    return allocate_large(bytes);
  }
  // REQUIRES: allocate(bytes) gave `block`.
  void release(char* block, size_t bytes) {
    size_t size_class = class_of(bytes);
    if (size_class >= kNumClasses) return release_large(block, bytes);
    used_bytes_ -= class_size(size_class);
    set_next(block, free_[size_class]);
    free_[size_class] = block;
  }
  // What allocate(bytes) really hands out.
  static size_t usable_size(size_t bytes) {
    size_t size_class = class_of(bytes);
    return size_class < kNumClasses ? class_size(size_class) : bytes;
  }

  size_t used_bytes() const { return used_bytes_; }          // In live blocks.
  size_t reserved_bytes() const { return reserved_bytes_; }  // From the heap.

 private:
  static constexpr size_t kSmallClasses = 16;  // 8, 16, ... 128.
  static constexpr size_t kLargestClass = 64 << 10;
  static constexpr size_t kNumClasses = kSmallClasses + 4 * 9;  // 160, 192, 224, 256, 320 ...

  static size_t class_of(size_t bytes) {
    if (bytes <= 128) return bytes == 0 ? 0 : (bytes - 1) / 8;
    if (bytes > kLargestClass) return kNumClasses;
    size_t last = bytes - 1;
    size_t log2 = 63 - static_cast<size_t>(__builtin_clzll(last));  // 7 and more.
    return kSmallClasses + (log2 - 7) * 4 + (last >> (log2 - 2) & 3);
  }
  static size_t class_size(size_t size_class) {
    if (size_class < kSmallClasses) return (size_class + 1) * 8;
    size_t step = size_class - kSmallClasses;
    return (5 + step % 4) << (step / 4 + 5);
  }
  static char* next_of(const char* block);
  static void set_next(char* block, char* next);
  char* allocate_from_new_page(size_t size);
  char* allocate_large(size_t bytes);
  void release_large(char* block, size_t bytes);

  size_t page_bytes_;
  char* page_at_ = nullptr;
  char* page_end_ = nullptr;
  std::array<char*, kNumClasses> free_ = {};
  std::vector<char*> pages_;
  std::unordered_set<char*> large_;
  size_t used_bytes_ = 0;
  size_t reserved_bytes_ = 0;
};

}  // namespace penstock::dataflow
