// Adding to groups, and their growth from one inline element to a hashed block.
#include "dataflow/value_groups.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::dataflow {

namespace {

constexpr uint32_t kFree = 0;
constexpr uint32_t kDeleted = ~uint32_t{0};
constexpr uint64_t kAddressMask = (uint64_t{1} << 48) - 1;

}  // namespace

ValueGroups::ValueGroups(const data::RowCodec& values, data::HashMode hash_mode, RowArena& arena)
    : variable_(!values.is_fixed()),
      element_bytes_(variable_ ? 16 : std::max(values.fixed_size() + 8, size_t{8})),
      hash_mode_(hash_mode),
      arena_(arena) {}

bool ValueGroups::equals(const char* element, std::string_view value, uint64_t hash) const {
  if (!variable_) return std::memcmp(element, value.data(), value.size()) == 0;
  uint64_t tagged = load64(element);
  return tagged >> 48 == hash >> 48 && view_of(element) == value;
}

uint32_t ValueGroups::find(char* head, std::string_view value, uint64_t hash) const {
  uint32_t count = load32(head);
  uint32_t capacity = load32(head + 4);
  if (has_table(capacity)) {
    char* block = block_of(head);
    const uint32_t* slots = table(block, capacity);
    uint32_t mask = capacity * 2 - 1;
    for (uint32_t at = static_cast<uint32_t>(hash) & mask;; at = (at + 1) & mask) {
      if (slots[at] == kFree) return kNowhere;
      if (slots[at] == kDeleted) continue;
      uint32_t number = slots[at] - 1;
      if (equals(elements(block) + number * element_bytes_, value, hash)) return number;
    }
  }
  const char* element = capacity == 0 ? head + 8 : elements(block_of(head));
  if (!variable_ && value.size() == 8) {
    uint64_t word = load64(value.data());
    for (uint32_t i = 0; i < count; ++i) {
      if (load64(element + i * 16) == word) return i;
    }
    return kNowhere;
  }
  for (uint32_t i = 0; i < count; ++i, element += element_bytes_) {
    if (equals(element, value, hash)) return i;
  }
  return kNowhere;
}

void ValueGroups::add(char* head, std::string_view value, int64_t weight) {
  uint32_t capacity = load32(head + 4);
  uint64_t value_hash = variable_ || has_table(capacity) ? hash(value) : 0;
  uint32_t number = find(head, value, value_hash);
  if (number == kNowhere) {
    if (weight != 0) append(head, value, value_hash, weight);
    return;
  }
  char* first = capacity == 0 ? head + 8 : elements(block_of(head));
  char* element = first + number * element_bytes_;
  int64_t sum = weight_of(element) + weight;
  if (sum == 0) {
    remove(head, number);
  } else {
    store(element + element_bytes_ - 8, sum);
  }
}

void ValueGroups::write_element(char* element, std::string_view value, uint64_t hash,
                                int64_t weight) {
  if (variable_) {
    char* row = arena_.allocate(value.size());
    std::memcpy(row, value.data(), value.size());
    store(element, (hash >> 48) << 48 | reinterpret_cast<uintptr_t>(row));
  } else {
    std::memcpy(element, value.data(), value.size());
  }
  store(element + element_bytes_ - 8, weight);
}

void ValueGroups::append(char* head, std::string_view value, uint64_t value_hash, int64_t weight) {
  uint32_t count = load32(head);
  uint32_t capacity = load32(head + 4);
  if (capacity == 0 ? count == 1 : count == capacity) {
    CHECK_OP(<, capacity, uint32_t{1} << 30);
    resize(head, capacity == 0 ? kFirstCapacity : capacity * 2);
    capacity = load32(head + 4);
    if (has_table(capacity)) value_hash = hash(value);
  }
  if (capacity == 0) {
    write_element(head + 8, value, value_hash, weight);
  } else {
    char* block = block_of(head);
    write_element(elements(block) + count * element_bytes_, value, value_hash, weight);
    if (has_table(capacity)) {
      if (count + load32(block) > capacity + capacity / 2) rebuild_table(block, capacity, count);
      put_in_table(block, capacity, value_hash, count);
    }
  }
  store(head, count + 1);
}

uint32_t* ValueGroups::slot_of(char* block, uint32_t capacity, uint32_t number) const {
  uint64_t value_hash = hash(view_of(elements(block) + number * element_bytes_));
  uint32_t* slots = table(block, capacity);
  uint32_t mask = capacity * 2 - 1;
  uint32_t at = static_cast<uint32_t>(value_hash) & mask;
  while (slots[at] != number + 1) {
    DCHECK(slots[at] != kFree);
    at = (at + 1) & mask;
  }
  return slots + at;
}

void ValueGroups::remove(char* head, uint32_t number) {
  uint32_t count = load32(head);
  uint32_t capacity = load32(head + 4);
  char* block = capacity == 0 ? nullptr : block_of(head);
  char* first = capacity == 0 ? head + 8 : elements(block);
  char* element = first + number * element_bytes_;
  uint32_t last = count - 1;
  if (has_table(capacity)) {
    uint32_t* gone = slot_of(block, capacity, number);
    if (last != number) *slot_of(block, capacity, last) = number + 1;
    *gone = kDeleted;
    store(block, load32(block) + 1);
  }
  if (variable_) arena_.release(address_of(element), view_of(element).size());
  if (last != number) std::memcpy(element, first + last * element_bytes_, element_bytes_);
  store(head, last);
  if (capacity != 0 && last * 4 <= capacity) {
    resize(head, last <= 1 ? 0 : std::max(kFirstCapacity, capacity / 2));
  }
}

void ValueGroups::resize(char* head, uint32_t capacity) {
  uint32_t count = load32(head);
  uint32_t old_capacity = load32(head + 4);
  if (capacity == old_capacity) return;
  char* old_block = old_capacity == 0 ? nullptr : block_of(head);
  const char* from = old_block ? elements(old_block) : head + 8;
  if (capacity == 0) {
    std::memcpy(head + 8, from, count * element_bytes_);
  } else {
    char* block = arena_.allocate(block_bytes(capacity));
    std::memcpy(elements(block), from, count * element_bytes_);
    store(head + 8, reinterpret_cast<uintptr_t>(block));
    store(block, uint64_t{0});
    if (has_table(capacity)) rebuild_table(block, capacity, count);
  }
  store(head + 4, capacity);
  if (old_block) arena_.release(old_block, block_bytes(old_capacity));
}

void ValueGroups::rebuild_table(char* block, uint32_t capacity, uint32_t count) const {
  std::memset(table(block, capacity), 0, size_t{capacity} * 2 * sizeof(uint32_t));
  store(block, uint32_t{0});
  for (uint32_t i = 0; i < count; ++i) {
    put_in_table(block, capacity, hash(view_of(elements(block) + i * element_bytes_)), i);
  }
}

void ValueGroups::put_in_table(char* block, uint32_t capacity, uint64_t value_hash,
                               uint32_t number) const {
  uint32_t* slots = table(block, capacity);
  uint32_t mask = capacity * 2 - 1;
  uint32_t at = static_cast<uint32_t>(value_hash) & mask;
  while (slots[at] != kFree && slots[at] != kDeleted) at = (at + 1) & mask;
  if (slots[at] == kDeleted) store(block, load32(block) - 1);
  slots[at] = number + 1;
}

void ValueGroups::clear(char* head) {
  uint32_t capacity = load32(head + 4);
  if (variable_) {
    for_each(head, [&](const char* row, int64_t) {
      arena_.release(const_cast<char*>(row), load32(row));
    });
  }
  if (capacity != 0) arena_.release(block_of(head), block_bytes(capacity));
  store(head, uint64_t{0});
}

}  // namespace penstock::dataflow
