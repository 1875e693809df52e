// Slicing-by-8 (Kounavis and Berry, "A Systematic Approach to Building High Performance
// Software-based CRC Generators", 2005), and the crc32 instruction on interleaved streams (Gopal et
// al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel 2011).
#include "connect/kafka/records/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace penstock::connect::kafka {

namespace {

// Polynomials modulo Castagnoli's, reflected: bit 31 is the coefficient of x^0, bit 0 that of x^31.
constexpr uint32_t kPolynomial = 0x82F63B78;

constexpr uint32_t times_x(uint32_t polynomial) {
  return (polynomial >> 1) ^ ((polynomial & 1) != 0 ? kPolynomial : 0);
}

constexpr uint32_t times(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (; a != 0; a <<= 1, b = times_x(b))
    if ((a & 0x80000000) != 0) product ^= b;
  return product;
}

// x to the power of 2^k. The length of 2^64 bytes in bits needs the last.
using Powers = std::array<uint32_t, 67>;

constexpr Powers make_powers() {
  Powers powers{};
  powers[0] = times_x(0x80000000);
  for (size_t k = 1; k < powers.size(); ++k) powers[k] = times(powers[k - 1], powers[k - 1]);
  return powers;
}
constexpr Powers kPowers = make_powers();

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// tables[k][b]: what the byte b contributes when k bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = times_x(crc);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr Tables kTables = make_tables();

uint32_t byte_at(const char* at, size_t index) {
  return static_cast<uint8_t>(at[index]);
}
uint32_t table_step(uint32_t crc, char byte) {
  return (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(byte)) & 0xff];
}

#if defined(__x86_64__)

constexpr uint32_t power_of_x(size_t exponent) {
  uint32_t power = 0x80000000;
  for (size_t i = 0; i < exponent; ++i) power = times_x(power);
  return power;
}

// The factor by which a register moves over `bytes` zero bytes. The product of two reflected 32-bit
// polynomials lies one bit too low in 64 bits, and the crc32 instruction that reduces it multiplies
// by x^32: 33 powers of x are in the way of computing and are left out here.
constexpr uint32_t shift_factor(size_t bytes) {
  return power_of_x(8 * bytes - 33);
}

[[gnu::target("sse4.2,pclmul")]] uint64_t product(uint64_t crc, uint32_t factor) {
  return static_cast<uint64_t>(
      _mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(crc)),
                                             _mm_cvtsi64_si128(static_cast<int64_t>(factor)), 0)));
}

uint64_t word_at(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// Consumes as many times 3 * kLane bytes as there are. The instruction takes three cycles but one
// can begin in each: three lanes that do not wait for each other keep it busy. Then the registers
// of the first two lanes are moved over the lanes behind them, and added.
template <size_t kLane>
[[gnu::target("sse4.2,pclmul")]] uint64_t run_lanes(uint64_t crc, std::string_view& bytes) {
  constexpr uint32_t kOverOne = shift_factor(kLane);
  constexpr uint32_t kOverTwo = shift_factor(2 * kLane);
  while (bytes.size() >= 3 * kLane) {
    const char* at = bytes.data();
    uint64_t second = 0;
    uint64_t third = 0;
    for (const char* end = at + kLane; at != end; at += 8) {
      crc = _mm_crc32_u64(crc, word_at(at));
      second = _mm_crc32_u64(second, word_at(at + kLane));
      third = _mm_crc32_u64(third, word_at(at + 2 * kLane));
    }
    crc = _mm_crc32_u64(0, product(crc, kOverTwo) ^ product(second, kOverOne)) ^ third;
    bytes.remove_prefix(3 * kLane);
  }
  return crc;
}

[[gnu::target("sse4.2,pclmul")]] uint32_t extend_accelerated(uint32_t crc, std::string_view bytes) {
  uint64_t wide = ~crc;
  // Long lanes make the merging cheap; short ones make most of what is left, or of a small buffer.
  wide = run_lanes<1024>(wide, bytes);
  wide = run_lanes<64>(wide, bytes);
  for (; bytes.size() >= 8; bytes.remove_prefix(8))
    wide = _mm_crc32_u64(wide, word_at(bytes.data()));
  auto narrow = static_cast<uint32_t>(wide);
  for (char byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(byte));
  return ~narrow;
}

#endif

}  // namespace

bool crc32c_is_accelerated() {
#if defined(__x86_64__)
  static const bool accelerated =
      __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
  return accelerated;
#else
  return false;
#endif
}

uint32_t crc32c_extend_portable(uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    crc = kTables[7][(crc & 0xff) ^ byte_at(at, 0)] ^
          kTables[6][((crc >> 8) & 0xff) ^ byte_at(at, 1)] ^
          kTables[5][((crc >> 16) & 0xff) ^ byte_at(at, 2)] ^
          kTables[4][(crc >> 24) ^ byte_at(at, 3)] ^ kTables[3][byte_at(at, 4)] ^
          kTables[2][byte_at(at, 5)] ^ kTables[1][byte_at(at, 6)] ^ kTables[0][byte_at(at, 7)];
  }
  for (; left > 0; ++at, --left) crc = table_step(crc, *at);
  return ~crc;
}

// The second part's bytes move the first one's register over them, as zeros would: what is in it
// beside is in the second checksum already.
uint32_t crc32c_joined(uint32_t first, uint32_t second, uint64_t second_bytes) {
  for (size_t k = 3; second_bytes != 0; ++k, second_bytes >>= 1)
    if ((second_bytes & 1) != 0) first = times(kPowers[k], first);
  return first ^ second;
}

uint32_t crc32c_extend(uint32_t crc, std::string_view bytes) {
#if defined(__x86_64__)
  if (crc32c_is_accelerated()) return extend_accelerated(crc, bytes);
#endif
  return crc32c_extend_portable(crc, bytes);
}

}  // namespace penstock::connect::kafka
