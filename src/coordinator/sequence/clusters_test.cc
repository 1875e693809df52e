// DROP CLUSTER of several names.
#include "coordinator/sequence/sequence_fixture_test.h"

namespace penstock::coordinator {
namespace {

using DroppingClusters = SequenceTest;

TEST_F(DroppingClusters, ANameThatComesTwiceGoesOnce) {
  cluster(4, "e");
  auto dropped = decide<sql::DropObjects>("DROP CLUSTER c1, c1, e");
  ASSERT_TRUE(dropped.has_value());
  EXPECT_EQ(dropped->changes.size(), 2U);
  EXPECT_EQ(dropped->effects.size(), 2U);
}

}  // namespace
}  // namespace penstock::coordinator
