// Rows whose multiplicity is below zero where it cannot be: a lying source, or a bug. They are
// counted, and while there are any the collection has a definite error for each; never an abort.
//
// A row may be below zero for a moment within a step, so only the step's net change is told. One
// owner thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataflow/operator.h"

namespace penstock::dataflow {

class NegativeRows {
 public:
  // `where` names the operator in the error; must outlive this.
  explicit NegativeRows(std::string_view where) : where_(where) {}

  void change(int64_t before, int64_t after) { pending_ += (after < 0) - (before < 0); }
  uint64_t present() const { return present_; }
  void push_to(Emitter& out) {
    if (pending_ == 0) return;
    ErrorRows errors;
    errors.add(negative_multiplicity(where_), pending_);
    errors.push_to(out);
    present_ += static_cast<uint64_t>(pending_);
    pending_ = 0;
  }

 private:
  std::string_view where_;
  int64_t pending_ = 0;
  uint64_t present_ = 0;
};

}  // namespace penstock::dataflow
