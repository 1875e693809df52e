// Fuses a chain of maps, filters and projections into one plan::MapFilterProject.
#pragma once

#include <cstdint>
#include <vector>

#include "expr/scalar.h"
#include "plan/dataflow_plan.h"

namespace penstock::sql {

// Built from the input upwards; each step refers to the columns as the step before left them.
class MfpBuilder {
 public:
  // In a projection: a column that is not there. Nothing may use it.
  static constexpr size_t kNowhere = SIZE_MAX;

  explicit MfpBuilder(size_t input_width);

  void map(const std::vector<expr::ScalarRef>& expressions);
  void filter(const std::vector<expr::ScalarRef>& predicates);
  void project(const std::vector<size_t>& projection);

  // True while rows would come out as they went in.
  bool is_identity() const;
  // Expressions that nothing uses are left out. The predicates of one filter that may fail are
  // evaluated together and after all that cannot, so that a false one hides the errors of all:
  // false AND error is false. What comes after a filter that can fail sees only rows that passed
  // it.
  plan::MapFilterProject finish() const;

 private:
  struct Predicate {
    expr::ScalarRef condition;  // Over input columns and mapped ones.
    size_t mapped = 0;          // How many columns were mapped before the filter it is of.
  };

  size_t input_width_;
  std::vector<expr::ScalarRef> map_;   // Over input columns and earlier ones.
  std::vector<Predicate> predicates_;  // Those of one filter that can fail are one.
  std::vector<size_t> columns_;        // Present column -> input or mapped column.
};

}  // namespace penstock::sql
