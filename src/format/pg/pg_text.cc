// Text forms straight from and into columns.
#include "format/pg/pg_text.h"

#include <array>

#include "types/array_value.h"
#include "types/date_time.h"
#include "types/integer.h"
#include "types/interval.h"
#include "types/jsonb.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/range_value.h"
#include "types/scalar_text.h"
#include "types/text_io.h"
#include "types/uuid.h"

namespace penstock::format {
namespace {

using data::Column;
using data::ColumnBuilder;
using types::Fixed16;
using types::SqlType;
using types::TypeId;

// Digits and a sign only, short enough that nothing can overflow; what the type itself cannot hold
// is left to the general reader.
bool parse_plain_integer(std::string_view text, int64_t& value) {
  bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  int64_t sum = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    sum = sum * 10 + (c - '0');
  }
  value = negative ? -sum : sum;
  return true;
}

template <typename Int>
bool append_plain_integer(std::string_view text, ColumnBuilder& column) {
  int64_t value = 0;
  if (!parse_plain_integer(text, value) || value != static_cast<Int>(value)) return false;
  column.append(static_cast<Int>(value));
  return true;
}

// The forms that PostgreSQL prints, by type; false when the text is not one of them.
bool append_common_form(const SqlType& type, std::string_view text, ColumnBuilder& column) {
  switch (type.id) {
    case TypeId::kBool:
      if (text != "t" && text != "f") return false;
      column.append(text == "t");
      return true;
    case TypeId::kInt2:
      return append_plain_integer<int16_t>(text, column);
    case TypeId::kInt4:
      return append_plain_integer<int32_t>(text, column);
    case TypeId::kInt8:
      return append_plain_integer<int64_t>(text, column);
    case TypeId::kText:
    case TypeId::kName:
    case TypeId::kUnknown:
      column.append_bytes(text);
      return true;
    case TypeId::kVarchar: {
      auto limit = static_cast<size_t>(type.modifier);
      if (type.modifier >= 0 && text.size() > limit) return false;
      column.append_bytes(text);
      return true;
    }
    default:
      return false;
  }
}

Status invalid_utf8(std::string_view text, size_t at, size_t length) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string bytes;
  for (char c : text.substr(at, length)) {
    auto byte = static_cast<uint8_t>(c);
    bytes += bytes.empty() ? "0x" : " 0x";
    bytes += kDigits[byte >> 4];
    bytes += kDigits[byte & 15];
  }
  return fail(sql_state::kCharacterNotInRepertoire,
              "invalid byte sequence for encoding \"UTF8\": " + bytes);
}

// Text of the kinds that are 16 bytes or byte strings.
void append_composed_text(const SqlType& type, const Column& column, size_t row, std::string& out) {
  switch (type.id) {
    case TypeId::kInterval:
      types::append_interval(types::Interval::from_fixed16(column.value<Fixed16>(row)), out);
      return;
    case TypeId::kUuid:
      types::append_uuid(column.value<Fixed16>(row), out);
      return;
    case TypeId::kNumeric:
      types::Numeric::decode(column.bytes(row)).append_text(out);
      return;
    case TypeId::kBytea:
      types::append_bytea(column.bytes(row), out);
      return;
    case TypeId::kBpchar:
      types::append_text(type, column.datum(row), out);
      return;
    case TypeId::kArray:
      types::append_array_text(*type.element, column.bytes(row), out);
      return;
    case TypeId::kRecord:
      types::append_record_text(*type.fields, column.bytes(row), out);
      return;
    case TypeId::kList:
      types::append_list_text(*type.element, column.bytes(row), out);
      return;
    case TypeId::kRange:
      types::append_range_text(*type.element, column.bytes(row), out);
      return;
    case TypeId::kMap:
      types::append_map_text(*type.element, column.bytes(row), out);
      return;
    default:
      out += column.bytes(row);
  }
}

}  // namespace

void append_text(const SqlType& type, const Column& column, size_t row, std::string& out) {
  switch (type.id) {
    case TypeId::kBool:
      out += column.value<bool>(row) ? 't' : 'f';
      return;
    case TypeId::kInt2:
      types::append_integer(column.value<int16_t>(row), out);
      return;
    case TypeId::kInt4:
      types::append_integer(column.value<int32_t>(row), out);
      return;
    case TypeId::kInt8:
      types::append_integer(column.value<int64_t>(row), out);
      return;
    case TypeId::kUInt2:
      types::append_unsigned(column.value<uint16_t>(row), out);
      return;
    case TypeId::kUInt4:
    case TypeId::kOid:
      types::append_unsigned(column.value<uint32_t>(row), out);
      return;
    case TypeId::kUInt8:
    case TypeId::kMzTimestamp:
      types::append_unsigned(column.value<uint64_t>(row), out);
      return;
    case TypeId::kFloat4:
      types::append_float4(column.value<float>(row), out);
      return;
    case TypeId::kFloat8:
      types::append_float8(column.value<double>(row), out);
      return;
    case TypeId::kDate:
      types::append_date(column.value<int32_t>(row), out);
      return;
    case TypeId::kTime:
      types::append_time(column.value<int64_t>(row), out);
      return;
    case TypeId::kTimestamp:
      types::append_timestamp(column.value<int64_t>(row), out);
      return;
    case TypeId::kTimestampTz:
      types::append_timestamptz(column.value<int64_t>(row), out);
      return;
    default:
      append_composed_text(type, column, row, out);
  }
}

Status append_parsed(const SqlType& type, std::string_view text, ColumnBuilder& column) {
  if (append_common_form(type, text, column)) return {};
  switch (type.id) {
    case TypeId::kNumeric: {
      ASSIGN_OR_RETURN(types::Numeric value,
                       types::Numeric::parse(text, types::ExcessDigits::kRound));
      if (type.modifier >= 0) {
        ASSIGN_OR_RETURN(value, value.rescale(type.modifier));
      }
      std::string bytes;
      value.encode(bytes);
      column.append_bytes(bytes);
      return {};
    }
    case TypeId::kJsonb: {
      ASSIGN_OR_RETURN(std::string json, types::parse_jsonb(text));
      column.append_bytes(json);
      return {};
    }
    default: {
      ASSIGN_OR_RETURN(types::Datum value, types::parse_text(type, text));
      column.append_datum(value);
      return {};
    }
  }
}

Status check_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    auto first = static_cast<uint8_t>(text[at]);
    if (first == 0) return invalid_utf8(text, at, 1);
    if (first < 0x80) {
      ++at;
      continue;
    }
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    bool good = first >= 0xC2 && first <= 0xF4 && at + length <= text.size();
    for (size_t i = 1; good && i < length; ++i) {
      auto next = static_cast<uint8_t>(text[at + i]);
      good = next >= (i == 1 ? low : 0x80) && next <= (i == 1 ? high : 0xBF);
    }
    if (!good) return invalid_utf8(text, at, length);
    at += length;
  }
  return {};
}

}  // namespace penstock::format
