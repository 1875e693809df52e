// Names of kinds, and how a missing name is reported.
#include "catalog/catalog_item.h"

#include "catalog/catalog_view.h"

namespace penstock::catalog {

std::string_view item_kind_name(ItemKind kind) {
  switch (kind) {
    case ItemKind::kTable:
      return "table";
    case ItemKind::kSource:
      return "source";
    case ItemKind::kView:
      return "view";
    case ItemKind::kMaterializedView:
      return "materialized view";
    case ItemKind::kIndex:
      return "index";
    case ItemKind::kSink:
      return "sink";
    case ItemKind::kConnection:
      return "connection";
    case ItemKind::kSecret:
      return "secret";
    case ItemKind::kType:
      return "type";
  }
  return "object";
}

std::string_view item_type_id(ItemKind kind) {
  return kind == ItemKind::kMaterializedView ? "materialized-view" : item_kind_name(kind);
}

Result<ItemRef> CatalogView::resolve_item(const std::vector<std::string>& parts,
                                          const NameContext& context) const {
  if (ItemRef found = find_item(parts, context)) return found;
  if (parts.size() >= 3 && !has_database(parts[parts.size() - 3])) {
    return fail(sql_state::kInvalidSchemaName,
                "unknown database '" + parts[parts.size() - 3] + "'");
  }
  if (parts.size() >= 2) {
    const std::string& database = parts.size() >= 3 ? parts[parts.size() - 3] : context.database;
    const std::string& schema = parts[parts.size() - 2];
    if (!has_schema(database, schema)) {
      return fail(sql_state::kInvalidSchemaName, "unknown schema '" + schema + "'");
    }
  }
  std::string name;
  for (const std::string& part : parts) name += (name.empty() ? "" : ".") + part;
  return fail(sql_state::kUndefinedTable, "unknown catalog item '" + name + "'");
}

}  // namespace penstock::catalog
