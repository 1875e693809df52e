// Aggregates by name and argument type: what the dataflow maintains, or a rewrite that the binder
// makes out of such aggregates and scalar functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "expr/aggregate.h"
#include "expr/function_spec.h"

namespace penstock::expr {

// With n = count(x), s = sum(x), q = sum(x * x), all over the argument cast to `argument`:
enum class AggregateRewrite : uint8_t {
  kNone,          // The aggregate itself.
  kAverage,       // s / n; NULL when n = 0.
  kVariancePop,   // greatest((q - s * s / n) / n, 0); NULL when n = 0.
  kVarianceSamp,  // greatest((q - s * s / n) / (n - 1), 0); NULL when n <= 1.
  kStddevPop,     // sqrt of the variance.
  kStddevSamp,
};

struct AggregateSpec {
  std::string_view name;
  TypePattern argument;  // kAny for count.
  TypePattern second;    // Of those that gather pairs: the value; otherwise kUnknown.
  AggregateKind kind = AggregateKind::kCount;
  AggregateRewrite rewrite = AggregateRewrite::kNone;
  // What the argument is cast to before it is summed, where that is not its own type: rewrites sum
  // in numeric or float8.
  types::TypeId sum_type = types::TypeId::kUnknown;
  TypePattern result;
  int32_t result_modifier = -1;  // sum(int8) is numeric with scale 0.
};

std::span<const AggregateSpec> all_aggregates();
// The overloads of a name; resolved by the binder as functions are.
std::vector<const AggregateSpec*> aggregates_named(std::string_view name);
// The overload for an argument of exactly this type; null when there is none.
const AggregateSpec* find_aggregate(std::string_view name, types::TypeId argument);
// Of the result: count never NULL; others nullable iff the argument is, or `global` (no GROUP BY);
// rewrites always nullable.
types::ColumnType aggregate_type(const AggregateSpec& aggregate, const types::ColumnType& argument,
                                 bool global);

}  // namespace penstock::expr
