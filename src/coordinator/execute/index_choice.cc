// Matches filters `column = literal` with the keys of indexes.
#include "coordinator/execute/index_choice.h"

#include <algorithm>
#include <map>

#include "expr/function_spec.h"

namespace penstock::coordinator {
namespace {

using expr::ScalarExpr;
using expr::ScalarKind;

// The columns that the filter right above the import fixes to a literal.
std::map<size_t, types::Datum> pinned_columns(const plan::DataflowPlan& plan, size_t import) {
  std::map<size_t, types::Datum> pinned;
  size_t readers = 0;
  const plan::MfpNode* filter = nullptr;
  for (const plan::PlanNode& node : plan.nodes) {
    if (std::ranges::find(node.inputs, import) == node.inputs.end()) continue;
    ++readers;
    filter = std::get_if<plan::MfpNode>(&node.op);
  }
  if (readers != 1 || filter == nullptr) return pinned;
  for (const expr::ScalarRef& predicate : filter->mfp.predicates) {
    if (predicate->kind != ScalarKind::kCall || predicate->function->name != "=") continue;
    const ScalarExpr* left = predicate->arguments[0].get();
    const ScalarExpr* right = predicate->arguments[1].get();
    if (left->kind == ScalarKind::kLiteral) std::swap(left, right);
    if (left->kind != ScalarKind::kColumn || right->kind != ScalarKind::kLiteral) continue;
    if (left->column >= plan.nodes[import].columns.size() || right->literal.is_null()) continue;
    pinned.emplace(left->column, right->literal);
  }
  return pinned;
}

bool is_running(const engine::Engine& engine, ObjectId index) {
  for (const engine::ViewStatus& view : engine.views()) {
    if (view.collection.value == index.value) return view.state == engine::ViewState::kRunning;
  }
  return false;
}

}  // namespace

void choose_index(const catalog::CatalogState& catalog, const std::string& cluster_name,
                  const engine::Engine& engine, engine::PeekRequest& request) {
  std::optional<size_t> import;
  for (size_t i = 0; i < request.plan.nodes.size(); ++i) {
    if (!std::holds_alternative<plan::ImportNode>(request.plan.nodes[i].op)) continue;
    if (import) return;  // Joins read storage: an index serves one import.
    import = i;
  }
  if (!import) return;
  auto& node = std::get<plan::ImportNode>(request.plan.nodes[*import].op);
  std::map<size_t, types::Datum> pinned = pinned_columns(request.plan, *import);
  const catalog::CatalogItem* best = nullptr;
  bool best_pinned = false;
  for (const catalog::ItemRef& item : catalog.dependents(ObjectId{node.collection.value})) {
    const auto* index = std::get_if<catalog::IndexFacts>(&item->facts);
    if (index == nullptr || catalog.cluster_name(item->cluster) != cluster_name) continue;
    bool all_pinned = !index->key.empty() && std::ranges::all_of(index->key, [&](size_t column) {
      return pinned.contains(column);
    });
    if (best != nullptr && (best_pinned || !all_pinned)) continue;
    if (!is_running(engine, item->id)) continue;
    best = item.get();
    best_pinned = all_pinned;
  }
  if (best == nullptr) return;
  engine::IndexLookup lookup;
  lookup.index = best->id;
  lookup.on = node.collection;
  if (best_pinned) {
    std::vector<types::Datum> key;
    for (size_t column : std::get<catalog::IndexFacts>(best->facts).key) {
      key.push_back(pinned.at(column));
    }
    lookup.keys = {std::move(key)};
  }
  node.collection = CollectionId{best->id.value};
  request.lookup = std::move(lookup);
}

}  // namespace penstock::coordinator
