// What CREATE SOURCE ... FROM POSTGRES and CREATE TABLE ... FROM SOURCE declare, with the facts
// about the upstream that were learnt at creation and are kept with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "types/sql_type.h"

namespace penstock::defs {

// A server's identity: a source never ingests from another one.
struct PostgresIdentity {
  std::string system_identifier;
  uint32_t timeline = 0;
};

struct UpstreamColumn {
  std::string name;
  int16_t attribute_number = 0;  // pg_attribute.attnum
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;  // pg_attribute.atttypmod
  bool not_null = false;
  friend bool operator==(const UpstreamColumn&, const UpstreamColumn&) = default;
};

// A unique constraint or the primary key, as positions in UpstreamTable::columns.
struct UpstreamKey {
  std::string name;
  bool primary = false;
  bool nulls_not_distinct = false;
  std::vector<size_t> columns;
  friend bool operator==(const UpstreamKey&, const UpstreamKey&) = default;
};

struct UpstreamTable {
  uint32_t oid = 0;
  std::string schema_name;
  std::string table_name;
  std::vector<UpstreamColumn> columns;
  std::vector<UpstreamKey> keys;  // Primary key first.
  friend bool operator==(const UpstreamTable&, const UpstreamTable&) = default;
};

struct PostgresSourceDef {
  ObjectId connection;
  std::string publication;
  std::string slot_name;  // "penstock_" and the uuid minted at creation.
  std::string database;
  PostgresIdentity identity;
};

// One ingested table: which upstream columns become which columns of the relation, in order.
struct SourceTableDef {
  ObjectId source;
  UpstreamTable upstream;
  std::vector<size_t> columns;   // Positions in upstream.columns, excluded ones left out.
  std::vector<bool> as_text;     // One for each of `columns`: TEXT COLUMNS named it.
  types::RelationType relation;  // Of the table here, with imported keys.
};

}  // namespace penstock::defs
