// x op ANY (array or list), x op ALL (array or list).
#include "expr/functions/call_kernel.h"
#include "expr/functions/families.h"
#include "types/array_value.h"
#include "types/compare.h"
#include "types/nested_value.h"

namespace penstock::expr {
namespace {

using std::optional;
using types::Datum;
using enum types::TypeId;

std::vector<Datum> elements_at(const KernelCall& call, size_t row) {
  std::string_view bytes = call.arguments[1].bytes(row);
  if (call.argument_types[1].id == kList) {
    return types::decode_list(element_type(call, 1), bytes);
  }
  return types::decode_array(element_type(call, 1), bytes).elements;
}

struct Equal {
  static bool holds(std::strong_ordering order) { return order == 0; }
};
struct NotEqual {
  static bool holds(std::strong_ordering order) { return order != 0; }
};
struct Less {
  static bool holds(std::strong_ordering order) { return order < 0; }
};
struct LessOrEqual {
  static bool holds(std::strong_ordering order) { return order <= 0; }
};
struct Greater {
  static bool holds(std::strong_ordering order) { return order > 0; }
};
struct GreaterOrEqual {
  static bool holds(std::strong_ordering order) { return order >= 0; }
};

// ANY looks for a true, ALL for a false; failing that, a NULL makes the answer NULL.
template <typename Op, bool any>
optional<bool> quantified(const KernelCall& call, size_t row) {
  if (call.arguments[1].is_null(row)) return std::nullopt;
  Datum value = call.arguments[0].datum(row);
  bool null = false;
  for (const Datum& element : elements_at(call, row)) {
    if (value.is_null() || element.is_null()) {
      null = true;
    } else if (Op::holds(types::compare_values(call.argument_types[0], value, element)) == any) {
      return any;
    }
  }
  if (null) return std::nullopt;
  return !any;
}
template <typename Op, bool any>
constexpr FunctionSpec quantifier(std::string_view name, TypePattern container) {
  return with_nulls(
      entry(name, {kAnyCompatible, container}, kBool, call_kernel<quantified<Op, any>>()));
}

constexpr FunctionSpec kFunctions[] = {
    quantifier<Equal, true>("any_eq", kAnyCompatibleArray),
    quantifier<Equal, true>("any_eq", kAnyCompatibleList),
    quantifier<NotEqual, true>("any_ne", kAnyCompatibleArray),
    quantifier<NotEqual, true>("any_ne", kAnyCompatibleList),
    quantifier<Less, true>("any_lt", kAnyCompatibleArray),
    quantifier<Less, true>("any_lt", kAnyCompatibleList),
    quantifier<LessOrEqual, true>("any_le", kAnyCompatibleArray),
    quantifier<LessOrEqual, true>("any_le", kAnyCompatibleList),
    quantifier<Greater, true>("any_gt", kAnyCompatibleArray),
    quantifier<Greater, true>("any_gt", kAnyCompatibleList),
    quantifier<GreaterOrEqual, true>("any_ge", kAnyCompatibleArray),
    quantifier<GreaterOrEqual, true>("any_ge", kAnyCompatibleList),
    quantifier<Equal, false>("all_eq", kAnyCompatibleArray),
    quantifier<Equal, false>("all_eq", kAnyCompatibleList),
    quantifier<NotEqual, false>("all_ne", kAnyCompatibleArray),
    quantifier<NotEqual, false>("all_ne", kAnyCompatibleList),
    quantifier<Less, false>("all_lt", kAnyCompatibleArray),
    quantifier<Less, false>("all_lt", kAnyCompatibleList),
    quantifier<LessOrEqual, false>("all_le", kAnyCompatibleArray),
    quantifier<LessOrEqual, false>("all_le", kAnyCompatibleList),
    quantifier<Greater, false>("all_gt", kAnyCompatibleArray),
    quantifier<Greater, false>("all_gt", kAnyCompatibleList),
    quantifier<GreaterOrEqual, false>("all_ge", kAnyCompatibleArray),
    quantifier<GreaterOrEqual, false>("all_ge", kAnyCompatibleList),
};

}  // namespace

std::span<const FunctionSpec> quantified_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
