// The durable encoding: round trip, one spelling, and refusing what is damaged.
#include "data/durable_codec.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "data/random_rows_test.h"

namespace penstock::data {
namespace {

std::vector<PhysicalKind> random_kinds(Rng& rng) {
  std::vector<PhysicalKind> kinds;
  for (size_t i = rng.below(12); i > 0; --i) {
    kinds.push_back(kAllKinds[rng.below(std::size(kAllKinds))]);
  }
  return kinds;
}

DeltaBatch random_batch(Rng& rng, std::span<const PhysicalKind> kinds, size_t size) {
  BatchBuilder builder(kinds);
  for (size_t i = 0; i < size; ++i) {
    builder.append_row(random_row(rng, kinds, 20), random_integer(rng, 64) | 1);
  }
  return builder.finish();
}

TEST(DurableCodec, RoundTripsBlocksOfEveryKind) {
  Rng rng(41);
  for (int round = 0; round < 300; ++round) {
    std::vector<PhysicalKind> kinds = random_kinds(rng);
    DeltaBatch batch = random_batch(rng, kinds, rng.below(30));
    DurableBlockWriter writer(kinds);
    writer.add(batch);
    std::string block = writer.finish();
    auto reader = DurableBlockReader::open(block);
    ASSERT_TRUE(reader.has_value());
    ASSERT_EQ(reader->num_rows(), batch.size());
    BatchBuilder builder(reader->kinds());
    ASSERT_EQ(reader->read(builder).value(), batch.size() != 0);
    DeltaBatch back = builder.finish();
    ASSERT_EQ(back.size(), batch.size());
    for (size_t i = 0; i < batch.size(); ++i) {
      EXPECT_EQ(back.row(i), batch.row(i));
      EXPECT_EQ(back.diff(i), batch.diff(i));
    }
  }
}

TEST(DurableCodec, EqualRowsHaveEqualBytesAndOthersDiffer) {
  Rng rng(43);
  std::vector<PhysicalKind> kinds = {PhysicalKind::kInt32, PhysicalKind::kBytes};
  DeltaBatch batch = random_batch(rng, kinds, 200);
  DurableRowCodec codec(kinds);
  EncodedRows encoded;
  codec.encode(batch, encoded);
  for (size_t i = 0; i < batch.size(); ++i) {
    for (size_t j = 0; j < batch.size(); ++j) {
      EXPECT_EQ(encoded.row(i) == encoded.row(j), batch.row(i) == batch.row(j));
    }
  }
}

TEST(DurableCodec, IsTheFormatThatWasWrittenDown) {
  std::vector<PhysicalKind> kinds = {PhysicalKind::kInt64, PhysicalKind::kBytes,
                                     PhysicalKind::kBool8};
  BatchBuilder builder(kinds);
  std::vector<Datum> row = {Datum::integer(-2), Datum::bytes("ab"), Datum::null()};
  builder.append_row(row, 3);
  DurableBlockWriter writer(kinds);
  writer.add(builder.finish());
  // Version, 3 kinds, 1 row; weight 3 as 6, 5 bytes: bitmap, -2 as 3, length 2, "ab".
  EXPECT_EQ(writer.finish(), std::string("\x01\x03\x03\x07\x00\x01\x06\x05\x04\x03\x02"
                                         "ab",
                                         13));
}

TEST(DurableCodec, DamageIsAnErrorWhereverItIs) {
  Rng rng(47);
  for (int round = 0; round < 500; ++round) {
    std::vector<PhysicalKind> kinds = random_kinds(rng);
    DurableBlockWriter writer(kinds);
    writer.add(random_batch(rng, kinds, 1 + rng.below(5)));
    std::string block = writer.finish();
    std::string cut = block.substr(0, rng.below(block.size()));
    auto read_all = [](std::string_view bytes) -> Status {
      ASSIGN_OR_RETURN(DurableBlockReader reader, DurableBlockReader::open(bytes));
      BatchBuilder builder(reader.kinds());
      RETURN_IF_ERROR(reader.read(builder));
      DurableBlockReader::Entry entry;
      RETURN_IF_ERROR(reader.next(entry));
      return {};
    };
    EXPECT_TRUE(read_all(block).has_value());
    EXPECT_FALSE(read_all(cut).has_value());
    block[rng.below(block.size())] ^= static_cast<char>(1 << rng.below(8));
    auto ignored = read_all(block);  // Whatever it says, it must not crash.
    EXPECT_TRUE(ignored.has_value() || ignored.error().state == sql_state::kIoError);
    EXPECT_FALSE(read_all(std::string("\x02", 1)).has_value());
  }
}

}  // namespace
}  // namespace penstock::data
