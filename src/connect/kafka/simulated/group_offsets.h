// Offsets that consumer groups have committed. There are no members: anybody may commit. One
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace penstock::connect::kafka {

struct GroupOffset {
  int64_t offset = -1;
  int32_t leader_epoch = -1;
  std::optional<std::string> metadata = {};
};

// By topic and partition.
using GroupOffsets = std::map<std::pair<std::string, int32_t>, GroupOffset>;
using OffsetsOfGroups = std::map<std::string, GroupOffsets>;

}  // namespace penstock::connect::kafka
