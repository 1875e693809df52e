// GROUP BY: per group the aggregates of its rows, non-linear.
//
//   Δout = Σ over touched groups: -result(before) + result(after)
//
// A group's accumulators lie inline before its key in the index. The first touch of a group in a
// step saves a frozen copy of them (nothing for a group that did not exist); flush() finalises old
// and new, a block of groups at a time, and pushes what differs. A group vanishes when its number
// of rows is zero. The key columns come out in canonical form: what a group shows is a function of
// the group. DISTINCT aggregates count each value of a group once (distinct_values.h).
//
// When very many groups are touched (hydration) differences are pushed early, so that the list of
// them stays small: the sums are the same.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "data/key_codec.h"
#include "dataflow/accumulator.h"
#include "dataflow/distinct_values.h"
#include "dataflow/key_index.h"
#include "dataflow/negative_rows.h"
#include "dataflow/operator.h"
#include "dataflow/state_options.h"
#include "expr/evaluator.h"
#include "plan/dataflow_plan.h"

namespace penstock::dataflow {

class ReduceOperator final : public Operator {
 public:
  // `input` and `output` are the types of the columns that come in and go out.
  ReduceOperator(const plan::ReduceNode& node, const std::vector<types::ColumnType>& input,
                 const std::vector<types::ColumnType>& output, const StateOptions& options);
  ~ReduceOperator() override;

  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  void flush(Emitter& out) override;
  OperatorStats stats() const override;

 private:
  // An expression over the input's rows, wanted only where the filter (an input before it) is true.
  struct Input {
    expr::Evaluator evaluator;
    std::optional<size_t> filter;
  };
  struct Aggregate {
    size_t argument = 0;           // Into inputs_.
    std::optional<size_t> filter;  // Into inputs_.
    std::unique_ptr<DistinctValues> distinct;
    std::unique_ptr<Accumulator> accumulator;
    data::PhysicalKind kind;
  };
  struct Touched {
    char* payload;
    size_t saved;  // Number of the saved copy, or kNew.
  };
  static constexpr size_t kNew = ~size_t{0};
  class Failures;
  struct BlockRows;

  size_t input_for(const expr::ScalarRef& expression, std::optional<size_t> filter);
  // The values of all inputs, for all rows of the chunk; of the rows that fail, the errors.
  std::vector<data::Column> evaluate(const data::DeltaBatch& chunk,
                                     std::optional<expr::EvalErrors>& failed);
  void absorb(const data::DeltaBatch& chunk, const std::vector<data::Column>& values);
  void touch(const data::DeltaBatch& chunk);
  void collect_block(std::span<const Touched> block, BlockRows& rows);
  std::vector<data::Column> block_columns(const BlockRows& rows, Failures& failures) const;
  void push_block(std::span<const Touched> block, Emitter& out);
  void push_differences(Emitter& out);
  void forget(std::span<const Touched> block);

  std::vector<size_t> key_columns_;
  data::KeyCodec key_codec_;
  std::vector<data::PhysicalKind> output_kinds_;
  StateOptions options_;
  std::vector<Input> inputs_;
  RowArena arena_;
  Graveyard graveyard_;
  NegativeRows negatives_;
  std::vector<Aggregate> aggregates_;
  size_t payload_bytes_ = 8;
  std::optional<KeyIndex> index_;

  std::vector<Touched> touched_;
  std::vector<char> saved_;  // Frozen payloads, behind each other.
  // Scratch of accept().
  data::EncodedRows keys_;
  std::vector<uint64_t> hashes_;
  std::vector<char*> payloads_;
};

}  // namespace penstock::dataflow
