// Evaluates a bound expression over a batch, errors as data. Compiled once, reused for every batch.
//
// The rules (docs/internals/expressions.md):
//  1. Kernels never throw; the value of a row that failed is zero.
//  2. NULL arguments of strict functions never reach a kernel.
//  3. Where several errors exist for a row, the greatest wins: the order of evaluation is free.
//  4. AND: any false is false, even beside an error; else the error; else NULL. OR dually. CASE and
//     COALESCE evaluate a branch only on the rows that reach it.
//  5. Folding may make an error literal; it raises only where it is evaluated.
//  6. An error is a pure function of the row.
//  7. A filter or map sends a failed row to the error port: that is the caller's.
//  8. Calls that depend on the statement are replaced before (fold.h); evaluating one is a bug.
//
// Thread rule: an Evaluator has one owner thread (it caches compiled patterns and buffers).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "data/column.h"
#include "data/row_error.h"
#include "expr/scalar.h"

namespace penstock::data {
class DeltaBatch;
class Rows;
}  // namespace penstock::data

namespace penstock::expr {

// The rows of one evaluation that failed, and why. Made only when there is one.
class EvalErrors {
 public:
  bool empty() const { return errors_.empty(); }
  size_t size() const { return errors_.size(); }
  bool failed(size_t row) const { return errors_.contains(row); }
  // Null when the row did not fail.
  const data::RowError* error(size_t row) const;
  // The greater of this error and the one the row already has is kept.
  void add(size_t row, data::RowError error);
  void add_all(const EvalErrors& other);
  void remove(size_t row) { errors_.erase(row); }
  // Ascending by row: visit(row, const RowError&).
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const auto& [row, error] : errors_) visit(row, error);
  }

 private:
  std::map<size_t, data::RowError> errors_;
};

// One value per row of the batch. Rows that were not active, and rows that failed, hold no meaning.
// `errors` is present iff some active row failed, and names only active rows.
struct EvalResult {
  data::Column values;
  std::optional<EvalErrors> errors;
};

class Evaluator {
 public:
  explicit Evaluator(ScalarRef expression);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  // REQUIRES: every column the expression names exists, with the physical kind of its type.
  EvalResult evaluate(const data::DeltaBatch& input, const data::Rows& active);
  // The same over bare columns of `size` rows, so that mapped columns can join the input's without
  // a batch being made of them.
  EvalResult evaluate(std::span<const data::Column> input, size_t size, const data::Rows& active);

  const ScalarRef& expression() const { return expression_; }
  // Whether evaluation can fail at all.
  bool can_fail() const { return can_fail_; }

  class Node;

 private:
  ScalarRef expression_;
  std::unique_ptr<Node> root_;
  bool can_fail_ = false;
};

// One row, for constants, DEFAULTs and INSERT. The error is the row's.
Result<types::Datum> evaluate_row(const ScalarRef& expression, std::span<const types::Datum> row);

// Whether some evaluation of the expression can fail, by the specs of the functions it calls.
bool can_fail(const ScalarExpr& expression);

}  // namespace penstock::expr
