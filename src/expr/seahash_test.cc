// SeaHash of every length: the plainest reading of the reference, a word at a time.
#include "expr/seahash.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace penstock::expr {
namespace {

uint64_t diffuse(uint64_t x) {
  x *= 0x6eed0e9da4d94a4f;
  x ^= (x >> 32) >> (x >> 60);
  return x * 0x6eed0e9da4d94a4f;
}

uint64_t plain(const std::string& bytes) {
  std::array<uint64_t, 4> lanes = {0x16f11fe89b0d677c, 0xb480a793d8e6c86c, 0x6fe2e5aaf078ebc9,
                                   0x14f994a4c5259381};
  for (size_t at = 0; at < bytes.size(); at += 8) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8 && at + i < bytes.size(); ++i)
      word |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    lanes[at / 8 % 4] = diffuse(lanes[at / 8 % 4] ^ word);
  }
  return diffuse(lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3] ^ bytes.size());
}

TEST(SeaHash, AllLengths) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(seahash(bytes), plain(bytes)) << bytes.size() << " bytes";
    bytes += static_cast<char>(i * 37 + 11);
  }
  EXPECT_EQ(seahash("to be or not to be"), 1988685042348123509U);
}

}  // namespace
}  // namespace penstock::expr
