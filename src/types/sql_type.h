// SQL types as plain values: an id, a modifier, and what a type made of types is made of. Also how
// a value of a type lies in memory (PhysicalKind). Plain values, freely copied between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"

namespace penstock::types {

enum class TypeId : uint8_t {
  kUnknown,  // An untyped string literal or NULL, before binding gives it a type.
  kBool,
  kInt2,
  kInt4,
  kInt8,
  kUInt2,
  kUInt4,
  kUInt8,
  kFloat4,
  kFloat8,
  kNumeric,
  kText,
  kVarchar,
  kBpchar,
  kChar,  // PostgreSQL's one-byte "char".
  kName,
  kBytea,
  kDate,
  kTime,
  kTimestamp,
  kTimestampTz,
  kInterval,
  kUuid,
  kJsonb,
  kOid,
  kMzTimestamp,
  kArray,
  kRecord,
  kList,
  kMap,    // Its keys are text.
  kRange,  // Of int4, int8, numeric, date, timestamp or timestamptz.
};

// How a value lies in a column. Unsigned integers use the signed kind of their width, as bits.
enum class PhysicalKind : uint8_t {
  kBool8,    // bool
  kInt16,    // int2, uint2
  kInt32,    // int4, uint4, oid, date (days since 1970-01-01)
  kInt64,    // int8, uint8, mz_timestamp (ms), time (us since midnight), timestamp[tz] (us since
             // 1970)
  kFloat32,  // float4
  kFloat64,  // float8
  kFixed16,  // uuid (big-endian), interval (see interval.h)
  kBytes,    // text, varchar, bpchar, "char", name (UTF-8); bytea; numeric (numeric.h's canonical
             // encoding); jsonb (jsonb.h's canonical text); array (array_value.h); list, map,
             // record (nested_value.h); range (range_value.h)
};

struct ColumnDesc;
using RecordFields = std::vector<ColumnDesc>;

struct SqlType {
  TypeId id = TypeId::kUnknown;
  // varchar/bpchar: length; numeric: scale; timestamp[tz]: fractional digits. -1 = none.
  int32_t modifier = -1;
  std::shared_ptr<const SqlType> element;  // Of an array, list or range; of a map, its values'.
  // Of a record. Null only in SqlType::of(kRecord), which stands for records in general.
  std::shared_ptr<const RecordFields> fields = nullptr;
  // The item of CREATE TYPE that a list, map or record is one of. Types of different names are
  // different; how values lie does not depend on names.
  ObjectId named = {};

  static SqlType of(TypeId id) { return {id, -1, nullptr, nullptr, {}}; }
  static SqlType array_of(SqlType element_type) {
    return {
        TypeId::kArray, -1, std::make_shared<const SqlType>(std::move(element_type)), nullptr, {}};
  }
  static SqlType list_of(SqlType element_type) {
    return {
        TypeId::kList, -1, std::make_shared<const SqlType>(std::move(element_type)), nullptr, {}};
  }
  static SqlType map_of(SqlType value_type) {
    return {TypeId::kMap, -1, std::make_shared<const SqlType>(std::move(value_type)), nullptr, {}};
  }
  static SqlType range_of(SqlType element_type) {
    return {
        TypeId::kRange, -1, std::make_shared<const SqlType>(std::move(element_type)), nullptr, {}};
  }
  static SqlType record_of(RecordFields fields);

  // Same type and same modifiers; of records also the same nullability of fields.
  friend bool operator==(const SqlType& a, const SqlType& b) { return a.equals(b); }

 private:
  bool equals(const SqlType& other) const;
};

// Same type, whatever the modifiers and the nullability of records' fields.
bool same_base_type(const SqlType& a, const SqlType& b);
// The type without its own modifier; elements and fields keep theirs.
SqlType without_modifier(SqlType type);
// A list, map or record.
bool is_composed(const SqlType& type);
// Types deeper or larger than these are refused where they would be made, so that whoever walks a
// type or its values may recurse (a record's text doubles its quotes at each level). A type of no
// parts has depth 1; its size is the number of types in it.
inline constexpr size_t kMaxTypeDepth = 16;
inline constexpr size_t kMaxTypeSize = 4096;
bool is_within_limits(const SqlType& type);

PhysicalKind physical_kind(const SqlType& type);
// Bytes of one value; 16 for kBytes (the size of its view).
size_t physical_size(PhysicalKind kind);

struct ColumnType {
  SqlType type;
  bool nullable = true;
  friend bool operator==(const ColumnType&, const ColumnType&) = default;
};

struct ColumnDesc {
  std::string name;
  ColumnType type;
  friend bool operator==(const ColumnDesc&, const ColumnDesc&) = default;
};

// The columns of a relation and its known unique keys (each a sorted list of column positions; the
// empty key means at most one row). Primary key first.
struct RelationType {
  std::vector<ColumnDesc> columns;
  std::vector<std::vector<size_t>> keys;

  std::vector<ColumnType> column_types() const {
    std::vector<ColumnType> out;
    out.reserve(columns.size());
    for (const ColumnDesc& column : columns) out.push_back(column.type);
    return out;
  }
  friend bool operator==(const RelationType&, const RelationType&) = default;
};

}  // namespace penstock::types
