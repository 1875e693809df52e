// See join_predicates.h.
#include "sql/optimize/join_predicates.h"

#include <algorithm>
#include <optional>

#include "sql/optimize/scalar_facts.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelRef;

std::vector<size_t> input_offsets(const std::vector<RelRef>& inputs) {
  std::vector<size_t> out = {0};
  for (const RelRef& input : inputs) out.push_back(out.back() + input->type.columns.size());
  return out;
}

std::vector<std::vector<ScalarRef>> merged_equivalences(
    const std::vector<std::vector<ScalarRef>>& equivalences) {
  std::vector<std::vector<ScalarRef>> out;  // No two of them meet.
  for (const std::vector<ScalarRef>& equivalence : equivalences) {
    std::vector<ScalarRef> merged;
    std::vector<std::vector<ScalarRef>> apart;
    auto add_all = [&](const std::vector<ScalarRef>& members) {
      for (const ScalarRef& member : members) {
        if (!contains_scalar(merged, *member)) merged.push_back(member);
      }
    };
    for (std::vector<ScalarRef>& known : out) {
      const bool meets = std::ranges::any_of(
          known, [&](const ScalarRef& member) { return contains_scalar(equivalence, *member); });
      if (meets) {
        add_all(known);
      } else {
        apart.push_back(std::move(known));
      }
    }
    add_all(equivalence);
    if (merged.size() > 1) apart.push_back(std::move(merged));
    out = std::move(apart);
  }
  return out;
}

namespace {

class Placement {
 public:
  explicit Placement(const plan::RelExpr& join)
      : join_(join), offsets_(input_offsets(join.inputs)) {
    out_.of_input.resize(join.inputs.size());
    out_.equivalences = join.equivalences;
  }

  void place(const ScalarRef& predicate) {
    const std::vector<size_t> inputs = inputs_of(predicate);
    if (inputs.size() <= 1 && !join_.inputs.empty()) {
      add_to_input(inputs.empty() ? 0 : inputs[0], predicate);
      if (compared_column(*predicate)) compared_.push_back(predicate);
    } else if (!place_equality(predicate)) {
      out_.above.push_back(predicate);
    }
  }

  JoinPredicates finish() {
    out_.equivalences = merged_equivalences(out_.equivalences);
    for (const ScalarRef& predicate : compared_) spread(predicate);
    return std::move(out_);
  }

 private:
  std::vector<size_t> inputs_of(const ScalarRef& expression) const {
    std::vector<size_t> out;
    expr::for_each_column(*expression, [&](size_t column) {
      const auto next = std::ranges::upper_bound(offsets_, column);
      const auto input = static_cast<size_t>(next - offsets_.begin()) - 1;
      if (std::ranges::find(out, input) == out.end()) out.push_back(input);
    });
    return out;
  }

  void add_to_input(size_t input, const ScalarRef& predicate) {
    std::vector<size_t> local(offsets_.back(), 0);
    for (size_t i = offsets_[input]; i < offsets_[input + 1]; ++i) local[i] = i - offsets_[input];
    out_.of_input[input].push_back(expr::renumber(predicate, local));
  }

  bool can_be_null(const ScalarRef& side, size_t input) const {
    if (side->kind != expr::ScalarKind::kColumn) return side->type.nullable;
    const size_t column = side->column - offsets_[input];
    return join_.inputs[input]->type.columns[column].type.nullable;
  }

  bool place_equality(const ScalarRef& predicate) {
    const std::optional<Equality> equality = equality_of(*predicate);
    if (!equality) return false;
    const std::vector<size_t> left = inputs_of(equality->left);
    const std::vector<size_t> right = inputs_of(equality->right);
    if (left.size() != 1 || right.size() != 1) return false;
    out_.equivalences.push_back({equality->left, equality->right});
    // NULL is equal to NULL in an equivalence: one side without any is enough.
    if (!equality->nulls_match && can_be_null(equality->left, left[0]) &&
        can_be_null(equality->right, right[0])) {
      add_to_input(std::max(left[0], right[0]),
                   is_not_null(left[0] > right[0] ? equality->left : equality->right));
    }
    return true;
  }

  // What is compared with a literal is equal to other expressions: they compare likewise.
  void spread(const ScalarRef& predicate) {
    const size_t column = *compared_column(*predicate);
    for (const std::vector<ScalarRef>& equivalence : out_.equivalences) {
      const bool has_column = std::ranges::any_of(equivalence, [&](const ScalarRef& member) {
        return member->kind == expr::ScalarKind::kColumn && member->column == column;
      });
      if (!has_column) continue;
      for (const ScalarRef& member : equivalence) {
        const std::vector<size_t> inputs = inputs_of(member);
        if (inputs.size() != 1) continue;
        std::vector<ScalarRef> values(offsets_.back());
        values[column] = member;
        add_to_input(inputs[0], expr::substitute(predicate, values));
      }
    }
  }

  const plan::RelExpr& join_;
  std::vector<size_t> offsets_;
  JoinPredicates out_;
  std::vector<ScalarRef> compared_;
};

}  // namespace

JoinPredicates placed_predicates(const plan::RelExpr& join,
                                 const std::vector<ScalarRef>& predicates) {
  Placement placement(join);
  for (const ScalarRef& predicate : predicates) placement.place(predicate);
  return placement.finish();
}

}  // namespace penstock::sql
