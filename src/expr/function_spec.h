// What the engine knows of a function, operator or cast: its signature, how NULLs and errors pass
// through it, and the kernel that computes it. Specs are constexpr table entries in
// expr/functions/<family>.cc and expr/casts/*.cc; they live for ever, so a ScalarExpr points at
// one.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "types/datum.h"
#include "types/sql_type.h"

namespace penstock::expr {

struct KernelCall;        // kernel.h
struct StatementContext;  // statement_context.h

// A type, or a family of types, that a parameter accepts or a result has. Polymorphic patterns of
// one signature share one T: kAnyElement wants every argument to be T already (T[] for kAnyArray,
// T list for kAnyList, map[text=>T] for kAnyMap,
// range of T for kAnyRange); kAnyCompatible has the arguments brought to their
// common type first.
enum class PatternKind : uint8_t {
  kExact,        // `type`
  kArrayOf,      // `type`[]
  kRangeOf,      // Range of `type`.
  kAny,          // Anything, each argument on its own.
  kAnyNonArray,  // Likewise, but no array and no list: the other side of `||` with text.
  kAnyRecord,    // Any record, each argument on its own.
  kAnyElement,
  kAnyArray,
  kAnyList,
  kAnyMap,
  kAnyRange,
  kAnyCompatible,
  kAnyCompatibleArray,
  kAnyCompatibleList,
};

struct TypePattern {
  PatternKind kind = PatternKind::kExact;
  types::TypeId type = types::TypeId::kUnknown;

  constexpr TypePattern() = default;
  constexpr TypePattern(types::TypeId id) : type(id) {}  // Tables name types without ceremony.
  constexpr TypePattern(PatternKind pattern, types::TypeId id) : kind(pattern), type(id) {}
  constexpr explicit TypePattern(PatternKind pattern) : kind(pattern) {}

  // Shares the T of its signature.
  constexpr bool is_polymorphic() const { return kind >= PatternKind::kAnyElement; }
  friend bool operator==(const TypePattern&, const TypePattern&) = default;
};

inline constexpr TypePattern kAny{PatternKind::kAny};
inline constexpr TypePattern kAnyNonArray{PatternKind::kAnyNonArray};
inline constexpr TypePattern kAnyRecord{PatternKind::kAnyRecord};
inline constexpr TypePattern kAnyElement{PatternKind::kAnyElement};
inline constexpr TypePattern kAnyArray{PatternKind::kAnyArray};
inline constexpr TypePattern kAnyList{PatternKind::kAnyList};
inline constexpr TypePattern kAnyMap{PatternKind::kAnyMap};
inline constexpr TypePattern kAnyRange{PatternKind::kAnyRange};
inline constexpr TypePattern kAnyCompatible{PatternKind::kAnyCompatible};
inline constexpr TypePattern kAnyCompatibleArray{PatternKind::kAnyCompatibleArray};
inline constexpr TypePattern kAnyCompatibleList{PatternKind::kAnyCompatibleList};
constexpr TypePattern array_of(types::TypeId type) {
  return {PatternKind::kArrayOf, type};
}

constexpr TypePattern range_of(types::TypeId type) {
  return {PatternKind::kRangeOf, type};
}

// What a polymorphic pattern wraps its T into: kArray, kList, kMap or kRange; kUnknown = nothing.
types::TypeId container_of(PatternKind kind);
// T in such a container; T itself for kUnknown.
types::SqlType contained(types::TypeId container, types::SqlType element);

enum class NullPolicy : uint8_t {
  kStrict,     // A NULL argument makes the result NULL; the kernel never sees such a row.
  kSeesNulls,  // The kernel is called for every row and decides.
};

enum class Nullability : uint8_t {
  kOfArguments,     // Nullable iff an argument is.
  kAlways,          // May be NULL although no argument is.
  kNever,           // concat, IS NULL, IS DISTINCT FROM.
  kOfAllArguments,  // Nullable iff every argument is: greatest, least.
};

enum class Volatility : uint8_t {
  kImmutable,
  kStatement,    // Fixed for a statement: now(), current_user. Has `statement_value`, no kernel.
  kLogicalTime,  // mz_now().
};

using Kernel = void (*)(KernelCall&);
using StatementValue = Result<types::Datum> (*)(const StatementContext&,
                                                std::span<const types::Datum> arguments);

// The result's type where patterns cannot say it, from the arguments'; nothing when they do not
// fit.
using DerivedType = std::optional<types::SqlType> (*)(std::span<const types::ColumnType> arguments);

struct FunctionSpec {
  static constexpr size_t kMaxParameters = 7;

  std::string_view name;  // Lower case; an operator's is its symbol ("+", "~~*", "->").
  std::array<TypePattern, kMaxParameters> parameter_array{};
  uint8_t num_parameters = 0;
  bool variadic = false;  // The last parameter may be given any number of times, also none.
  TypePattern result;
  DerivedType derived_type = nullptr;  // Then `result` only describes it.

  NullPolicy null_policy = NullPolicy::kStrict;
  Nullability nullability = Nullability::kOfArguments;
  Volatility volatility = Volatility::kImmutable;
  bool can_fail = false;
  bool may_return_null = false;  // For arguments that are not NULL.
  // Different arguments have different results: a key stays a key through it.
  bool preserves_uniqueness = false;
  // The result is the argument, bit for bit, unless a modifier is to be applied (then there is a
  // kernel): a cast between types that lie alike.
  bool pass_through = false;
  Kernel kernel = nullptr;
  StatementValue statement_value = nullptr;

  std::span<const TypePattern> parameters() const {
    return {parameter_array.data(), num_parameters};
  }
  bool accepts_arity(size_t count) const {
    return variadic ? count + 1 >= num_parameters : count == num_parameters;
  }
  // Of argument `index`, counting the repetitions of a variadic one.
  const TypePattern& parameter(size_t index) const {
    DCHECK(num_parameters > 0);
    return parameter_array[index < num_parameters ? index : num_parameters - 1u];
  }
};

// The type of the result for arguments already brought to their parameters' types. Modifiers do not
// pass through functions. REQUIRES: the arguments fit.
types::SqlType result_type(const FunctionSpec& function, std::span<const types::SqlType> arguments);
// The same with nullability, by the function's rule.
types::ColumnType result_column_type(const FunctionSpec& function,
                                     std::span<const types::ColumnType> arguments);

}  // namespace penstock::expr
