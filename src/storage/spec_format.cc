// The durable form of a CollectionSpec. Types are written as fixed codes, never as enum positions,
// so that the enum may change.
#include <algorithm>
#include <array>

#include "base/bytes_io.h"
#include "storage/layout.h"

namespace penstock::storage {

namespace {

using types::SqlType;
using types::TypeId;

constexpr uint8_t kSpecVersion = 1;

struct TypeCode {
  TypeId id;
  uint8_t code;
};
// Codes are never used again for something else.
constexpr std::array kTypeCodes = {
    TypeCode{TypeId::kUnknown, 0},      TypeCode{TypeId::kBool, 1},
    TypeCode{TypeId::kInt2, 2},         TypeCode{TypeId::kInt4, 3},
    TypeCode{TypeId::kInt8, 4},         TypeCode{TypeId::kUInt2, 5},
    TypeCode{TypeId::kUInt4, 6},        TypeCode{TypeId::kUInt8, 7},
    TypeCode{TypeId::kFloat4, 8},       TypeCode{TypeId::kFloat8, 9},
    TypeCode{TypeId::kNumeric, 10},     TypeCode{TypeId::kText, 11},
    TypeCode{TypeId::kVarchar, 12},     TypeCode{TypeId::kBpchar, 13},
    TypeCode{TypeId::kChar, 14},        TypeCode{TypeId::kName, 15},
    TypeCode{TypeId::kBytea, 16},       TypeCode{TypeId::kDate, 17},
    TypeCode{TypeId::kTime, 18},        TypeCode{TypeId::kTimestamp, 19},
    TypeCode{TypeId::kTimestampTz, 20}, TypeCode{TypeId::kInterval, 21},
    TypeCode{TypeId::kUuid, 22},        TypeCode{TypeId::kJsonb, 23},
    TypeCode{TypeId::kOid, 24},         TypeCode{TypeId::kMzTimestamp, 25},
    TypeCode{TypeId::kArray, 26},       TypeCode{TypeId::kRecord, 27},
    TypeCode{TypeId::kList, 28},        TypeCode{TypeId::kMap, 29},
    TypeCode{TypeId::kRange, 30},
};

void put_columns(std::string& out, const std::vector<types::ColumnDesc>& columns);

void put_type(std::string& out, const SqlType& type) {
  uint8_t code = 0;
  for (const TypeCode& entry : kTypeCodes) {
    if (entry.id == type.id) code = entry.code;
  }
  out.push_back(static_cast<char>(code));
  put_fixed(out, type.modifier);
  out.push_back(type.element ? 1 : 0);
  if (type.element) put_type(out, *type.element);
  put_varint(out, type.named.value);
  if (type.id == TypeId::kRecord) put_columns(out, *type.fields);
}

void put_columns(std::string& out, const std::vector<types::ColumnDesc>& columns) {
  put_varint(out, columns.size());
  for (const types::ColumnDesc& column : columns) {
    put_string(out, column.name);
    out.push_back(column.type.nullable ? 1 : 0);
    put_type(out, column.type.type);
  }
}

std::vector<types::ColumnDesc> read_columns(ByteReader& reader, size_t depth);

SqlType read_type(ByteReader& reader, size_t depth) {
  SqlType type;
  uint8_t code = reader.fixed<uint8_t>();
  for (const TypeCode& entry : kTypeCodes) {
    if (entry.code == code) type.id = entry.id;
  }
  type.modifier = reader.fixed<int32_t>();
  bool has_element = reader.fixed<uint8_t>() != 0;
  if (has_element && depth > 0) {
    type.element = std::make_shared<const SqlType>(read_type(reader, depth - 1));
  }
  type.named = ObjectId{reader.varint()};
  if (type.id == TypeId::kRecord && depth > 0) {
    type.fields = std::make_shared<const types::RecordFields>(read_columns(reader, depth - 1));
  }
  return type;
}

std::vector<types::ColumnDesc> read_columns(ByteReader& reader, size_t depth) {
  std::vector<types::ColumnDesc> columns;
  uint64_t count = reader.varint();
  for (uint64_t i = 0; i < count && !reader.failed(); ++i) {
    types::ColumnDesc column;
    column.name = reader.string();
    column.type.nullable = reader.fixed<uint8_t>() != 0;
    column.type.type = read_type(reader, depth);
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

std::string encode_spec(const CollectionSpec& spec) {
  std::string out(1, static_cast<char>(kSpecVersion));
  put_varint(out, spec.id.value);
  put_varint(out, spec.timeline.value);
  put_columns(out, spec.type.columns);
  put_varint(out, spec.type.keys.size());
  for (const std::vector<size_t>& key : spec.type.keys) {
    put_varint(out, key.size());
    for (size_t column : key) put_varint(out, column);
  }
  return out;
}

std::optional<CollectionSpec> decode_spec(std::string_view value) {
  ByteReader reader(value);
  if (reader.fixed<uint8_t>() != kSpecVersion) return std::nullopt;
  CollectionSpec spec;
  spec.id = CollectionId{reader.varint()};
  spec.timeline = Timeline{reader.varint()};
  spec.type.columns = read_columns(reader, types::kMaxTypeDepth);
  uint64_t keys = reader.varint();
  for (uint64_t i = 0; i < keys && !reader.failed(); ++i) {
    std::vector<size_t> key(std::min<uint64_t>(reader.varint(), value.size()));
    for (size_t& column : key) column = reader.varint();
    spec.type.keys.push_back(std::move(key));
  }
  if (reader.failed()) return std::nullopt;
  return spec;
}

}  // namespace penstock::storage
