// An arrangement in memory: a KeyIndex whose entries hold the ValueGroups of their key. A row is
// split into the key and the value: the columns that the key does not give back exactly.
#pragma once

#include <span>
#include <vector>

#include "data/key_codec.h"
#include "dataflow/arrangement.h"
#include "dataflow/key_index.h"
#include "dataflow/state_options.h"
#include "dataflow/value_groups.h"

namespace penstock::dataflow {

class HashArrangement final : public Arrangement {
 public:
  // Of rows with columns of `types`, by the columns `key`.
  HashArrangement(std::vector<types::ColumnType> types, std::vector<size_t> key, NullKeys null_keys,
                  const StateOptions& options);

  ChunkSequence stage(const data::DeltaBatch& chunk) override;
  void fold() override;
  ChunkSequence sequence() const override { return sequence_; }
  const KeyBatch& staged_keys() const override { return staged_keys_; }
  void lookup(const KeyBatch& keys, ChunkSequence seen, MatchSink& sink) const override;
  void decode(const Matches& matches, size_t column, data::ColumnBuilder& out) const override;
  MemoryUse memory() const override;

  // The keys of any chunk, as stage() computes them from columns `key`.
  void encode_keys(const data::DeltaBatch& chunk, std::span<const size_t> key, KeyBatch& out) const;

 private:
  // Where a column of the row is kept.
  struct Source {
    bool in_key = false;
    size_t field = 0;
  };

  void index_staged() const;
  void match_staged(const KeyBatch& keys, size_t row, Matches& matches, MatchSink& sink) const;

  std::vector<types::ColumnType> types_;
  std::vector<size_t> key_;
  NullKeys null_keys_;
  data::HashMode hash_mode_;
  data::KeyCodec key_codec_;
  std::vector<size_t> value_columns_;
  std::vector<Source> sources_;
  data::RowCodec value_codec_;
  RowArena arena_;
  ValueGroups groups_;
  KeyIndex index_;
  size_t num_rows_ = 0;

  ChunkSequence sequence_;
  bool staged_ = false;
  KeyBatch staged_keys_;
  data::EncodedRows staged_values_;
  std::vector<int64_t> staged_diffs_;
  std::vector<char*> entries_;  // Scratch of fold().
  std::vector<char*> emptied_;

  // A chained table over the staged keys, made when somebody looks them up.
  mutable bool staged_indexed_ = false;
  mutable std::vector<uint32_t> chain_heads_;  // By hash; row + 1.
  mutable std::vector<uint32_t> chain_next_;
};

}  // namespace penstock::dataflow
