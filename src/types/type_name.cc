// One table of every scalar type's names, OIDs and size on the wire; arrays follow from elements.
#include "types/type_name.h"

#include <array>

namespace penstock::types {
namespace {

struct TypeRow {
  TypeId id;
  const char* catalog_name;
  const char* display_name;
  uint32_t oid;
  uint32_t array_oid;
  int16_t wire_size;
};

constexpr std::array kTypes = {
    TypeRow{TypeId::kUnknown, "unknown", "unknown", 705, 0, -2},
    TypeRow{TypeId::kBool, "bool", "boolean", 16, 1000, 1},
    TypeRow{TypeId::kInt2, "int2", "smallint", 21, 1005, 2},
    TypeRow{TypeId::kInt4, "int4", "integer", 23, 1007, 4},
    TypeRow{TypeId::kInt8, "int8", "bigint", 20, 1016, 8},
    TypeRow{TypeId::kUInt2, "uint2", "uint2", 16460, 16461, 2},
    TypeRow{TypeId::kUInt4, "uint4", "uint4", 16462, 16463, 4},
    TypeRow{TypeId::kUInt8, "uint8", "uint8", 16464, 16465, 8},
    TypeRow{TypeId::kFloat4, "float4", "real", 700, 1021, 4},
    TypeRow{TypeId::kFloat8, "float8", "double precision", 701, 1022, 8},
    TypeRow{TypeId::kNumeric, "numeric", "numeric", 1700, 1231, -1},
    TypeRow{TypeId::kText, "text", "text", 25, 1009, -1},
    TypeRow{TypeId::kVarchar, "varchar", "character varying", 1043, 1015, -1},
    TypeRow{TypeId::kBpchar, "bpchar", "character", 1042, 1014, -1},
    TypeRow{TypeId::kChar, "char", "\"char\"", 18, 1002, 1},
    TypeRow{TypeId::kName, "name", "name", 19, 1003, 64},
    TypeRow{TypeId::kBytea, "bytea", "bytea", 17, 1001, -1},
    TypeRow{TypeId::kDate, "date", "date", 1082, 1182, 4},
    TypeRow{TypeId::kTime, "time", "time", 1083, 1183, 8},
    TypeRow{TypeId::kTimestamp, "timestamp", "timestamp without time zone", 1114, 1115, 8},
    TypeRow{TypeId::kTimestampTz, "timestamptz", "timestamp with time zone", 1184, 1185, 8},
    TypeRow{TypeId::kInterval, "interval", "interval", 1186, 1187, 16},
    TypeRow{TypeId::kUuid, "uuid", "uuid", 2950, 2951, 16},
    TypeRow{TypeId::kJsonb, "jsonb", "jsonb", 3802, 3807, -1},
    TypeRow{TypeId::kOid, "oid", "oid", 26, 1028, 4},
    TypeRow{TypeId::kMzTimestamp, "mz_timestamp", "mz_timestamp", 16552, 16553, -1},
    TypeRow{TypeId::kRecord, "record", "record", 2249, 2287, -1},
    TypeRow{TypeId::kList, "list", "list", 16384, 0, -1},
    TypeRow{TypeId::kMap, "map", "map", 16385, 0, -1},
};

// Of kRange, whose id does not tell which: by what they are ranges of.
constexpr std::array kRanges = {
    TypeRow{TypeId::kInt4, "int4range", "int4range", 3904, 3905, -1},
    TypeRow{TypeId::kInt8, "int8range", "int8range", 3926, 3927, -1},
    TypeRow{TypeId::kNumeric, "numrange", "numrange", 3906, 3907, -1},
    TypeRow{TypeId::kDate, "daterange", "daterange", 3912, 3913, -1},
    TypeRow{TypeId::kTimestamp, "tsrange", "tsrange", 3908, 3909, -1},
    TypeRow{TypeId::kTimestampTz, "tstzrange", "tstzrange", 3910, 3911, -1},
};
constexpr TypeRow kAnyRangeRow = {TypeId::kRange, "anyrange", "anyrange", 3831, 0, -1};

SqlType range_of(const TypeRow& row) {
  return SqlType::range_of(SqlType::of(row.id));
}

constexpr const TypeRow& row_of(TypeId id) {
  for (const TypeRow& row : kTypes) {
    if (row.id == id) return row;
  }
  return kTypes[0];
}

const TypeRow& row_of(const SqlType& type) {
  if (type.id != TypeId::kRange) return row_of(type.id);
  for (const TypeRow& row : kRanges) {
    if (type.element && row.id == type.element->id) return row;
  }
  return kAnyRangeRow;
}

// No name stands for one of these by itself.
constexpr bool is_made_of_others(TypeId id) {
  return id == TypeId::kUnknown || id == TypeId::kRecord || id == TypeId::kList ||
         id == TypeId::kMap;
}

struct Spelling {
  const char* name;
  TypeId id;
};

// Spellings beside the catalog names.
constexpr std::array kAliases = {
    Spelling{"boolean", TypeId::kBool},
    Spelling{"smallint", TypeId::kInt2},
    Spelling{"int", TypeId::kInt4},
    Spelling{"integer", TypeId::kInt4},
    Spelling{"bigint", TypeId::kInt8},
    Spelling{"real", TypeId::kFloat4},
    Spelling{"double", TypeId::kFloat8},
    Spelling{"double precision", TypeId::kFloat8},
    Spelling{"float", TypeId::kFloat8},
    Spelling{"decimal", TypeId::kNumeric},
    Spelling{"dec", TypeId::kNumeric},
    Spelling{"string", TypeId::kText},
    Spelling{"char", TypeId::kBpchar},
    Spelling{"character", TypeId::kBpchar},
    Spelling{"\"char\"", TypeId::kChar},
    Spelling{"character varying", TypeId::kVarchar},
    Spelling{"char varying", TypeId::kVarchar},
    Spelling{"bytes", TypeId::kBytea},
    Spelling{"time without time zone", TypeId::kTime},
    Spelling{"timestamp without time zone", TypeId::kTimestamp},
    Spelling{"timestamp with time zone", TypeId::kTimestampTz},
    Spelling{"json", TypeId::kJsonb},
};

}  // namespace

std::string display_name(const SqlType& type) {
  if (type.id == TypeId::kArray) return display_name(*type.element) + "[]";
  if (type.id == TypeId::kList && type.element) return display_name(*type.element) + " list";
  if (type.id == TypeId::kMap && type.element) {
    return "map[text=>" + display_name(*type.element) + "]";
  }
  if (type.id == TypeId::kRecord && type.fields) {
    std::string out = "record(";
    for (const ColumnDesc& field : *type.fields) {
      if (out.back() != '(') out += ',';
      out += field.name + ": " + display_name(field.type.type) + (field.type.nullable ? "?" : "");
    }
    return out + ")";
  }
  return row_of(type).display_name;
}

std::string catalog_name(const SqlType& type) {
  if (type.id == TypeId::kArray) return "_" + catalog_name(*type.element);
  return row_of(type).catalog_name;
}

std::optional<SqlType> type_from_name(std::string_view name) {
  for (const Spelling& spelling : kAliases) {
    if (name == spelling.name) return SqlType::of(spelling.id);
  }
  for (const TypeRow& row : kTypes) {
    if (name == row.catalog_name && !is_made_of_others(row.id)) return SqlType::of(row.id);
  }
  for (const TypeRow& row : kRanges) {
    if (name == row.catalog_name) return range_of(row);
  }
  return std::nullopt;
}

uint32_t type_oid(const SqlType& type) {
  if (type.id == TypeId::kArray) return row_of(*type.element).array_oid;
  return row_of(type).oid;
}

std::optional<SqlType> type_from_oid(uint32_t oid) {
  // PostgreSQL's json is read as jsonb.
  if (oid == 114) return SqlType::of(TypeId::kJsonb);
  if (oid == 199) return SqlType::array_of(SqlType::of(TypeId::kJsonb));
  for (const TypeRow& row : kTypes) {
    if (row.id != TypeId::kUnknown && is_made_of_others(row.id)) continue;
    if (row.oid == oid) return SqlType::of(row.id);
    if (row.array_oid == oid && oid != 0) return SqlType::array_of(SqlType::of(row.id));
  }
  for (const TypeRow& row : kRanges) {
    if (row.oid == oid) return range_of(row);
    if (row.array_oid == oid) return SqlType::array_of(range_of(row));
  }
  return std::nullopt;
}

std::optional<std::string> name_of_oid(uint32_t oid) {
  if (std::optional<SqlType> type = type_from_oid(oid)) return display_name(*type);
  for (const TypeRow& row : kTypes) {
    if (row.oid == oid) return row.display_name;
  }
  return std::nullopt;
}

int32_t type_modifier_on_wire(const SqlType& type) {
  constexpr int32_t kHeader = 4;  // PostgreSQL counts the varlena header into the modifier.
  if (type.id == TypeId::kArray) return type_modifier_on_wire(*type.element);
  if (type.modifier < 0) return -1;
  switch (type.id) {
    case TypeId::kVarchar:
    case TypeId::kBpchar:
      return type.modifier + kHeader;
    case TypeId::kNumeric:
      return ((39 << 16) | type.modifier) + kHeader;
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return type.modifier;
    default:
      return -1;
  }
}

int16_t type_size_on_wire(const SqlType& type) {
  if (type.id == TypeId::kArray) return -1;
  return row_of(type).wire_size;
}

}  // namespace penstock::types
