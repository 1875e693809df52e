// What a cluster says of itself: versions, brokers, topics, coordinators, configurations, offsets.
#include "connect/kafka/simulated/simulated_cluster.h"

#include "connect/kafka/simulated/cluster_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using testing::ElementsAre;

TEST_F(SimulatedClusterTest, MetadataNamesBrokersLeadersAndIds) {
  const SimulatedTopic& topic = cluster_.create_topic("t", 3);
  MetadataRequest request;
  request.topics.emplace().push_back({{}, "t"});
  const auto answer = client_.ask(1, request);
  ASSERT_EQ(answer.response.brokers.size(), 3u);
  EXPECT_EQ(answer.response.brokers[2].host, "broker-2");
  ASSERT_EQ(answer.response.topics.size(), 1u);
  EXPECT_EQ(answer.response.topics[0].topic_id, topic.id);
  std::vector<int32_t> leaders;
  for (const auto& partition : answer.response.topics[0].partitions)
    leaders.push_back(partition.leader_id);
  EXPECT_THAT(leaders, ElementsAre(0, 1, 2));

  request.topics->at(0) = {topic.id, std::nullopt};
  EXPECT_EQ(client_.ask(1, request).response.topics.at(0).name, "t");
  request.topics.reset();
  EXPECT_EQ(client_.ask(1, request).response.topics.size(), 1u);
  request.topics.emplace();
  EXPECT_TRUE(client_.ask(1, request).response.topics.empty());
}

TEST_F(SimulatedClusterTest, TopicsAreMadeOnlyIfThatIsAllowed) {
  MetadataRequest request;
  request.topics.emplace().push_back({{}, "new"});
  request.allow_auto_topic_creation = false;
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  request.allow_auto_topic_creation = true;
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code,
            ErrorCode::kLeaderNotAvailable);
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code, ErrorCode::kNone);
  request.topics->at(0) = {{}, "not a name"};
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code,
            ErrorCode::kInvalidTopicException);
  Uuid unknown;
  unknown.bytes[0] = 1;
  request.topics->at(0) = {unknown, std::nullopt};
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code, ErrorCode::kUnknownTopicId);
}

TEST_F(SimulatedClusterTest, FindsCoordinatorsInBothForms) {
  FindCoordinatorRequest one;
  one.key = "id";
  one.key_type = 1;
  const auto old_form = client_.ask(0, one, {0, 3});
  const int32_t expected = cluster_.coordinator(CoordinatorKind::kTransaction, "id");
  EXPECT_EQ(old_form.response.node_id, expected);
  FindCoordinatorRequest many;
  many.key_type = 1;
  many.coordinator_keys = {"id"};
  const auto new_form = client_.ask(0, many, {4, 6});
  EXPECT_EQ(new_form.response.coordinators.at(0).node_id, expected);
  EXPECT_EQ(new_form.response.coordinators.at(0).port, 9092 + expected);
}

TEST_F(SimulatedClusterTest, DescribesItself) {
  const auto answer = client_.ask(0, DescribeClusterRequest{});
  EXPECT_EQ(answer.response.brokers.size(), 3u);
  EXPECT_EQ(answer.response.controller_id, 0);
}

TEST_F(SimulatedClusterTest, CreatesTopicsOnceAndValidates) {
  CreateTopicsRequest request;
  request.topics.push_back({"t", 2, 3, {}, {{"retention.ms", "5"}}});
  request.validate_only = true;
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code, ErrorCode::kNone);
  request.validate_only = false;
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).num_partitions, 2);
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code,
            ErrorCode::kTopicAlreadyExists);
  request.topics[0] = {"u", 0, 1, {}, {}};
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code,
            ErrorCode::kInvalidPartitions);
  request.topics[0] = {"u", 1, 4, {}, {}};
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code,
            ErrorCode::kInvalidReplicationFactor);
  request.topics[0] = {"u", 1, 1, {}, {{"no.such", "1"}}};
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).error_code, ErrorCode::kInvalidConfig);

  DescribeConfigsRequest describe;
  describe.resources.push_back({2, "t", std::vector<std::string>{"retention.ms"}});
  const auto configs = client_.ask(0, describe);
  ASSERT_EQ(configs.response.results.at(0).configs.size(), 1u);
  EXPECT_EQ(configs.response.results[0].configs[0].value, "5");
}

TEST_F(SimulatedClusterTest, ChangesAndDeletesTopics) {
  cluster_.create_topic("t", 1);
  IncrementalAlterConfigsRequest alter;
  alter.resources.push_back({2, "t", {{"retention.ms", 0, "77"}}});
  EXPECT_EQ(client_.ask(0, alter).response.responses.at(0).error_code, ErrorCode::kNone);
  alter.resources[0].configs[0].value = "much";
  EXPECT_EQ(client_.ask(0, alter).response.responses.at(0).error_code, ErrorCode::kInvalidConfig);
  DescribeConfigsRequest describe;
  describe.resources.push_back({2, "t", std::vector<std::string>{"retention.ms"}});
  EXPECT_EQ(client_.ask(0, describe).response.results.at(0).configs.at(0).value, "77");

  CreatePartitionsRequest more;
  more.topics.push_back({"t", 3, {}});
  EXPECT_EQ(client_.ask(0, more).response.results.at(0).error_code, ErrorCode::kNone);
  EXPECT_EQ(client_.ask(0, more).response.results.at(0).error_code, ErrorCode::kInvalidPartitions);
  EXPECT_EQ(cluster_.leader("t", 2), 2);

  DeleteTopicsRequest remove;
  remove.topics.push_back({"t", {}});
  EXPECT_EQ(client_.ask(0, remove).response.responses.at(0).error_code, ErrorCode::kNone);
  EXPECT_EQ(client_.ask(0, remove).response.responses.at(0).error_code,
            ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(SimulatedClusterTest, KeepsOffsetsOfGroups) {
  const SimulatedTopic& topic = cluster_.create_topic("t", 1);
  const int32_t coordinator = cluster_.coordinator(CoordinatorKind::kGroup, "g");
  OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.push_back({"t", {}, {{0, 42, 1, "note"}}});
  EXPECT_EQ(client_.ask((coordinator + 1) % 3, commit, {2, 9})
                .response.topics.at(0)
                .partitions.at(0)
                .error_code,
            ErrorCode::kNotCoordinator);
  EXPECT_EQ(
      client_.ask(coordinator, commit, {2, 9}).response.topics.at(0).partitions.at(0).error_code,
      ErrorCode::kNone);
  OffsetFetchRequest old_form;
  old_form.group_id = "g";
  old_form.topics.emplace().push_back({"t", {0, 1}});
  const auto first_answer = client_.ask(coordinator, old_form, {1, 7});
  EXPECT_EQ(first_answer.response.topics.at(0).partitions.at(0).committed_offset, 42);
  EXPECT_EQ(first_answer.response.topics.at(0).partitions.at(1).committed_offset, -1);
  OffsetFetchRequest new_form;
  new_form.groups.emplace_back().group_id = "g";
  new_form.groups[0].topics.reset();
  const auto second_answer = client_.ask(coordinator, new_form, {8, 10});
  const auto& stored = second_answer.response.groups.at(0).topics.at(0);
  EXPECT_EQ(stored.topic_id, topic.id);
  EXPECT_EQ(stored.partitions.at(0).metadata, "note");
}

TEST_F(SimulatedClusterTest, ACoordinatorThatMovedLoads) {
  cluster_.faults().load_most = std::chrono::milliseconds(500);
  const int32_t old = cluster_.coordinator(CoordinatorKind::kTransaction, "id");
  const int32_t next = (old + 1) % 3;
  InitProducerIdRequest init;
  init.transactional_id = "id";
  init.transaction_timeout_ms = 1'000;
  client_.connection(next);
  cluster_.move_coordinator(CoordinatorKind::kTransaction, "id", next);
  EXPECT_EQ(client_.ask(old, init).response.error_code, ErrorCode::kNotCoordinator);
  EXPECT_EQ(client_.ask(next, init).response.error_code, ErrorCode::kCoordinatorLoadInProgress);
  run_for(std::chrono::milliseconds(500));
  EXPECT_EQ(client_.ask(next, init).response.error_code, ErrorCode::kNone);
}

class BrokerPresetTest : public testing::TestWithParam<std::string> {};

// Each of our APIs that a broker has can be asked in every version that we share.
TEST_P(BrokerPresetTest, SpeaksAsItsReleaseDoes) {
  SimulatedLoop loop(1);
  SimulatedClusterOptions options;
  options.preset = &broker_preset(GetParam());
  SimulatedCluster cluster(loop, options);
  ClusterTestClient client(loop, cluster, nullptr);
  const int32_t coordinator = cluster.coordinator(CoordinatorKind::kTransaction, "id");
  InitProducerIdRequest init;
  init.transactional_id = "id";
  init.transaction_timeout_ms = 1'000;
  int16_t epoch = 0;
  const VersionRange range = options.preset->range(ApiKey::kInitProducerId);
  for (int16_t version = range.first; version <= range.last; ++version) {
    const auto answer = client.ask(coordinator, init, {version, version});
    EXPECT_EQ(answer.version, version);
    EXPECT_EQ(answer.response.producer_epoch, epoch++);
  }
  MetadataRequest metadata;
  metadata.topics.emplace();
  EXPECT_EQ(client.ask(0, metadata).version, options.preset->range(ApiKey::kMetadata).last);
  const BrokerFeatures& features = client.connection(0).features();
  EXPECT_EQ(features.finalized("transaction.version"), GetParam() == "4.3" ? 2 : 0);
  EXPECT_EQ(features.range(ApiKey::kProduce).last, options.preset->range(ApiKey::kProduce).last);
  const auto cluster_answer = client.try_ask(0, DescribeClusterRequest{}, {0, kLastVersion});
  EXPECT_EQ(cluster_answer.has_value(), GetParam() != "2.1");
}

INSTANTIATE_TEST_SUITE_P(All, BrokerPresetTest, testing::Values("2.1", "2.8", "3.9", "4.3"),
                         [](const auto& preset) {
                           std::string name = preset.param;
                           name[1] = '_';
                           return "Kafka" + name;
                         });

TEST(SimulatedClusterWithZooKeeperTest, OnlyTheControllerMakesTopics) {
  SimulatedLoop loop(1);
  SimulatedClusterOptions options;
  options.preset = &broker_preset("2.8");
  SimulatedCluster cluster(loop, options);
  ClusterTestClient client(loop, cluster, nullptr);
  CreateTopicsRequest request;
  request.topics.push_back({"t", 1, 1, {}, {}});
  EXPECT_EQ(client.ask(1, request).response.topics.at(0).error_code, ErrorCode::kNotController);
  EXPECT_EQ(client.ask(0, request).response.topics.at(0).error_code, ErrorCode::kNone);
}

class PasswordIsSecret final : public SaslConversation {
 public:
  Reply next(std::string_view client_bytes) override {
    Reply reply;
    reply.authenticated = client_bytes == std::string_view("\0me\0secret", 10);
    if (!reply.authenticated) reply.response.error_code = ErrorCode::kSaslAuthenticationFailed;
    return reply;
  }
};

TEST(SimulatedClusterWithSaslTest, LetsInWhoAuthenticates) {
  SimulatedLoop loop(1);
  SimulatedClusterOptions options;
  options.sasl = SaslListener{
      {"PLAIN"}, [](const std::string&) { return std::make_unique<PasswordIsSecret>(); }};
  SimulatedCluster cluster(loop, options);
  Authenticator right{{"PLAIN", "me", SecretString("secret")}, {}, nullptr};
  ClusterTestClient friend_client(loop, cluster, &right);
  EXPECT_EQ(friend_client.ask(0, DescribeClusterRequest{}).response.brokers.size(), 3u);
  Authenticator wrong{{"PLAIN", "me", SecretString("guess")}, {}, nullptr};
  ClusterTestClient foe(loop, cluster, &wrong);
  const auto refused = foe.try_ask(0, DescribeClusterRequest{}, {0, kLastVersion});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fate, CallFate::kRefused);
  ClusterTestClient stranger(loop, cluster, nullptr);
  EXPECT_FALSE(stranger.try_ask(0, DescribeClusterRequest{}, {0, kLastVersion}).has_value());
}

}  // namespace
}  // namespace penstock::connect::kafka
