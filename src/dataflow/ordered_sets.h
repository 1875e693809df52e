// Ordered multisets of byte strings, one per group: what min, max and top-k keep. The head of a set
// lies in the payload of its group:
//
//   [u64 block address][u32 elements][u32 capacity]
//   element, strings of fixed size:  [string][i64 weight]           (a multiple of 8 bytes)
//   element, others:                 [first 8 bytes][u64 address of u32 size, string][i64 weight]
//
// Up to kLeaf elements lie sorted in one block; a larger set has a directory of such blocks (a
// B-tree of two levels: the directory moves 1/32 of its 16 bytes per leaf for each insertion, a few
// hundred bytes at a million elements). All-zero bytes are an empty set. Order is that of memcmp.
//
// Strings that go are buried in the graveyard, so that pointers to them stay good until the step is
// flushed. One owner thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "dataflow/row_arena.h"

namespace penstock::dataflow {

class Graveyard;

class OrderedSets {
 public:
  static constexpr size_t kHeadBytes = 16;

  // `fixed_bytes`: of every string, a multiple of 8; 0 = they differ.
  OrderedSets(size_t fixed_bytes, RowArena& arena, Graveyard& graveyard);

  static size_t size(const char* head) { return load32(head + 8); }

  // How the weight of the string changed. Weight 0 means absent.
  struct Change {
    int64_t before = 0;
    int64_t after = 0;
  };
  Change add(char* head, std::string_view string, int64_t weight);
  // Gives all memory back (strings at once, not through the graveyard).
  void clear(char* head);
  // Keeps the first `count` elements.
  void truncate(char* head, size_t count);
  void prefetch(const char* head) const { __builtin_prefetch(block_of(head)); }

  // Elements, valid until the set changes. REQUIRES: not empty.
  const char* first(const char* head) const;
  const char* last(const char* head) const;
  // Calls visit(element) in order until it returns false.
  template <typename Visit>
  void for_each(const char* head, const Visit& visit) const {
    if (!is_tree(head)) {
      const char* element = block_of(head);
      for (size_t left = size(head); left > 0; --left, element += element_bytes_) {
        if (!visit(element)) return;
      }
      return;
    }
    const char* directory = block_of(head);
    for (uint32_t leaf = 0; leaf < load32(directory); ++leaf) {
      const char* element = leaf_of(directory, leaf);
      for (uint32_t left = leaf_size(directory, leaf); left > 0; --left) {
        if (!visit(element)) return;
        element += element_bytes_;
      }
    }
  }

  size_t element_bytes() const { return element_bytes_; }
  int64_t weight(const char* element) const {
    return static_cast<int64_t>(load64(element + element_bytes_ - 8));
  }
  // The string itself; of an element or of a copy of its bytes.
  std::string_view string(const char* element) const {
    if (fixed_bytes_ != 0) return {element, fixed_bytes_};
    const char* block = reinterpret_cast<const char*>(load64(element + 8));
    return {block + 4, load32(block)};
  }
  // memcmp of the strings of two elements.
  int compare(const char* a, const char* b) const;

 private:
  static constexpr uint32_t kLeaf = 64;
  static constexpr uint32_t kTree = ~uint32_t{0};
  static constexpr uint32_t kFirstLeaves = 8;
  // Directory: [u32 leaves][u32 capacity], then for each [u64 address][u32 elements][u32 0].
  static constexpr size_t kLeafEntry = 16;

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
  static char* block_of(const char* head) { return reinterpret_cast<char*>(load64(head)); }
  static bool is_tree(const char* head) { return load32(head + 12) == kTree; }
  static char* entry(char* directory, uint32_t leaf) { return directory + 8 + leaf * kLeafEntry; }
  static const char* entry(const char* directory, uint32_t leaf) {
    return directory + 8 + leaf * kLeafEntry;
  }
  static char* leaf_of(const char* directory, uint32_t leaf) {
    return reinterpret_cast<char*>(load64(entry(directory, leaf)));
  }
  static uint32_t leaf_size(const char* directory, uint32_t leaf) {
    return load32(entry(directory, leaf) + 8);
  }

  // A string to look for: its first 8 bytes as a big-endian number, and all of it.
  struct Probe {
    uint64_t prefix;
    std::string_view string;
  };
  static uint64_t prefix_of(std::string_view string);
  // < 0, 0, > 0: the element against the probe.
  int compare_with(const char* element, const Probe& probe) const;
  // The first element of the block that is not below the probe.
  uint32_t lower_bound(const char* block, uint32_t count, const Probe& probe, bool& found) const;
  uint32_t find_leaf(const char* directory, const Probe& probe) const;

  void write(char* element, const Probe& probe, int64_t weight);
  void bury(char* element);
  void insert_at(char* block, uint32_t count, uint32_t place, const Probe& probe, int64_t weight);
  void remove_at(char* block, uint32_t count, uint32_t place);
  Change add_to_leaf(char* head, uint32_t leaf, const Probe& probe, int64_t weight);
  void make_tree(char* head);
  void split_leaf(char* head, uint32_t leaf, bool at_end);
  void drop_leaf(char* head, uint32_t leaf);
  void insert_leaf(char* head, uint32_t place, char* block, uint32_t count);
  void resize(char* head, uint32_t capacity);

  size_t fixed_bytes_;
  size_t element_bytes_;
  RowArena& arena_;
  Graveyard& graveyard_;
};

}  // namespace penstock::dataflow
