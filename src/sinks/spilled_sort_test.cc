// The sort against std::sort, with runs of every size, and from the start again.
#include "sinks/spilled_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/rng.h"

namespace penstock::sinks {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries drain(SpilledSort& sort) {
  Entries out;
  while (true) {
    auto more = sort.next();
    EXPECT_TRUE(more);
    if (!more || !*more) return out;
    out.emplace_back(sort.key(), sort.payload());
  }
}

TEST(SpilledSort, SortsByKeyThenPayload) {
  StopToken stop;
  for (size_t memory_bytes : {1, 200, 5'000, 1 << 20}) {
    Rng rng(memory_bytes);
    SpilledSort sort(testing::TempDir(), memory_bytes, stop);
    Entries expected;
    for (size_t i = 0; i < 500; ++i) {
      std::string key(rng.below(4), static_cast<char>('a' + rng.below(3)));
      std::string payload(rng.one_in(50) ? 100'000 : rng.below(9),
                          static_cast<char>(rng.below(256)));
      expected.emplace_back(key, payload);
      ASSERT_TRUE(sort.add(key, payload));
    }
    std::sort(expected.begin(), expected.end());
    ASSERT_TRUE(sort.finish());
    EXPECT_EQ(drain(sort), expected) << memory_bytes;
    sort.rewind();
    EXPECT_EQ(drain(sort), expected) << memory_bytes;
    EXPECT_EQ(sort.runs() > 1, memory_bytes < (1 << 20));
    EXPECT_LT(sort.runs(), 256u);  // Open files.
  }
}

TEST(SpilledSort, Empty) {
  StopToken stop;
  SpilledSort sort(testing::TempDir(), 100, stop);
  ASSERT_TRUE(sort.finish());
  EXPECT_EQ(drain(sort), Entries{});
}

TEST(SpilledSort, SaysWhereItCannotWrite) {
  StopToken stop;
  SpilledSort sort("/does/not/exist", 1, stop);
  ASSERT_TRUE(sort.add("a", "b"));
  Status second = sort.add("c", "d");
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("/does/not/exist"), std::string::npos);
}

TEST(SpilledSort, BeginsAgainAfterAnErrorWithEveryEntryOnce) {
  StopToken stop;
  std::filesystem::path directory = std::filesystem::path(testing::TempDir()) / "spill-later";
  std::filesystem::remove_all(directory);
  SpilledSort sort(directory, 1, stop);
  ASSERT_TRUE(sort.add("c", "1"));
  ASSERT_FALSE(sort.add("a", "2"));
  std::filesystem::create_directory(directory);
  ASSERT_TRUE(sort.add("b", "3"));
  sort.clear();
  Entries expected = {{"a", "2"}, {"b", "3"}, {"c", "1"}};
  for (const auto& [key, payload] : expected) ASSERT_TRUE(sort.add(key, payload));
  ASSERT_TRUE(sort.finish());
  EXPECT_EQ(drain(sort), expected);
  EXPECT_EQ(sort.runs(), 3u);
}

TEST(SpilledSort, AStopEndsTheMergingOfManyRuns) {
  StopToken stop;
  SpilledSort sort(testing::TempDir(), 1, stop);
  stop.stop();
  size_t added = 0;
  while (added < 1'000 && sort.add("a", "b")) ++added;
  EXPECT_LT(added, 1'000u);
}

}  // namespace
}  // namespace penstock::sinks
