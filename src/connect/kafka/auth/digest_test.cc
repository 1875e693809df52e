// Published vectors: they show that OpenSSL is called rightly, not that it computes rightly.
#include "connect/kafka/auth/digest.h"

#include <gtest/gtest.h>

#include <array>

#include "base/text_encoding.h"

namespace penstock::connect::kafka {
namespace {

// FIPS 180-4.
TEST(Digest, HashesAsFipsDoes) {
  EXPECT_EQ(encode_hex(hash(Digest::kSha256, "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(encode_hex(hash(Digest::kSha512, "abc")).substr(0, 32),
            "ddaf35a193617abacc417349ae204131");
  EXPECT_EQ(hash(Digest::kSha512, "").size(), digest_size(Digest::kSha512));
}

// RFC 4231, test case 2.
TEST(Digest, HmacAsTheRfcDoes) {
  EXPECT_EQ(encode_hex(hmac(Digest::kSha256, {"Jefe"}, "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      encode_hex(hmac(Digest::kSha512, {"Jefe"}, "what do ya want for nothing?")).substr(0, 32),
      "164b7a7bfcf819e2e395fbe73b56e0a3");
}

TEST(Digest, AnEmptyHmacKeyIsNotTheLastOne) {
  const std::string expected = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
  EXPECT_EQ(encode_hex(hmac(Digest::kSha256, {{}}, "")), expected);
  EXPECT_NE(hmac(Digest::kSha256, {"k"}, ""), hmac(Digest::kSha256, {{}}, ""));
}

// RFC 7914, chapter 11, whose 64 bytes begin with the 32 that we want.
TEST(Digest, Pbkdf2AsTheRfcDoes) {
  EXPECT_EQ(encode_hex(pbkdf2(Digest::kSha256, "passwd", {"salt", 1})),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
}

TEST(Digest, ComparesWholly) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(SystemRandom, IsNotTheSameTwice) {
  std::array<unsigned char, 16> one{};
  std::array<unsigned char, 16> two{};
  system_random()(one);
  system_random()(two);
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace penstock::connect::kafka
