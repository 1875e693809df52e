// Casts from jsonb to bool and numbers: the JSON value must be of that kind.
#include "expr/casts/cast_tables.h"

namespace penstock::expr {

std::span<const CastEntry> json_casts() {
  return {};
}

}  // namespace penstock::expr
