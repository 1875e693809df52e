// Searching, inserting and growing.
#include "dataflow/key_index.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace penstock::dataflow {

using data::EncodedRows;

namespace {

// A segment is full when this part of it is in use, tombstones included.
constexpr uint32_t limit_of(uint32_t capacity) {
  return capacity - capacity / 4;
}

uint64_t word_at(const char* bytes, size_t index) {
  uint64_t word;
  std::memcpy(&word, bytes + 8 * index, sizeof(word));
  return word;
}

}  // namespace

KeyIndex::KeyIndex(size_t payload_bytes, const data::RowCodec& key_layout, data::HashMode hash_mode,
                   RowArena& arena)
    : payload_bytes_(payload_bytes),
      variable_(!key_layout.is_fixed()),
      stride_(key_layout.is_fixed() ? key_layout.fixed_size() : 0),
      hash_mode_(hash_mode),
      arena_(arena) {
  CHECK_OP(==, payload_bytes % 8, size_t{0});
  segments_.push_back(std::make_unique<Segment>());
  allocate_slots(*segments_[0], kFirstCapacity);
  directory_.resize(1);
  point_places(0);
}

void KeyIndex::allocate_slots(Segment& segment, uint32_t capacity) {
  slot_bytes_ += (size_t{capacity} - segment.capacity) * sizeof(uint64_t);
  segment.slots = std::make_unique<uint64_t[]>(capacity);
  segment.capacity = capacity;
  segment.live = 0;
  segment.tombstones = 0;
}

void KeyIndex::point_places(uint32_t number) {
  const Segment& segment = *segments_[number];
  uint32_t count = uint32_t{1} << (depth_ - segment.depth);
  for (uint32_t i = 0; i < count; ++i) {
    directory_[segment.first_place + i] = {segment.slots.get(), segment.capacity - 1, number};
  }
}

void KeyIndex::put(Segment& segment, uint64_t hash, uint64_t slot) {
  uint32_t mask = segment.capacity - 1;
  uint32_t at = static_cast<uint32_t>(hash) & mask;
  while (segment.slots[at] != kEmpty) at = (at + 1) & mask;
  segment.slots[at] = slot;
  ++segment.live;
}

void KeyIndex::rebuild(uint32_t number, uint32_t capacity) {
  Segment& segment = *segments_[number];
  std::unique_ptr<uint64_t[]> old = std::move(segment.slots);
  uint32_t old_capacity = segment.capacity;
  allocate_slots(segment, capacity);
  for (uint32_t i = 0; i < old_capacity; ++i) {
    if (is_entry(old[i])) put(segment, hash_of(entry_of(old[i])), old[i]);
  }
  point_places(number);
}

void KeyIndex::split(uint32_t number) {
  if (segments_[number]->depth == depth_) {
    std::vector<Place> wider(directory_.size() * 2);
    for (size_t i = 0; i < wider.size(); ++i) wider[i] = directory_[i / 2];
    directory_ = std::move(wider);
    ++depth_;
    for (std::unique_ptr<Segment>& segment : segments_) segment->first_place *= 2;
  }
  auto upper_number = static_cast<uint32_t>(segments_.size());
  segments_.push_back(std::make_unique<Segment>());
  Segment& lower = *segments_[number];
  Segment& upper = *segments_[upper_number];
  std::unique_ptr<uint64_t[]> old = std::move(lower.slots);
  uint32_t capacity = lower.capacity;
  allocate_slots(lower, capacity);
  allocate_slots(upper, capacity);
  lower.depth = upper.depth = lower.depth + 1;
  upper.first_place = lower.first_place + (uint32_t{1} << (depth_ - lower.depth));
  constexpr uint32_t kAhead = 16;
  for (uint32_t i = 0; i < capacity; ++i) {
    if (i + kAhead < capacity && is_entry(old[i + kAhead])) {
      __builtin_prefetch(key(entry_of(old[i + kAhead])));
    }
    if (!is_entry(old[i])) continue;
    uint64_t hash = hash_of(entry_of(old[i]));
    bool high = (hash >> (64 - lower.depth) & 1) != 0;
    put(high ? upper : lower, hash, old[i]);
  }
  point_places(number);
  point_places(upper_number);
}

// The segment of `hash` takes one more slot after this.
void KeyIndex::make_room(uint64_t hash) {
  for (;;) {
    uint32_t number = directory_[place_of(hash)].segment;
    const Segment& segment = *segments_[number];
    if (segment.live + segment.tombstones < limit_of(segment.capacity)) return;
    if (segment.live < segment.capacity / 2) {
      rebuild(number, segment.capacity);  // Half of it was tombstones.
    } else if (segment.capacity < kSegmentCapacity) {
      rebuild(number, segment.capacity * 2);
    } else if (depth_ < kMaxDepth && size_ / kSegmentCapacity >= directory_.size() / 4) {
      split(number);
    } else {
      rebuild(number, segment.capacity * 2);  // Too many keys share their top bits.
    }
  }
}

char* KeyIndex::insert_new(const EncodedRows& keys, size_t row, uint64_t hash) {
  make_room(hash);
  const char* bytes = keys.at(row);
  size_t size = keys.row_size(row);
  char* entry = arena_.allocate(payload_bytes_ + size);
  std::memset(entry, 0, payload_bytes_);
  std::memcpy(entry + payload_bytes_, bytes, size);
  Segment& segment = *segments_[directory_[place_of(hash)].segment];
  uint32_t mask = segment.capacity - 1;
  uint32_t at = static_cast<uint32_t>(hash) & mask;
  while (is_entry(segment.slots[at])) at = (at + 1) & mask;
  if (segment.slots[at] == kTombstone) --segment.tombstones;
  segment.slots[at] = tag_of(hash) | reinterpret_cast<uintptr_t>(entry);
  ++segment.live;
  ++size_;
  return entry;
}

void KeyIndex::erase(char* entry) {
  uint64_t hash = hash_of(entry);
  Segment& segment = *segments_[directory_[place_of(hash)].segment];
  uint32_t mask = segment.capacity - 1;
  uint64_t slot = tag_of(hash) | reinterpret_cast<uintptr_t>(entry);
  uint32_t at = static_cast<uint32_t>(hash) & mask;
  while (segment.slots[at] != slot) {
    CHECK(segment.slots[at] != kEmpty);
    at = (at + 1) & mask;
  }
  bool last_of_run = segment.slots[(at + 1) & mask] == kEmpty;
  segment.slots[at] = last_of_run ? kEmpty : kTombstone;
  if (!last_of_run) ++segment.tombstones;
  --segment.live;
  --size_;
  arena_.release(entry, entry_bytes(key(entry)));
}

template <typename Run>
void KeyIndex::with_equality(const EncodedRows& keys, const Run& run) const {
  const char* base = keys.data();
  if (!variable_) {
    CHECK(keys.is_fixed() && keys.stride() == stride_);
    if (stride_ == 8) {
      return run([base](size_t row, const char* other) {
        return word_at(base + 8 * row, 0) == word_at(other, 0);
      });
    }
    if (stride_ == 16) {
      return run([base](size_t row, const char* other) {
        const char* own = base + 16 * row;
        return word_at(own, 0) == word_at(other, 0) && word_at(own, 1) == word_at(other, 1);
      });
    }
    return run([base, stride = stride_](size_t row, const char* other) {
      return std::memcmp(base + stride * row, other, stride) == 0;
    });
  }
  CHECK(!keys.is_fixed());
  // The size comes first in either, so it is compared with the rest.
  run([&keys](size_t row, const char* other) {
    const char* own = keys.at(row);
    return std::memcmp(own, other, sizeof(uint32_t)) == 0 &&
           std::memcmp(own, other, keys.row_size(row)) == 0;
  });
}

void KeyIndex::prefetch(std::span<const uint64_t> hashes) const {
  const uint64_t* slots[kBlock];
  for (size_t i = 0; i < hashes.size(); ++i) {
    const Place& place = directory_[place_of(hashes[i])];
    slots[i] = place.slots + (static_cast<uint32_t>(hashes[i]) & place.mask);
    __builtin_prefetch(slots[i]);
  }
  for (size_t i = 0; i < hashes.size(); ++i) {
    // Empty gives null, harmless to prefetch; another key's entry costs a line for nothing.
    __builtin_prefetch(entry_of(*slots[i]));
  }
}

template <typename Equal>
char* KeyIndex::find_one(uint64_t hash, const Equal& equal) const {
  const Place& place = directory_[place_of(hash)];
  uint64_t tag = tag_of(hash) >> 48;
  for (uint32_t at = static_cast<uint32_t>(hash) & place.mask;; at = (at + 1) & place.mask) {
    uint64_t slot = place.slots[at];
    if (slot == kEmpty) return nullptr;
    if (slot >> 48 == tag && equal(key(entry_of(slot)))) return entry_of(slot);
  }
}

void KeyIndex::find(const EncodedRows& keys, std::span<const uint64_t> hashes,
                    std::span<char*> entries) const {
  with_equality(keys, [&](const auto& equal) {
    for (size_t begin = 0; begin < keys.size(); begin += kBlock) {
      size_t end = std::min(begin + kBlock, keys.size());
      prefetch(hashes.subspan(begin, end - begin));
      for (size_t row = begin; row < end; ++row) {
        entries[row] = find_one(hashes[row], [&](const char* other) { return equal(row, other); });
      }
    }
  });
}

void KeyIndex::find_or_insert(const EncodedRows& keys, std::span<const uint64_t> hashes,
                              std::span<char*> entries) {
  with_equality(keys, [&](const auto& equal) {
    for (size_t begin = 0; begin < keys.size(); begin += kBlock) {
      size_t end = std::min(begin + kBlock, keys.size());
      prefetch(hashes.subspan(begin, end - begin));
      for (size_t row = begin; row < end; ++row) {
        char* entry = find_one(hashes[row], [&](const char* other) { return equal(row, other); });
        entries[row] = entry ? entry : insert_new(keys, row, hashes[row]);
      }
    }
  });
}

}  // namespace penstock::dataflow
