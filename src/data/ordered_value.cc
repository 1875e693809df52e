// Values in order-preserving bytes, recursively for the nested types.
#include "data/ordered_value.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "data/ordered_bits.h"
#include "types/array_value.h"
#include "types/jsonb.h"
#include "types/nested_value.h"
#include "types/numeric.h"
#include "types/range_value.h"

namespace penstock::data {

namespace {

using types::Datum;
using types::JsonKind;
using types::PhysicalKind;
using types::SqlType;
using types::TypeId;

// Before each element of a list, and after the last: the shorter list comes first.
constexpr char kEnd = 0x00;
constexpr char kElement = 0x01;
constexpr char kNullElement = 0x02;

template <typename Bits>
void append_integer(const SqlType& type, int64_t value, std::string& out) {
  Bits bits = static_cast<Bits>(value);
  if (!has_unsigned_order(type.id)) bits = static_cast<Bits>(bits ^ sign_bit<Bits>());
  append_big_endian(bits, out);
}

template <typename Bits>
Datum take_integer(const SqlType& type, std::string_view bytes) {
  Bits bits = read_big_endian<Bits>(bytes.data());
  if (!has_unsigned_order(type.id)) bits = static_cast<Bits>(bits ^ sign_bit<Bits>());
  return Datum::integer(static_cast<std::make_signed_t<Bits>>(bits));
}

char take_byte(std::string_view& bytes) {
  CHECK(!bytes.empty());
  char byte = bytes[0];
  bytes.remove_prefix(1);
  return byte;
}

std::string take_escaped(std::string_view& bytes) {
  std::string text;
  for (;;) {
    char byte = take_byte(bytes);
    if (byte == '\0' && take_byte(bytes) == '\0') return text;
    text.push_back(byte);
  }
}

void append_jsonb(std::string_view json, std::string& out) {
  JsonKind kind = types::jsonb_kind(json);
  out.push_back(static_cast<char>(static_cast<int>(kind) + 1));
  switch (kind) {
    case JsonKind::kString:
      return append_escaped(types::jsonb_string(json), out);
    case JsonKind::kNumber:
      return types::jsonb_number(json).append_ordered(out);
    case JsonKind::kArray:
    case JsonKind::kObject:
      for (types::JsonReader reader(json); reader.next();) {
        out.push_back(kElement);
        if (kind == JsonKind::kObject) append_escaped(reader.key(), out);
        append_jsonb(reader.value(), out);
      }
      out.push_back(kEnd);
      return;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
    case JsonKind::kNull:
      return;
  }
}

void take_jsonb(std::string_view& bytes, std::string& out) {
  auto kind = static_cast<JsonKind>(take_byte(bytes) - 1);
  switch (kind) {
    case JsonKind::kString:
      return types::append_json_string(take_escaped(bytes), out);
    case JsonKind::kNumber:
      return types::Numeric::take_ordered(bytes).append_text(out);
    case JsonKind::kArray:
    case JsonKind::kObject: {
      bool object = kind == JsonKind::kObject;
      out.push_back(object ? '{' : '[');
      for (bool first = true; take_byte(bytes) == kElement; first = false) {
        if (!first) out.push_back(',');
        if (object) {
          types::append_json_string(take_escaped(bytes), out);
          out.push_back(':');
        }
        take_jsonb(bytes, out);
      }
      out.push_back(object ? '}' : ']');
      return;
    }
    case JsonKind::kFalse:
      out += "false";
      return;
    case JsonKind::kTrue:
      out += "true";
      return;
    case JsonKind::kNull:
      out += "null";
      return;
  }
}

void append_element(const SqlType& type, const Datum& value, std::string& out) {
  out.push_back(value.is_null() ? kNullElement : kElement);
  if (!value.is_null()) append_ordered(type, value, out);
}

// Elements, then the shape: number of dimensions, and the length and lower bound of each.
void append_array(const SqlType& element, std::string_view bytes, std::string& out) {
  types::ArrayValue array = types::decode_array(element, bytes);
  for (const Datum& value : array.elements) append_element(element, value, out);
  out.push_back(kEnd);
  out.push_back(static_cast<char>(array.dimensions.size()));
  for (const types::ArrayDimension& dimension : array.dimensions) {
    append_integer<uint32_t>(SqlType::of(TypeId::kInt4), dimension.length, out);
    append_integer<uint32_t>(SqlType::of(TypeId::kInt4), dimension.lower, out);
  }
}

int32_t take_int4(std::string_view& bytes) {
  return static_cast<int32_t>(take_ordered(SqlType::of(TypeId::kInt4), bytes).as_int());
}

Datum take_array(const SqlType& element, std::string_view& bytes) {
  types::ArrayValue array;
  for (char mark = take_byte(bytes); mark != kEnd; mark = take_byte(bytes)) {
    array.elements.push_back(mark == kNullElement ? Datum::null() : take_ordered(element, bytes));
  }
  for (char left = take_byte(bytes); left > 0; --left) {
    int32_t length = take_int4(bytes);
    array.dimensions.push_back({length, take_int4(bytes)});
  }
  return Datum::bytes(types::encode_array(element, array));
}

void append_list(const SqlType& element, std::string_view bytes, std::string& out) {
  for (const Datum& value : types::decode_list(element, bytes)) {
    append_element(element, value, out);
  }
  out.push_back(kEnd);
}

Datum take_list(const SqlType& element, std::string_view& bytes) {
  std::vector<Datum> elements;
  for (char mark = take_byte(bytes); mark != kEnd; mark = take_byte(bytes)) {
    elements.push_back(mark == kNullElement ? Datum::null() : take_ordered(element, bytes));
  }
  return Datum::bytes(types::encode_list(element, elements));
}

// Each entry: kElement, its key, its value.
void append_map(const SqlType& type, std::string_view bytes, std::string& out) {
  for (const auto& [key, value] : types::decode_map(type, bytes)) {
    out.push_back(kElement);
    append_escaped(key, out);
    append_element(type, value, out);
  }
  out.push_back(kEnd);
}

Datum take_element(const SqlType& type, std::string_view& bytes) {
  return take_byte(bytes) == kNullElement ? Datum::null() : take_ordered(type, bytes);
}

Datum take_map(const SqlType& type, std::string_view& bytes) {
  std::vector<types::MapEntry> entries;
  while (take_byte(bytes) == kElement) {
    std::string key = take_escaped(bytes);
    entries.emplace_back(std::move(key), take_element(type, bytes));
  }
  return Datum::bytes(types::encode_map(type, std::move(entries)));
}

// As many fields as the type has: nothing marks the end.
void append_record(const types::RecordFields& fields, std::string_view bytes, std::string& out) {
  std::vector<Datum> values = types::decode_record(fields, bytes);
  for (size_t i = 0; i < fields.size(); ++i) {
    append_element(fields[i].type.type, values[i], out);
  }
}

Datum take_record(const types::RecordFields& fields, std::string_view& bytes) {
  std::vector<Datum> values;
  for (const types::ColumnDesc& field : fields) {
    values.push_back(take_element(field.type.type, bytes));
  }
  return Datum::bytes(types::encode_record(fields, values));
}

// A lower bound is exclusive behind its value, an upper one before it.
void append_bound(const SqlType& element, const types::RangeBound& bound, bool is_lower,
                  std::string& out) {
  // No lower bound is before all values, no upper bound behind them.
  out.push_back(!bound.is_infinite() ? kElement : is_lower ? kEnd : kNullElement);
  if (bound.is_infinite()) return;
  append_ordered(element, bound.value, out);
  out.push_back(bound.inclusive == is_lower ? 0 : 1);
}

types::RangeBound take_bound(const SqlType& element, bool is_lower, std::string_view& bytes) {
  types::RangeBound bound;
  if (take_byte(bytes) != kElement) return bound;
  bound.value = take_ordered(element, bytes);
  bound.inclusive = (take_byte(bytes) == 0) == is_lower;
  return bound;
}

// The empty one, which comes first, is kEnd alone.
void append_range(const SqlType& element, std::string_view bytes, std::string& out) {
  const types::RangeValue range = types::decode_range(element, bytes);
  out.push_back(range.empty ? kEnd : kElement);
  if (range.empty) return;
  append_bound(element, range.lower, true, out);
  append_bound(element, range.upper, false, out);
}

Datum take_range(const SqlType& element, std::string_view& bytes) {
  types::RangeValue range;
  range.empty = take_byte(bytes) == kEnd;
  if (!range.empty) {
    range.lower = take_bound(element, true, bytes);
    range.upper = take_bound(element, false, bytes);
  }
  return Datum::bytes(types::encode_range(element, range));
}

Datum take_fixed(const SqlType& type, PhysicalKind kind, std::string_view bytes) {
  switch (kind) {
    case PhysicalKind::kBool8:
      return Datum::boolean(bytes[0] != 0);
    case PhysicalKind::kInt16:
      return take_integer<uint16_t>(type, bytes);
    case PhysicalKind::kInt32:
      return take_integer<uint32_t>(type, bytes);
    case PhysicalKind::kInt64:
      return take_integer<uint64_t>(type, bytes);
    case PhysicalKind::kFloat32:
      return Datum::floating(
          static_cast<double>(float_from_ordered<float>(read_big_endian<uint32_t>(bytes.data()))));
    case PhysicalKind::kFloat64:
      return Datum::floating(float_from_ordered<double>(read_big_endian<uint64_t>(bytes.data())));
    default: {
      types::Fixed16 value;
      std::memcpy(value.data(), bytes.data(), value.size());
      return Datum::fixed16(type.id == TypeId::kInterval ? interval_from_ordered(value) : value);
    }
  }
}

}  // namespace

bool is_order_exact(const SqlType& type) {
  switch (type.id) {
    case TypeId::kFloat4:
    case TypeId::kFloat8:
    case TypeId::kBpchar:
      return false;
    case TypeId::kArray:
    case TypeId::kList:
    case TypeId::kMap:
      return is_order_exact(*type.element);
    case TypeId::kRecord:
      return std::ranges::all_of(*type.fields, [](const types::ColumnDesc& field) {
        return is_order_exact(field.type.type);
      });
    default:
      return true;
  }
}

std::string_view without_trailing_blanks(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void append_escaped(std::string_view text, std::string& out) {
  for (char byte : text) {
    out.push_back(byte);
    if (byte == '\0') out.push_back('\xff');
  }
  out.append(2, '\0');
}

void append_ordered(const SqlType& type, const Datum& value, std::string& out) {
  switch (types::physical_kind(type)) {
    case PhysicalKind::kBool8:
      return out.push_back(value.as_bool() ? 1 : 0);
    case PhysicalKind::kInt16:
      return append_integer<uint16_t>(type, value.as_int(), out);
    case PhysicalKind::kInt32:
      return append_integer<uint32_t>(type, value.as_int(), out);
    case PhysicalKind::kInt64:
      return append_integer<uint64_t>(type, value.as_int(), out);
    case PhysicalKind::kFloat32:
      return append_big_endian(ordered_from_float<uint32_t>(static_cast<float>(value.as_double())),
                               out);
    case PhysicalKind::kFloat64:
      return append_big_endian(ordered_from_float<uint64_t>(value.as_double()), out);
    case PhysicalKind::kFixed16: {
      types::Fixed16 bytes = value.as_fixed16();
      if (type.id == TypeId::kInterval) bytes = ordered_from_interval(bytes);
      out.append(bytes.data(), bytes.size());
      return;
    }
    case PhysicalKind::kBytes:
      break;
  }
  switch (type.id) {
    case TypeId::kNumeric:
      return types::Numeric::decode(value.as_bytes()).append_ordered(out);
    case TypeId::kJsonb:
      return append_jsonb(value.as_bytes(), out);
    case TypeId::kArray:
      return append_array(*type.element, value.as_bytes(), out);
    case TypeId::kList:
      return append_list(*type.element, value.as_bytes(), out);
    case TypeId::kRange:
      return append_range(*type.element, value.as_bytes(), out);
    case TypeId::kMap:
      return append_map(*type.element, value.as_bytes(), out);
    case TypeId::kRecord:
      return append_record(*type.fields, value.as_bytes(), out);
    case TypeId::kBpchar:
      return append_escaped(without_trailing_blanks(value.as_bytes()), out);
    default:
      return append_escaped(value.as_bytes(), out);
  }
}

Datum take_ordered(const SqlType& type, std::string_view& bytes) {
  PhysicalKind kind = types::physical_kind(type);
  if (kind != PhysicalKind::kBytes) {
    size_t size = types::physical_size(kind);
    CHECK_OP(>=, bytes.size(), size);
    Datum value = take_fixed(type, kind, bytes);
    bytes.remove_prefix(size);
    return value;
  }
  switch (type.id) {
    case TypeId::kNumeric:
      return Datum::bytes(types::Numeric::take_ordered(bytes).encoded());
    case TypeId::kJsonb: {
      std::string text;
      take_jsonb(bytes, text);
      return Datum::bytes(std::move(text));
    }
    case TypeId::kArray:
      return take_array(*type.element, bytes);
    case TypeId::kList:
      return take_list(*type.element, bytes);
    case TypeId::kRange:
      return take_range(*type.element, bytes);
    case TypeId::kMap:
      return take_map(*type.element, bytes);
    case TypeId::kRecord:
      return take_record(*type.fields, bytes);
    default:
      return Datum::bytes(take_escaped(bytes));
  }
}

}  // namespace penstock::data
