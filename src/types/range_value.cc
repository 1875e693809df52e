// Encoding, canonical form, order and printing of ranges. Reading text is in range_parse.cc.
#include "types/range_value.h"

#include <limits>

#include "base/check.h"
#include "types/compare.h"
#include "types/date_time.h"
#include "types/element.h"
#include "types/text_io.h"

namespace penstock::types {

namespace {

// The next value of a discrete type.
Result<Datum> successor(TypeId element, int64_t value) {
  if (element == TypeId::kDate) {
    if (value == kMaxDate) return fail(sql_state::kDatetimeOverflow, "date out of range");
  } else {
    const int64_t last = element == TypeId::kInt4 ? std::numeric_limits<int32_t>::max()
                                                  : std::numeric_limits<int64_t>::max();
    if (value == last) {
      return fail(sql_state::kNumericOutOfRange,
                  element == TypeId::kInt4 ? "integer out of range" : "bigint out of range");
    }
  }
  return Datum::integer(value + 1);
}

// [from, to) of a discrete type.
Status make_half_open(const SqlType& element, RangeBound& lower, RangeBound& upper) {
  if (!lower.is_infinite() && !lower.inclusive) {
    ASSIGN_OR_RETURN(lower.value, successor(element.id, lower.value.as_int()));
    lower.inclusive = true;
  }
  if (!upper.is_infinite() && upper.inclusive) {
    ASSIGN_OR_RETURN(upper.value, successor(element.id, upper.value.as_int()));
    upper.inclusive = false;
  }
  return {};
}

bool holds_nothing(const SqlType& element, const RangeBound& lower, const RangeBound& upper) {
  if (lower.is_infinite() || upper.is_infinite()) return false;
  auto order = compare_values(element, lower.value, upper.value);
  return order > 0 || (order == 0 && !(lower.inclusive && upper.inclusive));
}

void append_bound(const SqlType& element, const RangeBound& bound, std::string& out) {
  if (bound.is_infinite()) return;
  std::string text;
  append_text(element, bound.value, text);
  append_doubling_quotes(text, "()[],", out);
}

}  // namespace

uint8_t RangeValue::flags() const {
  if (empty) return kRangeEmpty;
  int out = 0;
  if (lower.inclusive) out |= kRangeLowerInclusive;
  if (upper.inclusive) out |= kRangeUpperInclusive;
  if (lower.is_infinite()) out |= kRangeLowerInfinite;
  if (upper.is_infinite()) out |= kRangeUpperInfinite;
  return static_cast<uint8_t>(out);
}

bool is_discrete(const SqlType& element) {
  return element.id == TypeId::kInt4 || element.id == TypeId::kInt8 || element.id == TypeId::kDate;
}

Result<RangeValue> make_range(const SqlType& element, RangeBound lower, RangeBound upper) {
  if (lower.is_infinite()) lower.inclusive = false;
  if (upper.is_infinite()) upper.inclusive = false;
  if (!lower.is_infinite() && !upper.is_infinite() &&
      compare_values(element, lower.value, upper.value) > 0) {
    return fail(sql_state::kDataException,
                "range lower bound must be less than or equal to range upper bound");
  }
  if (holds_nothing(element, lower, upper)) return RangeValue{.empty = true};
  if (is_discrete(element)) {
    RETURN_IF_ERROR(make_half_open(element, lower, upper));
    if (holds_nothing(element, lower, upper)) return RangeValue{.empty = true};
  }
  return RangeValue{false, std::move(lower), std::move(upper)};
}

std::string encode_range(const SqlType& element, const RangeValue& range) {
  std::string out(1, static_cast<char>(range.flags()));
  if (range.empty) return out;
  if (!range.lower.is_infinite()) put_element(element, range.lower.value, out);
  if (!range.upper.is_infinite()) put_element(element, range.upper.value, out);
  return out;
}

RangeValue decode_range(const SqlType& element, std::string_view bytes) {
  ByteReader in(bytes);
  const auto flags = in.fixed<uint8_t>();
  RangeValue out;
  out.empty = (flags & kRangeEmpty) != 0;
  if (!out.empty) {
    if ((flags & kRangeLowerInfinite) == 0) out.lower.value = take_element(element, in);
    if ((flags & kRangeUpperInfinite) == 0) out.upper.value = take_element(element, in);
    out.lower.inclusive = (flags & kRangeLowerInclusive) != 0;
    out.upper.inclusive = (flags & kRangeUpperInclusive) != 0;
  }
  CHECK(!in.failed() && in.at_end());
  return out;
}

std::strong_ordering compare_bounds(const SqlType& element, const RangeBound& left,
                                    RangeEnd left_end, const RangeBound& right,
                                    RangeEnd right_end) {
  // -1 before every value, 0 a value, 1 behind every value.
  auto place = [](const RangeBound& bound, RangeEnd end) {
    if (!bound.is_infinite()) return 0;
    return end == RangeEnd::kLower ? -1 : 1;
  };
  const int left_place = place(left, left_end);
  const int right_place = place(right, right_end);
  if (left_place != 0 || right_place != 0) return left_place <=> right_place;
  auto order = compare_values(element, left.value, right.value);
  if (order != 0) return order;
  auto beside = [](const RangeBound& bound, RangeEnd end) {
    if (bound.inclusive) return 0;
    return end == RangeEnd::kLower ? 1 : -1;
  };
  return beside(left, left_end) <=> beside(right, right_end);
}

std::strong_ordering compare_ranges(const SqlType& element, std::string_view left,
                                    std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  const RangeValue a = decode_range(element, left);
  const RangeValue b = decode_range(element, right);
  if (a.empty || b.empty) return b.empty <=> a.empty;
  auto order = compare_bounds(element, a.lower, RangeEnd::kLower, b.lower, RangeEnd::kLower);
  if (order != 0) return order;
  return compare_bounds(element, a.upper, RangeEnd::kUpper, b.upper, RangeEnd::kUpper);
}

void append_range_text(const SqlType& element, std::string_view bytes, std::string& out) {
  const RangeValue range = decode_range(element, bytes);
  if (range.empty) {
    out += "empty";
    return;
  }
  out += range.lower.inclusive ? '[' : '(';
  append_bound(element, range.lower, out);
  out += ',';
  append_bound(element, range.upper, out);
  out += range.upper.inclusive ? ']' : ')';
}

}  // namespace penstock::types
