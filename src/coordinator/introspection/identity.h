// Ids and OIDs of things that are no items: databases, schemas, roles; and an item's schema.
#pragma once

#include <cstdint>
#include <string>

#include "catalog/catalog_state.h"

namespace penstock::coordinator {

std::string plain_id(uint64_t id);
uint32_t oid_of(uint64_t id);
uint32_t role_oid(const catalog::CatalogState& catalog, const std::string& role);
uint64_t schema_id_of(const catalog::CatalogState& catalog, const catalog::CatalogItem& item);
// The stored statement with literals and secrets hidden.
std::string redacted_sql(const catalog::CatalogItem& item);

}  // namespace penstock::coordinator
