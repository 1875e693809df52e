// Blocks, sort keys and hash sums: what is written is what is read, damage is noticed.
#include "storage/block.h"

#include "base/rng.h"
#include "storage/row_hash.h"
#include "storage/storage_fixture_test.h"

namespace penstock::storage {
namespace {

// Reference values of MurmurHash3_x64_128, from its published implementation's definition.
TEST(RowHash, IsAFixedFunction) {
  EXPECT_EQ(hash128("", 0).low, 0u);
  EXPECT_EQ(hash128("", 0).high, 0u);
  HashSum hello = hash128("hello", 0);
  EXPECT_EQ(hello.low, 0xcbd8a7b341bd9b02ULL);
  EXPECT_EQ(hello.high, 0x5b1e906a48ae1d19ULL);
}

TEST(RowHash, WeightsMultiplyModulo128Bits) {
  HashSum hash = hash128("row", 1);
  HashSum sum = times(hash, 3);
  sum.add(times(hash, -5));
  sum.add(times(hash, 2));
  EXPECT_EQ(sum, HashSum());
  HashSum thrice = hash;
  thrice.add(hash);
  thrice.add(hash);
  EXPECT_EQ(times(hash, 3), thrice);
}

RowMap read_blocks(const std::vector<std::string>& blocks, const RowFormat& format) {
  RowMap out;
  std::string last;
  for (const std::string& block : blocks) {
    BlockReader reader(block, Timestamp{7});
    while (reader.next()) {
      const Entry& entry = reader.entry();
      EXPECT_LT(last, entry.sort_key);
      last = entry.sort_key;
      data::BatchBuilder builder(format.kinds());
      EXPECT_TRUE(
          format.decode(RowFormat::row_of(entry.sort_key, entry.payload), entry.weight, builder));
      add_rows(builder.finish(), out);
    }
    EXPECT_FALSE(reader.damaged());
  }
  return out;
}

TEST(Block, KeepsRowsOfAllSizesSortedAndAddedUp) {
  RowFormat format = RowFormat::of_rows(test_type(true));
  Rng rng(5);
  RunBuilder run(false);
  RowMap expected;
  HashSum sum;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<TestUpdate> updates;
    for (int i = 0; i < 200; ++i) {
      std::string text(rng.one_in(20) ? 900 + rng.below(400) : rng.below(12),
                       static_cast<char>('a' + rng.below(3)));
      updates.push_back({static_cast<int64_t>(rng.below(40)), rng.one_in(9) ? "NULL" : text,
                         rng.one_in(3) ? -1 : 1});
    }
    data::BatchRef made = test_batch(updates);
    add_rows(*made, expected);
    run.add(format, *made, Timestamp{7});
  }
  HashSum hash = run.hash();
  std::vector<std::string> blocks;
  run.finish([&](std::string_view block) { blocks.emplace_back(block); });
  EXPECT_EQ(read_blocks(blocks, format), expected);
  for (const std::string& block : blocks) {
    BlockReader reader(block, Timestamp{7});
    while (reader.next()) sum.add(entry_hash(reader.entry()));
  }
  EXPECT_EQ(sum, hash);
}

TEST(Block, LongKeysStayNeighbours) {
  types::RelationType type = test_type(false);
  type.keys = {{1}};
  RowFormat format = RowFormat::of_rows(type);
  RunBuilder run(false);
  std::string long_text(600, 'k');
  run.add(format, *test_batch({{1, long_text + "a"}, {2, long_text + "b"}, {3, long_text + "a"}}),
          Timestamp{1});
  std::vector<std::string> keys;
  run.for_each([&](const Entry& entry) { keys.emplace_back(entry.sort_key.substr(0, 241)); });
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_TRUE(keys[0] == keys[1] || keys[1] == keys[2]);
  EXPECT_NE(keys[0], keys[2]);
}

TEST(Block, TimedRunsKeepEveryTime) {
  RowFormat format = RowFormat::of_rows(test_type(true));
  RunBuilder run(true);
  run.add(format, *test_batch({{1, "a", 1}}), Timestamp{100});
  run.add(format, *test_batch({{1, "a", -1}}), Timestamp{90});
  run.add(format, *test_batch({{1, "a", 2}}), Timestamp{100});
  std::vector<std::string> blocks;
  run.finish([&](std::string_view block) { blocks.emplace_back(block); });
  ASSERT_EQ(blocks.size(), 1u);
  BlockReader reader(blocks[0], Timestamp{1});
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.entry().time.ms, 90u);
  EXPECT_EQ(reader.entry().weight, -1);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.entry().time.ms, 100u);
  EXPECT_EQ(reader.entry().weight, 3);
  EXPECT_FALSE(reader.next());
}

TEST(Block, DamageIsNoticedOrHarmless) {
  RowFormat format = RowFormat::of_rows(test_type(true));
  RunBuilder run(false);
  run.add(format, *test_batch({{1, "alpha"}, {2, "beta"}, {3, "gamma"}}), Timestamp{1});
  std::string block;
  run.finish([&](std::string_view made) { block = made; });
  for (size_t cut = 0; cut < block.size(); ++cut) {
    BlockReader reader(std::string_view(block).substr(0, cut), Timestamp{1});
    size_t entries = 0;
    while (reader.next()) ++entries;
    EXPECT_TRUE(reader.damaged() || cut == 0 || entries < 3) << cut;
  }
}

}  // namespace
}  // namespace penstock::storage
