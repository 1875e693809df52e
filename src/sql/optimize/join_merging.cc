// See join_merging.h.
#include "sql/optimize/join_merging.h"

#include <algorithm>

#include "expr/evaluator.h"
#include "sql/optimize/join_predicates.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelKind;
using plan::RelRef;

namespace {

// An input taken apart: joins' inputs, and what was between them and the join, over their columns.
struct Parts {
  std::vector<RelRef> inputs;
  std::vector<std::vector<ScalarRef>> equivalences;
  std::vector<ScalarRef> predicates;
  std::vector<size_t> projection;  // The input's columns.
};

bool is_unit(const plan::RelExpr& rel) {
  return rel.kind == RelKind::kConstant && rel.type.columns.empty() && rel.rows.size() == 1 &&
         rel.rows[0].diff == 1 && !rel.error;
}

bool cannot_fail(const ScalarRef& expression) {
  return !expr::can_fail(*expression);
}

std::vector<size_t> all_columns(const RelRef& rel) {
  std::vector<size_t> out;
  for (size_t i = 0; i < rel->type.columns.size(); ++i) out.push_back(i);
  return out;
}

// A filter is lifted only off a join: elsewhere it would be pushed down again.
bool has_join_below(const RelRef& rel) {
  if (rel->kind == RelKind::kJoin) return true;
  return (rel->kind == RelKind::kProject || rel->kind == RelKind::kFilter) &&
         has_join_below(rel->inputs[0]);
}

void append_renumbered(const std::vector<ScalarRef>& from, const std::vector<size_t>& mapping,
                       std::vector<ScalarRef>& to) {
  for (const ScalarRef& expression : from) to.push_back(expr::renumber(expression, mapping));
}

Parts parts_of(const RelRef& rel);

Parts parts_of_join(const RelRef& join) {
  Parts out;
  size_t width = 0;
  for (const RelRef& input : join->inputs) {
    Parts parts = parts_of(input);
    std::vector<size_t> moved;
    size_t columns = 0;
    for (const RelRef& part : parts.inputs) columns += part->type.columns.size();
    for (size_t i = 0; i < columns; ++i) moved.push_back(width + i);
    for (const auto& equivalence : parts.equivalences) {
      append_renumbered(equivalence, moved, out.equivalences.emplace_back());
    }
    append_renumbered(parts.predicates, moved, out.predicates);
    for (size_t column : parts.projection) out.projection.push_back(width + column);
    out.inputs.insert(out.inputs.end(), parts.inputs.begin(), parts.inputs.end());
    width += columns;
  }
  for (const auto& equivalence : join->equivalences) {
    append_renumbered(equivalence, out.projection, out.equivalences.emplace_back());
  }
  return out;
}

Parts parts_of(const RelRef& rel) {
  if (rel->kind == RelKind::kJoin) return parts_of_join(rel);
  if (rel->kind == RelKind::kProject) {
    Parts out = parts_of(rel->inputs[0]);
    std::vector<size_t> projection;
    for (size_t column : rel->projection) projection.push_back(out.projection[column]);
    out.projection = std::move(projection);
    return out;
  }
  if (rel->kind == RelKind::kFilter && std::ranges::all_of(rel->expressions, cannot_fail) &&
      has_join_below(rel->inputs[0])) {
    Parts out = parts_of(rel->inputs[0]);
    append_renumbered(rel->expressions, out.projection, out.predicates);
    return out;
  }
  if (is_unit(*rel)) return {};
  return {{rel}, {}, {}, all_columns(rel)};
}

}  // namespace

RelRef merged_join(const RelRef& join) {
  Parts parts = parts_of_join(join);
  std::vector<std::vector<ScalarRef>> equivalences = merged_equivalences(parts.equivalences);
  RelRef out;
  if (parts.inputs.empty()) {
    out = plan::constant({}, {plan::ConstantRow{}});
  } else if (parts.inputs.size() == 1 && equivalences.empty()) {
    out = parts.inputs[0];
  } else {
    out = plan::join(std::move(parts.inputs), std::move(equivalences));
  }
  if (!parts.predicates.empty()) out = plan::filter(std::move(out), std::move(parts.predicates));
  if (parts.projection == all_columns(out)) return out;
  return plan::project(std::move(out), std::move(parts.projection));
}

}  // namespace penstock::sql
