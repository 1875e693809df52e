// How the catalog's objects are kept on disk: JSON values under keys, one per object. What can be
// had by planning create_sql again is not stored.
//
// Keys: "database/{name}", "schema/{database}/{name}", "cluster/{id}", "role/{name}", "item/{id}",
// "comment/{id}/{column}", "role-comment/{name}", "parameter/{name}". Errors of decoding mean a
// damaged or newer directory.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "catalog/catalog_change.h"

namespace penstock::catalog {

struct DurableItem {
  ObjectId id;
  uint32_t oid = 0;
  ItemKind kind = ItemKind::kTable;
  FullName name;
  std::string owner;
  ClusterId cluster;
  std::string create_sql;
  // What was learnt from the upstream at creation; {} unless a source or a table of one.
  std::string details_json;
};

// A put of `value`, or a removal.
struct DurableChange {
  std::string key;
  std::optional<std::string> value;
};

DurableChange encode_change(const CatalogChange& change);

Result<DurableItem> decode_item(const std::string& value);
// Anything but an item: "" is not given back, an unknown key is an error.
Result<CatalogChange> decode_change(const std::string& key, const std::string& value);

std::string encode_source_details(const defs::PostgresSourceDef& source);
std::string encode_table_details(const defs::SourceTableDef& table);
Status decode_source_details(const std::string& json, defs::PostgresSourceDef& source);
Status decode_table_details(const std::string& json, defs::SourceTableDef& table);

}  // namespace penstock::catalog
