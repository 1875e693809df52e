// Clusters as a graph: an edge for every item that reads a view of another cluster.
#include "coordinator/sequence/cluster_order.h"

#include <fmt/core.h>

#include <optional>
#include <vector>

namespace penstock::coordinator {
namespace {

using catalog::CatalogItem;
using catalog::ItemKind;
using catalog::ItemRef;

// Also what a sink of KEY VIOLATIONS 'resolve' reads: its rows are picked out in its cluster.
bool is_maintained(const CatalogItem& item) {
  const auto* sink = std::get_if<defs::SinkDef>(&item.facts);
  if (sink != nullptr) return sink->resolved || sink->pending;
  return item.kind == ItemKind::kMaterializedView || item.kind == ItemKind::kIndex;
}

class ClusterGraph {
 public:
  ClusterGraph(const catalog::CatalogState& catalog, const std::set<ObjectId>& leaving)
      : catalog_(catalog), leaving_(leaving) {}

  // The materialized views of other clusters that the item reads: plain views are looked through.
  std::vector<ItemRef> views_read(const CatalogItem& item) const {
    std::vector<ItemRef> out;
    std::set<ObjectId> seen;
    std::vector<ObjectId> open = item.uses;
    while (!open.empty()) {
      ObjectId id = open.back();
      open.pop_back();
      ItemRef used = catalog_.item(id);
      if (!used || !seen.insert(id).second) continue;
      if (used->kind == ItemKind::kView) {
        open.insert(open.end(), used->uses.begin(), used->uses.end());
      } else if (used->kind == ItemKind::kMaterializedView && used->cluster != item.cluster) {
        out.push_back(std::move(used));
      }
    }
    return out;
  }

  // What makes `from` wait for `to`: an item of `from`, and the view of `to` that it depends on,
  // perhaps by way of clusters between.
  struct Wait {
    ItemRef item;
    ItemRef view;
  };
  std::optional<Wait> wait_of(ClusterId from, ClusterId to) {
    seen_.insert(from);
    for (const auto& [id, item] : catalog_.items()) {
      if (!is_maintained(*item) || item->cluster != from || leaving_.contains(id)) continue;
      for (const ItemRef& view : views_read(*item)) {
        if (view->cluster == to) return Wait{item, view};
        if (seen_.contains(view->cluster)) continue;
        if (std::optional<Wait> next = wait_of(view->cluster, to)) return Wait{item, next->view};
      }
    }
    return std::nullopt;
  }

 private:
  const catalog::CatalogState& catalog_;
  const std::set<ObjectId>& leaving_;
  std::set<ClusterId> seen_;
};

}  // namespace

Status check_cluster_order(const CatalogItem& item, const catalog::CatalogState& catalog,
                           const catalog::NameContext& names, const std::set<ObjectId>& leaving) {
  ClusterGraph graph(catalog, leaving);
  for (const ItemRef& read : graph.views_read(item)) {
    std::optional<ClusterGraph::Wait> wait = graph.wait_of(read->cluster, item.cluster);
    if (!wait) continue;
    std::string here = catalog.cluster_name(item.cluster);
    std::string there = catalog.cluster_name(read->cluster);
    std::string_view kind = item.kind == ItemKind::kIndex  ? "index"
                            : item.kind == ItemKind::kSink ? "sink"
                                                           : "view";
    Error error(
        sql_state::kFeatureNotSupported,
        fmt::format("cluster \"{}\" and cluster \"{}\" would wait for each other", here, there));
    std::string detail = fmt::format(
        "\"{}\" would read \"{}\" of cluster \"{}\", where \"{}\" depends on \"{}\" of cluster "
        "\"{}\".",
        item.name.item, catalog.minimal_name(*read, names), there,
        catalog.minimal_name(*wait->item, names), catalog.minimal_name(*wait->view, names), here);
    return fail(std::move(error)
                    .with_detail(std::move(detail))
                    .with_hint(fmt::format("Create the {} in cluster \"{}\".", kind, there)));
  }
  return {};
}

}  // namespace penstock::coordinator
