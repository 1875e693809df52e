// One tick as the ticker hands it to the clusters. Immutable.
#pragma once

#include <memory>
#include <vector>

#include "base/timestamp.h"
#include "storage/tick_input.h"

namespace penstock::engine {

struct Tick {
  Timestamp time;
  Timestamp previous;  // The tick before: who has not seen it reads it from storage first.
  std::vector<storage::TickInputRef> inputs;
  size_t bytes = 0;
  uint64_t appended_us = 0;  // Monotonic: how long it waits for a cluster.
};
using TickRef = std::shared_ptr<const Tick>;

}  // namespace penstock::engine
