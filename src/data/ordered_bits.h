// Fixed-size values as unsigned integers of the same order, big-endian when stored.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "types/datum.h"
#include "types/interval.h"
#include "types/sql_type.h"

namespace penstock::data {

inline bool has_unsigned_order(types::TypeId id) {
  using types::TypeId;
  return id == TypeId::kUInt2 || id == TypeId::kUInt4 || id == TypeId::kUInt8 ||
         id == TypeId::kOid || id == TypeId::kMzTimestamp;
}

template <typename T>
T big_endian(T bits) {
  return std::endian::native == std::endian::little ? std::byteswap(bits) : bits;
}

template <typename T>
constexpr T sign_bit() {
  return static_cast<T>(T{1} << (sizeof(T) * 8 - 1));
}

template <typename T>
void append_big_endian(T bits, std::string& out) {
  bits = big_endian(bits);
  out.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
}

template <typename T>
T read_big_endian(const char* bytes) {
  T bits;
  std::memcpy(&bits, bytes, sizeof(T));
  return big_endian(bits);
}

template <typename Bits, typename Float>
Bits ordered_from_float(Float value) {
  if (std::isnan(value)) value = std::numeric_limits<Float>::quiet_NaN();
  Bits bits = std::bit_cast<Bits>(value + Float{0});  // -0.0 becomes 0.0.
  return (bits & sign_bit<Bits>()) != 0 ? static_cast<Bits>(~bits) : bits ^ sign_bit<Bits>();
}

template <typename Float, typename Bits>
Float float_from_ordered(Bits bits) {
  return std::bit_cast<Float>((bits & sign_bit<Bits>()) != 0 ? bits ^ sign_bit<Bits>()
                                                             : static_cast<Bits>(~bits));
}

inline types::Fixed16 ordered_from_interval(const types::Fixed16& bytes) {
  types::Interval interval = types::Interval::from_fixed16(bytes);
  uint32_t months = big_endian(std::bit_cast<uint32_t>(interval.months) ^ sign_bit<uint32_t>());
  uint32_t days = big_endian(std::bit_cast<uint32_t>(interval.days) ^ sign_bit<uint32_t>());
  uint64_t micros = big_endian(std::bit_cast<uint64_t>(interval.micros) ^ sign_bit<uint64_t>());
  types::Fixed16 out;
  std::memcpy(out.data(), &months, 4);
  std::memcpy(out.data() + 4, &days, 4);
  std::memcpy(out.data() + 8, &micros, 8);
  return out;
}

inline types::Fixed16 interval_from_ordered(const types::Fixed16& bytes) {
  types::Interval interval;
  interval.months =
      std::bit_cast<int32_t>(read_big_endian<uint32_t>(bytes.data()) ^ sign_bit<uint32_t>());
  interval.days =
      std::bit_cast<int32_t>(read_big_endian<uint32_t>(bytes.data() + 4) ^ sign_bit<uint32_t>());
  interval.micros =
      std::bit_cast<int64_t>(read_big_endian<uint64_t>(bytes.data() + 8) ^ sign_bit<uint64_t>());
  return interval.to_fixed16();
}

}  // namespace penstock::data
