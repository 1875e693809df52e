// PostgreSQL's binary wire forms.
#include "format/pg/pg_binary.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "format/pg/big_endian.h"
#include "format/pg/pg_text.h"
#include "format/pg/range_binary.h"
#include "types/array_value.h"
#include "types/date_time.h"
#include "types/integer.h"
#include "types/interval.h"
#include "types/jsonb.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/scalar_text.h"
#include "types/text_io.h"
#include "types/type_name.h"

namespace penstock::format {
namespace {

using types::ArrayValue;
using types::Datum;
using types::Numeric;
using types::SqlType;
using types::TypeId;

constexpr SqlState kInvalidBinaryRepresentation{"22P03"};
// 2000-01-01, where PostgreSQL's dates and timestamps begin.
constexpr int64_t kEpochDays = 10957;
constexpr int64_t kEpochMicros = kEpochDays * types::kMicrosPerDay;

constexpr uint16_t kNumericNegative = 0x4000;
constexpr uint16_t kNumericNaN = 0xC000;
constexpr uint16_t kNumericInfinity = 0xD000;
constexpr uint16_t kNumericNegativeInfinity = 0xF000;

void append_numeric_header(size_t digits, int weight, uint16_t sign, int scale, std::string& out) {
  put_big_endian(out, static_cast<int16_t>(digits));
  put_big_endian(out, static_cast<int16_t>(weight));
  put_big_endian(out, sign);
  put_big_endian(out, static_cast<int16_t>(scale));
}

// Digits in groups of four around the point: weight is the power of 10000 of the first group.
void append_numeric(const Numeric& value, std::string& out) {
  if (!value.is_finite()) {
    uint16_t sign = value.is_nan()        ? kNumericNaN
                    : value.is_negative() ? kNumericNegativeInfinity
                                          : kNumericInfinity;
    append_numeric_header(0, 0, sign, 0, out);
    return;
  }
  if (value.is_zero()) {
    append_numeric_header(0, 0, 0, 0, out);
    return;
  }
  std::string digits = value.digits();
  int exponent = value.exponent();
  // Pad so that the point falls between groups.
  int behind = ((exponent % 4) + 4) % 4;
  digits.append(static_cast<size_t>(behind), '0');
  exponent -= behind;
  digits.insert(0, (4 - digits.size() % 4) % 4, '0');
  size_t groups = digits.size() / 4;
  int weight = static_cast<int>(groups) + exponent / 4 - 1;
  append_numeric_header(groups, weight, value.is_negative() ? kNumericNegative : 0, value.scale(),
                        out);
  for (size_t i = 0; i < digits.size(); i += 4) {
    int group = 0;
    for (size_t j = i; j < i + 4; ++j) group = group * 10 + (digits[j] - '0');
    put_big_endian(out, static_cast<int16_t>(group));
  }
}

// A value in a composite: its length, or -1 for NULL, then its bytes.
void append_sized(const SqlType& type, const Datum& value, std::string& out) {
  if (value.is_null()) {
    put_big_endian(out, int32_t{-1});
    return;
  }
  size_t at = out.size();
  put_big_endian(out, int32_t{0});
  append_binary(type, value, out);
  std::string length;
  put_big_endian(length, static_cast<int32_t>(out.size() - at - 4));
  out.replace(at, 4, length);
}

void append_array(const SqlType& element, std::string_view bytes, std::string& out) {
  ArrayValue array = types::decode_array(element, bytes);
  bool has_null = std::ranges::any_of(array.elements, [](const Datum& d) { return d.is_null(); });
  put_big_endian(out, static_cast<int32_t>(array.dimensions.size()));
  put_big_endian(out, int32_t{has_null ? 1 : 0});
  put_big_endian(out, types::type_oid(element));
  for (const types::ArrayDimension& dimension : array.dimensions) {
    put_big_endian(out, dimension.length);
    put_big_endian(out, dimension.lower);
  }
  for (const Datum& value : array.elements) append_sized(element, value, out);
}

void append_record(const types::RecordFields& fields, std::string_view bytes, std::string& out) {
  std::vector<Datum> values = types::decode_record(fields, bytes);
  put_big_endian(out, static_cast<int32_t>(fields.size()));
  for (size_t i = 0; i < fields.size(); ++i) {
    put_big_endian(out, types::type_oid(fields[i].type.type));
    append_sized(fields[i].type.type, values[i], out);
  }
}

void append_interval(const types::Fixed16& bytes, std::string& out) {
  types::Interval interval = types::Interval::from_fixed16(bytes);
  put_big_endian(out, interval.micros);
  put_big_endian(out, interval.days);
  put_big_endian(out, interval.months);
}

// --- reading ---

std::unexpected<Error> wrong_form(const SqlType& type) {
  return fail(kInvalidBinaryRepresentation,
              "incorrect binary data format for type " + types::display_name(type));
}

template <typename Int>
Result<Datum> read_integer(const SqlType& type, std::string_view bytes) {
  if (bytes.size() != sizeof(Int)) return wrong_form(type);
  return Datum::integer(get_big_endian<Int>(bytes));
}

Result<Datum> read_numeric(const SqlType& type, std::string_view bytes) {
  BigEndianReader in(bytes);
  auto count = in.take<int16_t>();
  auto weight = in.take<int16_t>();
  auto sign = in.take<uint16_t>();
  in.take<int16_t>();  // The scale says how to print; our numerics have none.
  if (in.failed() || count < 0) return wrong_form(type);
  bool special =
      sign == kNumericNaN || sign == kNumericInfinity || sign == kNumericNegativeInfinity;
  if (special && !in.at_end()) return wrong_form(type);
  if (sign == kNumericNaN) return Datum::bytes(Numeric::nan().encoded());
  if (special) {
    return fail(types::invalid_syntax(TypeId::kNumeric, "", "Infinity"));
  }
  if (sign != 0 && sign != kNumericNegative) return wrong_form(type);
  std::string digits;
  for (int i = 0; i < count; ++i) {
    auto group = in.take<int16_t>();
    if (group < 0 || group > 9999) return wrong_form(type);
    std::string text = std::to_string(group);
    digits.append(4 - text.size(), '0').append(text);
  }
  if (in.failed() || !in.at_end()) return wrong_form(type);
  std::optional<Numeric> value = Numeric::from_digits(
      sign == kNumericNegative, digits, (weight - count + 1) * 4, types::ExcessDigits::kRound);
  if (!value) {
    return fail(types::out_of_range(TypeId::kNumeric, "exceeds maximum precision 39", digits));
  }
  if (type.modifier >= 0) {
    ASSIGN_OR_RETURN(value, value->rescale(type.modifier));
  }
  return Datum::bytes(value->encoded());
}

Result<Datum> read_date_time(const SqlType& type, std::string_view bytes) {
  if (type.id == TypeId::kDate) {
    if (bytes.size() != 4) return wrong_form(type);
    int64_t days = get_big_endian<int32_t>(bytes) + kEpochDays;
    if (!types::is_valid_date(days)) return fail(sql_state::kDatetimeOverflow, "date out of range");
    return Datum::integer(days);
  }
  if (bytes.size() != 8) return wrong_form(type);
  auto micros = get_big_endian<int64_t>(bytes);
  if (type.id == TypeId::kTime) {
    if (micros < 0 || micros >= types::kMicrosPerDay) {
      return fail(sql_state::kDatetimeOverflow, "time out of range");
    }
    return Datum::integer(micros);
  }
  int64_t since_1970 = 0;
  if (__builtin_add_overflow(micros, kEpochMicros, &since_1970) ||
      !types::is_valid_timestamp(since_1970)) {
    return fail(sql_state::kDatetimeOverflow, "timestamp out of range");
  }
  return Datum::integer(since_1970);
}

Result<Datum> read_interval(const SqlType& type, std::string_view bytes) {
  if (bytes.size() != 16) return wrong_form(type);
  BigEndianReader in(bytes);
  types::Interval interval;
  interval.micros = in.take<int64_t>();
  interval.days = in.take<int32_t>();
  interval.months = in.take<int32_t>();
  return Datum::fixed16(interval.to_fixed16());
}

Result<Datum> read_array(const SqlType& type, std::string_view bytes) {
  BigEndianReader in(bytes);
  auto dimensions = in.take<int32_t>();
  in.take<int32_t>();
  auto oid = in.take<uint32_t>();
  if (in.failed() || dimensions < 0 || oid != types::type_oid(*type.element)) {
    return wrong_form(type);
  }
  if (dimensions > static_cast<int32_t>(types::kMaxArrayDimensions)) return wrong_form(type);
  ArrayValue array;
  uint64_t count = dimensions == 0 ? 0 : 1;
  for (int32_t i = 0; i < dimensions; ++i) {
    types::ArrayDimension dimension;
    dimension.length = in.take<int32_t>();
    dimension.lower = in.take<int32_t>();
    if (dimension.length < 0) return wrong_form(type);
    count *= static_cast<uint64_t>(dimension.length);
    // Every element has at least its length: a larger count is a lie.
    if (count > bytes.size()) return wrong_form(type);
    array.dimensions.push_back(dimension);
  }
  for (uint64_t i = 0; i < count; ++i) {
    auto length = in.take<int32_t>();
    if (length == -1) {
      array.elements.push_back(Datum::null());
      continue;
    }
    if (length < 0) return wrong_form(type);
    std::string_view value = in.bytes(static_cast<size_t>(length));
    if (in.failed()) return wrong_form(type);
    ASSIGN_OR_RETURN(Datum element, parse_binary(*type.element, value));
    array.elements.push_back(std::move(element));
  }
  if (in.failed() || !in.at_end()) return wrong_form(type);
  if (array.elements.empty()) array.dimensions.clear();
  return Datum::bytes(types::encode_array(*type.element, array));
}

Result<Datum> read_characters(const SqlType& type, std::string_view bytes) {
  RETURN_IF_ERROR(check_utf8(bytes));
  return types::parse_text(type, bytes);
}

}  // namespace

Status check_binary_output(const SqlType& type) {
  if (type.id == TypeId::kList || type.id == TypeId::kMap) {
    return fail(sql_state::kUndefinedFunction,
                "no binary output function available for type " + types::catalog_name(type));
  }
  if (type.element) return check_binary_output(*type.element);
  if (!type.fields) return {};
  for (const types::ColumnDesc& field : *type.fields) {
    RETURN_IF_ERROR(check_binary_output(field.type.type));
  }
  return {};
}

void append_binary(const SqlType& type, const Datum& value, std::string& out) {
  switch (type.id) {
    case TypeId::kBool:
      out += static_cast<char>(value.as_bool() ? 1 : 0);
      return;
    case TypeId::kInt2:
    case TypeId::kUInt2:
      put_big_endian(out, static_cast<int16_t>(value.as_int()));
      return;
    case TypeId::kInt4:
    case TypeId::kUInt4:
    case TypeId::kOid:
      put_big_endian(out, static_cast<int32_t>(value.as_int()));
      return;
    case TypeId::kInt8:
    case TypeId::kUInt8:
    case TypeId::kTime:
      put_big_endian(out, value.as_int());
      return;
    case TypeId::kDate:
      put_big_endian(out, static_cast<int32_t>(value.as_int() - kEpochDays));
      return;
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      put_big_endian(out, value.as_int() - kEpochMicros);
      return;
    case TypeId::kMzTimestamp:
      types::append_unsigned(static_cast<uint64_t>(value.as_int()), out);
      return;
    case TypeId::kFloat4:
      put_big_endian(out, std::bit_cast<int32_t>(static_cast<float>(value.as_double())));
      return;
    case TypeId::kFloat8:
      put_big_endian(out, std::bit_cast<int64_t>(value.as_double()));
      return;
    case TypeId::kInterval:
      append_interval(value.as_fixed16(), out);
      return;
    case TypeId::kUuid:
      out.append(value.as_fixed16().data(), 16);
      return;
    case TypeId::kNumeric:
      append_numeric(Numeric::decode(value.as_bytes()), out);
      return;
    case TypeId::kJsonb:
      out += '\x01';
      out += value.as_bytes();
      return;
    case TypeId::kBpchar:
      types::append_text(type, value, out);
      return;
    case TypeId::kArray:
      append_array(*type.element, value.as_bytes(), out);
      return;
    case TypeId::kRange:
      append_range_binary(type, value.as_bytes(), out);
      return;
    case TypeId::kRecord:
      append_record(*type.fields, value.as_bytes(), out);
      return;
    default:
      out += value.as_bytes();
  }
}

void append_binary(const SqlType& type, const data::Column& column, size_t row, std::string& out) {
  switch (type.id) {
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kName:
    case TypeId::kChar:
    case TypeId::kBytea:
    case TypeId::kUnknown:
      out += column.bytes(row);
      return;
    case TypeId::kJsonb:
      out += '\x01';
      out += column.bytes(row);
      return;
    case TypeId::kNumeric:
      append_numeric(Numeric::decode(column.bytes(row)), out);
      return;
    case TypeId::kArray:
      append_array(*type.element, column.bytes(row), out);
      return;
    default:
      append_binary(type, column.datum(row), out);
  }
}

Result<Datum> parse_binary(const SqlType& type, std::string_view bytes) {
  switch (type.id) {
    case TypeId::kBool:
      if (bytes.size() != 1) return wrong_form(type);
      return Datum::boolean(bytes[0] != 0);
    case TypeId::kInt2:
    case TypeId::kUInt2:
      return read_integer<int16_t>(type, bytes);
    case TypeId::kInt4:
    case TypeId::kUInt4:
    case TypeId::kOid:
      return read_integer<int32_t>(type, bytes);
    case TypeId::kInt8:
    case TypeId::kUInt8:
      return read_integer<int64_t>(type, bytes);
    case TypeId::kFloat4:
      if (bytes.size() != 4) return wrong_form(type);
      return Datum::floating(
          static_cast<double>(std::bit_cast<float>(get_big_endian<int32_t>(bytes))));
    case TypeId::kFloat8:
      if (bytes.size() != 8) return wrong_form(type);
      return Datum::floating(std::bit_cast<double>(get_big_endian<int64_t>(bytes)));
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return read_date_time(type, bytes);
    case TypeId::kInterval:
      return read_interval(type, bytes);
    case TypeId::kUuid: {
      if (bytes.size() != 16) return wrong_form(type);
      types::Fixed16 uuid;
      std::memcpy(uuid.data(), bytes.data(), uuid.size());
      return Datum::fixed16(uuid);
    }
    case TypeId::kNumeric:
      return read_numeric(type, bytes);
    case TypeId::kJsonb:
      if (!bytes.starts_with('\x01')) return wrong_form(type);
      return read_characters(type, bytes.substr(1));
    case TypeId::kBytea:
      return Datum::bytes(std::string(bytes));
    case TypeId::kArray:
      return read_array(type, bytes);
    case TypeId::kRange:
      return parse_range_binary(type, bytes);
    case TypeId::kRecord:
      return wrong_form(type);
    case TypeId::kList:
    case TypeId::kMap:
      return fail(sql_state::kUndefinedFunction,
                  "no binary input function available for type " + types::catalog_name(type));
    default:
      return read_characters(type, bytes);
  }
}

}  // namespace penstock::format
