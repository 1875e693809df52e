// What a cluster says of itself: versions, features, brokers, topics, coordinators.
#include "connect/kafka/conformance/conformance_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using MetadataConformance = Conformance;
INSTANTIATE_TEST_SUITE_P(Kafka, MetadataConformance, testing::ValuesIn(grounds_with(any_broker)),
                         name_of_ground);

TEST_P(MetadataConformance, VersionsAreThoseOfThePreset) {
  BrokerFeatures features;
  const auto answer = ask(ApiVersionsRequest{"conformance", "1.0"});
  EXPECT_EQ(answer.response.error_code, ErrorCode::kNone);
  features.take(answer.response);
  for (const ApiInfo& api : all_apis()) {
    const VersionRange said = features.range(api.key);
    const VersionRange expected = preset().range(api.key);
    EXPECT_EQ(said.first, expected.first) << api.name;
    EXPECT_EQ(said.last, expected.last) << api.name;
  }
  EXPECT_EQ(features.finalized("transaction.version"), preset().transaction_version);
}

// KIP-511.
TEST_P(MetadataConformance, AClientSaysWhatItIs) {
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("a b")}) {
    const auto answer = ask(ApiVersionsRequest{bad, "1.0"});
    if (answer.version >= 3) {
      EXPECT_EQ(answer.response.error_code, ErrorCode::kInvalidRequest) << bad;
      EXPECT_THAT(answer.response.api_keys, IsEmpty());
    } else {
      EXPECT_EQ(answer.response.error_code, ErrorCode::kNone);
    }
  }
}

TEST_P(MetadataConformance, ATopicHasLeadersReplicasAndAnId) {
  const TestTopic created = create_topic(3);
  MetadataRequest request;
  request.topics.emplace().push_back({{}, created.name});
  const auto answer = ask(request);
  ASSERT_EQ(answer.response.brokers.size(), 1u);
  const auto& broker = answer.response.brokers[0];
  EXPECT_EQ(broker.port, address().port);
  EXPECT_EQ(answer.response.controller_id, broker.node_id);
  EXPECT_TRUE(answer.response.cluster_id.has_value());
  const auto& topic = answer.response.topics.at(0);
  EXPECT_EQ(topic.error_code, ErrorCode::kNone);
  EXPECT_EQ(topic.name, created.name);
  EXPECT_FALSE(topic.is_internal);
  EXPECT_EQ(topic.topic_id.is_zero(), answer.version < 10);
  std::vector<int32_t> indexes;
  for (const auto& partition : topic.partitions) {
    indexes.push_back(partition.partition_index);
    EXPECT_EQ(partition.error_code, ErrorCode::kNone);
    EXPECT_EQ(partition.leader_id, broker.node_id);
    EXPECT_EQ(partition.leader_epoch, 0);
    EXPECT_THAT(partition.replica_nodes, ElementsAre(broker.node_id));
    EXPECT_THAT(partition.isr_nodes, ElementsAre(broker.node_id));
    EXPECT_THAT(partition.offline_replicas, IsEmpty());
  }
  EXPECT_THAT(indexes, testing::UnorderedElementsAre(0, 1, 2));
}

TEST_P(MetadataConformance, AnUnknownTopicIsNotMadeByAsking) {
  const std::string name = fresh_name();
  MetadataRequest request;
  request.topics.emplace().push_back({{}, name});
  for (const bool allowed : {false, true, false}) {
    request.allow_auto_topic_creation = allowed;
    const auto topic = ask(request).response.topics.at(0);
    EXPECT_EQ(topic.error_code, ErrorCode::kUnknownTopicOrPartition);
    EXPECT_EQ(topic.name, name);
    EXPECT_TRUE(topic.topic_id.is_zero());
    EXPECT_THAT(topic.partitions, IsEmpty());
  }
}

TEST_P(MetadataConformance, BadNamesAreToldApart) {
  for (const std::string& name : {std::string("a b"), std::string("."), std::string(".."),
                                  std::string("\xc3\xa9"), std::string(250, 'x')}) {
    EXPECT_EQ(metadata(name).error_code, ErrorCode::kInvalidTopicException) << name;
  }
  EXPECT_EQ(metadata(std::string(249, 'x')).error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(MetadataConformance, NoTopicsWantedNoTopicsTold) {
  create_topic();
  MetadataRequest request;
  request.topics.emplace();
  EXPECT_THAT(ask(request).response.topics, IsEmpty());
  EXPECT_EQ(ask(request).response.brokers.size(), 1u);
}

TEST_P(MetadataConformance, TheCoordinatorIsTheBroker) {
  FindCoordinatorRequest request;
  request.key = fresh_name();
  request.key_type = 1;
  find_coordinator(request.key);
  const auto one = ask(request, {1, 3});
  EXPECT_EQ(one.response.port, address().port);
  request.key_type = 77;
  EXPECT_EQ(ask(request, {1, 3}).response.error_code, ErrorCode::kInvalidRequest);
}

using TopicIdConformance = Conformance;
INSTANTIATE_TEST_SUITE_P(Kafka, TopicIdConformance, testing::ValuesIn(grounds_with(has_topic_ids)),
                         name_of_ground);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TopicIdConformance);

TEST_P(TopicIdConformance, TopicsAreFoundByTheirIds) {
  const TestTopic topic = create_topic();
  MetadataRequest request;
  request.topics.emplace().push_back({topic.id, std::nullopt});
  const auto known = ask(request).response.topics.at(0);
  EXPECT_EQ(known.error_code, ErrorCode::kNone);
  EXPECT_EQ(known.name, topic.name);
  EXPECT_EQ(known.topic_id, topic.id);
  request.topics->at(0).topic_id.bytes[3] ^= 0x55;
  const auto unknown = ask(request).response.topics.at(0);
  EXPECT_EQ(unknown.error_code, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(unknown.name, std::nullopt);
  EXPECT_EQ(unknown.topic_id, request.topics->at(0).topic_id);
  EXPECT_THAT(unknown.partitions, IsEmpty());
}

TEST_P(TopicIdConformance, CoordinatorsInTheNewForm) {
  FindCoordinatorRequest request;
  const std::string key = fresh_name();
  find_coordinator(key);
  request.key_type = 1;
  request.coordinator_keys = {key, ""};
  const auto answer = ask(request, {4, 6}).response;
  ASSERT_EQ(answer.coordinators.size(), 2u);
  EXPECT_EQ(answer.coordinators[0].key, key);
  EXPECT_EQ(answer.coordinators[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.coordinators[0].port, address().port);
  EXPECT_EQ(answer.coordinators[1].error_code, ErrorCode::kNone);
}

TEST_P(TopicIdConformance, TheClusterDescribesItself) {
  const auto answer = ask(DescribeClusterRequest{}).response;
  EXPECT_EQ(answer.error_code, ErrorCode::kNone);
  ASSERT_EQ(answer.brokers.size(), 1u);
  EXPECT_EQ(answer.controller_id, answer.brokers[0].broker_id);
  EXPECT_EQ(answer.brokers[0].port, address().port);
}

}  // namespace
}  // namespace penstock::connect::kafka
