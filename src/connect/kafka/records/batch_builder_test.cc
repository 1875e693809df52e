// What is built: the Java client's bytes, exact sizes, the checksum, reuse.
#include "connect/kafka/records/batch_builder.h"

#include <limits>

#include "base/rng.h"
#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/crc32c.h"
#include "connect/kafka/records/records_fixture_test.h"
#include "connect/kafka/records/varint.h"

namespace penstock::connect::kafka {
namespace {

constexpr BatchIdentity kGoldenIdentity = {
    .producer_id = 4711, .producer_epoch = 3, .base_sequence = 42, .transactional = true};

TEST(Varint, HasTheSizeThatIsWritten) {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t least = bits == 0 ? 0 : uint64_t{1} << (bits - 1);
    const uint64_t most = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    for (uint64_t value : {least, most}) {
      char bytes[10];
      const auto size = static_cast<size_t>(put_varint(bytes, value) - bytes);
      EXPECT_EQ(varint_size(value), size) << bits;
      VarintReader reader({bytes, size});
      EXPECT_EQ(zigzag(reader.varint()), value) << bits;
      EXPECT_TRUE(reader.at_end() && !reader.failed());
      VarintReader cut({bytes, size - 1});
      cut.varint();
      EXPECT_TRUE(cut.failed()) << bits;
    }
  }
  EXPECT_EQ(zigzag(-1), 1u);
  EXPECT_EQ(zigzag(1), 2u);
  EXPECT_EQ(zigzag(std::numeric_limits<int64_t>::min()), ~uint64_t{0});
}

TEST(BatchBuilder, WritesTheJavaClientsBytes) {
  EXPECT_EQ(built(golden_records(), kGoldenIdentity, Codec::kNone), golden_uncompressed());
  EXPECT_EQ(built(golden_records(), kGoldenIdentity, Codec::kSnappy), from_hex(kGoldenSnappy));
}

TEST(BatchBuilder, TakesWhatFitsAndNotAByteMore) {
  const std::vector<TestRecord> records = golden_records();
  BatchBuilder measuring(kTestLimit, Codec::kNone);
  std::vector<size_t> sizes = {measuring.size_bytes()};
  for (const TestRecord& record : records) {
    ASSERT_TRUE(append(measuring, record));
    sizes.push_back(measuring.size_bytes());
  }
  EXPECT_EQ(sizes.back(), golden_uncompressed().size());
  for (size_t limit = kBatchHeaderBytes; limit <= sizes.back(); ++limit) {
    BatchBuilder builder(limit, Codec::kNone);
    for (size_t i = 0; i < records.size(); ++i) {
      const bool fits = sizes[i + 1] <= limit;
      EXPECT_EQ(append(builder, records[i]), fits) << limit;
      if (!fits) break;
    }
    EXPECT_LE(builder.size_bytes(), limit);
  }
}

TEST(BatchBuilder, ChecksALongBatchAsOne) {
  Rng rng(1);
  for (Codec codec : {Codec::kNone, Codec::kLz4}) {
    for (size_t longest : {100, 30'000}) {
      BatchBuilder builder(kTestLimit, codec);
      Compression compression;
      while (builder.size_bytes() < 100'000) {
        const std::string value(rng.below(longest), 'v');
        ASSERT_TRUE(builder.append({.key = "k", .value = value, .headers = {}}));
      }
      const std::string_view batch = builder.finish(kGoldenIdentity, compression);
      EXPECT_EQ(load_big_endian<uint32_t>(batch.data() + kCrcAt),
                crc32c(batch.substr(kAttributesAt)));
    }
  }
}

TEST(BatchBuilder, LeavesAloneWhatDoesNotShrink) {
  for (Codec codec : kAllCodecs) {
    EXPECT_EQ(built({{"k", "v", 1, {}}}, kGoldenIdentity, codec),
              built({{"k", "v", 1, {}}}, kGoldenIdentity, Codec::kNone))
        << codec_name(codec);
  }
}

TEST(BatchBuilder, StartsAnewWithTheSameMemory) {
  BatchBuilder builder(kTestLimit, Codec::kZstd);
  Compression compression;
  const char* memory = nullptr;
  for (int time = 0; time < 3; ++time) {
    builder.clear();
    EXPECT_TRUE(builder.empty());
    for (const TestRecord& record : golden_records()) ASSERT_TRUE(append(builder, record));
    const std::string_view batch = builder.finish(kGoldenIdentity, compression);
    EXPECT_EQ(batch, built(golden_records(), kGoldenIdentity, Codec::kZstd));
    if (memory == nullptr) memory = batch.data();
    EXPECT_EQ(static_cast<const void*>(batch.data()), memory);
  }
}

}  // namespace
}  // namespace penstock::connect::kafka
