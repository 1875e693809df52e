// Names and OIDs of types, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "types/sql_type.h"

namespace penstock::types {

// As errors and pg_typeof print it: "integer", "timestamp with time zone", "text[]", "text list",
// "map[text=>bytea]", "record(f1: integer,f2: text?)" (? = nullable). Names of CREATE TYPE are the
// catalog's business.
std::string display_name(const SqlType& type);
// As the catalog names it: "int4", "timestamptz", "_text".
std::string catalog_name(const SqlType& type);
// Any accepted spelling, lower case, without modifiers: "int", "bigint", "double precision"... Not
// of types made of others, except ranges.
std::optional<SqlType> type_from_name(std::string_view name);

uint32_t type_oid(const SqlType& type);
// Not of types made of others, except arrays and ranges: an OID does not tell what they are made
// of.
std::optional<SqlType> type_from_oid(uint32_t oid);
// The display name of the type with this OID, of lists, maps and records in general too.
std::optional<std::string> name_of_oid(uint32_t oid);
// PostgreSQL's typmod of the type (pg_attribute.atttypmod, RowDescription); -1 = none.
int32_t type_modifier_on_wire(const SqlType& type);
// Bytes of the type on the wire (pg_type.typlen): positive, or -1 for variable length.
int16_t type_size_on_wire(const SqlType& type);

}  // namespace penstock::types
