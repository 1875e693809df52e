// Random queries over small tables with NULLs: the optimised plan and the dataflow have the rows of
// the plan as it was lowered, and no error that it has not (PlannerFixture::run).
#include <gtest/gtest.h>

#include "sql/testing/planner_fixture_test.h"
#include "sql/testing/random_query_test.h"

namespace penstock::sql {
namespace {

constexpr uint64_t kQueriesPerSeed = 40;

class PlannerRandom : public ::testing::TestWithParam<uint64_t> {};

INSTANTIATE_TEST_SUITE_P(Seeds, PlannerRandom, ::testing::Range<uint64_t>(0, 16));

TEST_P(PlannerRandom, OptimisedPlansHaveTheSameRows) {
  Rng rng(GetParam());
  PlannerFixture fixture;
  fixture.table("t", "a int4, b int4, c text", {});
  fixture.table("u", "a int4 not null, d int4", {{0}});
  fixture.table("v", "a int4, b int4 not null", {});
  RandomQuery values(rng);
  for (uint64_t i = 0; i < 4; ++i) {
    fixture.rows("t", "(" + values.value(true) + ", " + values.value(true) + ", 'x')");
    if (!rng.one_in(4)) {
      fixture.rows("u", "(" + std::to_string(i) + ", " + values.value(true) + ")");
    }
    fixture.rows("v", "(" + values.value(true) + ", " + values.value(false) + ")");
  }
  for (uint64_t i = 0; i < kQueriesPerSeed; ++i) {
    const std::string query = RandomQuery(rng).text();
    const std::string error = fixture.error(query);
    ASSERT_EQ(error, "") << query;
    fixture.run(query);
    if (HasFailure()) FAIL() << "seed " << GetParam() << ", query " << i << ": " << query;
  }
}

}  // namespace
}  // namespace penstock::sql
