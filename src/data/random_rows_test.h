// Random values and rows for the tests of this room: small domains on purpose, so that equal values
// and edge cases are frequent.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "data/column.h"

namespace penstock::data {

inline constexpr PhysicalKind kAllKinds[] = {
    PhysicalKind::kBool8,   PhysicalKind::kInt16,   PhysicalKind::kInt32,   PhysicalKind::kInt64,
    PhysicalKind::kFloat32, PhysicalKind::kFloat64, PhysicalKind::kFixed16, PhysicalKind::kBytes};

inline std::string random_bytes(Rng& rng) {
  static constexpr size_t kLengths[] = {0, 1, 3, 11, 12, 13, 40};
  size_t length = kLengths[rng.below(std::size(kLengths))];
  std::string out;
  // Zeros and 0xFF are what escapes stumble over.
  for (size_t i = 0; i < length; ++i) {
    static constexpr char kBytesUsed[] = {'\0', '\x01', 'a', 'b', '\x7f', '\xfe', '\xff'};
    out.push_back(kBytesUsed[rng.below(std::size(kBytesUsed))]);
  }
  return out;
}

inline int64_t random_integer(Rng& rng, int bits) {
  int64_t highest = static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1);
  switch (rng.below(5)) {
    case 0:
      return highest;
    case 1:
      return -highest - 1;
    case 2:
      return static_cast<int64_t>(rng.next()) >> (64 - bits);
    default:
      return static_cast<int64_t>(rng.below(7)) - 3;
  }
}

inline Datum random_datum(Rng& rng, PhysicalKind kind, uint64_t null_percent) {
  if (rng.below(100) < null_percent) return Datum::null();
  switch (kind) {
    case PhysicalKind::kBool8:
      return Datum::boolean(rng.one_in(2));
    case PhysicalKind::kInt16:
      return Datum::integer(random_integer(rng, 16));
    case PhysicalKind::kInt32:
      return Datum::integer(random_integer(rng, 32));
    case PhysicalKind::kInt64:
      return Datum::integer(random_integer(rng, 64));
    case PhysicalKind::kFloat32:
    case PhysicalKind::kFloat64: {
      static constexpr double kDoubles[] = {0.0,
                                            1.5,
                                            -1.5,
                                            1e30,
                                            -1e30,
                                            std::numeric_limits<double>::infinity(),
                                            -std::numeric_limits<double>::infinity()};
      double value = kDoubles[rng.below(std::size(kDoubles))];
      return Datum::floating(
          kind == PhysicalKind::kFloat32 ? static_cast<double>(static_cast<float>(value)) : value);
    }
    case PhysicalKind::kFixed16: {
      Fixed16 value{};
      for (char& byte : value) byte = static_cast<char>(rng.one_in(3) ? rng.next() : 0);
      return Datum::fixed16(value);
    }
    case PhysicalKind::kBytes:
      return Datum::bytes(random_bytes(rng));
  }
  return Datum::null();
}

inline std::vector<Datum> random_row(Rng& rng, std::span<const PhysicalKind> kinds,
                                     uint64_t null_percent) {
  std::vector<Datum> row;
  for (PhysicalKind kind : kinds) row.push_back(random_datum(rng, kind, null_percent));
  return row;
}

}  // namespace penstock::data
