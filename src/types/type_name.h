// Names and OIDs of types, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "types/sql_type.h"

namespace penstock::types {

// As errors and pg_typeof print it: "integer", "timestamp with time zone", "text[]".
std::string display_name(const SqlType& type);
// As the catalog names it: "int4", "timestamptz", "_text".
std::string catalog_name(const SqlType& type);
// Any accepted spelling, lower case, without modifiers: "int", "bigint", "double precision"...
std::optional<TypeId> type_from_name(std::string_view name);

uint32_t type_oid(const SqlType& type);
std::optional<SqlType> type_from_oid(uint32_t oid);
// PostgreSQL's typmod of the type (pg_attribute.atttypmod, RowDescription); -1 = none.
int32_t type_modifier_on_wire(const SqlType& type);
// Bytes of the type on the wire (pg_type.typlen): positive, or -1 for variable length.
int16_t type_size_on_wire(const SqlType& type);

}  // namespace penstock::types
