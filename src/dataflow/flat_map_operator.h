// A table function of each row: linear, the output's diff is the input's. Every row comes out once
// for each row of the function, with that row's values appended; a row for which an argument or the
// function fails goes to the errors.
#pragma once

#include <vector>

#include "dataflow/operator.h"
#include "expr/evaluator.h"
#include "plan/dataflow_plan.h"

namespace penstock::dataflow {

class FlatMapOperator final : public Operator {
 public:
  FlatMapOperator(const plan::FlatMapNode& node, const std::vector<types::ColumnType>& input);
  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  OperatorStats stats() const override { return {.name = "flat map"}; }

 private:
  class Output;

  plan::TableFunction function_;
  bool with_ordinality_;  // The last appended column counts the results of each row.
  std::vector<expr::Evaluator> arguments_;
  std::vector<types::SqlType> argument_types_;
  std::vector<data::PhysicalKind> input_kinds_;
  std::vector<data::PhysicalKind> appended_kinds_;
};

}  // namespace penstock::dataflow
