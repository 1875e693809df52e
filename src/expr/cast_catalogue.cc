// The index of casts and the choice among them.
#include "expr/cast_catalogue.h"

#include <absl/container/flat_hash_map.h>

#include <utility>
#include <vector>

#include "expr/casts/cast_tables.h"

namespace penstock::expr {
namespace {

using types::SqlType;
using types::TypeId;
using Pair = std::pair<TypeId, TypeId>;

const std::vector<CastEntry>& entries() {
  static const std::vector<CastEntry> kEntries = [] {
    std::vector<CastEntry> out;
    for (auto table : {number_casts(), text_casts(), time_casts(), json_casts(), array_casts(),
                       nested_casts()}) {
      out.insert(out.end(), table.begin(), table.end());
    }
    return out;
  }();
  return kEntries;
}

// Entries of a pair, the most special context first: an explicit cast prefers its own.
const absl::flat_hash_map<Pair, std::vector<const CastEntry*>>& index_by_pair() {
  static const auto kIndex = [] {
    absl::flat_hash_map<Pair, std::vector<const CastEntry*>> index;
    for (const CastEntry& entry : entries()) index[{entry.from, entry.to}].push_back(&entry);
    for (auto& [pair, casts] : index) {
      std::ranges::stable_sort(casts, std::ranges::greater(), &CastEntry::context);
    }
    return index;
  }();
  return kIndex;
}

const FunctionSpec* function_for(TypeId from, TypeId to, CastContext context) {
  auto found = index_by_pair().find(Pair(from, to));
  if (found == index_by_pair().end()) return nullptr;
  for (const CastEntry* entry : found->second) {
    if (entry->context <= context) return &entry->function;
  }
  return nullptr;
}

// Whether a cast found for `to` leaves every bit as it is.
bool keeps_bits(const CastPath& path, const SqlType& to) {
  return path.function == nullptr || (path.function->pass_through && to.modifier < 0);
}

// Part by part. A list or map without a name becomes one of a named type by assignment at least.
std::optional<CastPath> find_nested_cast(const SqlType& from, const SqlType& to,
                                         CastContext context) {
  if (from == to) return CastPath{};
  bool named = !to.named.is_none() && to.named != from.named && to.id != TypeId::kRecord;
  if (named && context == CastContext::kImplicit) return std::nullopt;
  bool same = true;
  auto castable = [&](const SqlType& part, const SqlType& target) {
    std::optional<CastPath> path = find_cast(part, target, context);
    same = same && path && keeps_bits(*path, target);
    return path.has_value();
  };
  if (to.id != TypeId::kRecord) {
    if (!castable(*from.element, *to.element)) return std::nullopt;
  } else {
    if (from.fields->size() != to.fields->size()) return std::nullopt;
    for (size_t i = 0; i < to.fields->size(); ++i) {
      if (!castable((*from.fields)[i].type.type, (*to.fields)[i].type.type)) return std::nullopt;
    }
  }
  return CastPath{same ? &renaming_cast() : function_for(from.id, to.id, context)};
}

}  // namespace

std::span<const CastEntry> all_casts() {
  return entries();
}

std::optional<CastPath> find_cast(const SqlType& from, const SqlType& to, CastContext context) {
  if (from.id == to.id && types::is_composed(to)) return find_nested_cast(from, to, context);
  if (types::same_base_type(from, to)) {
    if (to.modifier < 0 || from.modifier == to.modifier || to.id == TypeId::kArray) {
      return CastPath{};
    }
    return CastPath{function_for(from.id, to.id, context)};
  }
  if (from.id == TypeId::kUnknown) {
    if (to.id == TypeId::kText) return CastPath{};
    // Untyped literals become anything anywhere, but lengths are refused as in assignments.
    const FunctionSpec* function = function_for(TypeId::kText, to.id, CastContext::kAssignment);
    if (function == nullptr || context == CastContext::kExplicit) {
      function = function_for(TypeId::kText, to.id, CastContext::kExplicit);
    }
    if (function == nullptr) return std::nullopt;
    return CastPath{function};
  }
  if (from.element && to.element) {  // Of arrays, to arrays and lists.
    bool castable = context == CastContext::kExplicit &&
                    find_cast(*from.element, *to.element, context).has_value();
    if (!castable) return std::nullopt;
  }
  const FunctionSpec* function = function_for(from.id, to.id, context);
  if (function == nullptr) return std::nullopt;
  return CastPath{function};
}

std::optional<ScalarRef> cast(ScalarRef argument, const SqlType& to, CastContext context) {
  std::optional<CastPath> path = find_cast(argument->type.type, to, context);
  if (!path) return std::nullopt;
  if (path->function == nullptr) return argument;
  bool nullable = argument->type.nullable || path->function->may_return_null;
  return call(*path->function, {std::move(argument)}, {to, nullable});
}

}  // namespace penstock::expr
