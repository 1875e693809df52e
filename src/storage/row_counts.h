// How many rows a collection has, and had at each of its last changes: sums of weights.
//
// The present number is kept with the hash sum; those before it are for whoever begins to read at a
// time that has just passed (a sink's snapshot).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/timestamp.h"

namespace penstock::storage {

// One owner, or a lock.
class RowCounts {
 public:
  // There are `rows` from `time` on; nothing is known of before.
  void set(Timestamp time, int64_t rows) { counts_.assign(1, {time, rows}); }
  // Nothing is known.
  void clear() { counts_.clear(); }
  // The tick `time`, not before the last one, changes the number. What is not known stays so.
  void add(Timestamp time, int64_t change) {
    if (counts_.empty() || change == 0) return;
    counts_.push_back({time, counts_.back().rows + change});
    if (counts_.size() > kChangesKept) counts_.pop_front();
  }

  std::optional<int64_t> latest() const {
    return counts_.empty() ? std::nullopt : std::optional(counts_.back().rows);
  }
  // None: not known, or forgotten.
  std::optional<int64_t> at(Timestamp time) const {
    for (auto count = counts_.rbegin(); count != counts_.rend(); ++count) {
      if (count->from <= time) return count->rows;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kChangesKept = 256;
  struct Count {
    Timestamp from;
    int64_t rows;
  };
  std::deque<Count> counts_;  // Ascending in time.
};

}  // namespace penstock::storage
