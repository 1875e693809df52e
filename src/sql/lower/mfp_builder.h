// Fuses a chain of maps, filters and projections into one plan::MapFilterProject.
#pragma once

#include <vector>

#include "expr/scalar.h"
#include "plan/dataflow_plan.h"

namespace penstock::sql {

// Built from the input upwards; each step refers to the columns as the step before left them.
class MfpBuilder {
 public:
  explicit MfpBuilder(size_t input_width);

  void map(const std::vector<expr::ScalarRef>& expressions);
  void filter(const std::vector<expr::ScalarRef>& predicates);
  void project(const std::vector<size_t>& projection);

  // True while rows would come out as they went in.
  bool is_identity() const;
  // Expressions that nothing uses are left out. Predicates that may fail are evaluated together and
  // after the others, so that a false one hides the errors of all: false AND error is false.
  plan::MapFilterProject finish() const;

 private:
  size_t input_width_;
  std::vector<expr::ScalarRef> map_;         // Over input columns and earlier ones.
  std::vector<expr::ScalarRef> predicates_;  // Likewise.
  std::vector<size_t> columns_;              // Present column -> input or mapped column.
};

}  // namespace penstock::sql
