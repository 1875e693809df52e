// Rows in bytes: exact round trip, equality of bytes, hashing; consolidation by them.
#include "data/row_codec.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"
#include "data/consolidate.h"
#include "data/hash.h"
#include "data/random_rows_test.h"

namespace penstock::data {
namespace {

using Row = std::vector<Datum>;

struct Layout {
  std::vector<FieldLayout> fields;
  std::vector<PhysicalKind> kinds;
};

Layout random_layout(Rng& rng) {
  Layout layout;
  size_t count = rng.below(7);
  bool fixed = rng.one_in(2);
  for (size_t i = 0; i < count; ++i) {
    PhysicalKind kind = kAllKinds[rng.below(std::size(kAllKinds) - (fixed ? 1 : 0))];
    layout.fields.push_back({kind, rng.one_in(2)});
    layout.kinds.push_back(kind);
  }
  return layout;
}

Row row_of(Rng& rng, const Layout& layout) {
  Row row;
  for (const FieldLayout& field : layout.fields) {
    row.push_back(random_datum(rng, field.kind, field.nullable ? 25 : 0));
  }
  return row;
}

TEST(RowCodec, RoundTripsEveryLayout) {
  Rng rng(3);
  for (int round = 0; round < 400; ++round) {
    Layout layout = random_layout(rng);
    BatchBuilder builder(layout.kinds);
    std::vector<Row> rows;
    for (size_t i = rng.below(20); i > 0; --i) {
      rows.push_back(row_of(rng, layout));
      builder.append_row(rows.back(), 1);
    }
    DeltaBatch batch = builder.finish();
    RowCodec codec(layout.fields);
    EncodedRows encoded;
    codec.encode(batch.columns(), batch.size(), encoded);
    ASSERT_EQ(encoded.size(), rows.size());
    std::vector<const char*> pointers;
    for (size_t i = 0; i < rows.size(); ++i) {
      pointers.push_back(encoded.at(i));
      EXPECT_EQ(codec.size_of(encoded.at(i)), encoded.row_size(i));
      for (size_t j = 0; j < rows.size(); ++j) {
        EXPECT_EQ(encoded.row(i) == encoded.row(j), rows[i] == rows[j]);
      }
    }
    for (size_t field = 0; field < layout.fields.size(); ++field) {
      ColumnBuilder out(layout.kinds[field]);
      codec.decode(pointers, field, out);
      Column column = out.finish();
      for (size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(column.datum(i), rows[i][field]);
        EXPECT_EQ(codec.datum(pointers[i], field), rows[i][field]);
        EXPECT_EQ(codec.is_null(pointers[i], field), rows[i][field].is_null());
      }
    }
  }
}

TEST(RowCodec, KeepsTheSignOfZeroAndTheBitsOfNaN) {
  ColumnBuilder builder(PhysicalKind::kFloat64);
  builder.append(-0.0);
  builder.append(0.0);
  Column column = builder.finish();
  RowCodec codec({{PhysicalKind::kFloat64, true}});
  EncodedRows encoded;
  codec.encode(std::span(&column, 1), 2, encoded);
  EXPECT_NE(encoded.row(0), encoded.row(1));
}

TEST(RowCodec, ConstantColumnsEncodeAsFlat) {
  RowCodec codec({{PhysicalKind::kInt64, false}, {PhysicalKind::kBytes, true}});
  std::vector<Column> constant = {Column::constant(PhysicalKind::kInt64, Datum::integer(7), 3),
                                  Column::constant(PhysicalKind::kBytes, Datum::null(), 3)};
  std::vector<Column> flat = {constant[0].flattened(), constant[1].flattened()};
  EncodedRows a;
  EncodedRows b;
  codec.encode(constant, 3, a);
  codec.encode(flat, 3, b);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(a.row(i), b.row(i));
}

TEST(RowCodec, RefusesNullWhereTheTypeSaysThereIsNone) {
  RowCodec codec({{PhysicalKind::kInt64, false}});
  Column column = Column::constant(PhysicalKind::kInt64, Datum::null(), 1);
  EncodedRows out;
  EXPECT_DEATH(codec.encode(std::span(&column, 1), 1, out), "any_null");
}

TEST(Hash, ChunkedAndSingleRowsAgree) {
  Rng rng(17);
  for (int round = 0; round < 100; ++round) {
    Layout layout = random_layout(rng);
    BatchBuilder builder(layout.kinds);
    for (int i = 0; i < 10; ++i) builder.append_row(row_of(rng, layout), 1);
    DeltaBatch batch = builder.finish();
    RowCodec codec(layout.fields);
    EncodedRows encoded;
    codec.encode(batch.columns(), batch.size(), encoded);
    for (HashMode mode : {HashMode::kNormal, HashMode::kConstant}) {
      std::vector<uint64_t> hashes;
      hash_rows(encoded, mode, hashes);
      for (size_t i = 0; i < encoded.size(); ++i) {
        size_t stride = encoded.is_fixed() ? encoded.stride() : 0;
        EXPECT_EQ(hashes[i], hash_row(encoded.row(i), stride, mode));
        EXPECT_TRUE(mode == HashMode::kNormal || hashes[i] == 0);
      }
    }
  }
}

TEST(Hash, SpreadsConsecutiveNumbersOverEveryBit) {
  std::vector<int> ones(64, 0);
  constexpr int kWords = 4096;
  for (uint64_t i = 0; i < kWords; ++i) {
    uint64_t hash = hash_word(i);
    for (size_t bit = 0; bit < 64; ++bit) ones[bit] += static_cast<int>(hash >> bit & 1);
  }
  for (int count : ones) EXPECT_NEAR(count, kWords / 2, kWords / 8);
}

std::map<std::vector<std::string>, int64_t> sums(std::span<const BatchRef> batches) {
  std::map<std::vector<std::string>, int64_t> out;
  for (const BatchRef& batch : batches) {
    for (size_t i = 0; i < batch->size(); ++i) {
      std::vector<std::string> row;
      for (const Datum& value : batch->row(i)) {
        row.push_back(value.is_null() ? "-" : "=" + std::to_string(value.as_int()));
      }
      out[row] += batch->diff(i);
    }
  }
  std::erase_if(out, [](const auto& entry) { return entry.second == 0; });
  return out;
}

TEST(Consolidate, AddsUpEqualRowsInAnyOrderAndUnderAConstantHash) {
  Rng rng(23);
  std::vector<PhysicalKind> kinds = {PhysicalKind::kInt64, PhysicalKind::kInt32};
  for (int round = 0; round < 60; ++round) {
    std::vector<BatchRef> batches;
    for (int b = 0; b < 3; ++b) {
      BatchBuilder builder(kinds);
      for (size_t i = rng.below(round == 0 ? 6000 : 40); i > 0; --i) {
        std::vector<Datum> row = {Datum::integer(static_cast<int64_t>(rng.below(60))),
                                  rng.one_in(4) ? Datum::null() : Datum::integer(1)};
        builder.append_row(row, rng.one_in(2) ? 1 : -1);
      }
      batches.push_back(std::make_shared<const DeltaBatch>(builder.finish()));
    }
    for (HashMode mode : {HashMode::kNormal, HashMode::kConstant}) {
      auto out = consolidate(batches, ConsolidatedOrder::kRowBytes, mode);
      EXPECT_EQ(sums(out), sums(batches));
      size_t rows = 0;
      for (const BatchRef& batch : out) {
        rows += batch->size();
        EXPECT_TRUE(batch->properties().consolidated);
      }
      EXPECT_EQ(rows, sums(batches).size());
      std::vector<BatchRef> reversed(batches.rbegin(), batches.rend());
      auto again = consolidate(reversed, ConsolidatedOrder::kRowBytes, mode);
      ASSERT_EQ(again.size(), out.size());
      for (size_t b = 0; b < out.size(); ++b) {
        ASSERT_EQ(again[b]->size(), out[b]->size());
        for (size_t i = 0; i < out[b]->size(); ++i) EXPECT_EQ(again[b]->row(i), out[b]->row(i));
      }
    }
    DeltaBatch one = consolidate(*batches[0], ConsolidatedOrder::kFirstSeen);
    BatchRef alias = std::make_shared<const DeltaBatch>(one);
    EXPECT_EQ(sums(std::span(&alias, 1)), sums(std::span(batches).first(1)));
  }
}

}  // namespace
}  // namespace penstock::data
