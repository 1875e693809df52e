// Which overload of a function, operator or aggregate a call means: PostgreSQL's rules, with a
// preference for the near match of unsigned arguments. Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "expr/function_spec.h"
#include "types/sql_type.h"

namespace penstock::sql {

// What resolution needs to know of an overload.
struct OverloadCandidate {
  std::span<const expr::TypePattern> parameters;
  bool variadic = false;
};

enum class OverloadFailure { kNone, kNoMatch, kAmbiguous, kUndeterminedPolymorphic };

struct OverloadChoice {
  OverloadFailure failure = OverloadFailure::kNone;
  size_t index = 0;                        // Of the candidate.
  std::vector<types::SqlType> parameters;  // What each argument has to be brought to.
};

// `arguments`: kUnknown for untyped literals and parameters.
OverloadChoice choose_overload(std::span<const OverloadCandidate> candidates,
                               std::span<const types::SqlType> arguments);

// The type that all can be brought to without explicit casts (CASE, UNION, VALUES...); of kUnknown
// alone: text. Nothing when there is none.
std::optional<types::SqlType> common_type(std::span<const types::SqlType> types);

// "integer", "unknown": without modifiers, as error messages print it.
std::string type_text(const types::SqlType& type);
// "integer, unknown": arguments as error messages print them.
std::string argument_text(std::span<const types::SqlType> arguments);

}  // namespace penstock::sql
