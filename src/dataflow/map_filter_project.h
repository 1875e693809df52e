// Map, filter and project of a chunk in one pass, as an object that operators use (mfp and join).
//
// Linear: f(Δ), rows keep their diffs. A row for which an expression fails goes to the errors with
// its diff and is dropped. Bytes are not copied: columns are gathered or passed on as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/delta_batch.h"
#include "data/rows.h"
#include "dataflow/operator.h"
#include "expr/evaluator.h"
#include "plan/dataflow_plan.h"

namespace penstock::dataflow {

class MapFilterProject {
 public:
  MapFilterProject(const plan::MapFilterProject& mfp, size_t input_columns);

  // The input columns that expressions or the projection use; others may be absent (empty).
  const std::vector<bool>& needed_columns() const { return needed_; }
  // Every input row comes out, unchanged but for the columns' order.
  bool is_identity() const { return identity_; }

  // `columns` are the input's. The result may have no rows.
  data::DeltaBatch apply(std::span<const data::Column> columns, const data::DeltaBatch& diffs_of,
                         ErrorRows& errors);

 private:
  void filter(size_t predicate, std::span<const data::Column> columns,
              const data::DeltaBatch& diffs_of, data::Rows& rows, ErrorRows& errors);

  std::vector<expr::Evaluator> map_;
  std::vector<expr::Evaluator> predicates_;
  std::vector<size_t> predicate_after_;
  std::vector<size_t> projection_;
  std::vector<bool> needed_;
  bool identity_ = false;
};

// The rows of `rows` for which the boolean column is true.
void keep_true(const data::Column& column, data::Rows& rows);
// Reports the failed rows with their diffs and takes them out of `rows`.
void drop_failed(const expr::EvalErrors& failed, const data::DeltaBatch& diffs_of, data::Rows& rows,
                 ErrorRows& errors);

class MfpOperator final : public Operator {
 public:
  MfpOperator(const plan::MapFilterProject& mfp, size_t input_columns) : mfp_(mfp, input_columns) {}
  void accept(Port port, const data::DeltaBatch& chunk, Emitter& out) override;
  OperatorStats stats() const override { return {.name = "mfp"}; }

 private:
  MapFilterProject mfp_;
};

}  // namespace penstock::dataflow
