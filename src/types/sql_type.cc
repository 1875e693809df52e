// Equality and limits of SQL types, and their physical side.
#include "types/sql_type.h"

#include <algorithm>

namespace penstock::types {

namespace {

// Counts the types in `type` into `size`; false as soon as a limit is passed.
bool count_within_limits(const SqlType& type, size_t depth, size_t& size) {
  if (depth > kMaxTypeDepth || ++size > kMaxTypeSize) return false;
  if (type.element && !count_within_limits(*type.element, depth + 1, size)) return false;
  if (!type.fields) return true;
  return std::ranges::all_of(*type.fields, [&](const ColumnDesc& field) {
    return count_within_limits(field.type.type, depth + 1, size);
  });
}

}  // namespace

SqlType SqlType::record_of(RecordFields fields) {
  return {
      TypeId::kRecord, -1, nullptr, std::make_shared<const RecordFields>(std::move(fields)), {}};
}

bool SqlType::equals(const SqlType& other) const {
  return id == other.id && modifier == other.modifier && named == other.named &&
         (element == other.element || (element && other.element && *element == *other.element)) &&
         (fields == other.fields || (fields && other.fields && *fields == *other.fields));
}

bool same_base_type(const SqlType& a, const SqlType& b) {
  if (a.id != b.id || a.named != b.named) return false;
  if (a.element != b.element &&
      !(a.element && b.element && same_base_type(*a.element, *b.element))) {
    return false;
  }
  if (a.fields == b.fields) return true;
  return a.fields && b.fields &&
         std::ranges::equal(*a.fields, *b.fields, [](const ColumnDesc& x, const ColumnDesc& y) {
           return x.name == y.name && same_base_type(x.type.type, y.type.type);
         });
}

SqlType without_modifier(SqlType type) {
  type.modifier = -1;
  return type;
}

bool is_composed(const SqlType& type) {
  return type.id == TypeId::kList || type.id == TypeId::kMap || type.id == TypeId::kRecord;
}

bool is_within_limits(const SqlType& type) {
  size_t size = 0;
  return count_within_limits(type, 1, size);
}

PhysicalKind physical_kind(const SqlType& type) {
  switch (type.id) {
    case TypeId::kBool:
      return PhysicalKind::kBool8;
    case TypeId::kInt2:
    case TypeId::kUInt2:
      return PhysicalKind::kInt16;
    case TypeId::kInt4:
    case TypeId::kUInt4:
    case TypeId::kOid:
    case TypeId::kDate:
      return PhysicalKind::kInt32;
    case TypeId::kInt8:
    case TypeId::kUInt8:
    case TypeId::kMzTimestamp:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return PhysicalKind::kInt64;
    case TypeId::kFloat4:
      return PhysicalKind::kFloat32;
    case TypeId::kFloat8:
      return PhysicalKind::kFloat64;
    case TypeId::kUuid:
    case TypeId::kInterval:
      return PhysicalKind::kFixed16;
    case TypeId::kUnknown:
    case TypeId::kNumeric:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kBpchar:
    case TypeId::kChar:
    case TypeId::kName:
    case TypeId::kBytea:
    case TypeId::kJsonb:
    case TypeId::kArray:
    case TypeId::kRecord:
    case TypeId::kList:
    case TypeId::kMap:
    case TypeId::kRange:
      return PhysicalKind::kBytes;
  }
  return PhysicalKind::kBytes;
}

size_t physical_size(PhysicalKind kind) {
  switch (kind) {
    case PhysicalKind::kBool8:
      return 1;
    case PhysicalKind::kInt16:
      return 2;
    case PhysicalKind::kInt32:
    case PhysicalKind::kFloat32:
      return 4;
    case PhysicalKind::kInt64:
    case PhysicalKind::kFloat64:
      return 8;
    case PhysicalKind::kFixed16:
    case PhysicalKind::kBytes:
      return 16;
  }
  return 16;
}

}  // namespace penstock::types
