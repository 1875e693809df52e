// CRC-32C on both paths: published values, every length and alignment, extension.
#include "connect/kafka/records/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"

namespace penstock::connect::kafka {
namespace {

struct Vector {
  std::string bytes;
  uint32_t crc;
};

std::vector<Vector> published_vectors() {
  std::string ascending;
  for (char byte = 0; byte < 32; ++byte) ascending += byte;
  // RFC 3720 B.4, and the check value of the catalogue of parametrised CRC algorithms.
  return {{std::string(), 0},
          {std::string("123456789"), 0xE3069283},
          {std::string(32, '\0'), 0x8A9136AA},
          {std::string(32, '\xff'), 0x62A8AB43},
          {ascending, 0x46DD794E},
          {std::string(ascending.rbegin(), ascending.rend()), 0x113FDB5C}};
}

std::string random_bytes(size_t size) {
  Rng rng(size + 1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.next());
  return bytes;
}

TEST(Crc32c, HasThePublishedValues) {
  for (const Vector& vector : published_vectors()) {
    EXPECT_EQ(crc32c(vector.bytes), vector.crc);
    EXPECT_EQ(crc32c_extend_portable(0, vector.bytes), vector.crc);
  }
}

TEST(Crc32c, BothPathsAgreeAtEveryLengthAndAlignment) {
  const std::string bytes = random_bytes(20000);
  const std::string_view all = bytes;
  for (size_t size = 0; size < 700; ++size) {
    const std::string_view part = all.substr(size % 9, size);
    EXPECT_EQ(crc32c(part), crc32c_extend_portable(0, part)) << size;
  }
  // Around the lengths at which the number of lanes changes.
  for (size_t size : {3071, 3072, 3073, 3264, 6143, 6144, 6145, 9999, 19000}) {
    for (size_t start = 0; start < 9; ++start) {
      const std::string_view part = all.substr(start, size);
      EXPECT_EQ(crc32c(part), crc32c_extend_portable(0, part)) << size << " at " << start;
    }
  }
}

TEST(Crc32c, ExtendsFromAnyCut) {
  const std::string bytes = random_bytes(4000);
  const std::string_view all = bytes;
  const uint32_t whole = crc32c_extend_portable(0, all);
  for (size_t cut = 0; cut <= all.size(); cut += 37) {
    EXPECT_EQ(crc32c_extend(crc32c(all.substr(0, cut)), all.substr(cut)), whole) << cut;
    const uint32_t head = crc32c_extend_portable(0, all.substr(0, cut));
    EXPECT_EQ(crc32c_extend_portable(head, all.substr(cut)), whole) << cut;
  }
}

TEST(Crc32c, JoinsPartsOfAnyLength) {
  const std::string bytes = random_bytes(70000);
  const std::string_view all = bytes;
  for (size_t size : {0, 1, 2, 7, 8, 255, 256, 3072, 65535, 65536, 70000}) {
    const std::string_view first = all.substr(0, all.size() - size);
    EXPECT_EQ(crc32c_joined(crc32c(first), crc32c(all.substr(first.size())), size), crc32c(all))
        << size;
  }
}

}  // namespace
}  // namespace penstock::connect::kafka
