// What is taken of metadata that no sound broker sends.
#include "connect/kafka/client/cluster.h"

#include <gtest/gtest.h>

#include <limits>

#include "connect/kafka/client/questions.h"
#include "connect/kafka/simulated/server_session.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

const HostAndPort kAddress{"broker", 9092};

// A broker whose answer about metadata the test writes.
class ClusterTest : public testing::Test {
 protected:
  ClusterTest() {
    serve_at(loop_, kAddress, [this](ServerSession& server, const ReceivedRequest& request) {
      if (request.api == ApiKey::kApiVersions) {
        ApiVersionsResponse versions;
        versions.api_keys.push_back({static_cast<int16_t>(ApiKey::kMetadata), 4, 12});
        return server.answer(request, versions);
      }
      server.answer(request, metadata_);
    });
    metadata_.brokers.push_back({1, kAddress.host, kAddress.port, {}});
    metadata_.topics.emplace_back().name = "t";
    cluster_.watch("t");
  }
  void add_partition(int32_t index) {
    auto& partition = metadata_.topics[0].partitions.emplace_back();
    partition.partition_index = index;
    partition.leader_id = 1;
  }
  const TopicInfo* learnt() {
    const auto end = loop_.now() + milliseconds(5'000);
    while (!cluster_.topic("t") && loop_.now() < end) loop_.run(milliseconds(100));
    return cluster_.topic("t");
  }

  SimulatedLoop loop_{1};
  MetadataResponse metadata_;
  Cluster cluster_{loop_, {.connection = {}, .bootstrap = {kAddress}}, nullptr, 1};
};

TEST_F(ClusterTest, PartitionsMayComeInAnyOrder) {
  for (int32_t index : {2, 0, 1}) add_partition(index);
  const TopicInfo* topic = learnt();
  ASSERT_TRUE(topic);
  ASSERT_EQ(topic->partitions.size(), 3u);
  for (const PartitionLeader& leader : topic->partitions) EXPECT_EQ(leader.broker, 1);
}

// A number is no reason to make room for so many.
TEST_F(ClusterTest, APartitionThatCannotBeIsNotLearnt) {
  for (int32_t index : {0, -1, std::numeric_limits<int32_t>::max(), 1}) add_partition(index);
  const TopicInfo* topic = learnt();
  ASSERT_TRUE(topic);
  EXPECT_LE(topic->partitions.size(), 4u);
  EXPECT_TRUE(cluster_.leader("t", 0, Lane::kQuestions));
  EXPECT_TRUE(cluster_.leader("t", 1, Lane::kQuestions));
  EXPECT_FALSE(cluster_.leader("t", 2, Lane::kQuestions));
  EXPECT_FALSE(cluster_.leader("t", -1, Lane::kQuestions));
}

// Who is asked has had his turn: to look twice would pass over every second broker.
TEST_F(ClusterTest, WhomToAskIsDecidedOnceAnAttempt) {
  const StopToken stop;
  Questions questions(cluster_, milliseconds(5'000), stop, "asking");
  int num_errors = 2;
  int num_decisions = 0;
  const auto answer = questions.ask<MetadataRequest>(
      [&] {
        ++num_decisions;
        return &cluster_.any_broker();
      },
      {},
      [&](const MetadataResponse&) {
        return num_errors-- > 0 ? ErrorCode::kRequestTimedOut : ErrorCode::kNone;
      });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(num_decisions, 3);
}

}  // namespace
}  // namespace penstock::connect::kafka
