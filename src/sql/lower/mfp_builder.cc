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
  std::vector<ScalarRef> conjuncts;
  for (const ScalarRef& predicate : predicates) {
    plan::append_conjuncts(expr::renumber(predicate, columns_), conjuncts);
  }
  std::vector<ScalarRef> fallible;
  for (ScalarRef& conjunct : conjuncts) {
    if (expr::can_fail(*conjunct)) {
      fallible.push_back(std::move(conjunct));
    } else {
      predicates_.push_back({std::move(conjunct), map_.size()});
    }
  }
  if (fallible.empty()) return;
  predicates_.push_back({expr::conjunction(std::move(fallible)), map_.size()});
}

void MfpBuilder::project(const std::vector<size_t>& projection) {
  std::vector<size_t> columns;
  for (size_t column : projection) {
    columns.push_back(column == kNowhere ? kNowhere : columns_[column]);
  }
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

// A predicate, and between which mapped columns it is evaluated.
struct Placed {
  ScalarRef condition;
  size_t earliest = 0;  // How many mapped columns it needs.
  size_t latest = 0;    // How many were there when it was made.
};

// See MfpBuilder::finish: `earliest` is where each is evaluated. One that can fail comes after all
// those that cannot and could come before it.
std::vector<Placed> arranged(std::vector<Placed> predicates) {
  auto can_fail = [](const Placed& placed) { return expr::can_fail(*placed.condition); };
  size_t failing = 0;  // Where the last one that can fail is.
  for (Placed& placed : predicates) {
    if (!can_fail(placed)) continue;
    size_t after = std::max(placed.earliest, failing);
    for (const Placed& other : predicates) {
      if (!can_fail(other) && other.earliest <= placed.latest) {
        after = std::max(after, other.earliest);
      }
    }
    placed.earliest = failing = after;
  }
  std::ranges::stable_sort(predicates, {}, [&](const Placed& placed) {
    return std::pair(placed.earliest, can_fail(placed));
  });
  return predicates;
}

}  // namespace

plan::MapFilterProject MfpBuilder::finish() const {
  // Which mapped columns are used, directly or by others that are.
  std::vector<bool> used(map_.size(), false);
  auto mark = [&](size_t column) {
    if (column >= input_width_) used[column - input_width_] = true;
  };
  std::ranges::for_each(columns_, mark);
  for (const Predicate& predicate : predicates_) {
    expr::for_each_column(*predicate.condition, mark);
  }
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
  std::vector<Placed> predicates;
  for (const Predicate& predicate : predicates_) {
    Placed& placed =
        predicates.emplace_back(Placed{expr::renumber(predicate.condition, moved), 0, 0});
    expr::for_each_column(*placed.condition, [&](size_t column) {
      if (column >= input_width_)
        placed.earliest = std::max(placed.earliest, column - input_width_ + 1);
    });
    placed.latest = static_cast<size_t>(std::count(
        used.begin(), used.begin() + static_cast<std::ptrdiff_t>(predicate.mapped), true));
  }
  for (Placed& placed : arranged(std::move(predicates))) {
    out.predicates.push_back(std::move(placed.condition));
    out.predicate_after.push_back(placed.earliest);
  }
  for (size_t column : columns_) out.projection.push_back(moved[column]);
  return out;
}

}  // namespace penstock::sql
