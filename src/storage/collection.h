// What a durable collection is, as others name and ask for it. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/timestamp.h"
#include "types/sql_type.h"

namespace penstock::storage {

// Whose upper a collection shares: the inputs' (cluster none), which the ticker moves, or U_c of
// the cluster that exports it.
using Timeline = ClusterId;
inline constexpr Timeline kInputs{0};

// A collection is two z-sets: rows of `type`, and errors (one kBytes column, see row_error.h);
// reading it fails if an error is present. type.keys[0], if there is one, is the storage key.
struct CollectionSpec {
  CollectionId id;
  types::RelationType type;
  Timeline timeline;
};

// The sum of a 128-bit hash of every row times its weight (rule S6); sums of parts add up.
struct HashSum {
  uint64_t low = 0;
  uint64_t high = 0;
  void add(const HashSum& other) {
    uint64_t sum = low + other.low;
    high += other.high + (sum < low ? 1 : 0);
    low = sum;
  }
  friend bool operator==(const HashSum&, const HashSum&) = default;
};

struct CollectionInfo {
  CollectionSpec spec;
  Timestamp since;
  Timestamp upper;                       // Exclusive.
  std::optional<Timestamp> publication;  // Readable in [max(since, publication), upper) from here.
  HashSum hash;                          // Rows and errors, at upper - 1.
  uint64_t history_bytes = 0;            // In the log, not yet folded.
  bool readable_at(Timestamp time) const {
    return publication && *publication <= time && since <= time && time < upper;
  }
};

}  // namespace penstock::storage
