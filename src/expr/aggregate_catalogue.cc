// The table of aggregates.
#include "expr/aggregate_catalogue.h"

#include <algorithm>

namespace penstock::expr {
namespace {

using types::ColumnType;
using types::SqlType;
using types::TypeId;

constexpr AggregateSpec plain(std::string_view name, TypePattern argument, AggregateKind kind,
                              TypePattern result, int32_t modifier) {
  AggregateSpec out;
  out.name = name;
  out.argument = argument;
  out.kind = kind;
  out.result = result;
  out.result_modifier = modifier;
  return out;
}
constexpr AggregateSpec sum(TypeId argument, AggregateKind kind, TypeId result) {
  bool integer = kind == AggregateKind::kSumInt8 || kind == AggregateKind::kSumUInt8;
  return plain("sum", argument, kind, result, integer ? 0 : -1);
}
constexpr AggregateSpec extreme(AggregateKind kind, TypeId type) {
  return plain(kind == AggregateKind::kMin ? "min" : "max", type, kind, type, -1);
}
constexpr AggregateSpec gathering(std::string_view name, TypePattern argument, TypePattern second,
                                  AggregateKind kind, TypePattern result) {
  AggregateSpec out = plain(name, argument, kind, result, -1);
  out.second = second;
  return out;
}
constexpr AggregateSpec rewritten(std::string_view name, AggregateRewrite rewrite, TypeId argument,
                                  TypeId sum_type) {
  AggregateSpec out;
  out.name = name;
  out.argument = argument;
  out.rewrite = rewrite;
  out.sum_type = sum_type;
  // A mean of float4 is float8's only inside the rewrite of variances.
  out.result = sum_type;
  return out;
}

constexpr TypeId kNumbers[] = {TypeId::kInt2,   TypeId::kInt4,   TypeId::kInt8,
                               TypeId::kUInt2,  TypeId::kUInt4,  TypeId::kUInt8,
                               TypeId::kFloat4, TypeId::kFloat8, TypeId::kNumeric};
constexpr TypeId kOrdered[] = {
    TypeId::kBool,   TypeId::kInt2,     TypeId::kInt4,        TypeId::kInt8,
    TypeId::kUInt2,  TypeId::kUInt4,    TypeId::kUInt8,       TypeId::kFloat4,
    TypeId::kFloat8, TypeId::kNumeric,  TypeId::kText,        TypeId::kBpchar,
    TypeId::kDate,   TypeId::kTime,     TypeId::kTimestamp,   TypeId::kTimestampTz,
    TypeId::kOid,    TypeId::kInterval, TypeId::kMzTimestamp,
};

struct Rewrite {
  std::string_view name;
  AggregateRewrite rewrite;
};
constexpr Rewrite kRewrites[] = {
    {"avg", AggregateRewrite::kAverage},           {"variance", AggregateRewrite::kVarianceSamp},
    {"var_samp", AggregateRewrite::kVarianceSamp}, {"var_pop", AggregateRewrite::kVariancePop},
    {"stddev", AggregateRewrite::kStddevSamp},     {"stddev_samp", AggregateRewrite::kStddevSamp},
    {"stddev_pop", AggregateRewrite::kStddevPop},
};

constexpr AggregateSpec kPlain[] = {
    plain("count", kAny, AggregateKind::kCount, TypeId::kInt8, -1),
    sum(TypeId::kInt2, AggregateKind::kSumInt, TypeId::kInt8),
    sum(TypeId::kInt4, AggregateKind::kSumInt, TypeId::kInt8),
    sum(TypeId::kInt8, AggregateKind::kSumInt8, TypeId::kNumeric),
    sum(TypeId::kUInt2, AggregateKind::kSumUInt, TypeId::kUInt8),
    sum(TypeId::kUInt4, AggregateKind::kSumUInt, TypeId::kUInt8),
    sum(TypeId::kUInt8, AggregateKind::kSumUInt8, TypeId::kNumeric),
    sum(TypeId::kFloat4, AggregateKind::kSumFloat4, TypeId::kFloat4),
    sum(TypeId::kFloat8, AggregateKind::kSumFloat8, TypeId::kFloat8),
    sum(TypeId::kNumeric, AggregateKind::kSumNumeric, TypeId::kNumeric),
    plain("bool_and", TypeId::kBool, AggregateKind::kBoolAnd, TypeId::kBool, -1),
    plain("bool_or", TypeId::kBool, AggregateKind::kBoolOr, TypeId::kBool, -1),
    gathering("array_agg", kAnyElement, {}, AggregateKind::kArrayAgg, kAnyArray),
    gathering("list_agg", kAnyElement, {}, AggregateKind::kListAgg, kAnyList),
    gathering("map_agg", TypeId::kText, kAnyElement, AggregateKind::kMapAgg, kAnyMap),
};

constexpr TypeId sum_type_of(AggregateRewrite rewrite, TypeId argument) {
  if (argument == TypeId::kFloat8) return TypeId::kFloat8;
  if (argument != TypeId::kFloat4) return TypeId::kNumeric;
  return rewrite == AggregateRewrite::kAverage ? TypeId::kFloat4 : TypeId::kFloat8;
}

constexpr size_t kNumAggregates =
    std::size(kPlain) + 2 * std::size(kOrdered) + std::size(kRewrites) * std::size(kNumbers);

constexpr std::array<AggregateSpec, kNumAggregates> all() {
  std::array<AggregateSpec, kNumAggregates> out;
  size_t next = 0;
  for (const AggregateSpec& aggregate : kPlain) out[next++] = aggregate;
  for (TypeId type : kOrdered) out[next++] = extreme(AggregateKind::kMin, type);
  for (TypeId type : kOrdered) out[next++] = extreme(AggregateKind::kMax, type);
  for (const Rewrite& rewrite : kRewrites) {
    for (TypeId type : kNumbers) {
      out[next++] =
          rewritten(rewrite.name, rewrite.rewrite, type, sum_type_of(rewrite.rewrite, type));
    }
  }
  return out;
}
constexpr std::array<AggregateSpec, kNumAggregates> kAggregates = all();

}  // namespace

std::span<const AggregateSpec> all_aggregates() {
  return kAggregates;
}

std::vector<const AggregateSpec*> aggregates_named(std::string_view name) {
  std::vector<const AggregateSpec*> out;
  for (const AggregateSpec& aggregate : kAggregates) {
    if (aggregate.name == name) out.push_back(&aggregate);
  }
  return out;
}

const AggregateSpec* find_aggregate(std::string_view name, TypeId argument) {
  for (const AggregateSpec& aggregate : kAggregates) {
    bool fits = aggregate.argument.kind == PatternKind::kAny || aggregate.argument.type == argument;
    if (aggregate.name == name && fits) return &aggregate;
  }
  return nullptr;
}

ColumnType aggregate_type(const AggregateSpec& aggregate, const ColumnType& argument, bool global) {
  SqlType type = SqlType::of(aggregate.result.type);
  type.modifier = aggregate.result_modifier;
  if (aggregate.rewrite != AggregateRewrite::kNone) return {std::move(type), true};
  // Sums, least and greatest have no more fractional digits than what they are of.
  const bool of_numeric = argument.type.id == TypeId::kNumeric && type.id == TypeId::kNumeric;
  if (of_numeric) type.modifier = argument.type.modifier;
  if (aggregate.kind == AggregateKind::kCount) return {std::move(type), false};
  return {std::move(type), global || argument.nullable};
}

}  // namespace penstock::expr
