// Arrays, held in kBytes by a canonical encoding: equal values have equal bytes as long as their
// elements do.
//
// Bytes: varint number of dimensions; for each, varint length and i32 lower bound; then the
// elements (element.h) in row-major order.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::types {

inline constexpr size_t kMaxArrayDimensions = 6;

struct ArrayDimension {
  int32_t length = 0;
  int32_t lower = 1;
  friend bool operator==(const ArrayDimension&, const ArrayDimension&) = default;
};

// The empty array has no dimensions. Invariant: elements.size() is the product of the lengths.
struct ArrayValue {
  std::vector<ArrayDimension> dimensions;
  std::vector<Datum> elements;

  static ArrayValue one_dimensional(std::vector<Datum> elements);
  friend bool operator==(const ArrayValue&, const ArrayValue&) = default;
};

std::string encode_array(const SqlType& element, const ArrayValue& array);
// REQUIRES: bytes that encode_array made for this element type.
ArrayValue decode_array(const SqlType& element, std::string_view bytes);
// By elements in order (NULL greatest), then number of elements, then shape.
std::strong_ordering compare_arrays(const SqlType& element, std::string_view left,
                                    std::string_view right);

void append_array_text(const SqlType& element, std::string_view bytes, std::string& out);
Result<std::string> parse_array(const SqlType& element, std::string_view text);

}  // namespace penstock::types
