// What an item of a known kind declares, by its id.
#pragma once

#include <variant>

#include "base/check.h"
#include "catalog/catalog_view.h"

namespace penstock::catalog {

// Null when the item is gone or of another kind. Lives as long as the catalog.
template <typename Facts>
const Facts* find_facts(const CatalogView& catalog, ObjectId id) {
  ItemRef item = catalog.item(id);
  return item ? std::get_if<Facts>(&item->facts) : nullptr;
}

// REQUIRES: the item is there and of this kind.
template <typename Facts>
const Facts& facts_of(const CatalogView& catalog, ObjectId id) {
  const Facts* facts = find_facts<Facts>(catalog, id);
  CHECK(facts != nullptr);
  return *facts;
}

}  // namespace penstock::catalog
