// Inner equi-join of two arranged inputs, bilinear:
//
//   Δ(A ⋈ B) = ΔA ⋈ B⁻ + A⁺ ⋈ ΔB, per chunk: chunk ⋈ (the other side as handed to me)
//
// Each side's arrangement stages a chunk, hands it here, and folds it afterwards; this operator
// remembers the number of the last chunk it got from each side, and reads the other side with
// exactly those included (arrangement.h). Diffs multiply; the residual filters and projects. A
// cross join is a join on no columns: every row has the one empty key. State: the two arrangements.
#pragma once

#include <array>
#include <memory>

#include "dataflow/arrangement.h"
#include "dataflow/map_filter_project.h"
#include "dataflow/operator.h"

namespace penstock::dataflow {

// Keeps an arrangement up to date and hands every chunk on between staging and folding it.
class ArrangeOperator final : public Operator {
 public:
  explicit ArrangeOperator(std::unique_ptr<Arrangement> arrangement)
      : arrangement_(std::move(arrangement)) {}
  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  OperatorStats stats() const override;
  const Arrangement& arrangement() const { return *arrangement_; }

 private:
  std::unique_ptr<Arrangement> arrangement_;
};

class JoinOperator final : public Operator {
 public:
  struct Side {
    const Arrangement* arrangement;
    std::vector<data::PhysicalKind> kinds;
  };
  // Port 0 gets the chunks of the left arrangement, port 1 those of the right; they must outlive
  // the join.
  JoinOperator(Side left, Side right, const plan::MapFilterProject& residual);
  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  OperatorStats stats() const override { return {.name = "join"}; }

 private:
  class Sink;

  std::array<Side, 2> sides_;
  std::array<ChunkSequence, 2> seen_;
  MapFilterProject residual_;
};

}  // namespace penstock::dataflow
