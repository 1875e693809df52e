// Insertion and removal in sorted blocks, and in directories of them.
#include "dataflow/ordered_sets.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <string>

#include "base/check.h"
#include "dataflow/graveyard.h"

namespace penstock::dataflow {

namespace {

// What a set grows through before it becomes a tree.
constexpr uint32_t kCapacities[] = {2, 4, 8, 12, 20, 32, 48, 64};

uint32_t next_capacity(uint32_t count) {
  return *std::lower_bound(std::begin(kCapacities), std::end(kCapacities), count);
}

uint64_t big_endian_at(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return std::byteswap(word);
}

}  // namespace

OrderedSets::OrderedSets(size_t fixed_bytes, RowArena& arena, Graveyard& graveyard)
    : fixed_bytes_(fixed_bytes),
      element_bytes_(fixed_bytes == 0 ? 24 : fixed_bytes + 8),
      arena_(arena),
      graveyard_(graveyard) {
  CHECK_OP(==, fixed_bytes % 8, size_t{0});
}

uint64_t OrderedSets::prefix_of(std::string_view string) {
  if (string.size() >= 8) return big_endian_at(string.data());
  char padded[8] = {};
  std::memcpy(padded, string.data(), string.size());
  return big_endian_at(padded);
}

int OrderedSets::compare_with(const char* element, const Probe& probe) const {
  uint64_t own = big_endian_at(element);
  if (own != probe.prefix) return own < probe.prefix ? -1 : 1;
  if (fixed_bytes_ == 8) return 0;
  if (fixed_bytes_ == 16) {
    uint64_t rest = big_endian_at(element + 8);
    uint64_t other = big_endian_at(probe.string.data() + 8);
    return rest == other ? 0 : rest < other ? -1 : 1;
  }
  return string(element).compare(probe.string);
}

int OrderedSets::compare(const char* a, const char* b) const {
  return compare_with(a, {big_endian_at(b), string(b)});
}

uint32_t OrderedSets::lower_bound(const char* block, uint32_t count, const Probe& probe,
                                  bool& found) const {
  uint32_t low = 0;
  found = false;
  while (count > 0) {
    uint32_t half = count / 2;
    int order = compare_with(block + (low + half) * element_bytes_, probe);
    if (order == 0) {
      found = true;
      return low + half;
    }
    if (order < 0) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

// The last leaf whose first element is not above the probe, or the first.
uint32_t OrderedSets::find_leaf(const char* directory, const Probe& probe) const {
  uint32_t low = 1;
  uint32_t count = load32(directory) - 1;
  while (count > 0) {
    uint32_t half = count / 2;
    if (compare_with(leaf_of(directory, low + half), probe) <= 0) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low - 1;
}

void OrderedSets::write(char* element, const Probe& probe, int64_t weight) {
  if (fixed_bytes_ != 0) {
    std::memcpy(element, probe.string.data(), fixed_bytes_);
  } else {
    store(element, std::byteswap(probe.prefix));
    char* block = arena_.allocate(4 + probe.string.size());
    store(block, static_cast<uint32_t>(probe.string.size()));
    std::memcpy(block + 4, probe.string.data(), probe.string.size());
    store(element + 8, reinterpret_cast<uintptr_t>(block));
  }
  store(element + element_bytes_ - 8, weight);
}

void OrderedSets::bury(char* element) {
  if (fixed_bytes_ != 0) return;
  char* block = reinterpret_cast<char*>(load64(element + 8));
  graveyard_.bury(block, 4 + load32(block));
}

void OrderedSets::insert_at(char* block, uint32_t count, uint32_t place, const Probe& probe,
                            int64_t weight) {
  char* element = block + place * element_bytes_;
  std::memmove(element + element_bytes_, element, (count - place) * element_bytes_);
  write(element, probe, weight);
}

void OrderedSets::remove_at(char* block, uint32_t count, uint32_t place) {
  char* element = block + place * element_bytes_;
  bury(element);
  std::memmove(element, element + element_bytes_, (count - place - 1) * element_bytes_);
}

void OrderedSets::resize(char* head, uint32_t capacity) {
  uint32_t old_capacity = load32(head + 12);
  char* old_block = block_of(head);
  char* block = capacity == 0 ? nullptr : arena_.allocate(capacity * element_bytes_);
  if (capacity != 0 && old_capacity != 0) {
    std::memcpy(block, old_block, load32(head + 8) * element_bytes_);
  }
  if (old_capacity != 0) arena_.release(old_block, old_capacity * element_bytes_);
  store(head, reinterpret_cast<uintptr_t>(block));
  store(head + 12, capacity);
}

OrderedSets::Change OrderedSets::add(char* head, std::string_view text, int64_t weight) {
  Probe probe{prefix_of(text), text};
  if (is_tree(head)) return add_to_leaf(head, find_leaf(block_of(head), probe), probe, weight);
  uint32_t count = load32(head + 8);
  uint32_t capacity = load32(head + 12);
  bool found;
  uint32_t place = lower_bound(block_of(head), count, probe, found);
  if (!found) {
    if (weight == 0) return {};
    if (count == kLeaf) {
      make_tree(head);
      return add_to_leaf(head, 0, probe, weight);
    }
    if (count == capacity) resize(head, next_capacity(count + 1));
    insert_at(block_of(head), count, place, probe, weight);
    store(head + 8, count + 1);
    return {0, weight};
  }
  char* element = block_of(head) + place * element_bytes_;
  Change change{this->weight(element), this->weight(element) + weight};
  store(element + element_bytes_ - 8, change.after);
  if (change.after != 0) return change;
  remove_at(block_of(head), count, place);
  store(head + 8, count - 1);
  if (count == 1) {
    resize(head, 0);
  } else if ((count - 1) * 3 <= capacity && next_capacity(count - 1) < capacity) {
    resize(head, next_capacity(count - 1));
  }
  return change;
}

void OrderedSets::make_tree(char* head) {
  char* leaf = block_of(head);
  char* directory = arena_.allocate(8 + kFirstLeaves * kLeafEntry);
  store(directory, uint32_t{1});
  store(directory + 4, kFirstLeaves);
  store(entry(directory, 0), reinterpret_cast<uintptr_t>(leaf));
  store(entry(directory, 0) + 8, kLeaf);
  store(entry(directory, 0) + 12, uint32_t{0});
  store(head, reinterpret_cast<uintptr_t>(directory));
  store(head + 12, kTree);
}

void OrderedSets::insert_leaf(char* head, uint32_t place, char* block, uint32_t count) {
  char* directory = block_of(head);
  uint32_t leaves = load32(directory);
  uint32_t capacity = load32(directory + 4);
  if (leaves == capacity) {
    CHECK_OP(<, capacity, uint32_t{1} << 26);
    char* wider = arena_.allocate(8 + size_t{capacity} * 2 * kLeafEntry);
    std::memcpy(wider, directory, 8 + size_t{capacity} * kLeafEntry);
    store(wider + 4, capacity * 2);
    arena_.release(directory, 8 + size_t{capacity} * kLeafEntry);
    directory = wider;
    store(head, reinterpret_cast<uintptr_t>(directory));
  }
  char* at = entry(directory, place);
  std::memmove(at + kLeafEntry, at, (leaves - place) * kLeafEntry);
  store(at, reinterpret_cast<uintptr_t>(block));
  store(at + 8, count);
  store(at + 12, uint32_t{0});
  store(directory, leaves + 1);
}

// Halves a full leaf, or begins an empty one behind it when keys come in ascending order.
void OrderedSets::split_leaf(char* head, uint32_t leaf, bool at_end) {
  char* directory = block_of(head);
  char* lower = leaf_of(directory, leaf);
  uint32_t kept = at_end && leaf + 1 == load32(directory) ? kLeaf - 1 : kLeaf / 2;
  char* upper = arena_.allocate(kLeaf * element_bytes_);
  std::memcpy(upper, lower + kept * element_bytes_, (kLeaf - kept) * element_bytes_);
  store(entry(directory, leaf) + 8, kept);
  insert_leaf(head, leaf + 1, upper, kLeaf - kept);
}

void OrderedSets::drop_leaf(char* head, uint32_t leaf) {
  char* directory = block_of(head);
  uint32_t leaves = load32(directory);
  arena_.release(leaf_of(directory, leaf), kLeaf * element_bytes_);
  char* at = entry(directory, leaf);
  std::memmove(at, at + kLeafEntry, (leaves - leaf - 1) * kLeafEntry);
  store(directory, leaves - 1);
  if (leaves > 2) return;
  // One leaf left: it is a set of its own again.
  char* block = leaf_of(directory, 0);
  arena_.release(directory, 8 + size_t{load32(directory + 4)} * kLeafEntry);
  store(head, reinterpret_cast<uintptr_t>(block));
  store(head + 12, kLeaf);
}

OrderedSets::Change OrderedSets::add_to_leaf(char* head, uint32_t leaf, const Probe& probe,
                                             int64_t weight) {
  char* directory = block_of(head);
  uint32_t count = leaf_size(directory, leaf);
  bool found;
  uint32_t place = lower_bound(leaf_of(directory, leaf), count, probe, found);
  if (!found) {
    if (weight == 0) return {};
    if (count == kLeaf) {
      split_leaf(head, leaf, place == count);
      directory = block_of(head);
      uint32_t kept = leaf_size(directory, leaf);
      if (place > kept || kept == kLeaf - 1) {
        place -= kept;
        ++leaf;
      }
      count = leaf_size(directory, leaf);
    }
    insert_at(leaf_of(directory, leaf), count, place, probe, weight);
    store(entry(directory, leaf) + 8, count + 1);
    store(head + 8, load32(head + 8) + 1);
    return {0, weight};
  }
  char* element = leaf_of(directory, leaf) + place * element_bytes_;
  Change change{this->weight(element), this->weight(element) + weight};
  store(element + element_bytes_ - 8, change.after);
  if (change.after != 0) return change;
  remove_at(leaf_of(directory, leaf), count, place);
  store(entry(directory, leaf) + 8, count - 1);
  store(head + 8, load32(head + 8) - 1);
  if (count == 1) drop_leaf(head, leaf);
  return change;
}

const char* OrderedSets::first(const char* head) const {
  return is_tree(head) ? leaf_of(block_of(head), 0) : block_of(head);
}

const char* OrderedSets::last(const char* head) const {
  if (!is_tree(head)) return block_of(head) + (size(head) - 1) * element_bytes_;
  const char* directory = block_of(head);
  uint32_t leaf = load32(directory) - 1;
  return leaf_of(directory, leaf) + (leaf_size(directory, leaf) - 1) * element_bytes_;
}

void OrderedSets::truncate(char* head, size_t count) {
  while (size(head) > count) {
    const char* element = last(head);
    std::string copy(string(element));
    add(head, copy, -weight(element));
  }
}

void OrderedSets::clear(char* head) {
  if (fixed_bytes_ == 0) {
    for_each(head, [&](const char* element) {
      char* block = reinterpret_cast<char*>(load64(element + 8));
      arena_.release(block, 4 + load32(block));
      return true;
    });
  }
  if (is_tree(head)) {
    char* directory = block_of(head);
    for (uint32_t leaf = 0; leaf < load32(directory); ++leaf) {
      arena_.release(leaf_of(directory, leaf), kLeaf * element_bytes_);
    }
    arena_.release(directory, 8 + size_t{load32(directory + 4)} * kLeafEntry);
  } else if (load32(head + 12) != 0) {
    arena_.release(block_of(head), load32(head + 12) * element_bytes_);
  }
  std::memset(head, 0, kHeadBytes);
}

}  // namespace penstock::dataflow
