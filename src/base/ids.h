// Strong ids: a CollectionId is never taken for an ObjectId. 0 means "none".
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace penstock {

template <typename Tag>
struct StrongId {
  uint64_t value = 0;

  constexpr bool is_none() const { return value == 0; }
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

// An item of the catalog. The user sees it as "u12" (or "s12" below kFirstUserObject).
using ObjectId = StrongId<struct ObjectTag>;
// A stored, timestamped collection of rows. Equal to the ObjectId of the item it belongs to.
using CollectionId = StrongId<struct CollectionTag>;
using CircuitId = StrongId<struct CircuitTag>;
using ClusterId = StrongId<struct ClusterTag>;

}  // namespace penstock

template <typename Tag>
struct std::hash<penstock::StrongId<Tag>> {
  size_t operator()(const penstock::StrongId<Tag>& id) const {
    return static_cast<size_t>(id.value * 0x9E3779B97F4A7C15ULL);
  }
};
