// Blocks: sorted updates as bytes, about 64 KiB each, and the sorted runs they make up.
//
//   block  [u8 1][u8 flags: bit 0 = timed][varint entries][timed: varint base time] entries
//   entry  [varint shared << 1 | has payload][varint more][`more` bytes of sort key]
//          [zigzag varint weight][timed: zigzag varint time - base]
//          [payload: varint length, bytes]
//   `shared` counts the bytes that the sort key has in common with the one before it.
//
// A run is the blocks of one sorted sequence, ordered by sort key, then time; no two entries have
// both equal, and no weight is zero. Owned by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "data/delta_batch.h"
#include "storage/collection.h"
#include "storage/row_format.h"

namespace penstock::storage {

inline constexpr size_t kBlockBytes = 64 << 10;
inline constexpr size_t kPartBytes = 8 << 20;

// One update. `time` is that of the block's tick unless the block is timed.
struct Entry {
  std::string_view sort_key;
  std::string_view payload;
  int64_t weight = 0;
  Timestamp time;
};

// Reads the entries of a block in order. `block` must outlive it; an entry's views live until the
// next step.
class BlockReader {
 public:
  // `time` is the tick's, for blocks that are not timed.
  BlockReader(std::string_view block, Timestamp time);
  bool next();  // False at the end, and when the block is damaged.
  const Entry& entry() const { return entry_; }
  bool damaged() const { return damaged_; }
  static uint64_t count_entries(std::string_view block);

 private:
  std::string_view rest_;
  std::string sort_key_;
  Entry entry_;
  bool timed_ = false;
  bool damaged_ = false;
  uint64_t base_time_ = 0;
  uint64_t entries_left_ = 0;
};

// Collects updates in any order; gives them back sorted, added up, cut into blocks.
class RunBuilder {
 public:
  struct Totals {
    uint64_t updates = 0;
    uint64_t bytes = 0;
    uint32_t blocks = 0;
  };

  explicit RunBuilder(bool timed) : timed_(timed) {}

  void add(const RowFormat& format, const data::DeltaBatch& batch, Timestamp time);
  void add(const Entry& entry);
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }
  size_t memory_bytes() const { return bytes_.size() + items_.size() * sizeof(Item); }

  // Sorts and adds up, then visits what is left. Sort keys and payloads live as long as the
  // builder is not added to.
  void for_each(const std::function<void(const Entry&)>& visit);
  // The same as blocks. The builder is empty afterwards.
  Totals finish(const std::function<void(std::string_view block)>& emit);
  // Of everything added since the last clear().
  const HashSum& hash() const { return hash_; }
  // Likewise, the sum of the weights.
  int64_t weight() const { return weight_; }
  void clear();

 private:
  struct Item {
    uint64_t prefix;  // The first 8 bytes of the sort key, big-endian.
    uint64_t offset;  // Of the sort key in bytes_; the payload follows it.
    uint32_t key_size;
    uint32_t payload_size;
    int64_t weight;
    Timestamp time;
  };
  bool before(const Item& a, const Item& b) const;
  bool same(const Item& a, const Item& b) const;
  std::string_view key_of(const Item& item) const {
    return {bytes_.data() + item.offset, item.key_size};
  }
  void push(uint64_t offset, uint64_t key_size, uint64_t payload_size, int64_t weight,
            Timestamp time);

  bool timed_;
  std::string bytes_;
  std::vector<Item> items_;
  HashSum hash_;
  int64_t weight_ = 0;
  std::string row_bytes_;
};

// Cuts sorted entries into blocks.
class BlockWriter {
 public:
  BlockWriter(bool timed, std::function<void(std::string_view block)> emit)
      : timed_(timed), emit_(std::move(emit)) {}
  void add(const Entry& entry);
  void finish();  // Emits what is left.
  const RunBuilder::Totals& totals() const { return totals_; }

 private:
  bool timed_;
  std::function<void(std::string_view)> emit_;
  std::string body_;
  std::string last_key_;
  std::string block_;
  uint64_t entries_ = 0;
  uint64_t base_time_ = 0;
  RunBuilder::Totals totals_;
};

// The seed of hash sums; errors and rows of the same bytes must not cancel.
inline constexpr uint32_t kRowHashSeed = 1;
HashSum entry_hash(const Entry& entry);

}  // namespace penstock::storage
