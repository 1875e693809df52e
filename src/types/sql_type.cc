// The physical side of SQL types.
#include "types/sql_type.h"

namespace penstock::types {

bool same_base_type(const SqlType& a, const SqlType& b) {
  if (a.id != b.id) return false;
  if (a.id != TypeId::kArray) return true;
  return a.element && b.element && same_base_type(*a.element, *b.element);
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
