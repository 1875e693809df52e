// SeaHash: four lanes of 64 bits, mixed by a multiplication with a prime and a data-dependent shift
// (docs.rs/seahash, "Reference implementation"). MurmurHash2: Austin Appleby's, seed and final mask
// as in Kafka's DefaultPartitioner.
#include "expr/seahash.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace penstock::expr {
namespace {

uint64_t diffuse(uint64_t x) {
  constexpr uint64_t kPrime = 0x6eed0e9da4d94a4f;
  x *= kPrime;
  x ^= (x >> 32) >> (x >> 60);
  x *= kPrime;
  return x;
}

}  // namespace

uint64_t seahash(std::string_view bytes) {
  std::array<uint64_t, 4> lanes = {0x16f11fe89b0d677c, 0xb480a793d8e6c86c, 0x6fe2e5aaf078ebc9,
                                   0x14f994a4c5259381};
  const size_t size = bytes.size();
  const auto take = [&](uint64_t& lane, size_t offset, size_t length) {
    uint64_t word = 0;  // Little-endian, the tail zero-extended.
    std::memcpy(&word, bytes.data() + offset, length);
    lane = diffuse(lane ^ word);
  };
  size_t at = 0;
  // The lanes do not wait for each other when they are seen together.
  for (; at + 32 <= size; at += 32)
    for (size_t lane = 0; lane < 4; ++lane) take(lanes[lane], at + 8 * lane, 8);
  for (size_t lane = 0; at < size; ++lane, at += 8)
    take(lanes[lane], at, std::min(size - at, size_t{8}));
  return diffuse(lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3] ^ size);
}

int32_t kafka_murmur2(std::string_view bytes) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  while (bytes.size() >= 4) {
    uint32_t block;
    std::memcpy(&block, bytes.data(), 4);
    block *= kMultiplier;
    block ^= block >> kShift;
    block *= kMultiplier;
    hash = (hash * kMultiplier) ^ block;
    bytes.remove_prefix(4);
  }
  if (!bytes.empty()) {
    uint32_t tail = 0;
    std::memcpy(&tail, bytes.data(), bytes.size());
    hash = (hash ^ tail) * kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<int32_t>(hash & 0x7fffffff);
}

}  // namespace penstock::expr
