// Serving a SELECT from an index of the session's cluster, where one fits.
#pragma once

#include <string>

#include "catalog/catalog_state.h"
#include "engine/engine.h"
#include "engine/peek.h"

namespace penstock::coordinator {

// If the plan reads one relation that has a running index in the cluster, lets it read the index:
// only the rows of the keys that the plan's filter pins, where it pins them all, otherwise all
// rows.
void choose_index(const catalog::CatalogState& catalog, const std::string& cluster_name,
                  const engine::Engine& engine, engine::PeekRequest& request);

}  // namespace penstock::coordinator
