// The whole catalog in memory, as a value that changes only through apply(): databases, schemas,
// clusters, items, comments, parameters. Pure: no I/O, no threads. The coordinator owns the one
// state, persists a change before it applies it, and hands readers a const reference.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog_change.h"
#include "catalog/catalog_view.h"

namespace penstock::catalog {

struct DatabaseEntry {
  uint64_t id = 0;
  std::string owner;
};
struct SchemaEntry {
  uint64_t id = 0;
  std::string owner;
};
struct ClusterEntry {
  ClusterId id;
  std::string name;
  std::string size;
  uint32_t replication_factor = 1;
  std::string owner;
};

class CatalogState final : public CatalogView {
 public:
  CatalogState();

  // REQUIRES: the change is legal (the sequencer checked it against this very state).
  void apply(const CatalogChange& change);

  ItemRef find_item(const std::vector<std::string>& parts,
                    const NameContext& context) const override;
  ItemRef item(ObjectId id) const override;
  ItemRef item_named(const FullName& name) const;
  std::string full_name(const CatalogItem& item) const override;
  std::string minimal_name(const CatalogItem& item, const NameContext& context) const override;
  bool has_database(const std::string& name) const override;
  bool has_schema(const std::string& database, const std::string& name) const override;
  std::optional<ClusterId> find_cluster(const std::string& name) const override;
  std::string cluster_name(ClusterId id) const override;
  std::string comment(ObjectId id, size_t column) const override;

  const std::map<ObjectId, ItemRef>& items() const { return items_; }
  const std::map<std::string, DatabaseEntry>& databases() const { return databases_; }
  // By (database, schema); the system's schemas have the database "".
  const std::map<std::pair<std::string, std::string>, SchemaEntry>& schemas() const {
    return schemas_;
  }
  const std::map<ClusterId, ClusterEntry>& clusters() const { return clusters_; }
  const std::map<std::string, std::string>& system_parameters() const { return parameters_; }
  const std::set<std::string>& roles() const { return roles_; }
  // By (object, column), as CatalogView::comment, and by role.
  const std::map<std::pair<ObjectId, size_t>, std::string>& comments() const { return comments_; }
  const std::map<std::string, std::string>& role_comments() const { return role_comments_; }

  // Items that depend directly on `id`, by id.
  std::vector<ItemRef> dependents(ObjectId id) const;
  // `id` and everything that depends on it, dependents before what they depend on.
  std::vector<ItemRef> with_dependents(ObjectId id) const;
  std::vector<ItemRef> items_in_schema(const std::string& database,
                                       const std::string& schema) const;

  // Schemas searched for an unqualified name, after the session's own.
  static const std::vector<std::string>& implicit_schemas();

 private:
  ItemRef find_in(const std::string& database, const std::string& schema,
                  const std::string& item) const;
  void drop_database(const std::string& name);
  void drop_schema(const std::pair<std::string, std::string>& name);
  void remove_item(ObjectId id);
  void remove_comments(ObjectId id);

  std::map<std::string, DatabaseEntry> databases_;
  std::map<std::pair<std::string, std::string>, SchemaEntry> schemas_;
  std::map<ClusterId, ClusterEntry> clusters_;
  std::map<ObjectId, ItemRef> items_;
  std::map<FullName, ObjectId> names_;
  std::map<std::pair<ObjectId, size_t>, std::string> comments_;
  std::map<std::string, std::string> role_comments_;
  std::map<std::string, std::string> parameters_;
  std::set<std::string> roles_;
};

// "db"."s"."i" with quotes only where an identifier needs them.
std::string quote_identifier(const std::string& identifier);

}  // namespace penstock::catalog
