// The system's relations: those whose rows the coordinator makes when they are read, and views over
// them as SQL. Ids are fixed by the position in the list, below defs::kFirstUserId.
#pragma once

#include <vector>

#include "catalog/catalog_item.h"

namespace penstock::catalog {

// All of them, ready to be put into a CatalogState. Relations that are read directly have
// BuiltinFacts; views have ViewFacts and no relation type until the binder gives them one.
std::vector<ItemRef> builtin_items();

}  // namespace penstock::catalog
