// Ranges of ordered values, held in kBytes by a canonical encoding: equal ranges have equal bytes.
//
// Bytes: a byte of flags (1 empty, 2 lower bound inclusive, 4 upper bound inclusive, 8 no lower
// bound, 16 no upper bound: PostgreSQL's own), then the bounds that there are, each an element
// (element.h).
//
// All of these REQUIRE an element type that ranges are of, and bytes that were encoded for it.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::types {

inline constexpr uint8_t kRangeEmpty = 1;
inline constexpr uint8_t kRangeLowerInclusive = 2;
inline constexpr uint8_t kRangeUpperInclusive = 4;
inline constexpr uint8_t kRangeLowerInfinite = 8;
inline constexpr uint8_t kRangeUpperInfinite = 16;

// One end of a range. A NULL value: there is none, and then it is not inclusive.
struct RangeBound {
  Datum value = {};
  bool inclusive = false;
  bool is_infinite() const { return value.is_null(); }
};

struct RangeValue {
  bool empty = false;  // Then there are no bounds.
  RangeBound lower = {};
  RangeBound upper = {};
  uint8_t flags() const;
};

// int4, int8, date: of these a range begins with its lower bound and ends before its upper one.
bool is_discrete(const SqlType& element);

// The canonical form of a range with these bounds. Errors: 22000 for bounds out of order, 22003 and
// 22008 when a bound's successor is no value.
Result<RangeValue> make_range(const SqlType& element, RangeBound lower, RangeBound upper);

std::string encode_range(const SqlType& element, const RangeValue& range);
RangeValue decode_range(const SqlType& element, std::string_view bytes);

enum class RangeEnd { kLower, kUpper };
// Where two ends lie, either of either kind: an exclusive lower bound lies behind its value, an
// exclusive upper bound before it.
std::strong_ordering compare_bounds(const SqlType& element, const RangeBound& left,
                                    RangeEnd left_end, const RangeBound& right, RangeEnd right_end);
// The empty range first, then by lower bound, then by upper bound.
std::strong_ordering compare_ranges(const SqlType& element, std::string_view left,
                                    std::string_view right);

// empty, [1,4), (,5]: a bound is quoted when empty or containing ( ) [ ] , " \ or white space.
void append_range_text(const SqlType& element, std::string_view bytes, std::string& out);
Result<std::string> parse_range(const SqlType& element, std::string_view text);

}  // namespace penstock::types
