// Everything that can happen to the catalog, as data. Persisted by the coordinator, then applied.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "catalog/catalog_item.h"

namespace penstock::catalog {

// Also the same one with another owner.
struct CreateDatabase {
  uint64_t id = 0;
  std::string name;
  std::string owner;
};
struct DropDatabase {
  std::string name;  // Its schemas and items were dropped before.
};
// Also the same one with another owner.
struct CreateSchema {
  uint64_t id = 0;
  std::string database;
  std::string name;
  std::string owner;
};
struct DropSchema {
  std::string database;
  std::string name;
};
// Also the same one with another name, size or owner.
struct CreateCluster {
  ClusterId id;
  std::string name;
  std::string size;
  uint32_t replication_factor = 1;
  std::string owner;
};
struct DropCluster {
  ClusterId id;
};
struct CreateRole {
  std::string name;
};
// A new item, or the next version of one with the same id (renamed, altered, another owner).
struct PutItem {
  ItemRef item;
};
struct DropItem {
  ObjectId id;
};
struct SetComment {
  ObjectId id;        // Of an item, database, schema or cluster: no two share one.
  size_t column = 0;  // 1-based; 0 = the object itself.
  std::optional<std::string> text;
};
struct SetRoleComment {
  std::string role;  // A role has no id.
  std::optional<std::string> text;
};
struct SetSystemParameter {
  std::string name;
  std::optional<std::string> value;
};

using CatalogChange =
    std::variant<CreateDatabase, DropDatabase, CreateSchema, DropSchema, CreateCluster, DropCluster,
                 CreateRole, PutItem, DropItem, SetComment, SetRoleComment, SetSystemParameter>;

}  // namespace penstock::catalog
