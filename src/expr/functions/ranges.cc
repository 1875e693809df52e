// Ranges: constructors, bounds, containment, order of place, union, intersection, difference.
#include <algorithm>

#include "expr/functions/call_kernel.h"
#include "expr/functions/families.h"
#include "types/compare.h"
#include "types/range_value.h"

namespace penstock::expr {
namespace {

using std::string;
using std::string_view;
using types::Datum;
using types::RangeBound;
using types::RangeEnd;
using types::RangeValue;
using types::SqlType;
using types::TypeId;
using enum TypeId;

RangeValue range_at(const KernelCall& call, size_t argument, size_t row) {
  return types::decode_range(element_type(call, argument), call.arguments[argument].bytes(row));
}

// --- constructors ---

Result<string> construct(const KernelCall& call, size_t row, string_view flags) {
  const SqlType& element = *call.type.element;
  RangeBound lower{call.arguments[0].datum(row), flags[0] == '['};
  RangeBound upper{call.arguments[1].datum(row), flags[1] == ']'};
  ASSIGN_OR_RETURN(RangeValue range,
                   types::make_range(element, std::move(lower), std::move(upper)));
  return types::encode_range(element, range);
}
Result<string> construct_half_open(const KernelCall& call, size_t row) {
  return construct(call, row, "[)");
}
Result<string> construct_with_flags(const KernelCall& call, size_t row) {
  if (call.arguments[2].is_null(row)) {
    return fail(sql_state::kDataException, "range constructor flags argument must not be null");
  }
  const string_view flags = call.arguments[2].bytes(row);
  constexpr string_view kFlags[] = {"[]", "[)", "(]", "()"};
  if (std::ranges::find(kFlags, flags) == std::end(kFlags)) {
    return fail(Error(sql_state::kDataException, "invalid range bound flags")
                    .with_hint(R"hint(Valid values are "[]", "[)", "(]", and "()".)hint"));
  }
  return construct(call, row, flags);
}

// --- bounds ---

template <RangeEnd end>
void bound_of(KernelCall& call) {
  call.rows.for_each([&](size_t row) {
    const RangeValue range = range_at(call, 0, row);
    const Datum& value = end == RangeEnd::kLower ? range.lower.value : range.upper.value;
    if (value.is_null()) {
      call.out.set_null(row);
    } else {
      call.out.set_datum(row, value);
    }
  });
}
template <uint8_t flag>
bool has_flag(string_view range) {
  return (static_cast<uint8_t>(range[0]) & flag) != 0;
}

// --- where ranges lie; none of the two is empty ---

// Two ranges of one type in a row.
struct Pair {
  const SqlType& element;
  RangeValue a;
  RangeValue b;

  std::strong_ordering lowers() const {
    return types::compare_bounds(element, a.lower, RangeEnd::kLower, b.lower, RangeEnd::kLower);
  }
  std::strong_ordering uppers() const {
    return types::compare_bounds(element, a.upper, RangeEnd::kUpper, b.upper, RangeEnd::kUpper);
  }
  std::strong_ordering lower_to_upper() const {
    return types::compare_bounds(element, a.lower, RangeEnd::kLower, b.upper, RangeEnd::kUpper);
  }
  std::strong_ordering upper_to_lower() const {
    return types::compare_bounds(element, a.upper, RangeEnd::kUpper, b.lower, RangeEnd::kLower);
  }

  bool overlap() const { return lower_to_upper() <= 0 && upper_to_lower() >= 0; }
  bool touch() const { return meet(a.upper, b.lower) || meet(b.upper, a.lower); }

 private:
  // Nothing is between them and nothing in both.
  bool meet(const RangeBound& upper, const RangeBound& lower) const {
    return !upper.is_infinite() && !lower.is_infinite() && upper.inclusive != lower.inclusive &&
           types::compare_values(element, upper.value, lower.value) == 0;
  }
};

Pair pair_at(const KernelCall& call, size_t row) {
  return {element_type(call, 0), range_at(call, 0, row), range_at(call, 1, row)};
}

using Question = bool (*)(const Pair&);
// False where one is empty.
template <Question question>
bool ask(const KernelCall& call, size_t row) {
  const Pair pair = pair_at(call, row);
  return !pair.a.empty && !pair.b.empty && question(pair);
}
template <Question question>
constexpr FunctionSpec place(string_view name) {
  return entry(name, {kAnyRange, kAnyRange}, kBool, call_kernel<ask<question>>());
}

bool overlap(const Pair& pair) {
  return pair.overlap();
}
bool touch(const Pair& pair) {
  return pair.touch();
}
bool left_of(const Pair& pair) {
  return pair.upper_to_lower() < 0;
}
bool right_of(const Pair& pair) {
  return pair.lower_to_upper() > 0;
}
bool not_right_of(const Pair& pair) {
  return pair.uppers() <= 0;
}
bool not_left_of(const Pair& pair) {
  return pair.lowers() >= 0;
}

// --- containment ---

template <size_t whole>
bool contains_range(const KernelCall& call, size_t row) {
  Pair pair = pair_at(call, row);
  if (whole == 1) std::swap(pair.a, pair.b);
  if (pair.b.empty) return true;
  return !pair.a.empty && pair.lowers() <= 0 && pair.uppers() >= 0;
}
template <size_t range>
bool contains_element(const KernelCall& call, size_t row) {
  const SqlType& element = element_type(call, range);
  const RangeValue whole = range_at(call, range, row);
  const RangeBound point{call.arguments[1 - range].datum(row), true};
  return !whole.empty &&
         types::compare_bounds(element, whole.lower, RangeEnd::kLower, point, RangeEnd::kLower) <=
             0 &&
         types::compare_bounds(element, whole.upper, RangeEnd::kUpper, point, RangeEnd::kUpper) >=
             0;
}

// --- union, intersection, difference ---

Result<RangeValue> unite(Pair pair) {
  if (pair.a.empty) return std::move(pair.b);
  if (pair.b.empty) return std::move(pair.a);
  if (!pair.overlap() && !pair.touch()) {
    return fail(sql_state::kDataException, "result of range union would not be contiguous");
  }
  RangeValue out;
  out.lower = pair.lowers() <= 0 ? pair.a.lower : pair.b.lower;
  out.upper = pair.uppers() >= 0 ? pair.a.upper : pair.b.upper;
  return out;
}

Result<RangeValue> intersect(Pair pair) {
  if (pair.a.empty || pair.b.empty || !pair.overlap()) return RangeValue{.empty = true};
  return types::make_range(pair.element, pair.lowers() >= 0 ? pair.a.lower : pair.b.lower,
                           pair.uppers() <= 0 ? pair.a.upper : pair.b.upper);
}

Result<RangeValue> subtract(Pair pair) {
  if (pair.a.empty || pair.b.empty || !pair.overlap()) return std::move(pair.a);
  const bool begins_before = pair.lowers() < 0;
  const bool ends_behind = pair.uppers() > 0;
  if (begins_before && ends_behind) {
    return fail(sql_state::kDataException, "result of range difference would not be contiguous");
  }
  auto beside = [](RangeBound bound) {
    bound.inclusive = !bound.inclusive;
    return bound;
  };
  if (begins_before) return types::make_range(pair.element, pair.a.lower, beside(pair.b.lower));
  if (ends_behind) return types::make_range(pair.element, beside(pair.b.upper), pair.a.upper);
  return RangeValue{.empty = true};
}

using Combination = Result<RangeValue> (*)(Pair);
template <Combination combination>
Result<string> combine(const KernelCall& call, size_t row) {
  ASSIGN_OR_RETURN(RangeValue range, combination(pair_at(call, row)));
  return types::encode_range(element_type(call, 0), range);
}
template <Combination combination>
constexpr FunctionSpec made_of_two(string_view name) {
  return entry(name, {kAnyRange, kAnyRange}, kAnyRange,
               failing_call_kernel<combine<combination>>());
}

constexpr FunctionSpec constructor(string_view name, TypeId element) {
  return seeing_nulls(entry(name, {element, element}, range_of(element),
                            failing_call_kernel<construct_half_open>()),
                      Nullability::kNever);
}
constexpr FunctionSpec constructor_with_flags(string_view name, TypeId element) {
  return seeing_nulls(entry(name, {element, element, kText}, range_of(element),
                            failing_call_kernel<construct_with_flags>()),
                      Nullability::kNever);
}
template <RangeEnd end>
constexpr FunctionSpec end_of(string_view name) {
  return with_nullability(entry(name, {kAnyRange}, kAnyElement, batch_kernel(bound_of<end>)),
                          Nullability::kAlways);
}
template <uint8_t flag>
constexpr FunctionSpec flag_of(string_view name) {
  return entry(name, {kAnyRange}, kBool, row_kernel<has_flag<flag>>);
}

constexpr FunctionSpec kFunctions[] = {
    constructor("int4range", kInt4),
    constructor_with_flags("int4range", kInt4),
    constructor("int8range", kInt8),
    constructor_with_flags("int8range", kInt8),
    constructor("numrange", kNumeric),
    constructor_with_flags("numrange", kNumeric),
    constructor("daterange", kDate),
    constructor_with_flags("daterange", kDate),
    constructor("tsrange", kTimestamp),
    constructor_with_flags("tsrange", kTimestamp),
    constructor("tstzrange", kTimestampTz),
    constructor_with_flags("tstzrange", kTimestampTz),
    end_of<RangeEnd::kLower>("lower"),
    end_of<RangeEnd::kUpper>("upper"),
    flag_of<types::kRangeEmpty>("isempty"),
    flag_of<types::kRangeLowerInclusive>("lower_inc"),
    flag_of<types::kRangeUpperInclusive>("upper_inc"),
    flag_of<types::kRangeLowerInfinite>("lower_inf"),
    flag_of<types::kRangeUpperInfinite>("upper_inf"),
    entry("@>", {kAnyRange, kAnyRange}, kBool, call_kernel<contains_range<0>>()),
    entry("<@", {kAnyRange, kAnyRange}, kBool, call_kernel<contains_range<1>>()),
    entry("@>", {kAnyRange, kAnyElement}, kBool, call_kernel<contains_element<0>>()),
    entry("<@", {kAnyElement, kAnyRange}, kBool, call_kernel<contains_element<1>>()),
    place<overlap>("&&"),
    place<touch>("-|-"),
    place<left_of>("<<"),
    place<right_of>(">>"),
    place<not_right_of>("&<"),
    place<not_left_of>("&>"),
    made_of_two<unite>("+"),
    made_of_two<intersect>("*"),
    made_of_two<subtract>("-"),
};

}  // namespace

std::span<const FunctionSpec> range_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
