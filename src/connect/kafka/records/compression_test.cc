// Each codec: there and back, the bytes other clients send, damage, and bombs.
#include "connect/kafka/records/compression.h"

#include <gtest/gtest.h>
#include <snappy.h>

#include <algorithm>
#include <string>

#include "base/rng.h"
#include "connect/kafka/records/records_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

constexpr Codec kCompressing[] = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::string repetitive(size_t size) {
  std::string bytes;
  for (size_t i = 0; bytes.size() < size; ++i) bytes += "row " + std::to_string(i % 97) + "; ";
  bytes.resize(size);
  return bytes;
}
std::string random_bytes(size_t size) {
  Rng rng(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.next());
  return bytes;
}

TEST(Compression, GivesBackWhatWasCompressed) {
  Compression compression;
  ByteBuffer out;
  for (Codec codec : kAllCodecs) {
    for (size_t size : {0, 1, 2, 100, 32767, 32768, 32769, 65536, 65537, 1000000}) {
      for (const std::string& bytes : {repetitive(size), random_bytes(size)}) {
        const std::string compressed(compression.compress(codec, bytes));
        const RecordsStatus status = compression.decompress(codec, compressed, size, out);
        ASSERT_TRUE(status) << codec_name(codec) << " " << size << ": " << status.error().message;
        EXPECT_TRUE(out.view() == bytes) << codec_name(codec) << " " << size;
      }
    }
  }
}

TEST(Compression, MakesRepetitionsSmall) {
  Compression compression;
  const std::string bytes = repetitive(100000);
  for (Codec codec : kCompressing)
    EXPECT_LT(compression.compress(codec, bytes).size(), bytes.size() / 5) << codec_name(codec);
}

TEST(Compression, EndsAtTheLimit) {
  Compression compression;
  // The first has a buffer that grows, the second one that is large already.
  for (Codec codec : kAllCodecs) {
    for (const size_t had : {size_t{0}, size_t{4} << 20}) {
      const std::string bomb(3 << 20, 'a');
      const std::string compressed(compression.compress(codec, bomb));
      ByteBuffer out;
      out.reserve(had);
      for (size_t limit : {size_t{0}, size_t{1}, size_t{100000}, bomb.size() - 1}) {
        const RecordsStatus status = compression.decompress(codec, compressed, limit, out);
        ASSERT_FALSE(status) << codec_name(codec) << " " << limit;
        EXPECT_EQ(status.error().fault, RecordsFault::kTooLarge) << status.error().message;
        EXPECT_LE(out.capacity(), std::max(2 * (limit + 1), had)) << codec_name(codec);
      }
      EXPECT_TRUE(compression.decompress(codec, compressed, bomb.size(), out)) << codec_name(codec);
      EXPECT_TRUE(out.view() == bomb);
    }
  }
}

TEST(Compression, NoticesThatTheEndIsMissing) {
  Compression compression;
  ByteBuffer out;
  const std::string bytes = repetitive(70000);
  for (Codec codec : kCompressing) {
    const std::string compressed(compression.compress(codec, bytes));
    const std::string_view all = compressed;
    for (size_t size = 0; size < all.size(); size += 1 + size / 64) {
      const RecordsStatus status = compression.decompress(codec, all.substr(0, size), 1 << 20, out);
      // The framing of snappy has no end: what ends between two blocks is merely shorter.
      if (codec == Codec::kSnappy && status && bytes.starts_with(out.view())) continue;
      ASSERT_FALSE(status) << codec_name(codec) << " " << size;
      EXPECT_EQ(status.error().fault, RecordsFault::kCorrupt) << status.error().message;
    }
  }
}

TEST(Compression, SurvivesEveryDamagedByte) {
  Compression compression;
  ByteBuffer out;
  const std::string bytes = repetitive(3000);
  for (Codec codec : kCompressing) {
    std::string damaged(compression.compress(codec, bytes));
    int noticed = 0;
    for (char& byte : damaged) {
      for (int bit = 0; bit < 8; ++bit) {
        byte = static_cast<char>(byte ^ (1 << bit));
        if (!compression.decompress(codec, damaged, 1 << 20, out)) ++noticed;
        byte = static_cast<char>(byte ^ (1 << bit));
      }
    }
    EXPECT_GT(noticed, 0) << codec_name(codec);
    // Nothing of the damage stays in the contexts.
    ASSERT_TRUE(compression.decompress(codec, damaged, 1 << 20, out)) << codec_name(codec);
    EXPECT_EQ(out.view(), bytes) << codec_name(codec);
  }
}

TEST(Compression, ReadsSeveralFramesInARow) {
  Compression compression;
  ByteBuffer out;
  for (Codec codec : {Codec::kGzip, Codec::kLz4, Codec::kZstd}) {
    std::string compressed(compression.compress(codec, repetitive(50000)));
    compressed += compression.compress(codec, "and the end");
    ASSERT_TRUE(compression.decompress(codec, compressed, 1 << 20, out)) << codec_name(codec);
    EXPECT_EQ(out.view(), repetitive(50000) + "and the end") << codec_name(codec);
  }
}

TEST(Compression, ReadsABareSnappyBlock) {
  Compression compression;
  ByteBuffer out;
  std::string block;
  snappy::Compress("bare bare bare bare bare bare", 29, &block);
  ASSERT_TRUE(compression.decompress(Codec::kSnappy, block, 100, out));
  EXPECT_EQ(out.view(), "bare bare bare bare bare bare");
  ASSERT_FALSE(compression.decompress(Codec::kSnappy, block, 28, out));
}

TEST(Compression, RefusesASnappyBlockThatPromisesTooMuch) {
  Compression compression;
  ByteBuffer out;
  // One byte of data after the promise of 256 MiB.
  const std::string block = from_hex("808080800100");
  const RecordsStatus status = compression.decompress(Codec::kSnappy, block, 1 << 30, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().fault, RecordsFault::kCorrupt);
  EXPECT_LT(out.capacity(), 1u << 20);
}

TEST(Compression, RefusesALaterSnappyFraming) {
  Compression compression;
  ByteBuffer out;
  const std::string stream = from_hex("82534e415050590000000002") + from_hex("00000002");
  const RecordsStatus status = compression.decompress(Codec::kSnappy, stream, 100, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().fault, RecordsFault::kUnsupported);
}

// The framing as other clients expect it, to the byte.
TEST(Compression, FramesAsTheJavaClientDoes) {
  Compression compression;
  const std::string bytes = golden_uncompressed().substr(kBatchHeaderBytes);
  EXPECT_EQ(compression.compress(Codec::kSnappy, bytes),
            from_hex(kGoldenSnappy).substr(kBatchHeaderBytes));
  // Magic, flags (version 1, independent blocks), 64 KiB, and the checksum of the two.
  EXPECT_EQ(compression.compress(Codec::kLz4, bytes).substr(0, 7), from_hex("04224d18604082"));
  EXPECT_EQ(compression.compress(Codec::kGzip, bytes).substr(0, 4), from_hex("1f8b0800"));
}

}  // namespace
}  // namespace penstock::connect::kafka
