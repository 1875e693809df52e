// Topics and configurations, request by request.
#include "connect/kafka/conformance/conformance_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr int8_t kTopicResource = 2;
constexpr int8_t kBrokerResource = 4;

class AdminConformance : public Conformance {
 protected:
  using Wanted = CreateTopicsRequest::CreatableTopic;
  CreateTopicsResponse::CreatableTopicResult create(const Wanted& wanted, bool validate_only) {
    CreateTopicsRequest request;
    request.topics.push_back(wanted);
    request.validate_only = validate_only;
    return ask(request).response.topics.at(0);
  }
  ErrorCode creation_error(const Wanted& wanted) {
    // What is refused is refused when it is only tried out, too.
    const ErrorCode tried = create(wanted, true).error_code;
    EXPECT_EQ(create(wanted, false).error_code, tried);
    return tried;
  }
  int16_t create_version() const { return preset().range(ApiKey::kCreateTopics).last; }

  DescribeConfigsResponse::DescribeConfigsResult describe(
      int8_t type, const std::string& name, const std::optional<std::vector<std::string>>& keys) {
    DescribeConfigsRequest request;
    request.resources.push_back({type, name, keys});
    return ask(request).response.results.at(0);
  }
  // Value and source.
  using Config = std::pair<std::string, int>;
  std::map<std::string, Config> topic_configs(const std::string& name,
                                              const std::vector<std::string>& keys) {
    const auto described = describe(kTopicResource, name, keys);
    EXPECT_EQ(described.error_code, ErrorCode::kNone);
    std::map<std::string, Config> configs;
    for (const auto& each : described.configs)
      configs[each.name] = {each.value.value_or("null"), each.config_source};
    return configs;
  }
  DeleteTopicsResponse::DeletableTopicResult remove(const std::string& name) {
    DeleteTopicsRequest request;
    request.timeout_ms = 10'000;
    if (preset().range(ApiKey::kDeleteTopics).last >= 6) {
      request.topics.push_back({name, {}});
    } else {
      request.topic_names.push_back(name);
    }
    return ask(request).response.responses.at(0);
  }
};
INSTANTIATE_TEST_SUITE_P(Kafka, AdminConformance, testing::ValuesIn(grounds_with(any_broker)),
                         name_of_ground);

TEST_P(AdminConformance, ACreatedTopicIsDescribed) {
  const std::string name = fresh_name();
  const auto created = create({name, 3, 1, {}, {{"retention.ms", "12345"}}}, false);
  EXPECT_EQ(created.error_code, ErrorCode::kNone);
  EXPECT_EQ(created.error_message, std::nullopt);
  EXPECT_EQ(created.name, name);
  if (create_version() < 5) return;
  EXPECT_EQ(created.num_partitions, 3);
  EXPECT_EQ(created.replication_factor, 1);
  EXPECT_EQ(created.topic_id.is_zero(), create_version() < 7);
  std::map<std::string, Config> configs;
  ASSERT_TRUE(created.configs.has_value());
  for (const auto& each : *created.configs)
    configs[each.name] = {each.value.value_or("null"), each.config_source};
  EXPECT_EQ(configs["retention.ms"], Config("12345", 1));
  EXPECT_EQ(configs["cleanup.policy"], Config("delete", 5));
  eventually([&] { return metadata(name).partitions.size() == 3; });
  if (create_version() >= 7) {
    EXPECT_EQ(metadata(name).topic_id, created.topic_id);
  }
}

TEST_P(AdminConformance, DefaultsAreTheBrokers) {
  if (create_version() < 4) {
    EXPECT_EQ(create({fresh_name(), 1, 1, {}, {}}, false).error_code, ErrorCode::kNone);
    return;
  }
  const std::string name = fresh_name();
  EXPECT_EQ(create({name, -1, -1, {}, {}}, false).error_code, ErrorCode::kNone);
  eventually([&] { return metadata(name).partitions.size() == 1; });
}

TEST_P(AdminConformance, TryingOutCreatesNothing) {
  const std::string name = fresh_name();
  const auto tried = create({name, 3, 1, {}, {}}, true);
  EXPECT_EQ(tried.error_code, ErrorCode::kNone);
  // An id that nobody will have: only a controller of KRaft makes it.
  EXPECT_EQ(tried.topic_id.is_zero(), !preset().forwards_to_controller);
  EXPECT_EQ(metadata(name).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(create({name, 3, 1, {}, {}}, false).error_code, ErrorCode::kNone);
}

TEST_P(AdminConformance, WhatExistsExists) {
  const TestTopic topic = create_topic();
  EXPECT_EQ(creation_error({topic.name, 1, 1, {}, {}}), ErrorCode::kTopicAlreadyExists);
  EXPECT_EQ(creation_error({topic.name, 0, 9, {}, {{"no.such", "1"}}}),
            ErrorCode::kTopicAlreadyExists);
}

TEST_P(AdminConformance, WhatCannotBeCreated) {
  const std::string name = fresh_name();
  EXPECT_EQ(creation_error({name, 0, 1, {}, {}}), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(creation_error({name, -2, 1, {}, {}}), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(creation_error({name, 1, 0, {}, {}}), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(creation_error({name, 1, 2, {}, {}}), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(creation_error({"not a name", 1, 1, {}, {}}), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(creation_error({"", 1, 1, {}, {}}), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(creation_error({"..", 1, 1, {}, {}}), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(creation_error({std::string(250, 'x'), 1, 1, {}, {}}),
            ErrorCode::kInvalidTopicException);
  EXPECT_EQ(creation_error({name, 1, 1, {}, {{"no.such", "1"}}}), ErrorCode::kInvalidConfig);
  EXPECT_EQ(creation_error({name, 1, 1, {}, {{"retention.ms", "long"}}}),
            ErrorCode::kInvalidConfig);
  EXPECT_EQ(creation_error({name, 1, 1, {}, {{"retention.ms", "-2"}}}), ErrorCode::kInvalidConfig);
  EXPECT_EQ(creation_error({name, 1, 1, {}, {{"cleanup.policy", "keep"}}}),
            ErrorCode::kInvalidConfig);
  EXPECT_EQ(creation_error({name, 1, 1, {}, {{"compression.type", "rar"}}}),
            ErrorCode::kInvalidConfig);
  EXPECT_EQ(creation_error({name, 1, 1, {}, {{"min.insync.replicas", "0"}}}),
            ErrorCode::kInvalidConfig);
  EXPECT_EQ(metadata(name).error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(AdminConformance, NamesThatDifferInADotOnlyCollide) {
  const std::string name = fresh_name();
  EXPECT_EQ(create({name + ".a", 1, 1, {}, {}}, false).error_code, ErrorCode::kNone);
  eventually([&] { return metadata(name + ".a").error_code == ErrorCode::kNone; });
  EXPECT_EQ(creation_error({name + "_a", 1, 1, {}, {}}), ErrorCode::kInvalidTopicException);
}

TEST_P(AdminConformance, ATopicNamedTwiceInOneRequest) {
  CreateTopicsRequest request;
  const std::string name = fresh_name();
  request.topics.push_back({name, 1, 1, {}, {}});
  request.topics.push_back({name, 1, 1, {}, {}});
  const auto answer = ask(request).response;
  ASSERT_EQ(answer.topics.size(), 1u);
  EXPECT_EQ(answer.topics[0].error_code, ErrorCode::kInvalidRequest);
}

TEST_P(AdminConformance, ConfigsThatWeLookAt) {
  const TestTopic topic = create_topic(1, {{"cleanup.policy", "compact"}});
  EXPECT_THAT(topic_configs(topic.name, {"cleanup.policy", "retention.ms", "retention.bytes",
                                         "min.insync.replicas", "compression.type"}),
              UnorderedElementsAre(Pair("cleanup.policy", Config("compact", 1)),
                                   Pair("retention.ms", Config("604800000", 5)),
                                   Pair("retention.bytes", Config("-1", 5)),
                                   // The stack's broker sets it.
                                   Pair("min.insync.replicas", Pair("1", testing::_)),
                                   Pair("compression.type", Config("producer", 5))));
}

TEST_P(AdminConformance, ConfigsOfWhatIsNotThere) {
  EXPECT_EQ(describe(kTopicResource, fresh_name(), {}).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(describe(kTopicResource, "not a name", {}).error_code,
            ErrorCode::kInvalidTopicException);
  const TestTopic topic = create_topic();
  EXPECT_THAT(describe(kTopicResource, topic.name, std::vector<std::string>{"no.such"}).configs,
              IsEmpty());
  EXPECT_EQ(describe(kBrokerResource, "4711", {}).error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(describe(77, topic.name, {}).error_code, ErrorCode::kInvalidRequest);
}

TEST_P(AdminConformance, ConfigsOfTheBroker) {
  MetadataRequest request;
  request.topics.emplace();
  const int32_t broker = ask(request).response.brokers.at(0).node_id;
  const auto described =
      describe(kBrokerResource, std::to_string(broker),
               std::vector<std::string>{"message.max.bytes", "transaction.max.timeout.ms"});
  EXPECT_EQ(described.error_code, ErrorCode::kNone);
  std::map<std::string, std::string> configs;
  for (const auto& each : described.configs) configs[each.name] = each.value.value_or("null");
  EXPECT_THAT(configs, UnorderedElementsAre(Pair("message.max.bytes", "1048588"),
                                            Pair("transaction.max.timeout.ms", "900000")));
}

TEST_P(AdminConformance, ConfigsAreAltered) {
  if (preset().range(ApiKey::kIncrementalAlterConfigs).last < 0) {
    EXPECT_EQ(preset().name, "2.1");
    return;
  }
  const TestTopic topic = create_topic();
  const auto alter = [&](const std::string& name, const std::string& key,
                         const std::string& value) {
    IncrementalAlterConfigsRequest request;
    request.resources.push_back({kTopicResource, name, {{key, 0, value}}});
    return ask(request).response.responses.at(0).error_code;
  };
  EXPECT_EQ(alter(topic.name, "retention.ms", "77"), ErrorCode::kNone);
  eventually([&] {
    return topic_configs(topic.name, {"retention.ms"})["retention.ms"] == Config("77", 1);
  });
  EXPECT_EQ(alter(topic.name, "retention.ms", "much"), ErrorCode::kInvalidConfig);
  EXPECT_EQ(alter(topic.name, "no.such", "1"), ErrorCode::kInvalidConfig);
  EXPECT_EQ(alter(fresh_name(), "retention.ms", "77"), ErrorCode::kUnknownTopicOrPartition);
}

TEST_P(AdminConformance, PartitionsAreAdded) {
  const TestTopic topic = create_topic();
  const auto grow = [&](const std::string& name, int32_t count) {
    CreatePartitionsRequest request;
    request.timeout_ms = 10'000;
    request.topics.push_back({name, count, std::nullopt});
    return ask(request).response.results.at(0).error_code;
  };
  EXPECT_EQ(grow(topic.name, 3), ErrorCode::kNone);
  eventually([&] { return metadata(topic.name).partitions.size() == 3; });
  EXPECT_EQ(grow(topic.name, 3), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(grow(topic.name, 2), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(grow(fresh_name(), 2), ErrorCode::kUnknownTopicOrPartition);
  eventually([&] { return list_offset(topic, -1, {}, 2).error_code == ErrorCode::kNone; });
  EXPECT_EQ(produce(topic, make_batch({}, {"a"}), {.partition = 2}).error_code, ErrorCode::kNone);
}

TEST_P(AdminConformance, ADeletedTopicIsGone) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a"}));
  EXPECT_EQ(remove(topic.name).error_code, ErrorCode::kNone);
  eventually([&] {
    return metadata(topic.name).error_code == ErrorCode::kUnknownTopicOrPartition &&
           list_offset(topic, -1, {}, 0).error_code == ErrorCode::kUnknownTopicOrPartition;
  });
  EXPECT_EQ(remove(topic.name).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(produce(topic, make_batch({}, {"a"})).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(fetch(topic, 0, Isolation::kReadCommitted).data().error_code,
            ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(describe(kTopicResource, topic.name, {}).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  // Another one of that name is another one.
  EXPECT_EQ(create({topic.name, 1, 1, {}, {}}, false).error_code, ErrorCode::kNone);
  eventually([&] { return list_offset(topic, -1, {}, 0).error_code == ErrorCode::kNone; });
  EXPECT_EQ(latest(topic), 0);
}

using DeletedByIdConformance = AdminConformance;
INSTANTIATE_TEST_SUITE_P(Kafka, DeletedByIdConformance,
                         testing::ValuesIn(grounds_with(has_topic_ids)), name_of_ground);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DeletedByIdConformance);

TEST_P(DeletedByIdConformance, AnIdOfTheDeletedIsUnknown) {
  const TestTopic topic = create_topic();
  EXPECT_EQ(remove(topic.name).error_code, ErrorCode::kNone);
  eventually([&] { return metadata(topic.name).error_code != ErrorCode::kNone; });
  EXPECT_EQ(create({topic.name, 1, 1, {}, {}}, false).error_code, ErrorCode::kNone);
  eventually([&] { return metadata(topic.name).error_code == ErrorCode::kNone; });
  EXPECT_NE(metadata(topic.name).topic_id, topic.id);
  MetadataRequest request;
  request.topics.emplace().push_back({topic.id, std::nullopt});
  EXPECT_EQ(ask(request).response.topics.at(0).error_code, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(fetch(fetch_request(topic, 0, Isolation::kReadCommitted), {13, kLastVersion})
                .data()
                .error_code,
            ErrorCode::kUnknownTopicId);
  DeleteTopicsRequest again;
  again.timeout_ms = 10'000;
  again.topics.push_back({std::nullopt, topic.id});
  EXPECT_EQ(ask(again, {6, 6}).response.responses.at(0).error_code, ErrorCode::kUnknownTopicId);
}

}  // namespace
}  // namespace penstock::connect::kafka
