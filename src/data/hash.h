// 64-bit hashing of words, byte strings and encoded rows: the multiply-and-fold construction of
// wyhash (Wang Yi). Every bit of the result depends on every bit of the input, so tables may take
// position and salt from different ends. Not for untrusted input that aims at collisions.
//
// Hash values never leave the process and are never written: the function may change.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "data/encoded_rows.h"

namespace penstock::data {

// kConstant gives every key the same hash: a test that passes with it does not lean on luck.
enum class HashMode : uint8_t { kNormal, kConstant };

namespace hash_detail {
inline constexpr uint64_t kSeed0 = 0x9E3779B97F4A7C15ULL;
inline constexpr uint64_t kSeed1 = 0xD1B54A32D192ED03ULL;
inline constexpr uint64_t kSeed2 = 0x8BB84B93962EACC9ULL;

inline uint64_t fold(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
inline uint64_t load8(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, 8);
  return word;
}
inline uint64_t load4(const char* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, 4);
  return word;
}
}  // namespace hash_detail

inline uint64_t hash_word(uint64_t word) {
  using namespace hash_detail;
  return fold(fold(word ^ kSeed0, kSeed1) ^ kSeed2, kSeed0);
}
inline uint64_t hash_combine(uint64_t hash, uint64_t word) {
  using namespace hash_detail;
  return fold(fold(word ^ kSeed0, hash ^ kSeed1) ^ kSeed2, kSeed0);
}
inline uint64_t hash_bytes(std::string_view bytes) {
  using namespace hash_detail;
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t hash = kSeed2 ^ left;
  while (left > 16) {
    hash = fold(load8(at) ^ kSeed0, load8(at + 8) ^ hash);
    at += 16;
    left -= 16;
  }
  uint64_t first = 0;
  uint64_t last = 0;
  if (left >= 8) {
    first = load8(at);
    last = load8(at + left - 8);
  } else if (left >= 4) {
    first = load4(at);
    last = load4(at + left - 4);
  } else if (left > 0) {
    for (size_t i = 0; i < left; ++i) {
      first |= static_cast<uint64_t>(static_cast<uint8_t>(at[i])) << (8 * i);
    }
  }
  return fold(fold(first ^ kSeed0, last ^ hash) ^ kSeed1, bytes.size() ^ kSeed0);
}

// The hash of every row; `hashes` is resized to rows.size().
void hash_rows(const EncodedRows& rows, HashMode mode, std::vector<uint64_t>& hashes);
uint64_t hash_row(std::string_view row, size_t stride, HashMode mode);

}  // namespace penstock::data
