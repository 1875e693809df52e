// Rows as JSON objects.
#include "format/json/json_encoder.h"

#include <utility>

#include "format/column_names.h"
#include "format/json/json_text.h"
#include "types/array_value.h"
#include "types/interval.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/range_value.h"
#include "types/text_io.h"
#include "types/uuid.h"

namespace penstock::format {
namespace {

using data::Column;
using types::SqlType;
using types::TypeId;

void append_datum(const SqlType& type, const types::Datum& value, std::string& out);

void append_character(const SqlType& type, std::string_view text, std::string& out) {
  switch (type.id) {
    case TypeId::kChar:
      append_json_unsigned(text.empty() ? 0 : static_cast<uint8_t>(text.front()), out);
      return;
    case TypeId::kBpchar: {
      std::string padded;
      types::append_text(type, types::Datum::bytes(std::string(text)), padded);
      append_json_string(padded, out);
      return;
    }
    default:
      append_json_string(text, out);
  }
}

// Nested by dimension; the elements come in row-major order.
void append_elements(const SqlType& element, const types::ArrayValue& array, size_t dimension,
                     size_t& next, std::string& out) {
  out += '[';
  for (int32_t i = 0; i < array.dimensions[dimension].length; ++i) {
    if (i > 0) out += ',';
    if (dimension + 1 < array.dimensions.size()) {
      append_elements(element, array, dimension + 1, next, out);
    } else {
      append_datum(element, array.elements[next++], out);
    }
  }
  out += ']';
}

void append_array(const SqlType& element, std::string_view bytes, std::string& out) {
  types::ArrayValue array = types::decode_array(element, bytes);
  if (array.dimensions.empty()) {
    out += "[]";
    return;
  }
  size_t next = 0;
  append_elements(element, array, 0, next, out);
}

void append_list(const SqlType& element, std::string_view bytes, std::string& out) {
  bool first = true;
  out += '[';
  for (const types::Datum& value : types::decode_list(element, bytes)) {
    if (!std::exchange(first, false)) out += ',';
    append_datum(element, value, out);
  }
  out += ']';
}

void append_map(const SqlType& type, std::string_view bytes, std::string& out) {
  bool first = true;
  out += '{';
  for (const auto& [key, value] : types::decode_map(type, bytes)) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(key, out);
    out += ':';
    append_datum(type, value, out);
  }
  out += '}';
}

void append_record(const types::RecordFields& fields, std::string_view bytes, std::string& out) {
  std::vector<types::Datum> values = types::decode_record(fields, bytes);
  std::vector<std::string> names = distinct_names(fields);
  out += '{';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(names[i], out);
    out += ':';
    append_datum(fields[i].type.type, values[i], out);
  }
  out += '}';
}

void append_bytes_value(const SqlType& type, std::string_view bytes, std::string& out) {
  switch (type.id) {
    case TypeId::kBytea:
      append_json_bytes(bytes, out);
      return;
    case TypeId::kJsonb:
      out += bytes;
      return;
    case TypeId::kNumeric:
      out += '"';
      types::Numeric::decode(bytes).append_text(out);
      out += '"';
      return;
    case TypeId::kRange: {
      std::string text;
      types::append_range_text(*type.element, bytes, text);
      append_json_string(text, out);
      return;
    }
    case TypeId::kArray:
      append_array(*type.element, bytes, out);
      return;
    case TypeId::kRecord:
      append_record(*type.fields, bytes, out);
      return;
    case TypeId::kList:
      append_list(*type.element, bytes, out);
      return;
    case TypeId::kMap:
      append_map(*type.element, bytes, out);
      return;
    default:
      append_character(type, bytes, out);
  }
}

void append_int64(TypeId id, int64_t value, std::string& out) {
  switch (id) {
    case TypeId::kTime:
      append_json_time(value, out);
      return;
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      append_json_timestamp(value, out);
      return;
    case TypeId::kUInt8:
      append_json_unsigned(static_cast<uint64_t>(value), out);
      return;
    case TypeId::kMzTimestamp:
      out += '"';
      append_json_unsigned(static_cast<uint64_t>(value), out);
      out += '"';
      return;
    default:
      append_json_integer(value, out);
  }
}

void append_int32(TypeId id, int32_t value, std::string& out) {
  if (id == TypeId::kDate) {
    append_json_date(value, out);
  } else if (id == TypeId::kInt4) {
    append_json_integer(value, out);
  } else {
    append_json_unsigned(static_cast<uint32_t>(value), out);
  }
}

void append_int16(TypeId id, int16_t value, std::string& out) {
  if (id == TypeId::kUInt2) {
    append_json_unsigned(static_cast<uint16_t>(value), out);
  } else {
    append_json_integer(value, out);
  }
}

void append_fixed16(TypeId id, const types::Fixed16& value, std::string& out) {
  out += '"';
  if (id == TypeId::kUuid) {
    types::append_uuid(value, out);
  } else {
    types::append_interval(types::Interval::from_fixed16(value), out);
  }
  out += '"';
}

void append_datum(const SqlType& type, const types::Datum& value, std::string& out) {
  if (value.is_null()) {
    out += "null";
    return;
  }
  switch (types::physical_kind(type)) {
    case types::PhysicalKind::kBool8:
      out += value.as_bool() ? "true" : "false";
      return;
    case types::PhysicalKind::kInt16:
      append_int16(type.id, static_cast<int16_t>(value.as_int()), out);
      return;
    case types::PhysicalKind::kInt32:
      append_int32(type.id, static_cast<int32_t>(value.as_int()), out);
      return;
    case types::PhysicalKind::kInt64:
      append_int64(type.id, value.as_int(), out);
      return;
    case types::PhysicalKind::kFloat32:
      append_json_float(static_cast<float>(value.as_double()), out);
      return;
    case types::PhysicalKind::kFloat64:
      append_json_double(value.as_double(), out);
      return;
    case types::PhysicalKind::kFixed16:
      append_fixed16(type.id, value.as_fixed16(), out);
      return;
    case types::PhysicalKind::kBytes:
      append_bytes_value(type, value.as_bytes(), out);
      return;
  }
}

// The same straight from a column.
void append_column_value(const SqlType& type, const Column& column, size_t row, std::string& out) {
  switch (column.kind()) {
    case types::PhysicalKind::kBool8:
      out += column.value<bool>(row) ? "true" : "false";
      return;
    case types::PhysicalKind::kInt16:
      append_int16(type.id, column.value<int16_t>(row), out);
      return;
    case types::PhysicalKind::kInt32:
      append_int32(type.id, column.value<int32_t>(row), out);
      return;
    case types::PhysicalKind::kInt64:
      append_int64(type.id, column.value<int64_t>(row), out);
      return;
    case types::PhysicalKind::kFloat32:
      append_json_float(column.value<float>(row), out);
      return;
    case types::PhysicalKind::kFloat64:
      append_json_double(column.value<double>(row), out);
      return;
    case types::PhysicalKind::kFixed16:
      append_fixed16(type.id, column.value<types::Fixed16>(row), out);
      return;
    case types::PhysicalKind::kBytes:
      append_bytes_value(type, column.bytes(row), out);
      return;
  }
}

}  // namespace

JsonEncoder::JsonEncoder(const types::RelationType& relation,
                         const std::vector<size_t>& positions) {
  std::vector<std::string> names = distinct_names(relation.columns);
  for (size_t position : positions) {
    Member member{.opening = members_.empty() ? "{" : ",",
                  .position = position,
                  .type = relation.columns[position].type.type};
    append_json_string(names[position], member.opening);
    member.opening += ':';
    members_.push_back(std::move(member));
  }
}

bool JsonEncoder::append_row(const data::DeltaBatch& batch, size_t row, std::string& out) const {
  if (members_.empty()) out += '{';
  for (const Member& member : members_) {
    out += member.opening;
    const Column& column = batch.column(member.position);
    if (column.is_null(row)) {
      out += "null";
    } else {
      append_column_value(member.type, column, row, out);
    }
  }
  out += '}';
  return true;
}

ChangeFrame JsonEncoder::change_frame() const {
  return {.before_present = R"({"before":)",
          .before_absent = R"({"before":null)",
          .after_present = R"(,"after":)",
          .after_absent = R"(,"after":null)",
          .close = "}"};
}

RowTail JsonEncoder::row_tail(std::string_view name, std::string_view text) const {
  RowTail out{.closing = "}", .tail = members_.empty() ? "" : ","};
  append_json_string(name, out.tail);
  out.tail += ':';
  append_json_string(text, out.tail);
  out.tail += '}';
  return out;
}

}  // namespace penstock::format
