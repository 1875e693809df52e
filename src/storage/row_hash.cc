// MurmurHash3_x64_128, and arithmetic modulo 2^128.
#include "storage/row_hash.h"

#include <bit>
#include <cstring>

namespace penstock::storage {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr uint64_t kFirst = 0x87c37b91114253d5ULL;
constexpr uint64_t kSecond = 0x4cf5ad432745937fULL;

uint64_t finish(uint64_t k) {
  k ^= k >> 33;
  k *= 0xff51afd7ed558ccdULL;
  k ^= k >> 33;
  k *= 0xc4ceb9fe1a85ec53ULL;
  return k ^ (k >> 33);
}
uint64_t mix_first(uint64_t k) {
  return std::rotl(k * kFirst, 31) * kSecond;
}
uint64_t mix_second(uint64_t k) {
  return std::rotl(k * kSecond, 33) * kFirst;
}

}  // namespace

HashSum hash128(std::string_view bytes, uint32_t seed) {
  uint64_t h1 = seed;
  uint64_t h2 = seed;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 16; at += 16, left -= 16) {
    uint64_t k1;
    uint64_t k2;
    std::memcpy(&k1, at, 8);
    std::memcpy(&k2, at + 8, 8);
    h1 ^= mix_first(k1);
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= mix_second(k2);
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 0) {
    uint64_t tail[2] = {0, 0};
    std::memcpy(tail, at, left);
    if (left > 8) h2 ^= mix_second(tail[1]);
    h1 ^= mix_first(tail[0]);
  }
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 += h2;
  return {h1, h2 + h1};
}

HashSum times(const HashSum& hash, int64_t weight) {
  Wide value = (static_cast<Wide>(hash.high) << 64) | hash.low;
  // A negative weight as its two's complement: the product is right modulo 2^128.
  Wide factor = static_cast<Wide>(static_cast<uint64_t>(weight));
  if (weight < 0) factor |= static_cast<Wide>(~uint64_t{0}) << 64;
  Wide product = value * factor;
  return {static_cast<uint64_t>(product), static_cast<uint64_t>(product >> 64)};
}

}  // namespace penstock::storage
