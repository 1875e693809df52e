// A hash table from encoded keys to entries of fixed payload, searched a batch at a time.
//
// An entry lies in the arena: [payload][key as the KeyCodec wrote it]; it does not move until it is
// erased, so operators keep pointers to it. A new entry's payload is zero.
//
// The table is an extendible hash (Fagin et al., TODS 1979) over segments of open addressing: the
// hash's top bits choose a segment in a directory, its low bits a slot. A slot has 8 bytes, a
// 16-bit tag of other bits of the hash over the 48-bit address of the entry, so that a miss seldom
// touches an entry. A full segment splits in two: growth costs at most one segment's worth of work
// at a time and there is no pause. Where splitting does not help (many keys of one hash) the
// segment itself doubles.
//
// Batches are searched in blocks: first all slots are prefetched, then all entries the tags
// promise, then keys are compared. One owner thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/encoded_rows.h"
#include "data/hash.h"
#include "data/row_codec.h"
#include "dataflow/row_arena.h"

namespace penstock::dataflow {

class KeyIndex {
 public:
  // `payload_bytes` is a multiple of 8. The arena must outlive the index.
  KeyIndex(size_t payload_bytes, const data::RowCodec& key_layout, data::HashMode hash_mode,
           RowArena& arena);
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  size_t size() const { return size_; }
  const char* key(const char* entry) const { return entry + payload_bytes_; }
  // Of the slots; entries are the arena's.
  size_t memory_bytes() const { return slot_bytes_ + directory_.capacity() * sizeof(Place); }

  // entries[i] = the entry of key i, or null. All spans have keys.size() elements.
  void find(const data::EncodedRows& keys, std::span<const uint64_t> hashes,
            std::span<char*> entries) const;
  // The same; what is absent is added.
  void find_or_insert(const data::EncodedRows& keys, std::span<const uint64_t> hashes,
                      std::span<char*> entries);
  // Removes the entry and gives its memory back.
  void erase(char* entry);

  // In no order that may reach output.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const std::unique_ptr<Segment>& segment : segments_) {
      for (size_t i = 0; i < segment->capacity; ++i) {
        if (is_entry(segment->slots[i])) visit(entry_of(segment->slots[i]));
      }
    }
  }

 private:
  static constexpr size_t kBlock = 64;  // Keys searched together.
  static constexpr uint32_t kFirstCapacity = 16;
  static constexpr uint32_t kSegmentCapacity = 4096;
  static constexpr uint32_t kMaxDepth = 24;
  static constexpr uint64_t kEmpty = 0;
  static constexpr uint64_t kTombstone = uint64_t{1} << 48;  // Tags have their top bit set.

  struct Segment {
    std::unique_ptr<uint64_t[]> slots;
    uint32_t capacity = 0;
    uint32_t live = 0;
    uint32_t tombstones = 0;
    uint32_t depth = 0;        // How many top bits of the hash all its keys share.
    uint32_t first_place = 0;  // The first directory place that points here.
  };
  struct Place {
    uint64_t* slots = nullptr;
    uint32_t mask = 0;
    uint32_t segment = 0;
  };

  static uint64_t tag_of(uint64_t hash) { return (hash >> 24 | uint64_t{1} << 15) << 48; }
  static bool is_entry(uint64_t slot) { return (slot >> 63) != 0; }
  static char* entry_of(uint64_t slot) {
    return reinterpret_cast<char*>(slot & ((uint64_t{1} << 48) - 1));
  }
  size_t place_of(uint64_t hash) const { return depth_ == 0 ? 0 : hash >> (64 - depth_); }

  template <typename Equal>
  char* find_one(uint64_t hash, const Equal& equal) const;
  template <typename Equal>
  char* find_or_insert_one(const data::EncodedRows& keys, size_t row, uint64_t hash,
                           const Equal& equal);
  // Calls run(equal), where equal(row, entry key) compares with the key of that row.
  template <typename Run>
  void with_equality(const data::EncodedRows& keys, const Run& run) const;
  void prefetch(std::span<const uint64_t> hashes) const;

  char* insert_new(const data::EncodedRows& keys, size_t row, uint64_t hash);
  size_t entry_bytes(const char* key) const { return payload_bytes_ + key_size(key); }
  size_t key_size(const char* key) const {
    if (!variable_) return stride_;
    uint32_t size;
    std::memcpy(&size, key, sizeof(size));
    return size;
  }
  uint64_t hash_of(const char* entry) const {
    const char* bytes = key(entry);
    return data::hash_row({bytes, key_size(bytes)}, stride_, hash_mode_);
  }
  void make_room(uint64_t hash);
  void split(uint32_t number);
  void rebuild(uint32_t number, uint32_t capacity);
  void allocate_slots(Segment& segment, uint32_t capacity);
  static void put(Segment& segment, uint64_t hash, uint64_t slot);
  void point_places(uint32_t number);

  size_t payload_bytes_;
  bool variable_;
  size_t stride_;  // Of fixed keys; otherwise 0.
  data::HashMode hash_mode_;
  RowArena& arena_;
  size_t size_ = 0;
  size_t slot_bytes_ = 0;
  uint32_t depth_ = 0;
  std::vector<Place> directory_;  // 2^depth_ places.
  std::vector<std::unique_ptr<Segment>> segments_;
};

}  // namespace penstock::dataflow
