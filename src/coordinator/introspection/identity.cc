// Ids in their text forms.
#include "coordinator/introspection/identity.h"

#include <algorithm>

#include "coordinator/sequence/context.h"
#include "defs/names.h"
#include "sql/parse/parse.h"
#include "sql/parse/print.h"

namespace penstock::coordinator {

std::string plain_id(uint64_t id) {
  return defs::object_id_text(ObjectId{id});
}

uint32_t oid_of(uint64_t id) {
  return IdMint::oid_of(id);
}

uint32_t role_oid(const catalog::CatalogState& catalog, const std::string& role) {
  auto at = catalog.roles().find(role);
  return static_cast<uint32_t>(19000 + std::distance(catalog.roles().begin(), at));
}

uint64_t schema_id_of(const catalog::CatalogState& catalog, const catalog::CatalogItem& item) {
  auto found = catalog.schemas().find({item.name.database, item.name.schema});
  return found == catalog.schemas().end() ? 0 : found->second.id;
}

std::string redacted_sql(const catalog::CatalogItem& item) {
  Result<sql::Statement> statement = sql::parse_statement(item.create_sql);
  if (!statement) return item.create_sql;
  return sql::print(*statement, {.redacted = true, .pretty = false});
}

}  // namespace penstock::coordinator
