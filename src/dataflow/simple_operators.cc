// Constants: rows that are there from the first step on.
#include "dataflow/simple_operators.h"

#include "base/check.h"

namespace penstock::dataflow {

ConstantOperator::ConstantOperator(plan::ConstantNode constant,
                                   std::vector<data::PhysicalKind> kinds)
    : constant_(std::move(constant)), kinds_(std::move(kinds)) {}

void ConstantOperator::accept(Port, const data::DeltaBatch&, Emitter&) {
  CHECK(false);  // A constant has no inputs.
}

void ConstantOperator::flush(Emitter& out) {
  if (out.step().number != 0) return;
  data::BatchBuilder builder(kinds_);
  for (const plan::ConstantRow& row : constant_.rows) {
    if (row.diff == 0) continue;
    builder.append_row(row.values, row.diff);
    if (builder.full()) out.push(builder.finish());
  }
  out.push(builder.finish());
  if (constant_.error) {
    ErrorRows errors;
    errors.add(*constant_.error, 1);
    errors.push_to(out);
  }
}

}  // namespace penstock::dataflow
