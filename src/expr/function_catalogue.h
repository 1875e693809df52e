// Every function and operator, by name. Choosing among overloads is the binder's; see
// sql/bind. Casts are in cast_catalogue.h, aggregates in aggregate_catalogue.h.
//
// Constructs of the grammar that are calls have names here too:
//   NOT x: "not"              x IS NULL / TRUE / FALSE: "is_null" "is_true" "is_false"
//   x IS DISTINCT FROM y: "is_distinct_from"     NULLIF: "nullif"   GREATEST, LEAST: "greatest" ...
//   x LIKE y: "~~" "!~~" "~~*" "!~~*"; with ESCAPE e the pattern is like_escape(y, e)
//   x AT TIME ZONE z: "timezone"(z, x)           EXTRACT(u FROM x): "extract"(text u, x)
//   SUBSTRING(x FROM a FOR b): "substring"       POSITION(a IN b): "position"(a, b)
//   TRIM(c FROM s): "btrim" "ltrim" "rtrim"      ARRAY[...]: "array"    ROW(...): "row"
//   x[i]: "subscript"          x = ANY (array): "any_eq" and so on, see functions/arrays.cc
//   LIST[...]: "list"   MAP[k => v, ...]: "map"(k, v, ...)   l[a:b, c:d]: "slice"(l, a, b, c, d)
//   (r).f: "field"(r, number of the field)
// All immutable tables: any thread.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "expr/function_spec.h"

namespace penstock::expr {

// The overloads of a name, in table order; empty when there is none. Prefix operators are those
// with one parameter.
std::vector<const FunctionSpec*> functions_named(std::string_view name);

// The one overload of `name` with exactly these parameters. CHECKs that it exists: for callers that
// build expressions of their own (the binder's desugaring, the optimiser, tests).
const FunctionSpec& function_of(std::string_view name,
                                std::initializer_list<TypePattern> parameters);

// Everything, family by family: for documentation, tests and catalog relations.
struct FunctionFamily {
  std::string_view title;  // "Strings"
  std::span<const FunctionSpec> functions;
};
std::span<const FunctionFamily> function_families();

// Categories decide between overloads when arguments are untyped, as in PostgreSQL's rules.
enum class TypeCategory : uint8_t {
  kUnknown,
  kBool,
  kNumeric,
  kString,
  kBytes,
  kDateTime,
  kTimespan,
  kUuid,
  kJson,
  kArray,
  kRecord,
  kList,
  kMap,
  kRange,
  kSystem,  // "char", name's kin, mz_timestamp
};
TypeCategory category_of(types::TypeId type);
// bool, float8, text, interval, timestamptz.
bool is_preferred(types::TypeId type);
// uint2 -> int4, uint4 -> int8, uint8 -> numeric; others are their own.
types::TypeId near_match(types::TypeId type);

}  // namespace penstock::expr
