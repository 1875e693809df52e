// The values of each group, so that an aggregate over DISTINCT values counts each once: a weight
// per (group, value), turned into +1 when it becomes positive and -1 when it ceases to be. One
// owner thread.
#pragma once

#include <span>
#include <vector>

#include "data/key_codec.h"
#include "data/rows.h"
#include "dataflow/key_index.h"
#include "dataflow/negative_rows.h"
#include "dataflow/state_options.h"

namespace penstock::dataflow {

class DistinctValues {
 public:
  // Of the group's key columns, then the value.
  DistinctValues(std::vector<types::ColumnType> types, const StateOptions& options,
                 NegativeRows& negatives);

  // For the rows of `rows` whose value (the last column) is not NULL: what they change. The result
  // has a diff for every row; `changed` selects those that are not 0.
  void add(std::span<const data::Column> columns, const data::Rows& rows,
           std::span<const int64_t> diffs);
  const data::Rows& changed() const { return changed_; }
  std::span<const int64_t> diffs() const { return diffs_; }

  size_t num_values() const { return index_.size(); }
  size_t used_bytes() const { return arena_.used_bytes() + index_.memory_bytes(); }
  size_t reserved_bytes() const { return arena_.reserved_bytes() + index_.memory_bytes(); }

 private:
  data::KeyCodec codec_;
  data::HashMode hash_mode_;
  RowArena arena_;
  KeyIndex index_;
  NegativeRows& negatives_;
  data::Rows changed_ = data::Rows::none(0);
  std::vector<int64_t> diffs_;
  // Scratch.
  data::EncodedRows keys_;
  std::vector<uint64_t> hashes_;
  std::vector<char*> entries_;
};

}  // namespace penstock::dataflow
