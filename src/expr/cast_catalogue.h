// Which types cast to which, where, and by what function.
//
// A cast is a call of one argument whose result type carries the target's modifier: the kernel
// rounds a numeric to its scale, a timestamp to its digits, and cuts or refuses an over-long
// varchar. Immutable tables: any thread.
#pragma once

#include <optional>

#include "expr/function_spec.h"
#include "expr/scalar.h"

namespace penstock::expr {

// Implicit casts are allowed everywhere, assignment casts in assignments and explicit ones too.
enum class CastContext : uint8_t { kImplicit, kAssignment, kExplicit };

// How to bring a value from one type to the other: through `function`, or, when it is null, not at
// all.
struct CastPath {
  const FunctionSpec* function = nullptr;
};

// Nothing when there is no such cast in this context. From kUnknown (an untyped literal) as from
// text, but everywhere. The same base type needs a function only where the target's modifier can
// change a value.
std::optional<CastPath> find_cast(const types::SqlType& from, const types::SqlType& to,
                                  CastContext context);

// `argument` brought to `to`; nothing when there is no such cast.
std::optional<ScalarRef> cast(ScalarRef argument, const types::SqlType& to, CastContext context);

// Every pair, for documentation and tests.
struct CastEntry {
  types::TypeId from = types::TypeId::kUnknown;
  types::TypeId to = types::TypeId::kUnknown;
  CastContext context = CastContext::kExplicit;
  FunctionSpec function;
};
std::span<const CastEntry> all_casts();

}  // namespace penstock::expr
