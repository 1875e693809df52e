// What the binder sees of the catalog: names to items. Reading only; the state behind it does not
// change while a statement is planned.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_item.h"

namespace penstock::catalog {

// How a session resolves names: its database, and the schemas it searches, in order. The schemas
// mz_catalog, pg_catalog and mz_internal... are searched as CatalogView says, before these.
struct NameContext {
  std::string database;
  std::vector<std::string> search_path;
};

class CatalogView {
 public:
  virtual ~CatalogView() = default;

  // `parts`: item, schema.item or database.schema.item. Null when there is none.
  virtual ItemRef find_item(const std::vector<std::string>& parts,
                            const NameContext& context) const = 0;
  virtual ItemRef item(ObjectId id) const = 0;

  // As find_item, but missing is the error `unknown catalog item 'x'` (42P01; a missing schema or
  // database is named instead).
  Result<ItemRef> resolve_item(const std::vector<std::string>& parts,
                               const NameContext& context) const;

  // "database.schema.item", quoted where needed; and the shortest form that resolves in the
  // session.
  virtual std::string full_name(const CatalogItem& item) const = 0;
  virtual std::string minimal_name(const CatalogItem& item, const NameContext& context) const = 0;
  virtual bool has_database(const std::string& name) const = 0;
  virtual bool has_schema(const std::string& database, const std::string& name) const = 0;
  virtual std::optional<ClusterId> find_cluster(const std::string& name) const = 0;
  virtual std::string cluster_name(ClusterId id) const = 0;
  // COMMENT ON: on an item, database, schema or cluster (column 0), or on a column (1-based) of a
  // relation; "" when there is none.
  virtual std::string comment(ObjectId id, size_t column) const = 0;
};

}  // namespace penstock::catalog
