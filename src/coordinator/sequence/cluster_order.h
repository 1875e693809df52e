// Clusters may not wait for each other. A cluster steps a tick only when the clusters whose
// materialized views it reads have stepped it, so a circle of them would stand still for ever.
#pragma once

#include <set>

#include "base/result.h"
#include "catalog/catalog_state.h"

namespace penstock::coordinator {

// Whether `item`, which is about to be maintained in its cluster, closes a circle. `leaving` are
// items that go with the same statement. Error 0A000.
Status check_cluster_order(const catalog::CatalogItem& item, const catalog::CatalogState& catalog,
                           const catalog::NameContext& names, const std::set<ObjectId>& leaving);

}  // namespace penstock::coordinator
