// Big-endian integers at a place in memory.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace penstock::connect::kafka {

template <typename T>
T swap_if_little(T value) {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) return value;
  using Unsigned = std::make_unsigned_t<T>;
  return static_cast<T>(std::byteswap(static_cast<Unsigned>(value)));
}

template <typename T>
void store_big_endian(char* at, T value) {
  value = swap_if_little(value);
  std::memcpy(at, &value, sizeof(T));
}

template <typename T>
T load_big_endian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return swap_if_little(value);
}

}  // namespace penstock::connect::kafka
