// Values as Avro binary.
#include "format/avro/avro_value.h"

#include <bit>
#include <cstring>

#include "types/array_value.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/scalar_text.h"
#include "types/text_io.h"
#include "types/uuid.h"

namespace penstock::format {
namespace {

using types::PhysicalKind;
using types::SqlType;
using types::TypeId;

// What holds any coefficient of 39 digits, and one of 78.
constexpr size_t kScaledWidth = 17;
constexpr size_t kFreeWidth = 33;
constexpr int kFreeScale = 39;
constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int kMillisDigits = 3;

void append_big_endian(uint64_t value, size_t width, std::string& out) {
  for (size_t i = width; i-- > 0;) out += static_cast<char>(value >> (8 * i));
}

template <typename T>
void append_little_endian(T value, std::string& out) {
  static_assert(std::endian::native == std::endian::little);
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

// A length and that many bytes. One that is negative is larger than whatever is left.
void skip_avro_bytes(ByteReader& in) {
  in.bytes(static_cast<size_t>(read_avro_long(in)));
}

}  // namespace

void append_avro_long(int64_t value, std::string& out) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  char raw[10];
  size_t size = 0;
  while (rest >= 0x80) {
    raw[size++] = static_cast<char>(rest | 0x80);
    rest >>= 7;
  }
  raw[size++] = static_cast<char>(rest);
  out.append(raw, size);
}

void append_avro_bytes(std::string_view bytes, std::string& out) {
  append_avro_long(static_cast<int64_t>(bytes.size()), out);
  out.append(bytes);
}

int64_t read_avro_long(ByteReader& in) {
  const uint64_t zigzag = in.varint();
  return static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1);
}

AvroValue::Form AvroValue::form_of(const SqlType& type) {
  switch (type.id) {
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return type.modifier >= 0 && type.modifier <= kMillisDigits ? Form::kMillis : Form::kInt64;
    case TypeId::kUInt2:
    case TypeId::kUInt4:
    case TypeId::kUInt8:
    case TypeId::kOid:
      return Form::kFixedUint;
    case TypeId::kMzTimestamp:
      return Form::kDecimalText;
    case TypeId::kNumeric:
      return Form::kDecimal;
    case TypeId::kUuid:
      return Form::kUuid;
    case TypeId::kInterval:
      return Form::kInterval;
    case TypeId::kChar:
      return Form::kByte;
    case TypeId::kBpchar:
      return Form::kPadded;
    case TypeId::kArray:
      return Form::kArray;
    case TypeId::kList:
      return Form::kList;
    case TypeId::kMap:
      return Form::kMap;
    case TypeId::kRecord:
      return Form::kRecord;
    case TypeId::kRange:
      return Form::kRangeText;
    default:
      break;
  }
  switch (types::physical_kind(type)) {
    case PhysicalKind::kBool8:
      return Form::kBool;
    case PhysicalKind::kInt16:
      return Form::kInt16;
    case PhysicalKind::kInt32:
      return Form::kInt32;
    case PhysicalKind::kInt64:
      return Form::kInt64;
    case PhysicalKind::kFloat32:
      return Form::kFloat;
    case PhysicalKind::kFloat64:
      return Form::kDouble;
    default:
      return Form::kBytes;
  }
}

AvroValue::AvroValue(const SqlType& type) : type_(type), form_(form_of(type)) {
  if (form_ == Form::kDecimal) {
    scale_ = type.modifier < 0 ? kFreeScale : type.modifier;
    width_ = type.modifier < 0 ? kFreeWidth : kScaledWidth;
  } else if (form_ == Form::kFixedUint) {
    width_ = types::physical_size(types::physical_kind(type));
  } else if (form_ == Form::kRangeText) {
    // One text, whatever is in it.
  } else if (type.element) {
    parts_.emplace_back(*type.element);
  } else if (type.fields) {
    for (const types::ColumnDesc& field : *type.fields) parts_.emplace_back(field.type.type);
  }
}

void AvroValue::append_integer(int64_t value, std::string& out) const {
  switch (form_) {
    case Form::kFixedUint:
      return append_big_endian(static_cast<uint64_t>(value), width_, out);
    case Form::kMillis: {
      const int64_t rest = value % kMicrosPerMilli;
      return append_avro_long(value / kMicrosPerMilli - (rest < 0 ? 1 : 0), out);
    }
    case Form::kDecimalText: {
      std::string text;
      types::append_unsigned(static_cast<uint64_t>(value), text);
      return append_avro_bytes(text, out);
    }
    default:
      append_avro_long(value, out);
  }
}

void AvroValue::append_fixed16(const types::Fixed16& value, std::string& out) const {
  if (form_ == Form::kInterval) {
    out.append(value.data(), value.size());  // Months, days, microseconds, as they lie.
    return;
  }
  std::string text;
  types::append_uuid(value, text);
  append_avro_bytes(text, out);
}

bool AvroValue::append_decimal(std::string_view encoded, std::string& out) const {
  append_avro_long(static_cast<int64_t>(width_), out);
  const types::Numeric value = types::Numeric::decode(encoded);
  if (value.is_nan()) {  // Has no bytes of its own.
    out.append(width_, '\0');
    return true;
  }
  return value.append_unscaled(scale_, width_, out);
}

// One block of all items, then the empty one.
bool AvroValue::append_items(const std::vector<types::Datum>& items, std::string& out) const {
  if (!items.empty()) append_avro_long(static_cast<int64_t>(items.size()), out);
  for (const types::Datum& item : items) {
    out += item.is_null() ? '\0' : '\2';
    if (!item.is_null() && !parts_.front().append(item, out)) return false;
  }
  out += '\0';
  return true;
}

bool AvroValue::append_entries(std::string_view map, std::string& out) const {
  const std::vector<types::MapEntry> entries = types::decode_map(*type_.element, map);
  if (!entries.empty()) append_avro_long(static_cast<int64_t>(entries.size()), out);
  for (const auto& [key, value] : entries) {
    append_avro_bytes(key, out);
    out += value.is_null() ? '\0' : '\2';
    if (!value.is_null() && !parts_.front().append(value, out)) return false;
  }
  out += '\0';
  return true;
}

bool AvroValue::append_fields(std::string_view record, std::string& out) const {
  const std::vector<types::Datum> values = types::decode_record(*type_.fields, record);
  for (size_t i = 0; i < values.size(); ++i) {
    const bool nullable = (*type_.fields)[i].type.nullable;
    const bool null = values[i].is_null();
    if (null && !nullable) return false;
    if (nullable) out += null ? '\0' : '\2';
    if (!null && !parts_[i].append(values[i], out)) return false;
  }
  return true;
}

bool AvroValue::append_bytes(std::string_view bytes, std::string& out) const {
  switch (form_) {
    case Form::kDecimal:
      return append_decimal(bytes, out);
    case Form::kArray:
      return append_items(types::decode_array(*type_.element, bytes).elements, out);
    case Form::kList:
      return append_items(types::decode_list(*type_.element, bytes), out);
    case Form::kMap:
      return append_entries(bytes, out);
    case Form::kRecord:
      return append_fields(bytes, out);
    case Form::kByte:
      append_avro_long(bytes.empty() ? 0 : static_cast<uint8_t>(bytes.front()), out);
      return true;
    case Form::kRangeText:
    case Form::kPadded: {
      std::string text;
      types::append_text(type_, types::Datum::bytes(std::string(bytes)), text);
      append_avro_bytes(text, out);
      return true;
    }
    default:
      append_avro_bytes(bytes, out);
      return true;
  }
}

bool AvroValue::append(const data::Column& column, size_t row, std::string& out) const {
  switch (column.kind()) {
    case PhysicalKind::kBool8:
      out += column.value<bool>(row) ? '\1' : '\0';
      return true;
    case PhysicalKind::kInt16:
      append_integer(column.value<int16_t>(row), out);
      return true;
    case PhysicalKind::kInt32:
      append_integer(column.value<int32_t>(row), out);
      return true;
    case PhysicalKind::kInt64:
      append_integer(column.value<int64_t>(row), out);
      return true;
    case PhysicalKind::kFloat32:
      append_little_endian(column.value<float>(row), out);
      return true;
    case PhysicalKind::kFloat64:
      append_little_endian(column.value<double>(row), out);
      return true;
    case PhysicalKind::kFixed16:
      append_fixed16(column.value<types::Fixed16>(row), out);
      return true;
    case PhysicalKind::kBytes:
      return append_bytes(column.bytes(row), out);
  }
  return false;
}

bool AvroValue::append(const types::Datum& value, std::string& out) const {
  switch (types::physical_kind(type_)) {
    case PhysicalKind::kBool8:
      out += value.as_bool() ? '\1' : '\0';
      return true;
    case PhysicalKind::kInt16:
    case PhysicalKind::kInt32:
    case PhysicalKind::kInt64:
      append_integer(value.as_int(), out);
      return true;
    case PhysicalKind::kFloat32:
      append_little_endian(static_cast<float>(value.as_double()), out);
      return true;
    case PhysicalKind::kFloat64:
      append_little_endian(value.as_double(), out);
      return true;
    case PhysicalKind::kFixed16:
      append_fixed16(value.as_fixed16(), out);
      return true;
    case PhysicalKind::kBytes:
      return append_bytes(value.as_bytes(), out);
  }
  return false;
}

void AvroValue::skip(ByteReader& in) const {
  switch (form_) {
    case Form::kBool:
      in.bytes(1);
      return;
    case Form::kInt16:
    case Form::kInt32:
    case Form::kInt64:
    case Form::kMillis:
    case Form::kByte:
      read_avro_long(in);
      return;
    case Form::kFixedUint:
      in.bytes(width_);
      return;
    case Form::kFloat:
      in.bytes(sizeof(float));
      return;
    case Form::kDouble:
      in.bytes(sizeof(double));
      return;
    case Form::kInterval:
      in.bytes(sizeof(types::Fixed16));
      return;
    case Form::kDecimal:
    case Form::kUuid:
    case Form::kBytes:
    case Form::kPadded:
    case Form::kRangeText:
    case Form::kDecimalText:
      skip_avro_bytes(in);
      return;
    case Form::kArray:
    case Form::kList:
    case Form::kMap:
      skip_items(in);
      return;
    case Form::kRecord:
      for (size_t i = 0; i < parts_.size(); ++i) {
        if ((*type_.fields)[i].type.nullable) {
          parts_[i].skip_optional(in);
        } else {
          parts_[i].skip(in);
        }
      }
      return;
  }
}

// Blocks until the empty one. A negative count is followed by the block's bytes.
void AvroValue::skip_items(ByteReader& in) const {
  while (!in.failed()) {
    int64_t count = read_avro_long(in);
    if (count == 0) return;
    if (count < 0) {
      skip_avro_bytes(in);
      continue;
    }
    for (; count > 0 && !in.failed(); --count) {
      if (form_ == Form::kMap) skip_avro_bytes(in);  // The key.
      parts_.front().skip_optional(in);
    }
  }
}

void AvroValue::skip_optional(ByteReader& in) const {
  switch (in.fixed<char>()) {
    case '\0':
      return;
    case '\2':
      return skip(in);
    default:
      in.bytes(in.rest().size() + 1);  // Fails: neither branch.
  }
}

}  // namespace penstock::format
