// The operators that are one line of algebra: union, negate, constant.
//
//   union     Δ₁ + Δ₂: every chunk passes
//   negate    -Δ: every diff changes sign
//   constant  its rows in the first step, nothing after
#pragma once

#include <optional>
#include <vector>

#include "dataflow/operator.h"
#include "plan/dataflow_plan.h"

namespace penstock::dataflow {

class UnionOperator final : public Operator {
 public:
  void accept(Port, const data::DeltaBatch& chunk, Emitter& out) override { out.push(chunk); }
  OperatorStats stats() const override { return {.name = "union"}; }
};

class NegateOperator final : public Operator {
 public:
  void accept(Port, const data::DeltaBatch& chunk, Emitter& out) override {
    out.push(chunk.negated());
  }
  OperatorStats stats() const override { return {.name = "negate"}; }
};

// An import: what is fed passes to everybody who reads it.
class ImportOperator final : public Operator {
 public:
  void accept(Port, const data::DeltaBatch& chunk, Emitter& out) override { out.push(chunk); }
  OperatorStats stats() const override { return {.name = "import"}; }
};

class ConstantOperator final : public Operator {
 public:
  ConstantOperator(plan::ConstantNode constant, std::vector<data::PhysicalKind> kinds);
  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  void flush(Emitter& out) override;
  OperatorStats stats() const override { return {.name = "constant"}; }

 private:
  plan::ConstantNode constant_;
  std::vector<data::PhysicalKind> kinds_;
};

}  // namespace penstock::dataflow
