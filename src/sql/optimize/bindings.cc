// See bindings.h.
#include "sql/optimize/bindings.h"

#include <algorithm>
#include <optional>

#include "expr/evaluator.h"
#include "sql/optimize/rel_rewrite.h"
#include "sql/optimize/relation_equality.h"
#include "sql/optimize/scalar_facts.h"

namespace penstock::sql {

using expr::ScalarRef;
using plan::RelKind;
using plan::RelRef;

namespace {

RelRef hoist(const RelRef& rel, Bindings& out) {
  if (rel->kind == RelKind::kLet) {
    RelRef value = hoist(rel->inputs[0], out);
    out.values.emplace_back(rel->local, std::move(value));
    return keeping_facts(hoist(rel->inputs[1], out), rel->type);
  }
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) inputs.push_back(hoist(input, out));
  return with_inputs(rel, std::move(inputs));
}

// Every tree of the plan, in order.
template <typename Visit>
void for_each_tree(Bindings& bindings, const Visit& visit) {
  for (auto& [local, value] : bindings.values) visit(value);
  visit(bindings.body);
}

// `rel` with every use of a binding replaced by what `replacement` gives, if it gives something.
RelRef with_uses_replaced(const RelRef& rel,
                          const std::function<RelRef(const plan::RelExpr&)>& replacement) {
  if (rel->kind == RelKind::kLocalGet) {
    RelRef made = replacement(*rel);
    return made ? keeping_facts(std::move(made), rel->type) : rel;
  }
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) {
    inputs.push_back(with_uses_replaced(input, replacement));
  }
  return with_inputs(rel, std::move(inputs));
}

// Costs nothing to have twice: a linear pass over something that is there anyway.
bool is_cheap(const plan::RelExpr& rel) {
  switch (rel.kind) {
    case RelKind::kGet:
    case RelKind::kLocalGet:
      return true;
    case RelKind::kConstant:
      return rel.rows.size() <= 1;
    case RelKind::kProject:
      return is_cheap(*rel.inputs[0]);
    case RelKind::kFilter:
      return is_cheap(*rel.inputs[0]) &&
             std::ranges::none_of(rel.expressions, [](const auto& e) { return can_fail(*e); });
    default:
      return false;
  }
}

std::map<uint64_t, size_t> uses_of(Bindings& bindings) {
  std::map<uint64_t, size_t> uses;
  for_each_tree(bindings, [&](const RelRef& tree) {
    for_each_node(tree, [&](const RelRef& node) {
      if (node->kind == RelKind::kLocalGet) ++uses[node->local];
    });
  });
  return uses;
}

}  // namespace

Bindings with_bindings_hoisted(const RelRef& rel) {
  Bindings out;
  out.body = hoist(rel, out);
  return out;
}

RelRef as_tree(Bindings bindings) {
  RelRef out = std::move(bindings.body);
  for (size_t i = bindings.values.size(); i-- > 0;) {
    const types::RelationType type = out->type;
    out = keeping_facts(
        plan::let(bindings.values[i].first, std::move(bindings.values[i].second), std::move(out)),
        type);
  }
  return out;
}

void apply_rule(Bindings& bindings, const RelRule& rule) {
  std::map<uint64_t, RelRef> known;
  for_each_tree(bindings, [&](RelRef& tree) {
    tree = rule(with_uses_replaced(tree, [&](const plan::RelExpr& get) {
      return plan::local_get(get.local, known.at(get.local)->type);
    }));
    const size_t place = known.size();
    if (place < bindings.values.size()) known[bindings.values[place].first] = tree;
  });
}

void inline_bindings(Bindings& bindings) {
  const std::map<uint64_t, size_t> uses = uses_of(bindings);
  std::map<uint64_t, RelRef> inlined;
  auto replacement = [&](const plan::RelExpr& get) {
    const auto found = inlined.find(get.local);
    return found == inlined.end() ? nullptr : found->second;
  };
  std::vector<std::pair<uint64_t, RelRef>> kept;
  for (auto& [local, value] : bindings.values) {
    const auto found = uses.find(local);
    if (found == uses.end()) continue;
    RelRef whole = with_uses_replaced(value, replacement);
    if (found->second == 1 || is_cheap(*whole)) {
      inlined[local] = std::move(whole);
    } else {
      kept.emplace_back(local, std::move(whole));
    }
  }
  bindings.values = std::move(kept);
  bindings.body = with_uses_replaced(bindings.body, replacement);
}

namespace {

using SharedFilters = std::map<uint64_t, std::optional<std::vector<ScalarRef>>>;

// Narrows the filters known to stand on every use of each binding.
void find_shared(const RelRef& rel, const std::vector<ScalarRef>& above, SharedFilters& shared) {
  if (rel->kind == RelKind::kLocalGet) {
    std::optional<std::vector<ScalarRef>>& filters = shared[rel->local];
    if (!filters) {
      filters = above;
    } else {
      std::erase_if(*filters, [&](const ScalarRef& f) { return !contains_scalar(above, *f); });
    }
    return;
  }
  std::vector<ScalarRef> own;
  if (rel->kind == RelKind::kFilter) {
    for (const ScalarRef& predicate : rel->expressions) {
      if (!expr::can_fail(*predicate)) own.push_back(predicate);
    }
  }
  for (const RelRef& input : rel->inputs) find_shared(input, own, shared);
}

RelRef without_shared(const RelRef& rel, const SharedFilters& shared) {
  std::vector<RelRef> inputs;
  for (const RelRef& input : rel->inputs) inputs.push_back(without_shared(input, shared));
  if (rel->kind != RelKind::kFilter || rel->inputs[0]->kind != RelKind::kLocalGet) {
    return with_inputs(rel, std::move(inputs));
  }
  std::vector<ScalarRef> left = rel->expressions;
  const std::vector<ScalarRef>& gone = *shared.at(rel->inputs[0]->local);
  std::erase_if(left, [&](const ScalarRef& f) { return contains_scalar(gone, *f); });
  if (left.empty()) return keeping_facts(inputs[0], rel->type);
  return keeping_facts(plan::filter(inputs[0], std::move(left)), rel->type);
}

}  // namespace

void share_filters(Bindings& bindings) {
  SharedFilters shared;
  for_each_tree(bindings, [&](const RelRef& tree) { find_shared(tree, {}, shared); });
  for_each_tree(bindings, [&](RelRef& tree) { tree = without_shared(tree, shared); });
  for (auto& [local, value] : bindings.values) {
    const auto found = shared.find(local);
    if (found == shared.end() || found->second->empty()) continue;
    value = plan::filter(value, *found->second);
  }
}

bool same_bindings(const Bindings& a, const Bindings& b) {
  return same_relation(a.body, b.body) &&
         std::ranges::equal(a.values, b.values, [](const auto& x, const auto& y) {
           return x.first == y.first && same_relation(x.second, y.second);
         });
}

}  // namespace penstock::sql
