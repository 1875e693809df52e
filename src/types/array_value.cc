// Encoding, order and printing of arrays. Reading text is in array_parse.cc.
#include "types/array_value.h"

#include <algorithm>

#include "base/check.h"
#include "types/element.h"

namespace penstock::types {
namespace {

// Prints the sub-array of dimension `depth` whose first element is `*next`.
void append_dimension(const SqlType& type, const ArrayValue& array, size_t depth, size_t& next,
                      std::string& out) {
  out += '{';
  for (int32_t i = 0; i < array.dimensions[depth].length; ++i) {
    if (i > 0) out += ',';
    if (depth + 1 < array.dimensions.size()) {
      append_dimension(type, array, depth + 1, next, out);
    } else {
      append_element_text(type, array.elements[next++], "", out);
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
  for (const Datum& value : array.elements) put_element(element, value, out);
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
    out.elements.push_back(take_element(element, in));
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
    std::strong_ordering order = compare_elements(element, a.elements[i], b.elements[i]);
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

}  // namespace penstock::types
