// One named object of the catalog, as everybody above sees it. Immutable once in a CatalogState:
// a change makes a new one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "defs/connection_def.h"
#include "defs/sink_def.h"
#include "defs/source_def.h"
#include "types/sql_type.h"

namespace penstock::catalog {

enum class ItemKind : uint8_t {
  kTable,
  kSource,
  kView,
  kMaterializedView,
  kIndex,
  kSink,
  kConnection,
  kSecret,
  kType,
};

// "table", "materialized view": as messages say it. item_type_id: "materialized-view", as
// mz_objects.
std::string_view item_kind_name(ItemKind kind);
std::string_view item_type_id(ItemKind kind);

struct TableFacts {
  std::vector<std::string> defaults;  // SQL text of each column's DEFAULT; "" = none.
};
struct ViewFacts {
  std::string query_sql;  // The defining query; names in it are ids: [u1 AS ...].
};
struct IndexFacts {
  ObjectId on;
  std::vector<size_t> key;  // Columns; expressions are not indexed.
};
struct TypeFacts {
  types::SqlType type;  // `named` is the item's id.
};
struct NoFacts {};
// A relation of the system's own: rows are made when it is read.
struct BuiltinFacts {};

using ItemFacts =
    std::variant<NoFacts, BuiltinFacts, TableFacts, ViewFacts, IndexFacts, TypeFacts, defs::SinkDef,
                 defs::KafkaConnectionDef, defs::PostgresConnectionDef, defs::AwsConnectionDef,
                 defs::SchemaRegistryConnectionDef, defs::GlueRegistryConnectionDef,
                 defs::PostgresSourceDef, defs::SourceTableDef>;

struct FullName {
  std::string database;  // "" for the system's schemas, which belong to every database.
  std::string schema;
  std::string item;
  friend auto operator<=>(const FullName&, const FullName&) = default;
};

struct CatalogItem {
  ObjectId id;
  uint32_t oid = 0;
  ItemKind kind = ItemKind::kTable;
  FullName name;
  std::string owner;
  ClusterId cluster;       // None unless it runs somewhere.
  std::string create_sql;  // Canonical; other objects in it are ids: [u1 AS "db"."s"."n"].
  std::optional<types::RelationType> relation;  // Of what can be read.
  ItemFacts facts;
  std::vector<ObjectId> uses;  // What it depends on directly.

  bool is_system() const { return name.database.empty(); }
};
using ItemRef = std::shared_ptr<const CatalogItem>;

}  // namespace penstock::catalog
