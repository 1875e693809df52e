// What is read: every codec's batches, the Java client's bytes, truncation, and damage of any kind.
#include "connect/kafka/records/batch_reader.h"

#include <fmt/format.h>

#include <functional>
#include <limits>

#include "base/rng.h"
#include "connect/kafka/protocol/big_endian.h"
#include "connect/kafka/records/crc32c.h"
#include "connect/kafka/records/records_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

constexpr BatchIdentity kIdentity = {
    .producer_id = 4711, .producer_epoch = 3, .base_sequence = 42, .transactional = true};

struct Reading {
  Compression compression;
  BatchReader reader{compression, kTestLimit};

  std::vector<TestRecord> all(std::string_view batches) { return read_all(reader, batches); }
  RecordsFault fault_of(std::string_view batches) {
    all(batches);
    EXPECT_TRUE(reader.error());
    return reader.error() ? reader.error()->fault : RecordsFault::kTooLarge;
  }
};

// The batch after a change that its checksum covers.
std::string resealed(std::string batch, const std::function<void(std::string&)>& change) {
  change(batch);
  store_big_endian(batch.data() + kLengthAt, static_cast<int32_t>(batch.size() - kLeaderEpochAt));
  store_big_endian(batch.data() + kCrcAt, crc32c(std::string_view(batch).substr(kAttributesAt)));
  return batch;
}

template <typename T>
std::string with_field(const std::string& batch, size_t at, T value) {
  return resealed(batch, [&](std::string& bytes) { store_big_endian(bytes.data() + at, value); });
}

// A batch with one record, whose bytes, length included, are given in hex.
std::string with_record(std::string_view hex) {
  return resealed(built({{"k", "v", 1, {}}}, kIdentity, Codec::kNone), [&](std::string& bytes) {
    bytes.replace(kBatchHeaderBytes, std::string::npos, from_hex(hex));
  });
}

std::vector<TestRecord> odd_records() {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return {{std::nullopt, std::nullopt, 0, {}},
          {"", "", -1, {{"", ""}}},
          {"k", "v", kMost, {{"a", std::nullopt}, {"a", "1"}, {"b", std::string(300, 'h')}}},
          {std::string(63, 'k'), std::string(64, 'v'), kLeast, {}},
          {std::string(8191, 'k'), std::string(8192, 'v'), 1700000000000, {}},
          {"big", std::string(2 << 20, 'b'), 1, {}},
          {std::string(1, '\0'), std::string("\0\xff", 2), 1, {}}};
}

TEST(BatchReader, GivesBackWhatWasBuilt) {
  Reading reading;
  for (Codec codec : kAllCodecs) {
    const std::string batch = built(odd_records(), kIdentity, codec);
    EXPECT_EQ(reading.all(batch), odd_records()) << codec_name(codec);
    ASSERT_FALSE(reading.reader.error()) << reading.reader.error()->message;
    EXPECT_FALSE(reading.reader.truncated());
  }
}

TEST(BatchReader, ReadsTheJavaClientsBatches) {
  Reading reading;
  for (const std::string& batch :
       {golden_uncompressed(), from_hex(kGoldenGzip), from_hex(kGoldenSnappy), from_hex(kGoldenLz4),
        from_hex(kGoldenZstd)}) {
    EXPECT_EQ(reading.all(batch), golden_records());
    ASSERT_FALSE(reading.reader.error()) << reading.reader.error()->message;
  }
}

TEST(BatchReader, GivesTheHeader) {
  Reading reading;
  const std::string golden = golden_uncompressed();
  reading.reader.reset(golden);
  ASSERT_TRUE(reading.reader.next_batch());
  const BatchHeader& header = reading.reader.header();
  EXPECT_EQ(header.base_offset, 0);
  EXPECT_EQ(header.last_offset, 3);
  EXPECT_EQ(header.leader_epoch, -1);
  EXPECT_EQ(header.codec, Codec::kNone);
  EXPECT_EQ(header.timestamp_type, TimestampType::kCreateTime);
  EXPECT_TRUE(header.transactional);
  EXPECT_FALSE(header.control);
  EXPECT_EQ(header.base_timestamp_ms, 1700000000000);
  EXPECT_EQ(header.max_timestamp_ms, 1700000000250);
  EXPECT_EQ(header.producer_id, 4711);
  EXPECT_EQ(header.producer_epoch, 3);
  EXPECT_EQ(header.base_sequence, 42);
  EXPECT_EQ(header.last_sequence, 45);
  EXPECT_EQ(header.count, 4);
  EXPECT_EQ(header.size_bytes, golden.size());
}

TEST(BatchReader, CountsOffsetsFromTheBase) {
  Reading reading;
  std::string batch = golden_uncompressed();
  store_big_endian(batch.data(), int64_t{1} << 40);
  reading.reader.reset(batch);
  ASSERT_TRUE(reading.reader.next_batch());
  for (int64_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(reading.reader.next_record());
    EXPECT_EQ(reading.reader.record().offset, (int64_t{1} << 40) + i);
  }
  EXPECT_FALSE(reading.reader.next_record());
}

TEST(BatchReader, SequencesGoOnAtZero) {
  Reading reading;
  const std::string batch =
      with_field(golden_uncompressed(), kBaseSequenceAt, std::numeric_limits<int32_t>::max() - 1);
  reading.reader.reset(batch);
  ASSERT_TRUE(reading.reader.next_batch());
  EXPECT_EQ(reading.reader.header().last_sequence, 1);
}

TEST(BatchReader, TakesTheBrokersTimeWhereItSaysSo) {
  Reading reading;
  const std::string batch = with_field(golden_uncompressed(), kAttributesAt, kLogAppendTimeFlag);
  const std::vector<TestRecord> records = reading.all(batch);
  ASSERT_EQ(records.size(), 4u);
  for (const TestRecord& record : records) EXPECT_EQ(record.timestamp_ms, 1700000000250);
}

TEST(BatchReader, ReadsManyBatchesAndSkipsSome) {
  Reading reading;
  std::string batches;
  for (Codec codec : kAllCodecs) batches += built(golden_records(), kIdentity, codec);
  batches += built({{"last", "one", 5, {}}}, kIdentity, Codec::kNone);
  EXPECT_EQ(reading.all(batches).size(), 21u);
  reading.reader.reset(batches);
  int num_batches = 0;
  std::vector<TestRecord> seen;
  while (reading.reader.next_batch()) {
    // None of the first, one of the second, and so on.
    for (int i = 0; i < num_batches && reading.reader.next_record(); ++i)
      seen.push_back(owned(reading.reader.record()));
    ++num_batches;
  }
  EXPECT_EQ(num_batches, 6);
  EXPECT_FALSE(reading.reader.error());
  ASSERT_EQ(seen.size(), 0u + 1 + 2 + 3 + 4 + 1);
  EXPECT_EQ(seen[0], golden_records()[0]);
  EXPECT_EQ(seen.back(), (TestRecord{"last", "one", 5, {}}));
}

TEST(BatchReader, ReadsWhatCompactionLeft) {
  Reading reading;
  // No record is left, and the batch stands for its producer's sequences only.
  const std::string empty =
      resealed(golden_uncompressed().substr(0, kBatchHeaderBytes),
               [](std::string& bytes) { store_big_endian(bytes.data() + kCountAt, int32_t{0}); });
  EXPECT_TRUE(reading.all(empty).empty());
  EXPECT_FALSE(reading.reader.error());
  EXPECT_EQ(reading.all(empty + golden_uncompressed()), golden_records());
  // Of offsets 0 to 9 only 9 is left: [length][attributes][timestamp][offset 9]["k"]["v"][no
  // headers]
  const std::string sparse =
      with_field(with_record("10000012026b027600"), kLastOffsetDeltaAt, int32_t{9});
  reading.reader.reset(sparse);
  ASSERT_TRUE(reading.reader.next_batch());
  ASSERT_TRUE(reading.reader.next_record());
  EXPECT_EQ(reading.reader.record().offset, 9);
}

TEST(BatchReader, ACutBatchEndsTheIteration) {
  Reading reading;
  const std::string first = built({{"k", "v", 1, {}}}, kIdentity, Codec::kNone);
  for (Codec codec : kAllCodecs) {
    const std::string both = first + built(golden_records(), kIdentity, codec);
    for (size_t size = 0; size < both.size(); ++size) {
      // A copy of its own, so that a sanitizer sees an access beyond it.
      const std::vector<char> cut(both.begin(), both.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(reading.all({cut.data(), size}).size(), size < first.size() ? 0u : 1u) << size;
      ASSERT_FALSE(reading.reader.error()) << size << ": " << reading.reader.error()->message;
      EXPECT_EQ(reading.reader.truncated(), size != 0 && size != first.size()) << size;
    }
  }
}

TEST(BatchReader, NoticesEveryDamagedBit) {
  Reading reading;
  for (Codec codec : kAllCodecs) {
    const std::string batch = built(golden_records(), kIdentity, codec);
    for (size_t at = 0; at < batch.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = batch;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        const std::vector<TestRecord> records = reading.all(damaged);
        const bool noticed = reading.reader.error() || reading.reader.truncated();
        // The checksum does not cover what the broker fills in: the offset and the leader's epoch.
        const bool sealed = (at >= kLengthAt && at < kLeaderEpochAt) || at >= kMagicAt;
        ASSERT_TRUE(noticed || !sealed) << at << " bit " << bit;
        EXPECT_TRUE(noticed || records == golden_records()) << at << " bit " << bit;
      }
    }
  }
}

TEST(BatchReader, SurvivesDamageUnderARightChecksum) {
  Reading reading;
  Rng rng(11);
  int refused = 0;
  for (Codec codec : kAllCodecs) {
    const std::string batch = built(golden_records(), kIdentity, codec);
    for (int round = 0; round < 3000; ++round) {
      const std::string damaged = resealed(batch, [&](std::string& bytes) {
        for (uint64_t left = 1 + rng.below(4); left > 0; --left) {
          const size_t at = kAttributesAt + rng.below(bytes.size() - kAttributesAt);
          bytes[at] = static_cast<char>(rng.next());
        }
        if (rng.one_in(4)) bytes.resize(kBatchHeaderBytes + rng.below(bytes.size() - 60));
      });
      reading.all(damaged);
      if (reading.reader.error()) ++refused;
    }
  }
  EXPECT_GT(refused, 5000);
}

TEST(BatchReader, RefusesOlderFormats) {
  Reading reading;
  EXPECT_EQ(reading.fault_of(from_hex(kGoldenMagic1)), RecordsFault::kUnsupported);
  EXPECT_NE(reading.reader.error()->message.find("message format version 1"), std::string::npos);
  EXPECT_EQ(reading.fault_of(from_hex(kGoldenMagic0)), RecordsFault::kUnsupported);
}

TEST(BatchReader, RefusesHeadersThatContradictThemselves) {
  Reading reading;
  const std::string golden = golden_uncompressed();
  EXPECT_EQ(reading.fault_of(with_field(golden, kCountAt, int32_t{-1})), RecordsFault::kCorrupt);
  EXPECT_EQ(reading.fault_of(with_field(golden, kCountAt, int32_t{3})), RecordsFault::kCorrupt);
  // More records than offsets is noticed before any of them is shown.
  EXPECT_TRUE(reading.all(with_field(golden, kCountAt, int32_t{5})).empty());
  EXPECT_TRUE(reading.reader.error());
  EXPECT_EQ(reading.fault_of(with_field(golden, kLastOffsetDeltaAt, int32_t{-1})),
            RecordsFault::kCorrupt);
  EXPECT_EQ(reading.fault_of(with_field(golden, kLastOffsetDeltaAt, int32_t{2})),
            RecordsFault::kCorrupt);
  EXPECT_EQ(reading.fault_of(with_field(golden, kAttributesAt, int16_t{5})),
            RecordsFault::kUnsupported);
  std::string batch = golden;
  store_big_endian(batch.data(), int64_t{-1});
  EXPECT_EQ(reading.fault_of(batch), RecordsFault::kCorrupt);
  store_big_endian(batch.data(), std::numeric_limits<int64_t>::max() - 2);
  EXPECT_EQ(reading.fault_of(batch), RecordsFault::kCorrupt);
  // No offset would come after its last one.
  store_big_endian(batch.data(), std::numeric_limits<int64_t>::max() - 3);
  EXPECT_EQ(reading.fault_of(batch), RecordsFault::kCorrupt);
  for (int32_t length : {-1, 0, 48, std::numeric_limits<int32_t>::min()}) {
    batch = golden;
    store_big_endian(batch.data() + kLengthAt, length);
    EXPECT_EQ(reading.fault_of(batch), RecordsFault::kCorrupt) << length;
  }
}

TEST(BatchReader, RefusesRecordsThatContradictThemselves) {
  Reading reading;
  ASSERT_EQ(reading.all(with_record("10000000026b027600")).size(), 1u);
  struct Case {
    const char* what;
    const char* hex;
  };
  const Case cases[] = {
      {"no record", ""},
      {"an endless length", "ffffffffffffffffffffff"},
      {"a negative length", "01"},
      {"no body", "00"},
      {"shorter than its fields", "0e000000026b0276"},
      {"longer than its fields", "12000000026b02760000"},
      {"longer than the batch", "12000000026b027600"},
      {"a key longer than the record", "10000000ff6b027600"},
      {"a key of length -2", "0e00000003027600"},
      {"a value longer than the record", "10000000026b7f7600"},
      {"a negative offset", "10000001026b027600"},
      {"an offset behind the last", "10000002026b027600"},
      {"a negative number of headers", "10000000026b027601"},
      {"a header that is missing", "10000000026b027602"},
      {"two billion headers", "18000000026b0276feffffff0f"},
      {"a header with a null key", "14000000026b0276020101"},
      {"a header cut off", "14000000026b0276020202"},
      {"bytes behind the last record", "10000000026b02760000"},
  };
  for (const Case& one : cases) {
    EXPECT_TRUE(reading.all(with_record(one.hex)).empty() ||
                std::string_view(one.what).starts_with("bytes behind"))
        << one.what;
    ASSERT_TRUE(reading.reader.error()) << one.what;
    EXPECT_EQ(reading.reader.error()->fault, RecordsFault::kCorrupt) << one.what;
  }
}

TEST(BatchReader, RefusesMoreHeadersThanItsLimitHolds) {
  constexpr size_t kLimit = 1 << 20;
  Compression compression;
  BatchReader reader(compression, kLimit);
  const auto with_headers = [](size_t count) {
    const std::vector<std::pair<std::string, TestBytes>> headers(count, {"", ""});
    return built({{"k", "v", 1, headers}}, kIdentity, Codec::kNone);
  };
  constexpr size_t kMost = kLimit / sizeof(RecordHeader);
  EXPECT_EQ(read_all(reader, with_headers(kMost)).size(), 1u);
  EXPECT_TRUE(read_all(reader, with_headers(kMost + 1)).empty());
  ASSERT_TRUE(reader.error());
  EXPECT_EQ(reader.error()->fault, RecordsFault::kTooLarge) << reader.error()->message;
}

TEST(BatchReader, RefusesABombAndStaysUsable) {
  Compression compression;
  BatchReader reader(compression, 1 << 20);
  for (Codec codec : kAllCodecs) {
    if (codec == Codec::kNone) continue;  // Takes no memory.
    const std::string bomb = built({{"k", std::string(8 << 20, 'a'), 1, {}}}, kIdentity, codec);
    EXPECT_TRUE(read_all(reader, bomb).empty());
    ASSERT_TRUE(reader.error()) << codec_name(codec);
    EXPECT_EQ(reader.error()->fault, RecordsFault::kTooLarge) << reader.error()->message;
    EXPECT_FALSE(reader.next_batch());
    EXPECT_FALSE(reader.next_record());
    EXPECT_EQ(read_all(reader, built(golden_records(), kIdentity, codec)), golden_records());
    EXPECT_FALSE(reader.error());
  }
}

}  // namespace
}  // namespace penstock::connect::kafka
