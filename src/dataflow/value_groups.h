// The rows of one key of an arrangement: a multiset of encoded values with weights, equal values
// added up at once. The group's head lies in the payload of the key's entry:
//
//   [u32 count][u32 capacity][element]          capacity 0: at most one element, inline
//   [u32 count][u32 capacity][block address]    block: elements; beyond kLinearMax also a hash
//                                               table of element numbers, so that a large group
//                                               costs no more per change than a small one
//   element, values of fixed size:    [value][i64 weight]
//   element, others:                  [u64 16-bit tag of the hash, 48-bit address][i64 weight]
//
// All-zero bytes are an empty group. One owner thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "data/hash.h"
#include "data/row_codec.h"
#include "dataflow/row_arena.h"

namespace penstock::dataflow {

class ValueGroups {
 public:
  // The arena must outlive the groups.
  ValueGroups(const data::RowCodec& values, data::HashMode hash_mode, RowArena& arena);

  size_t head_bytes() const { return 8 + element_bytes_; }
  static bool is_empty(const char* head) { return load32(head) == 0; }
  static size_t count(const char* head) { return load32(head); }

  // Adds `weight` to the value's; drops the value when that makes 0.
  void add(char* head, std::string_view value, int64_t weight);
  // Gives back all memory of the group; it is empty then.
  void clear(char* head);
  // Brings the group's elements near, when they are not in the head.
  void prefetch(const char* head) const {
    if (load32(head + 4) != 0) __builtin_prefetch(block_of(head));
  }

  // Calls visit(value, weight) for each value; the group must not change meanwhile.
  template <typename Visit>
  void for_each(const char* head, const Visit& visit) const {
    size_t count = load32(head);
    const char* element = load32(head + 4) == 0 ? head + 8 : elements(block_of(head));
    for (size_t i = 0; i < count; ++i, element += element_bytes_) {
      visit(value_of(element), weight_of(element));
    }
  }

 private:
  static constexpr uint32_t kFirstCapacity = 4;
  static constexpr uint32_t kLinearMax = 16;
  static constexpr uint32_t kNowhere = ~uint32_t{0};
  static constexpr size_t kBlockHeader = 8;  // u32 tombstones in the table.

  static uint32_t load32(const char* at) {
    uint32_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  static uint64_t load64(const char* at) {
    uint64_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  template <typename T>
  static void store(char* at, T value) {
    std::memcpy(at, &value, sizeof(value));
  }
  static char* block_of(const char* head) { return reinterpret_cast<char*>(load64(head + 8)); }
  static char* address_of(const char* element) {
    return reinterpret_cast<char*>(load64(element) & ((uint64_t{1} << 48) - 1));
  }
  const char* value_of(const char* element) const {
    return variable_ ? address_of(element) : element;
  }
  int64_t weight_of(const char* element) const {
    return static_cast<int64_t>(load64(element + element_bytes_ - 8));
  }
  static char* elements(char* block) { return block + kBlockHeader; }
  static bool has_table(uint32_t capacity) { return capacity > kLinearMax; }
  uint32_t* table(char* block, uint32_t capacity) const {
    return reinterpret_cast<uint32_t*>(block + kBlockHeader + size_t{capacity} * element_bytes_);
  }
  size_t block_bytes(uint32_t capacity) const {
    size_t bytes = kBlockHeader + size_t{capacity} * element_bytes_;
    return has_table(capacity) ? bytes + size_t{capacity} * 2 * sizeof(uint32_t) : bytes;
  }
  uint64_t hash(std::string_view value) const {
    return data::hash_row(value, variable_ ? 0 : value.size(), hash_mode_);
  }
  std::string_view view_of(const char* element) const {
    const char* value = value_of(element);
    return {value, variable_ ? load32(value) : element_bytes_ - 8};
  }
  bool equals(const char* element, std::string_view value, uint64_t hash) const;
  uint32_t find(char* head, std::string_view value, uint64_t hash) const;
  void append(char* head, std::string_view value, uint64_t hash, int64_t weight);
  void remove(char* head, uint32_t number);
  void write_element(char* element, std::string_view value, uint64_t hash, int64_t weight);
  void resize(char* head, uint32_t capacity);
  void rebuild_table(char* block, uint32_t capacity, uint32_t count) const;
  void put_in_table(char* block, uint32_t capacity, uint64_t hash, uint32_t number) const;
  uint32_t* slot_of(char* block, uint32_t capacity, uint32_t number) const;

  bool variable_;
  size_t element_bytes_;
  data::HashMode hash_mode_;
  RowArena& arena_;
};

}  // namespace penstock::dataflow
