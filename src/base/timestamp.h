// The process's only clock of data: milliseconds since 1970 as u64, totally ordered, minted by the
// ticker alone. Not wall time: see clock.h.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace penstock {

struct Timestamp {
  uint64_t ms = 0;

  static constexpr Timestamp min() { return {0}; }
  static constexpr Timestamp max() { return {std::numeric_limits<uint64_t>::max()}; }
  constexpr Timestamp next() const { return {ms + 1}; }
  constexpr Timestamp previous() const { return {ms - 1}; }
  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

}  // namespace penstock
