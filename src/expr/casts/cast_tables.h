// The tables of casts, by the types they come from. Internal to the cast catalogue.
#pragma once

#include <span>

#include "expr/cast_catalogue.h"
#include "expr/row_kernel.h"

namespace penstock::expr {

std::span<const CastEntry> number_casts();
std::span<const CastEntry> text_casts();
std::span<const CastEntry> time_casts();
std::span<const CastEntry> json_casts();
std::span<const CastEntry> array_casts();
std::span<const CastEntry> nested_casts();

// Between lists, maps or records whose values lie alike: the bits stay.
const FunctionSpec& renaming_cast();

constexpr CastEntry cast_entry(types::TypeId from, types::TypeId to, CastContext context,
                               RowKernel kernel) {
  return {from, to, context, entry("cast", {from}, to, kernel)};
}
// Different values stay different.
constexpr CastEntry injective(CastEntry cast) {
  cast.function.preserves_uniqueness = true;
  return cast;
}
// The bits stay as they are unless a modifier is applied, which is the kernel's.
constexpr CastEntry same_bits(CastEntry cast) {
  cast.function.pass_through = true;
  return cast;
}

}  // namespace penstock::expr
