// What is found out about a sink's surroundings, on a cluster made up; and that nothing is changed.
#include "sinks/sink_check.h"

#include <gtest/gtest.h>

#include "sinks/simulated_directory_test.h"

namespace penstock::sinks {
namespace {

using connect::AclOperation;
using connect::ConfigEntry;
using connect::KafkaError;
using connect::KafkaFault;
using connect::KafkaResult;

// Answers questions; a change fails the test.
class FakeCluster final : public connect::ClusterOperations {
 public:
  std::vector<connect::BrokerAddress> nodes = {{1, "a", 1}, {2, "b", 1}, {3, "c", 1}};
  std::map<std::string, connect::TopicDescription> topics;
  std::map<std::string, std::vector<ConfigEntry>> configs;  // By topic; "" of a broker.
  std::map<std::string, KafkaError> refused;                // By topic or transactional id.
  std::vector<connect::NewTopic> validated;
  bool dead = false;

  void add(const std::string& name, size_t partitions, size_t replicas) {
    connect::TopicDescription topic;
    topic.name = name;
    topic.partitions.resize(partitions);
    for (auto& partition : topic.partitions) partition.replicas.resize(replicas);
    topic.authorized = {{AclOperation::kRead, AclOperation::kWrite}};
    topics[name] = topic;
    configs[name] = {{"cleanup.policy", "compact"}, {"min.insync.replicas", "2"}};
  }

  KafkaResult<connect::ClusterDescription> describe_cluster(const connect::DescribeClusterOptions&,
                                                            const StopToken&) override {
    if (dead) return connect::kafka_fail(KafkaFault::kRetriable, "nobody answers", "");
    connect::ClusterDescription out;
    out.cluster_id = "c";
    for (const auto& node : nodes) out.brokers.push_back({.address = node, .rack = {}});
    return out;
  }
  KafkaResult<std::optional<connect::TopicDescription>> describe_topic(const std::string& topic,
                                                                       const StopToken&) override {
    if (refused.contains(topic)) return std::unexpected(refused.at(topic));
    auto found = topics.find(topic);
    if (found == topics.end()) return std::nullopt;
    return found->second;
  }
  KafkaResult<void> validate_topic(const connect::NewTopic& topic, const StopToken&) override {
    validated.push_back(topic);
    auto found = refused.find("new " + topic.name);
    if (found != refused.end()) return std::unexpected(found->second);
    return {};
  }
  KafkaResult<std::vector<ConfigEntry>> describe_config(const connect::ConfigResource& resource,
                                                        const StopToken&) override {
    const bool broker = resource.kind == connect::ConfigResource::Kind::kBroker;
    const std::string key = broker ? "" : resource.name;
    if (refused.contains("config " + key)) return std::unexpected(refused.at("config " + key));
    return configs[key];
  }
  KafkaResult<void> check_transactional_id(const std::string& id, const StopToken&) override {
    if (refused.contains(id)) return std::unexpected(refused.at(id));
    return {};
  }

  KafkaResult<std::vector<connect::BrokerAddress>> brokers(const StopToken&) override {
    return nodes;
  }
  KafkaResult<std::optional<int32_t>> partition_count(const std::string&,
                                                      const StopToken&) override {
    return std::nullopt;
  }
  KafkaResult<std::map<std::string, std::string>> topic_config(const std::string&,
                                                               const StopToken&) override {
    return {};
  }
  KafkaResult<std::map<std::string, std::string>> broker_config(int32_t,
                                                                const StopToken&) override {
    return {};
  }
  KafkaResult<std::vector<connect::ListedTransaction>> list_transactions(
      const connect::TransactionFilter&, const StopToken&) override {
    return {};
  }
  KafkaResult<std::optional<connect::TransactionDescription>> describe_transaction(
      const std::string&, const StopToken&) override {
    return std::nullopt;
  }
  KafkaResult<std::vector<connect::ActiveProducer>> describe_producers(const std::string&, int32_t,
                                                                       const StopToken&) override {
    return {};
  }
  KafkaResult<connect::CreateTopicState> create_topic(const connect::NewTopic&,
                                                      const StopToken&) override {
    return changed();
  }
  KafkaResult<void> create_partitions(const std::string&, int32_t, connect::ChangeMode,
                                      const StopToken&) override {
    return changed();
  }
  KafkaResult<connect::DeleteTopicState> delete_topic(const std::string&,
                                                      const StopToken&) override {
    return changed();
  }
  KafkaResult<connect::DeleteTopicState> delete_topic(const connect::TopicId&,
                                                      const StopToken&) override {
    return changed();
  }
  KafkaResult<int64_t> delete_records(const std::string&, int32_t, int64_t,
                                      const StopToken&) override {
    return changed();
  }
  KafkaResult<void> alter_config(const connect::ConfigResource&,
                                 const std::vector<connect::ConfigChange>&, connect::ChangeMode,
                                 const StopToken&) override {
    return changed();
  }

 private:
  static std::unexpected<KafkaError> changed() {
    ADD_FAILURE() << "a check changed something";
    return connect::kafka_fail(KafkaFault::kFatal, "changed", "");
  }
};

class FakeRegistry final : public connect::SchemaRegistry {
 public:
  connect::RegistryResult<std::string> publish(const connect::SchemaToPublish&,
                                               const StopToken&) override {
    ADD_FAILURE() << "a check published something";
    return "";
  }
  connect::RegistryResult<std::string> validate(const connect::SchemaToPublish& schema,
                                                const StopToken&) override {
    if (schema.subject != refused) return "is new";
    return std::unexpected(
        connect::RegistryError{connect::RegistryFault::kRefused, "incompatible"});
  }
  connect::RegistryResult<void> check(const StopToken&) override { return {}; }
  std::string refused;
};

class SinkCheckTest : public ::testing::Test {
 protected:
  SinkCheckTest() : config_(simulated::config()) {
    cluster_.add("progress", 1, 3);
    cluster_.add("data", 4, 3);
    cluster_.configs["data"].push_back({"max.message.bytes", "1048588"});
    cluster_.configs[""] = {{"transaction.max.timeout.ms", "900000"},
                            {"transaction.state.log.replication.factor", "3"},
                            {"message.max.bytes", "1048588"}};
  }
  // What is not as it should be: "check object: text".
  std::vector<std::string> concerns() {
    std::vector<std::string> out;
    for (const SinkFinding& finding :
         check_sink(config_, cluster_, {&registry_, &registry_}, stop_)) {
      static constexpr const char* kNames[] = {"ok", "warning", "error", "unknown"};
      if (finding.concern == Concern::kNone) continue;
      EXPECT_TRUE(finding.concern != Concern::kWarning || !finding.remedy.empty());
      out.push_back(std::string(kNames[static_cast<size_t>(finding.concern)]) + " " +
                    finding.check + " " + finding.object + ": " + finding.text);
    }
    return out;
  }
  std::string concern() {
    const std::vector<std::string> all = concerns();
    EXPECT_EQ(all.size(), 1U) << ::testing::PrintToString(all);
    return all.empty() ? "" : all.front();
  }
  static KafkaError denied(const char* code) { return {KafkaFault::kFatal, "not allowed", code}; }

  SinkConfig config_;
  FakeCluster cluster_;
  FakeRegistry registry_;
  StopToken stop_;
};

TEST_F(SinkCheckTest, NothingToSayOfWhatIsAsItShouldBe) {
  EXPECT_EQ(concerns(), std::vector<std::string>());
}

TEST_F(SinkCheckTest, AClusterThatDoesNotAnswerIsAllThatIsSaid) {
  cluster_.dead = true;
  EXPECT_EQ(concern(), "error cluster : nobody answers");
}

TEST_F(SinkCheckTest, TopicsThatAreNotThereAreValidatedAsTheyWouldBeMade) {
  cluster_.topics.clear();
  config_.def.topic_options = {
      .partition_count = 8, .replication_factor = 3, .config = {{"a", "b"}}};
  EXPECT_EQ(concerns(), std::vector<std::string>());
  ASSERT_EQ(cluster_.validated.size(), 2U);
  EXPECT_EQ(cluster_.validated[0].name, "progress");
  EXPECT_EQ(cluster_.validated[0].partitions, 1);
  EXPECT_EQ(cluster_.validated[0].config.at("cleanup.policy"), "compact");
  EXPECT_EQ(cluster_.validated[1].partitions, 8);
  EXPECT_EQ(cluster_.validated[1].config.at("a"), "b");
  cluster_.refused["new data"] = denied("INVALID_CONFIG");
  EXPECT_EQ(concern(), "error topic data: INVALID_CONFIG (not allowed)");
  cluster_.refused.clear();
  config_.def.topic_options.replication_factor = 1;
  EXPECT_EQ(concern(), "warning topic data: would have 1 replica");
}

TEST_F(SinkCheckTest, ATopicThatIsCreatedMeanwhileIsThere) {
  cluster_.topics.clear();
  cluster_.refused["new progress"] = denied("TOPIC_ALREADY_EXISTS");
  EXPECT_EQ(concerns(), std::vector<std::string>());
}

TEST_F(SinkCheckTest, AProgressTopicThatCannotKeepItsRecords) {
  cluster_.add("progress", 2, 3);
  EXPECT_EQ(concern(),
            "error progress topic progress: should contain a single partition, but instead "
            "contains 2");
  cluster_.add("progress", 1, 3);
  cluster_.configs["progress"] = {{"cleanup.policy", "delete"},
                                  {"retention.ms", "604800000"},
                                  {"retention.bytes", "-1"},
                                  {"min.insync.replicas", "2"}};
  EXPECT_EQ(concern(),
            "warning progress topic progress: its retention may delete the last progress record: "
            "the sink would stall");
  cluster_.configs["progress"][1].value = "-1";
  EXPECT_EQ(concerns(), std::vector<std::string>());
}

TEST_F(SinkCheckTest, WhatMayBeLost) {
  cluster_.add("data", 1, 2);
  EXPECT_EQ(concern(), "warning topic data: has 2 replicas");
  cluster_.add("data", 1, 3);
  cluster_.configs["data"] = {{"min.insync.replicas", "1"}};
  EXPECT_EQ(concern(),
            "warning topic data: min.insync.replicas is 1: a message may be acknowledged by one "
            "broker, and be lost with it");
  cluster_.configs["data"] = {{"min.insync.replicas", "2"},
                              {"unclean.leader.election.enable", "true"}};
  EXPECT_EQ(concern(),
            "warning topic data: unclean.leader.election.enable is true: what was committed may be "
            "lost");
  cluster_.nodes.resize(1);
  cluster_.configs["data"] = {};
  EXPECT_EQ(concerns().front(), "warning cluster c: 1 broker: nothing can be replicated safely");
  EXPECT_EQ(concerns().back(),
            "warning transactions __transaction_state: transaction.state.log.replication.factor is "
            "3, with 1 broker");
}

TEST_F(SinkCheckTest, MessagesThatTheBrokerWouldNotTake) {
  config_.limits.message_max_bytes = 2'000'000;
  EXPECT_EQ(concern(),
            "warning message size data: the broker takes batches of 1048588 bytes, and a message "
            "may have 2000000");
  cluster_.topics.erase("data");
  EXPECT_EQ(concern(),
            "warning message size data: the broker takes batches of 1048588 bytes, and a message "
            "may have 2000000");
  config_.def.topic_options.config = {{"max.message.bytes", "3000000"}};
  EXPECT_EQ(concerns(), std::vector<std::string>());
}

TEST_F(SinkCheckTest, PermissionsThatAreMissing) {
  cluster_.topics["data"].authorized = {{AclOperation::kRead}};
  EXPECT_EQ(concern(), "error topic data: TOPIC_AUTHORIZATION_FAILED (Write is not allowed)");
  cluster_.topics["data"].authorized.reset();
  EXPECT_EQ(concern(), "unknown topic data: the broker does not say what we may do with it");
  cluster_.add("data", 4, 3);
  cluster_.refused["txn"] = denied("TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
  EXPECT_EQ(concern(),
            "error transactions txn: TRANSACTIONAL_ID_AUTHORIZATION_FAILED (not allowed)");
  cluster_.refused.clear();
  cluster_.refused["config data"] = denied("TOPIC_AUTHORIZATION_FAILED");
  EXPECT_EQ(concern(), "unknown topic data: TOPIC_AUTHORIZATION_FAILED (not allowed)");
}

TEST_F(SinkCheckTest, TransactionsLongerThanTheBrokerAllows) {
  config_.limits.transaction_timeout = std::chrono::minutes(20);
  EXPECT_EQ(concern(),
            "error transactions txn: the broker allows transactions of 900000 ms, and TRANSACTION "
            "TIMEOUT is 1200000 ms");
}

TEST_F(SinkCheckTest, SchemasThatWouldBeRefused) {
  defs::SinkFormat avro{.kind = defs::SinkFormatKind::kAvro, .avro = defs::AvroSinkFormat()};
  avro.avro->full_name = "row";
  avro.avro->subject = "data-key";
  config_.def.key_format = avro;
  avro.avro->subject = "data-value";
  config_.def.value_format = avro;
  EXPECT_EQ(concerns(), std::vector<std::string>());
  registry_.refused = "data-value";
  EXPECT_EQ(concern(), "error value schema data-value: incompatible");
}

}  // namespace
}  // namespace penstock::sinks
