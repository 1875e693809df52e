// See mfp_builder.h.
#include "sql/lower/mfp_builder.h"

#include <algorithm>
#include <numeric>

#include "expr/evaluator.h"
#include "plan/predicates.h"

namespace penstock::sql {

using expr::ScalarKind;
using expr::ScalarRef;

MfpBuilder::MfpBuilder(size_t input_width) : input_width_(input_width), columns_(input_width) {
  std::iota(columns_.begin(), columns_.end(), size_t{0});
}

void MfpBuilder::map(const std::vector<ScalarRef>& expressions) {
  for (const ScalarRef& expression : expressions) {
    ScalarRef placed = expr::renumber(expression, columns_);
    if (placed->kind == ScalarKind::kColumn) {
      columns_.push_back(placed->column);
      continue;
    }
    auto known = std::ranges::find_if(
        map_, [&](const ScalarRef& other) { return expr::equal(*other, *placed); });
    columns_.push_back(input_width_ + static_cast<size_t>(known - map_.begin()));
    if (known == map_.end()) map_.push_back(std::move(placed));
  }
}

void MfpBuilder::filter(const std::vector<ScalarRef>& predicates) {
  for (const ScalarRef& predicate : predicates) {
    plan::append_conjuncts(expr::renumber(predicate, columns_), predicates_);
  }
}

void MfpBuilder::project(const std::vector<size_t>& projection) {
  std::vector<size_t> columns;
  for (size_t column : projection) columns.push_back(columns_[column]);
  columns_ = std::move(columns);
}

bool MfpBuilder::is_identity() const {
  if (!predicates_.empty() || columns_.size() != input_width_) return false;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] != i) return false;
  }
  return true;
}

namespace {

struct Predicate {
  ScalarRef condition;
  size_t after = 0;  // How many mapped columns it needs.
};

// See MfpBuilder::finish.
std::vector<Predicate> arranged(const std::vector<ScalarRef>& predicates, size_t input_width) {
  std::vector<Predicate> out;
  std::vector<ScalarRef> fallible;
  size_t last = 0;
  for (const ScalarRef& predicate : predicates) {
    size_t after = 0;
    expr::for_each_column(*predicate, [&](size_t column) {
      if (column >= input_width) after = std::max(after, column - input_width + 1);
    });
    last = std::max(last, after);
    if (expr::can_fail(*predicate)) {
      fallible.push_back(predicate);
    } else {
      out.push_back({predicate, after});
    }
  }
  std::ranges::stable_sort(out, {}, &Predicate::after);
  if (!fallible.empty()) out.push_back({expr::conjunction(std::move(fallible)), last});
  return out;
}

}  // namespace

plan::MapFilterProject MfpBuilder::finish() const {
  // Which mapped columns are used, directly or by others that are.
  std::vector<bool> used(map_.size(), false);
  auto mark = [&](size_t column) {
    if (column >= input_width_) used[column - input_width_] = true;
  };
  std::ranges::for_each(columns_, mark);
  for (const ScalarRef& predicate : predicates_) expr::for_each_column(*predicate, mark);
  for (size_t i = map_.size(); i-- > 0;) {
    if (used[i]) expr::for_each_column(*map_[i], mark);
  }
  plan::MapFilterProject out;
  std::vector<size_t> moved(input_width_ + map_.size());
  std::iota(moved.begin(), moved.begin() + static_cast<std::ptrdiff_t>(input_width_), size_t{0});
  for (size_t i = 0; i < map_.size(); ++i) {
    if (!used[i]) continue;
    moved[input_width_ + i] = input_width_ + out.map.size();
    out.map.push_back(expr::renumber(map_[i], moved));
  }
  std::vector<ScalarRef> predicates;
  for (const ScalarRef& predicate : predicates_) {
    predicates.push_back(expr::renumber(predicate, moved));
  }
  for (Predicate& predicate : arranged(predicates, input_width_)) {
    out.predicates.push_back(std::move(predicate.condition));
    out.predicate_after.push_back(predicate.after);
  }
  for (size_t column : columns_) out.projection.push_back(moved[column]);
  return out;
}

}  // namespace penstock::sql
