// Encoding, order and printing of arrays and records. Reading text is in array_parse.cc.
#include "types/array_value.h"

#include <algorithm>

#include "base/bytes_io.h"
#include "base/check.h"
#include "types/compare.h"
#include "types/text_io.h"
#include "types/type_name.h"

namespace penstock::types {
namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

void put_datum(const SqlType& type, const Datum& value, std::string& out) {
  out += static_cast<char>(value.is_null() ? 0 : 1);
  if (value.is_null()) return;
  switch (physical_kind(type)) {
    case PhysicalKind::kBool8:
      out += static_cast<char>(value.as_bool() ? 1 : 0);
      return;
    case PhysicalKind::kInt16:
      put_fixed(out, static_cast<int16_t>(value.as_int()));
      return;
    case PhysicalKind::kInt32:
      put_fixed(out, static_cast<int32_t>(value.as_int()));
      return;
    case PhysicalKind::kInt64:
      put_fixed(out, value.as_int());
      return;
    case PhysicalKind::kFloat32:
      put_fixed(out, static_cast<float>(value.as_double()));
      return;
    case PhysicalKind::kFloat64:
      put_fixed(out, value.as_double());
      return;
    case PhysicalKind::kFixed16:
      put_fixed(out, value.as_fixed16());
      return;
    case PhysicalKind::kBytes:
      put_string(out, value.as_bytes());
  }
}

Datum take_datum(const SqlType& type, ByteReader& in) {
  if (in.fixed<uint8_t>() == 0) return Datum::null();
  switch (physical_kind(type)) {
    case PhysicalKind::kBool8:
      return Datum::boolean(in.fixed<uint8_t>() != 0);
    case PhysicalKind::kInt16:
      return Datum::integer(in.fixed<int16_t>());
    case PhysicalKind::kInt32:
      return Datum::integer(in.fixed<int32_t>());
    case PhysicalKind::kInt64:
      return Datum::integer(in.fixed<int64_t>());
    case PhysicalKind::kFloat32:
      return Datum::floating(static_cast<double>(in.fixed<float>()));
    case PhysicalKind::kFloat64:
      return Datum::floating(in.fixed<double>());
    case PhysicalKind::kFixed16:
      return Datum::fixed16(in.fixed<Fixed16>());
    case PhysicalKind::kBytes:
      return Datum::bytes(std::string(in.string()));
  }
  return Datum::null();
}

std::strong_ordering compare_nullable(const SqlType& type, const Datum& left, const Datum& right) {
  if (left.is_null() || right.is_null()) return left.is_null() <=> right.is_null();
  return compare_values(type, left, right);
}

bool equals_null(std::string_view text) {
  return text.size() == 4 && (text[0] | 32) == 'n' && (text[1] | 32) == 'u' &&
         (text[2] | 32) == 'l' && (text[3] | 32) == 'l';
}

void append_element_text(const SqlType& type, const Datum& value, std::string& out) {
  if (value.is_null()) {
    out += "NULL";
    return;
  }
  std::string text;
  append_text(type, value, text);
  bool quote = text.empty() || equals_null(text);
  for (char c : text) {
    quote = quote || is_blank(c) || c == '{' || c == '}' || c == ',' || c == '"' || c == '\\';
  }
  if (!quote) {
    out += text;
    return;
  }
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

// Prints the sub-array of dimension `depth` whose first element is `*next`.
void append_dimension(const SqlType& type, const ArrayValue& array, size_t depth, size_t& next,
                      std::string& out) {
  out += '{';
  for (int32_t i = 0; i < array.dimensions[depth].length; ++i) {
    if (i > 0) out += ',';
    if (depth + 1 < array.dimensions.size()) {
      append_dimension(type, array, depth + 1, next, out);
    } else {
      append_element_text(type, array.elements[next++], out);
    }
  }
  out += '}';
}

}  // namespace

ArrayValue ArrayValue::one_dimensional(std::vector<Datum> elements) {
  ArrayValue out;
  if (!elements.empty()) out.dimensions.push_back({static_cast<int32_t>(elements.size()), 1});
  out.elements = std::move(elements);
  return out;
}

std::string encode_array(const SqlType& element, const ArrayValue& array) {
  std::string out;
  put_varint(out, array.dimensions.size());
  for (const ArrayDimension& dimension : array.dimensions) {
    put_varint(out, static_cast<uint64_t>(dimension.length));
    put_fixed(out, dimension.lower);
  }
  for (const Datum& value : array.elements) put_datum(element, value, out);
  return out;
}

ArrayValue decode_array(const SqlType& element, std::string_view bytes) {
  ByteReader in(bytes);
  ArrayValue out;
  size_t count = 0;
  size_t dimensions = in.varint();
  CHECK_OP(<=, dimensions, kMaxArrayDimensions);
  for (size_t i = 0; i < dimensions; ++i) {
    ArrayDimension dimension;
    dimension.length = static_cast<int32_t>(in.varint());
    dimension.lower = in.fixed<int32_t>();
    count = (i == 0 ? 1 : count) * static_cast<size_t>(dimension.length);
    out.dimensions.push_back(dimension);
  }
  out.elements.reserve(std::min(count, bytes.size()));
  for (size_t i = 0; i < count && !in.failed(); ++i) {
    out.elements.push_back(take_datum(element, in));
  }
  CHECK(!in.failed() && in.at_end());
  return out;
}

std::strong_ordering compare_arrays(const SqlType& element, std::string_view left,
                                    std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  ArrayValue a = decode_array(element, left);
  ArrayValue b = decode_array(element, right);
  size_t common = std::min(a.elements.size(), b.elements.size());
  for (size_t i = 0; i < common; ++i) {
    std::strong_ordering order = compare_nullable(element, a.elements[i], b.elements[i]);
    if (order != std::strong_ordering::equal) return order;
  }
  if (auto order = a.elements.size() <=> b.elements.size(); order != 0) return order;
  if (auto order = a.dimensions.size() <=> b.dimensions.size(); order != 0) return order;
  for (size_t i = 0; i < a.dimensions.size(); ++i) {
    const ArrayDimension& x = a.dimensions[i];
    const ArrayDimension& y = b.dimensions[i];
    if (auto order = std::pair(x.length, x.lower) <=> std::pair(y.length, y.lower); order != 0) {
      return order;
    }
  }
  return std::strong_ordering::equal;
}

void append_array_text(const SqlType& element, std::string_view bytes, std::string& out) {
  ArrayValue array = decode_array(element, bytes);
  if (array.dimensions.empty()) {
    out += "{}";
    return;
  }
  bool shifted = false;
  for (const ArrayDimension& dimension : array.dimensions) {
    shifted = shifted || dimension.lower != 1;
  }
  if (shifted) {
    for (const ArrayDimension& dimension : array.dimensions) {
      out += '[' + std::to_string(dimension.lower) + ':' +
             std::to_string(dimension.lower + dimension.length - 1) + ']';
    }
    out += '=';
  }
  size_t next = 0;
  append_dimension(element, array, 0, next, out);
}

std::string encode_record(const std::vector<RecordField>& fields) {
  std::string out;
  put_varint(out, fields.size());
  for (const auto& [type, value] : fields) {
    put_fixed(out, type_oid(type));
    put_datum(type, value, out);
  }
  return out;
}

std::vector<RecordField> decode_record(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<RecordField> out;
  uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && !in.failed(); ++i) {
    std::optional<SqlType> type = type_from_oid(in.fixed<uint32_t>());
    CHECK(type.has_value());
    out.emplace_back(*type, take_datum(*type, in));
  }
  CHECK(!in.failed() && in.at_end());
  return out;
}

std::strong_ordering compare_records(std::string_view left, std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  std::vector<RecordField> a = decode_record(left);
  std::vector<RecordField> b = decode_record(right);
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (auto order = type_oid(a[i].first) <=> type_oid(b[i].first); order != 0) return order;
    auto order = compare_nullable(a[i].first, a[i].second, b[i].second);
    if (order != std::strong_ordering::equal) return order;
  }
  return a.size() <=> b.size();
}

void append_record_text(std::string_view bytes, std::string& out) {
  out += '(';
  bool first = true;
  for (const auto& [type, value] : decode_record(bytes)) {
    if (!first) out += ',';
    first = false;
    if (value.is_null()) continue;
    std::string text;
    append_text(type, value, text);
    bool quote = text.empty();
    for (char c : text) {
      quote = quote || is_blank(c) || c == '(' || c == ')' || c == ',' || c == '"' || c == '\\';
    }
    if (quote) out += '"';
    for (char c : text) {
      if (quote && (c == '"' || c == '\\')) out += c;
      out += c;
    }
    if (quote) out += '"';
  }
  out += ')';
}

}  // namespace penstock::types
