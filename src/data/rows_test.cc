// Selections against a plain vector of flags.
#include "data/rows.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace penstock::data {
namespace {

std::vector<bool> flags_of(const Rows& rows) {
  std::vector<bool> flags(rows.size());
  rows.for_each([&](size_t row) { flags[row] = true; });
  return flags;
}

Rows random_rows(Rng& rng, size_t size) {
  switch (rng.below(4)) {
    case 0:
      return Rows::all(size);
    case 1:
      return Rows::none(size);
    case 2: {
      size_t begin = rng.below(size + 1);
      return Rows::range(size, begin, begin + rng.below(size + 1 - begin));
    }
    default: {
      Rows rows = Rows::none(size);
      for (size_t i = 0; i < size; ++i) {
        if (rng.one_in(3)) rows.select(i);
      }
      return rows;
    }
  }
}

TEST(Rows, AlgebraAgreesWithFlags) {
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    size_t size = rng.below(200);
    Rows a = random_rows(rng, size);
    Rows b = random_rows(rng, size);
    std::vector<bool> fa = flags_of(a);
    std::vector<bool> fb = flags_of(b);
    uint64_t operation = rng.below(5);
    size_t row = size == 0 ? 0 : rng.below(size);
    if (operation == 0) a.intersect(b);
    if (operation == 1) a.unite(b);
    if (operation == 2) a.subtract(b);
    if (operation == 3 && size != 0) a.select(row);
    if (operation == 4 && size != 0) a.deselect(row);
    size_t count = 0;
    for (size_t i = 0; i < size; ++i) {
      bool expected = operation == 0   ? fa[i] && fb[i]
                      : operation == 1 ? fa[i] || fb[i]
                      : operation == 2 ? fa[i] && !fb[i]
                      : i == row       ? operation == 3
                                       : fa[i];
      EXPECT_EQ(a.contains(i), expected) << "operation " << operation << " row " << i;
      count += expected;
    }
    EXPECT_EQ(a.count(), count);
    EXPECT_EQ(a.is_none(), count == 0);
    EXPECT_EQ(a.is_all(), count == size);
    EXPECT_EQ(flags_of(a).size(), size);
    EXPECT_EQ(a.indices().size(), count);
  }
}

TEST(Rows, FromWordsIgnoresBitsBeyondTheEnd) {
  Rows rows = Rows::from_words(70, {~uint64_t{0}, ~uint64_t{0}});
  EXPECT_EQ(rows.count(), 70u);
  EXPECT_TRUE(rows.is_all());
}

}  // namespace
}  // namespace penstock::data
