// How operators keep their state; tests change it to reach every path.
#pragma once

#include <cstddef>

#include "data/hash.h"

namespace penstock::dataflow {

struct StateOptions {
  size_t page_bytes = 256 << 10;
  data::HashMode hash_mode = data::HashMode::kNormal;
};

}  // namespace penstock::dataflow
