// Columns and batches: building, NULLs, gathering, slicing, sharing of buffers.
#include "data/column.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "data/delta_batch.h"
#include "data/random_rows_test.h"

namespace penstock::data {
namespace {

std::vector<Datum> values_of(const Column& column) {
  std::vector<Datum> out;
  for (size_t i = 0; i < column.size(); ++i) out.push_back(column.datum(i));
  return out;
}

class ColumnOfKind : public testing::TestWithParam<PhysicalKind> {};

INSTANTIATE_TEST_SUITE_P(Kinds, ColumnOfKind, testing::ValuesIn(kAllKinds));

TEST_P(ColumnOfKind, GivesBackWhatWasAppended) {
  Rng rng(7);
  for (size_t size : {0u, 1u, 63u, 64u, 65u, 1000u}) {
    for (uint64_t null_percent : {0u, 20u, 100u}) {
      std::vector<Datum> expected;
      ColumnBuilder builder(GetParam());
      for (size_t i = 0; i < size; ++i) {
        expected.push_back(random_datum(rng, GetParam(), null_percent));
        builder.append_datum(expected.back());
      }
      Column column = builder.finish();
      EXPECT_EQ(values_of(column), expected);
      EXPECT_EQ(column.any_null(),
                null_percent != 0 && std::any_of(expected.begin(), expected.end(),
                                                 [](const Datum& d) { return d.is_null(); }));
      EXPECT_EQ(builder.size(), 0u);
    }
  }
}

TEST_P(ColumnOfKind, GathersSlicesAndCopiesRows) {
  Rng rng(11);
  std::vector<Datum> expected;
  ColumnBuilder builder(GetParam());
  for (size_t i = 0; i < 300; ++i) {
    expected.push_back(random_datum(rng, GetParam(), 15));
    builder.append_datum(expected.back());
  }
  Column column = builder.finish();
  std::vector<uint32_t> rows;
  std::vector<Datum> chosen;
  ColumnBuilder copies(GetParam());
  for (size_t i = 0; i < 500; ++i) {
    rows.push_back(static_cast<uint32_t>(rng.below(expected.size())));
    chosen.push_back(expected[rows.back()]);
    copies.append_from(column, rows.back());
  }
  EXPECT_EQ(values_of(column.gather(rows)), chosen);
  EXPECT_EQ(values_of(copies.finish()), chosen);
  for (int i = 0; i < 50; ++i) {
    size_t begin = rng.below(301);
    size_t end = begin + rng.below(301 - begin);
    std::vector<Datum> part(expected.begin() + static_cast<long>(begin),
                            expected.begin() + static_cast<long>(end));
    Column slice = column.slice(begin, end);
    EXPECT_EQ(values_of(slice), part);
    if (part.size() > 3) {
      EXPECT_EQ(values_of(slice.slice(2, part.size() - 1)),
                std::vector<Datum>(part.begin() + 2, part.end() - 1));
    }
  }
}

TEST_P(ColumnOfKind, ConstantBehavesAsFlat) {
  Rng rng(13);
  for (uint64_t null_percent : {0u, 100u}) {
    Datum value = random_datum(rng, GetParam(), null_percent);
    Column column = Column::constant(GetParam(), value, 70);
    EXPECT_TRUE(column.is_constant());
    EXPECT_EQ(values_of(column), std::vector<Datum>(70, value));
    EXPECT_EQ(values_of(column.flattened()), std::vector<Datum>(70, value));
    EXPECT_FALSE(column.flattened().is_constant());
    std::vector<uint32_t> rows = {1, 1, 69};
    EXPECT_EQ(values_of(column.gather(rows)), std::vector<Datum>(3, value));
    EXPECT_EQ(values_of(column.slice(5, 8)), std::vector<Datum>(3, value));
    EXPECT_EQ(column.any_null(), null_percent == 100);
  }
}

TEST(Column, LongBytesLiveAsLongAsAColumnThatShowsThem) {
  std::string text(100, 'x');
  Column kept;
  {
    ColumnBuilder builder(PhysicalKind::kBytes);
    builder.append_bytes(text);
    builder.append_bytes("short");
    std::vector<uint32_t> rows = {0};
    kept = builder.finish().gather(rows);
  }
  EXPECT_EQ(kept.bytes(0), text);
  ColumnBuilder views(PhysicalKind::kBytes);
  views.share_buffers(kept);
  views.append_view(kept.bytes(0).substr(20, 50));
  kept = Column();
  EXPECT_EQ(views.finish().bytes(0), text.substr(20, 50));
}

TEST(Column, BytesWrittenInPlaceCompareAsBytesAppended) {
  for (size_t length : {0u, 1u, 12u, 13u, 5000u}) {
    std::string text(length, 'q');
    ColumnBuilder builder(PhysicalKind::kBytes);
    char* room = builder.append_uninitialized_bytes(length);
    std::copy(text.begin(), text.end(), room);
    builder.append_bytes(text);
    Column column = builder.finish();
    EXPECT_TRUE(column.value<Slice>(0) == column.value<Slice>(1)) << length;
    EXPECT_EQ(column.bytes(0), text);
  }
}

TEST(Column, SetNullZeroesTheValue) {
  ColumnBuilder builder(PhysicalKind::kInt64);
  int64_t* room = builder.append_uninitialized<int64_t>(3);
  room[0] = room[1] = room[2] = 9;
  builder.set_null(1);
  Column column = builder.finish();
  EXPECT_TRUE(column.is_null(1));
  EXPECT_FALSE(column.is_null(2));
  EXPECT_EQ(column.value<int64_t>(1), 0);
}

TEST(DeltaBatch, KeepsRowsAndDiffsThroughGatherSliceAndNegation) {
  Rng rng(5);
  std::vector<PhysicalKind> kinds = {PhysicalKind::kInt64, PhysicalKind::kBytes};
  BatchBuilder builder(kinds);
  std::vector<std::vector<Datum>> rows;
  for (int64_t i = 0; i < 100; ++i) {
    rows.push_back(random_row(rng, kinds, 10));
    builder.append_row(rows.back(), i + 1);
  }
  DeltaBatch batch = builder.finish();
  EXPECT_TRUE(batch.properties().insert_only);
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(batch.row(42), rows[42]);
  DeltaBatch part = batch.slice(10, 20);
  EXPECT_EQ(part.row(3), rows[13]);
  EXPECT_EQ(part.diff(3), 14);
  DeltaBatch negated = part.negated();
  EXPECT_EQ(negated.diff(3), -14);
  EXPECT_FALSE(negated.properties().insert_only);
  std::vector<uint32_t> chosen = {9, 0};
  EXPECT_EQ(part.gather(chosen).row(0), rows[19]);
  EXPECT_EQ(part.gather(chosen).diff(1), 11);
}

TEST(DeltaBatch, RefusesColumnsOfDifferentLengths) {
  Column column = Column::constant(PhysicalKind::kInt64, Datum::integer(1), 2);
  EXPECT_DEATH(DeltaBatch({column}, {1}, {}), "column.size");
}

TEST(BatchBuilder, IsFullByRowsOrBytes) {
  std::vector<PhysicalKind> kinds = {PhysicalKind::kBytes};
  BatchBuilder builder(kinds);
  std::vector<Datum> row = {Datum::bytes(std::string(kChunkBytes / 2, 'x'))};
  builder.append_row(row, 1);
  EXPECT_FALSE(builder.full());
  builder.append_row(row, 1);
  EXPECT_TRUE(builder.full());
}

}  // namespace
}  // namespace penstock::data
