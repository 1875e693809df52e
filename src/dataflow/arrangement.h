// An arrangement: the indexed present of a collection, key columns → multiset of rows. The
// interface works on batches only, so that another implementation (sorted runs that spill) can
// stand behind it.
//
// Arranging follows the rule of tools/push_model.py: stage(chunk) indexes the chunk beside the
// base, the chunk is pushed to the consumers, then fold() makes it part of the base. A consumer
// that looks up the arrangement sees the base, and the staged chunk iff it was itself handed it: it
// passes the sequence number of the last chunk it received. One owner thread.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "data/delta_batch.h"
#include "data/encoded_rows.h"

namespace penstock::dataflow {

// Number of a chunk of one arrangement, from 1; 0 = none.
struct ChunkSequence {
  uint64_t value = 0;
  friend constexpr auto operator<=>(const ChunkSequence&, const ChunkSequence&) = default;
};

// What a NULL in a key is equal to. Rows whose key matches nothing are not kept. Two arrangements
// that are joined must agree on it: their keys are compared as bytes.
enum class NullKeys : uint8_t { kMatchNothing, kMatchEachOther };

// The keys of a chunk's rows, of those that can match.
struct KeyBatch {
  data::EncodedRows rows;
  std::vector<uint64_t> hashes;
  bool all_rows = true;  // Key i belongs to row i; otherwise to source_rows[i].
  std::vector<uint32_t> source_rows;

  uint32_t source_row(size_t key) const {
    return all_rows ? static_cast<uint32_t>(key) : source_rows[key];
  }
};

// Pairs of a row of the probing chunk and a row of the arrangement; at most a chunk of them. Valid
// while the sink runs.
struct Matches {
  std::vector<uint32_t> probe_rows;
  std::vector<const char*> keys;  // The matched row's parts, see Arrangement::decode.
  std::vector<const char*> values;
  std::vector<int64_t> weights;

  size_t size() const { return weights.size(); }
  void clear() {
    probe_rows.clear();
    keys.clear();
    values.clear();
    weights.clear();
  }
};

class MatchSink {
 public:
  virtual ~MatchSink() = default;
  virtual void take(const Matches& matches) = 0;
};

struct MemoryUse {
  size_t rows = 0;
  size_t used_bytes = 0;      // By what is there.
  size_t reserved_bytes = 0;  // From the heap.
};

class Arrangement {
 public:
  virtual ~Arrangement() = default;

  // REQUIRES: nothing is staged.
  virtual ChunkSequence stage(const data::DeltaBatch& chunk) = 0;
  virtual void fold() = 0;
  virtual ChunkSequence sequence() const = 0;
  // Of the staged chunk.
  virtual const KeyBatch& staged_keys() const = 0;
  // Hands every pair of a key and a row with an equal key to the sink. REQUIRES: keys of columns of
  // the same types.
  virtual void lookup(const KeyBatch& keys, ChunkSequence seen, MatchSink& sink) const = 0;
  // Appends column `column` of every matched row.
  virtual void decode(const Matches& matches, size_t column, data::ColumnBuilder& out) const = 0;
  virtual MemoryUse memory() const = 0;
};

}  // namespace penstock::dataflow
