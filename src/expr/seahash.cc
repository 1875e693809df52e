// SeaHash: four lanes of 64 bits, mixed by a multiplication with a prime and a data-dependent shift
// (docs.rs/seahash, "Reference implementation"). MurmurHash2: Austin Appleby's, seed and final mask
// as in Kafka's DefaultPartitioner.
#include "expr/seahash.h"

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
  uint64_t lanes[4] = {0x16f11fe89b0d677c, 0xb480a793d8e6c86c, 0x6fe2e5aaf078ebc9,
                       0x14f994a4c5259381};
  size_t size = bytes.size();
  for (size_t lane = 0; !bytes.empty(); lane = (lane + 1) % 4) {
    uint64_t word = 0;  // Little-endian, the tail zero-extended.
    size_t taken = bytes.size() < 8 ? bytes.size() : 8;
    std::memcpy(&word, bytes.data(), taken);
    lanes[lane] = diffuse(lanes[lane] ^ word);
    bytes.remove_prefix(taken);
  }
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
