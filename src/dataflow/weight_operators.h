// DISTINCT and threshold: a weight per row, non-linear.
//
//   distinct   per touched row: [w⁺ > 0] - [w⁻ > 0]
//   threshold  per touched row: max(w⁺, 0) - max(w⁻, 0)     (EXCEPT ALL, INTERSECT ALL)
//
// The rows are keys: DISTINCT shows the canonical form of equal rows, threshold takes rows apart by
// their exact bytes (its columns are compared as they are). When very many rows are touched
// (hydration) differences are pushed early; the sums are the same.
#pragma once

#include <vector>

#include "data/key_codec.h"
#include "dataflow/key_index.h"
#include "dataflow/negative_rows.h"
#include "dataflow/operator.h"
#include "dataflow/state_options.h"

namespace penstock::dataflow {

enum class WeightRule : uint8_t { kDistinct, kThreshold };

class WeightOperator final : public Operator {
 public:
  WeightOperator(WeightRule rule, std::vector<types::ColumnType> types,
                 const StateOptions& options);
  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  void flush(Emitter& out) override;
  OperatorStats stats() const override;

 private:
  struct Touched {
    char* entry;
    int64_t before;
  };
  int64_t shown(int64_t weight) const {
    if (rule_ == WeightRule::kDistinct) return weight > 0 ? 1 : 0;
    return weight > 0 ? weight : 0;
  }
  void push_differences(Emitter& out);
  void push_block(std::span<const Touched> block, Emitter& out);

  WeightRule rule_;
  std::vector<data::PhysicalKind> kinds_;
  data::KeyCodec key_codec_;  // Of DISTINCT.
  data::RowCodec row_codec_;  // Of threshold: exact rows.
  const data::RowCodec& layout_;
  data::HashMode hash_mode_;
  RowArena arena_;
  KeyIndex index_;
  NegativeRows negatives_;
  std::vector<Touched> touched_;
  // Scratch of accept().
  data::EncodedRows rows_;
  std::vector<uint64_t> hashes_;
  std::vector<char*> entries_;
};

}  // namespace penstock::dataflow
