// Rows as JSON objects.
#include "format/json/json_encoder.h"

#include <set>

#include "format/json/json_text.h"
#include "types/integer.h"
#include "types/text_io.h"

namespace penstock::format {
namespace {

using data::Column;
using types::SqlType;
using types::TypeId;

// A value whose text form has no character that JSON escapes.
void append_quoted_text(const SqlType& type, const types::Datum& value, std::string& out) {
  out += '"';
  types::append_text(type, value, out);
  out += '"';
}

void append_uuid(const char* bytes, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    auto byte = static_cast<uint8_t>(bytes[i]);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  out += '"';
}

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

void append_bytes_value(const SqlType& type, std::string_view bytes, std::string& out) {
  switch (type.id) {
    case TypeId::kBytea:
      append_json_bytes(bytes, out);
      return;
    case TypeId::kJsonb:
      out += bytes;
      return;
    case TypeId::kNumeric:
      append_quoted_text(type, types::Datum::bytes(std::string(bytes)), out);
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

void append_column_value(const SqlType& type, const Column& column, size_t row, std::string& out) {
  switch (column.kind()) {
    case types::PhysicalKind::kBool8:
      out += column.value<bool>(row) ? "true" : "false";
      return;
    case types::PhysicalKind::kInt16:
      if (type.id == TypeId::kUInt2) {
        append_json_unsigned(column.value<uint16_t>(row), out);
      } else {
        append_json_integer(column.value<int16_t>(row), out);
      }
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
      if (type.id == TypeId::kUuid) {
        append_uuid(column.value<types::Fixed16>(row).data(), out);
      } else {
        append_quoted_text(type, column.datum(row), out);
      }
      return;
    case types::PhysicalKind::kBytes:
      append_bytes_value(type, column.bytes(row), out);
      return;
  }
}

std::string numbered(const std::string& stem, size_t number) {
  bool digit = !stem.empty() && stem.back() >= '0' && stem.back() <= '9';
  return stem + (digit ? "_" : "") + std::to_string(number);
}

}  // namespace

std::vector<std::string> distinct_names(const std::vector<types::ColumnDesc>& columns) {
  std::set<std::string> given;
  std::vector<std::string> names;
  for (const types::ColumnDesc& column : columns) {
    std::string name = column.name;
    for (size_t number = 1; given.contains(name); ++number) name = numbered(column.name, number);
    given.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

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

void JsonEncoder::append_row(const data::DeltaBatch& batch, size_t row, std::string& out) const {
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
}

ChangeFrame JsonEncoder::change_frame() const {
  return {.before_present = R"({"before":)",
          .before_absent = R"({"before":null)",
          .after_present = R"(,"after":)",
          .after_absent = R"(,"after":null)",
          .close = "}"};
}

}  // namespace penstock::format
