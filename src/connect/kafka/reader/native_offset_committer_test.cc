// Offsets of a group by one who is no member of it.
#include "connect/kafka/reader/native_offset_committer.h"

#include "connect/kafka/admin/admin_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class NativeOffsetCommitterTest : public NativeAdminTest {
 protected:
  NativeOffsetCommitterTest()
      : committer_(*connected_, {.group = "g", .topic = "t"}, milliseconds(5'000)) {
    cluster_.create_topic("t", 2);
  }

  using Offsets = std::map<int32_t, int64_t>;
  NativeOffsetCommitter committer_;
};

TEST_F(NativeOffsetCommitterTest, ReadsWhatItHasWritten) {
  EXPECT_EQ(committer_.committed({0, 1}, stop_), Offsets());
  ASSERT_TRUE(committer_.commit({{1, 7}}, stop_));
  EXPECT_EQ(committer_.committed({0, 1}, stop_), (Offsets{{1, 7}}));
  ASSERT_TRUE(committer_.commit({{0, 3}, {1, 9}}, stop_));
  EXPECT_EQ(committer_.committed({0, 1}, stop_), (Offsets{{0, 3}, {1, 9}}));
  NativeOffsetCommitter other(*connected_, {.group = "h", .topic = "t"}, milliseconds(5'000));
  EXPECT_EQ(other.committed({0, 1}, stop_), Offsets());
}

TEST_F(NativeOffsetCommitterTest, FollowsTheCoordinator) {
  for (int32_t broker = 0; broker < 3; ++broker) {
    cluster_.move_coordinator(CoordinatorKind::kGroup, "g", broker);
    EXPECT_TRUE(committer_.commit({{0, broker}}, stop_));
    EXPECT_EQ(committer_.committed({0}, stop_), (Offsets{{0, broker}}));
  }
  cluster_.kill(2, milliseconds(60'000));
  EXPECT_TRUE(committer_.commit({{0, 9}}, stop_));
  EXPECT_EQ(committer_.committed({0}, stop_), (Offsets{{0, 9}}));
}

TEST_F(NativeOffsetCommitterTest, CommitsAgainWhenTheAnswerWasLost) {
  cluster_.faults().lose_next_answers[ApiKey::kOffsetCommit] = 2;
  EXPECT_TRUE(committer_.commit({{0, 5}}, stop_));
  EXPECT_EQ(cluster_.num_requests(ApiKey::kOffsetCommit), 3u);
  EXPECT_EQ(committer_.committed({0}, stop_), (Offsets{{0, 5}}));
}

TEST_F(NativeOffsetCommitterTest, NamesWhatIsNotAllowed) {
  cluster_.forbid(AclOperation::kRead, {AclResource::Kind::kTopic, "t"});
  cluster_.forbid(AclOperation::kDescribe, {AclResource::Kind::kTopic, "t"});
  auto commit = committer_.commit({{0, 5}}, stop_);
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().fault, KafkaFault::kFatal);
  EXPECT_THAT(commit.error().message, HasSubstr("it needs Read on topic t"));
  const auto fetched = committer_.committed({0}, stop_);
  ASSERT_FALSE(fetched);
  EXPECT_THAT(fetched.error().message, HasSubstr("it needs Describe on topic t"));

  cluster_.forbid(AclOperation::kRead, {AclResource::Kind::kGroup, "g"});
  commit = committer_.commit({{0, 5}}, stop_);
  ASSERT_FALSE(commit);
  EXPECT_THAT(commit.error().message, HasSubstr("it needs Read on group g"));

  cluster_.forbid(AclOperation::kDescribe, {AclResource::Kind::kGroup, "h"});
  NativeOffsetCommitter other(*connected_, {.group = "h", .topic = "t"}, milliseconds(5'000));
  const auto start = loop_.now();
  commit = other.commit({{0, 5}}, stop_);
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().code, "GROUP_AUTHORIZATION_FAILED");
  EXPECT_THAT(commit.error().message, HasSubstr("it needs Describe on group h"));
  EXPECT_LT(loop_.now() - start, milliseconds(5'000));
}

TEST_F(NativeOffsetCommitterTest, AnUnknownTopicIsWaitedFor) {
  NativeOffsetCommitter other(*connected_, {.group = "g", .topic = "new"}, milliseconds(5'000));
  loop_.at(loop_.now() + milliseconds(1'000), [this] { cluster_.create_topic("new", 1); });
  EXPECT_TRUE(other.commit({{0, 1}}, stop_));
  EXPECT_EQ(other.commit({{7, 1}}, stop_).error().code, "UNKNOWN_TOPIC_OR_PARTITION");
}

TEST_F(NativeOffsetCommitterTest, MayGoWhileTheCoordinatorIsLookedFor) {
  {
    NativeOffsetCommitter other(*connected_, {.group = "h", .topic = "t"}, milliseconds(0));
    EXPECT_FALSE(other.commit({{0, 1}}, stop_));
  }
  run_for(milliseconds(1'000));
  EXPECT_TRUE(committer_.commit({{0, 1}}, stop_));
}

}  // namespace
}  // namespace penstock::connect::kafka
