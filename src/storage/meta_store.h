// The small durable facts beside the collections: catalog, bindings of sources, K and R of sinks,
// clean-up rows, the environment's id. Keys are text paths with a room's prefix ("catalog/…",
// "sink/…"); values are bytes that the owner versions. Secrets never come here: see secret_file.h.
//
// Written only through TickWriter, in the one log of everything else, so that what is written
// together is there together after a crash (rule D1). Keys beginning with "!" are storage's own and
// are not reachable here. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace penstock::storage {

// A put (value present) or a removal (absent) of one key.
struct MetaChange {
  std::string key;
  std::optional<std::string> value;
};

class MetaStore {
 public:
  virtual ~MetaStore() = default;
  virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;
  // All pairs whose key begins with `prefix`, ascending.
  virtual Result<std::vector<std::pair<std::string, std::string>>> scan(
      std::string_view prefix) const = 0;
};

// Where sources find the binding that was written with their last tick.
std::string binding_key(uint64_t source);

}  // namespace penstock::storage
