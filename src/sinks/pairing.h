// Groups a tick's rows by key and pairs deletions with insertions (rule K6).
//
// Within a key: surplus deletions first, then pairs, then surplus insertions, each by row bytes;
// keys in byte order. So two runs over the same tick give the same messages in the same order,
// however its rows were arranged.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/delta_batch.h"

namespace penstock::sinks {

// One distinct row of a key, with its net count in the tick.
struct GroupRow {
  std::string_view row_bytes;
  int64_t diff = 0;
  size_t handle = 0;  // The caller's.
};

struct Pair {
  std::optional<size_t> before;  // Handles.
  std::optional<size_t> after;
  uint64_t copies = 1;
};

// Sorts `rows`, adds up equal ones and pairs what is left. `out` is replaced.
void pair_group(std::vector<GroupRow>& rows, std::vector<Pair>& out);
// Changes of a key in one tick; more than one is a violation of it.
uint64_t count_changes(std::span<const Pair> pairs);

// Short ones first, then byte order: the order of rows everywhere in a sink.
bool row_bytes_less(std::string_view a, std::string_view b);
// The row's exact content: equal rows, equal bytes.
void append_row_bytes(const data::DeltaBatch& batch, size_t row, std::string& out);

struct TickRow {
  const data::DeltaBatch* batch = nullptr;
  size_t batch_index = 0;
  size_t row = 0;
};

// Reused from tick to tick. One owner thread.
class Pairing {
 public:
  using AppendKey = std::function<void(const data::DeltaBatch&, size_t row, std::string& out)>;

  explicit Pairing(AppendKey append_key) : append_key_(std::move(append_key)) {}

  // Takes in a tick, whose batches must live until the last group was used; then next_group() gives
  // one key after another.
  void load(std::span<const data::BatchRef> batches);
  struct Group {
    std::string_view key;
    std::span<const Pair> pairs;  // Handles for row(). Empty groups are not given.
  };
  // Views live until the next call.
  std::optional<Group> next_group();
  void rewind() { next_ = 0; }
  const TickRow& row(size_t handle) const { return rows_[handle]; }

 private:
  struct Entry {
    uint64_t prefix = 0;  // 8 key bytes behind what all keys share, big-endian.
    uint32_t index = 0;
  };
  std::string_view key(size_t index) const {
    return std::string_view(keys_).substr(key_ends_[index],
                                          key_ends_[index + 1] - key_ends_[index]);
  }
  void sort();
  void pair_single(size_t index);
  void pair_many(size_t begin, size_t end);

  const AppendKey append_key_;
  std::string keys_;
  std::vector<size_t> key_ends_;  // key i is [i], [i + 1)
  std::vector<TickRow> rows_;
  std::vector<Entry> order_;
  size_t next_ = 0;
  std::vector<Pair> pairs_;
  std::string group_bytes_;
  std::vector<size_t> group_ends_;
  std::vector<GroupRow> group_;
};

}  // namespace penstock::sinks
