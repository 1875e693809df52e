// The admin when something is wrong: answers that get lost, controllers and leaders that move,
// brokers that are old, operations that are not allowed, time that is over.
#include "connect/kafka/admin/native_admin.h"

#include "connect/kafka/admin/admin_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

const AclResource kTopic{AclResource::Kind::kTopic, "t"};
const AclResource kTransactionalId{AclResource::Kind::kTransactionalId, "id"};

SimulatedClusterOptions like(std::string_view preset) {
  SimulatedClusterOptions options;
  options.preset = &broker_preset(preset);
  return options;
}

// Brokers that refuse what is the controller's.
class OldAdminTest : public NativeAdminTest {
 protected:
  OldAdminTest() : NativeAdminTest(like("2.8")) {}
};
class OldestAdminTest : public NativeAdminTest {
 protected:
  OldestAdminTest() : NativeAdminTest(like("2.1")) {}
};

TEST_F(NativeAdminTest, ATopicOfALostAnswerCountsAsExisting) {
  cluster_.faults().lose_next_answers[ApiKey::kCreateTopics] = 1;
  EXPECT_EQ(admin_.create_topic({.name = "t", .partitions = 2}, stop_), CreateTopicState::kExisted);
  EXPECT_EQ(cluster_.num_requests(ApiKey::kCreateTopics), 2u);
  EXPECT_EQ(admin_.partition_count("t", stop_), 2);
}

TEST_F(NativeAdminTest, PartitionsOfALostAnswerAreOurs) {
  cluster_.create_topic("t", 1);
  cluster_.faults().lose_next_answers[ApiKey::kCreatePartitions] = 1;
  EXPECT_TRUE(admin_.create_partitions("t", 3, ChangeMode::kApply, stop_));
  EXPECT_EQ(cluster_.num_requests(ApiKey::kCreatePartitions), 2u);
  // Nothing was lost here: somebody else made them.
  EXPECT_EQ(code_of(admin_.create_partitions("t", 3, ChangeMode::kApply, stop_)),
            "INVALID_PARTITIONS");
}

TEST_F(NativeAdminTest, FewerPartitionsAreNotOursThoughAnAnswerWasLost) {
  cluster_.create_topic("t", 4);
  cluster_.faults().lose_next_answers[ApiKey::kCreatePartitions] = 1;
  EXPECT_EQ(code_of(admin_.create_partitions("t", 3, ChangeMode::kApply, stop_)),
            "INVALID_PARTITIONS");
}

TEST_F(NativeAdminTest, ADeletionOfALostAnswerIsOver) {
  cluster_.create_topic("t", 1);
  cluster_.faults().lose_next_answers[ApiKey::kDeleteTopics] = 1;
  EXPECT_EQ(admin_.delete_topic("t", stop_), DeleteTopicState::kMissing);
  EXPECT_EQ(cluster_.num_requests(ApiKey::kDeleteTopics), 2u);
}

TEST_F(OldAdminTest, FollowsTheController) {
  ASSERT_TRUE(admin_.create_topic({.name = "a"}, stop_));
  cluster_.elect_controller(2);
  EXPECT_EQ(admin_.create_topic({.name = "b"}, stop_), CreateTopicState::kCreated);
  cluster_.kill(2, milliseconds(60'000));
  EXPECT_EQ(admin_.create_topic({.name = "c"}, stop_), CreateTopicState::kCreated);
  EXPECT_EQ(admin_.describe_cluster({}, stop_)->controller, 0);
}

TEST_F(NativeAdminTest, FollowsAPartitionsLeader) {
  cluster_.create_topic("t", 1);
  produce("t", test_batch({}, {"1", "2", "3"}));
  ASSERT_EQ(admin_.delete_records("t", 0, 1, stop_), 1);
  cluster_.move_leader("t", 0, 2);
  EXPECT_EQ(admin_.delete_records("t", 0, 2, stop_), 2);
  cluster_.kill(2, milliseconds(60'000));
  EXPECT_EQ(admin_.describe_producers("t", 0, stop_)->size(), 0u);
  EXPECT_NE(cluster_.leader("t", 0), 2);
}

TEST_F(NativeAdminTest, SaysWhyNobodyLeads) {
  const auto unknown = admin_.delete_records("nowhere", 0, 1, stop_);
  EXPECT_EQ(code_of(unknown), "UNKNOWN_TOPIC_OR_PARTITION");
  EXPECT_EQ(unknown.error().fault, KafkaFault::kRetriable);
  cluster_.create_topic("t", 1);
  EXPECT_EQ(code_of(admin_.describe_producers("t", 1, stop_)), "UNKNOWN_TOPIC_OR_PARTITION");
}

TEST_F(NativeAdminTest, FollowsACoordinator) {
  InitProducerIdRequest init;
  init.transactional_id = "id";
  init.transaction_timeout_ms = 60'000;
  client_.ask(cluster_.coordinator(CoordinatorKind::kTransaction, "id"), init);
  const auto described = admin_.describe_transaction("id", stop_);
  ASSERT_TRUE(described && *described);
  EXPECT_EQ((*described)->state, "Empty");
  EXPECT_FALSE((*described)->started_unix_ms);
  for (int32_t broker = 0; broker < 3; ++broker) {
    cluster_.move_coordinator(CoordinatorKind::kTransaction, "id", broker);
    EXPECT_TRUE(admin_.describe_transaction("id", stop_));
    const auto listed = admin_.list_transactions({}, stop_);
    ASSERT_TRUE(listed);
    ASSERT_EQ(listed->size(), 1u);
    EXPECT_EQ(listed->front().coordinator, broker);
  }
  cluster_.kill(2, milliseconds(3'000));
  EXPECT_TRUE(admin_.describe_transaction("id", stop_));
}

TEST_F(NativeAdminTest, NamesFencedBrokersIfAsked) {
  ASSERT_EQ(admin_.brokers(stop_)->size(), 3u);
  cluster_.kill(1, milliseconds(60'000));
  EXPECT_EQ(admin_.describe_cluster({}, stop_)->brokers.size(), 2u);
  const auto all = admin_.describe_cluster({.fenced_brokers = true}, stop_);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->brokers.size(), 3u);
  EXPECT_TRUE(all->brokers[1].fenced);
  EXPECT_FALSE(all->brokers[0].fenced);
}

TEST_F(OldestAdminTest, DescribesByMetadataWhatOldBrokersKnow) {
  cluster_.create_topic("t", 1);
  const auto cluster =
      admin_.describe_cluster({.authorized_operations = true, .fenced_brokers = true}, stop_);
  ASSERT_TRUE(cluster) << cluster.error().message;
  EXPECT_EQ(cluster->cluster_id, "simulated");
  EXPECT_EQ(cluster->brokers.size(), 3u);
  EXPECT_FALSE(cluster->authorized);
  EXPECT_FALSE((*admin_.describe_topic("t", stop_))->authorized);
  EXPECT_EQ(admin_.delete_topic("t", stop_), DeleteTopicState::kDeleted);
  EXPECT_EQ(code_of(admin_.delete_topic(TopicId{1}, stop_)), "UNSUPPORTED_VERSION");
  EXPECT_EQ(code_of(admin_.list_transactions({}, stop_)), "UNSUPPORTED_VERSION");
}

TEST_F(NativeAdminTest, TellsWhatIsAllowed) {
  cluster_.create_topic("t", 1);
  cluster_.forbid(AclOperation::kDelete, kTopic);
  cluster_.forbid(AclOperation::kAlter, {});
  const auto topic = admin_.describe_topic("t", stop_);
  ASSERT_TRUE(topic && *topic && (*topic)->authorized);
  EXPECT_TRUE((*topic)->authorized->contains(AclOperation::kRead));
  EXPECT_FALSE((*topic)->authorized->contains(AclOperation::kDelete));
  const auto cluster = admin_.describe_cluster({.authorized_operations = true}, stop_);
  ASSERT_TRUE(cluster && cluster->authorized);
  EXPECT_TRUE(cluster->authorized->contains(AclOperation::kCreate));
  EXPECT_FALSE(cluster->authorized->contains(AclOperation::kAlter));
  EXPECT_FALSE(admin_.describe_cluster({}, stop_)->authorized);
}

// What is refused at once names what it needs, and is not waited for.
template <typename Result>
void expect_denied(const Result& result, const std::string& code, const std::string& wanting) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(result.error().code, code);
  EXPECT_THAT(result.error().message, HasSubstr("it needs " + wanting));
  EXPECT_EQ(result.error().remedy, "Allow the operation " + wanting + ".");
}

TEST_F(NativeAdminTest, NamesWhatIsNotAllowedOfTopics) {
  const std::string code = "TOPIC_AUTHORIZATION_FAILED";
  const TopicId id = cluster_.create_topic("t", 1).id.bytes;
  cluster_.forbid(AclOperation::kCreate, {});
  for (const auto operation :
       {AclOperation::kCreate, AclOperation::kAlter, AclOperation::kDelete, AclOperation::kRead,
        AclOperation::kDescribeConfigs, AclOperation::kAlterConfigs})
    cluster_.forbid(operation, kTopic);
  const auto start = loop_.now();
  expect_denied(admin_.create_topic({.name = "t"}, stop_), code, "Create on topic t");
  expect_denied(admin_.create_partitions("t", 2, ChangeMode::kApply, stop_), code,
                "Alter on topic t");
  expect_denied(admin_.delete_topic("t", stop_), code, "Delete on topic t");
  EXPECT_EQ(code_of(admin_.delete_topic(id, stop_)), code);
  expect_denied(admin_.delete_records("t", 0, -1, stop_), code, "Delete on topic t");
  expect_denied(admin_.describe_producers("t", 0, stop_), code, "Read on topic t");
  const ConfigResource topic{ConfigResource::Kind::kTopic, "t"};
  expect_denied(admin_.describe_config(topic, stop_), code, "DescribeConfigs on topic t");
  expect_denied(admin_.alter_config(topic, {}, ChangeMode::kApply, stop_), code,
                "AlterConfigs on topic t");
  cluster_.forbid(AclOperation::kDescribe, kTopic);
  expect_denied(admin_.partition_count("t", stop_), code, "Describe on topic t");
  EXPECT_LT(loop_.now() - start, kTestTimeouts.admin);
}

TEST_F(NativeAdminTest, NamesWhatIsNotAllowedBeyondTopics) {
  cluster_.create_topic("t", 1);
  cluster_.forbid(AclOperation::kDescribeConfigs, {});
  cluster_.forbid(AclOperation::kAlterConfigs, {});
  cluster_.forbid(AclOperation::kDescribe, kTopic);
  cluster_.forbid(AclOperation::kDescribe, kTransactionalId);
  const auto start = loop_.now();
  const ConfigResource broker{ConfigResource::Kind::kBroker, "1"};
  expect_denied(admin_.describe_config(broker, stop_), "CLUSTER_AUTHORIZATION_FAILED",
                "DescribeConfigs on the cluster");
  expect_denied(admin_.alter_config(broker, {}, ChangeMode::kApply, stop_),
                "CLUSTER_AUTHORIZATION_FAILED", "AlterConfigs on the cluster");
  // Whom to ask is not told either.
  expect_denied(admin_.delete_records("t", 0, -1, stop_), "TOPIC_AUTHORIZATION_FAILED",
                "Describe on topic t");
  expect_denied(admin_.describe_transaction("id", stop_), "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
                "Describe on transactional id id");
  cluster_.forbid(AclOperation::kWrite, {AclResource::Kind::kTransactionalId, "other"});
  expect_denied(admin_.check_transactional_id("other", stop_),
                "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "Write on transactional id other");
  EXPECT_LT(loop_.now() - start, kTestTimeouts.admin);
}

TEST_F(NativeAdminTest, NamesWhatWasAskedAndWhoRefusedIt) {
  cluster_.create_topic("t", 3);
  const ConfigResource topic{ConfigResource::Kind::kTopic, "t"};
  const ConfigResource nonsense{ConfigResource::Kind::kTopic, "a b"};
  const auto message_of = [](const auto& refused) {
    return refused ? "done" : refused.error().message;
  };
  const std::pair<std::string, std::string> cases[] = {
      {message_of(admin_.create_topic({.name = "u", .replication = 5}, stop_)),
       "creating topic u: Broker: "},
      {message_of(admin_.create_partitions("t", 2, ChangeMode::kApply, stop_)),
       "adding partitions to topic t: Broker: "},
      {message_of(admin_.delete_records("t", 1, 99, stop_)),
       "deleting records of topic t partition 1: Broker: Offset out of range"},
      {message_of(admin_.describe_config(nonsense, stop_)), "describing topic a b: Broker: "},
      {message_of(admin_.alter_config(topic, {{.name = "nothing"}}, ChangeMode::kApply, stop_)),
       "altering topic t: Broker: "},
      {message_of(admin_.list_transactions({.states = {"Odd"}}, stop_)),
       "listing the transactions of broker 0: Broker: "}};
  for (const auto& [message, asked] : cases) {
    EXPECT_THAT(message, StartsWith(asked));
    EXPECT_THAT(message, ContainsRegex(R"(\(broker broker-[012]:[0-9]+\)$)"));
  }
  // It passes by itself, and did not in time.
  const auto missing = admin_.topic_config("nowhere", stop_);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, StartsWith("describing topic nowhere: Broker: "));
  EXPECT_THAT(missing.error().message, ContainsRegex(": broker broker-[012]:[0-9]+$"));
}

// The protocol counts replicas in 16 bits, and 65537 would become 1.
TEST_F(NativeAdminTest, MoreReplicasThanThereCanBeAreRefused) {
  const auto created = admin_.create_topic({.name = "t", .replication = 65'537}, stop_);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(created.error().message, "topic t cannot have 65537 replicas");
  EXPECT_EQ(admin_.partition_count("t", stop_), std::nullopt);
}

TEST_F(NativeAdminTest, GivesUpUponAStop) {
  const auto start = loop_.now();
  loop_.at(start + milliseconds(200), [this] { stop_.stop(); });
  EXPECT_EQ(admin_.delete_records("nowhere", 0, 1, stop_).error().message, "stopped");
  EXPECT_LT(loop_.now() - start, milliseconds(1'000));
}

TEST_F(NativeAdminTest, GivesUpWhenTheTimeIsOver) {
  ASSERT_TRUE(admin_.brokers(stop_));
  for (int32_t broker = 0; broker < 3; ++broker) cluster_.kill(broker, milliseconds(600'000));
  const auto start = loop_.now();
  const auto created = admin_.create_topic({.name = "t"}, stop_);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().fault, KafkaFault::kRetriable);
  EXPECT_THAT(created.error().message, HasSubstr("creating topic t: broker broker-"));
  EXPECT_EQ(loop_.now() - start, kTestTimeouts.admin);
}

TEST_F(NativeAdminTest, WorksWhileEverythingGoesWrong) {
  BrokerFaults& faults = cluster_.faults();
  faults.lose_answer_one_in = 15;
  faults.drop_request_one_in = 15;
  faults.move_leader_one_in = 15;
  faults.move_coordinator_one_in = 15;
  faults.slow_answer_one_in = 15;
  faults.stale_metadata_one_in = 10;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "t" + std::to_string(i);
    const ConfigResource resource{ConfigResource::Kind::kTopic, name};
    EXPECT_TRUE(admin_.create_topic({.name = name, .partitions = 1}, stop_));
    EXPECT_TRUE(admin_.create_partitions(name, 2, ChangeMode::kApply, stop_));
    EXPECT_EQ(admin_.partition_count(name, stop_), 2);
    EXPECT_TRUE(admin_.alter_config(resource, {{ConfigChange::Kind::kSet, "retention.ms", "5"}},
                                    ChangeMode::kApply, stop_));
    EXPECT_EQ(admin_.topic_config(name, stop_)->at("retention.ms"), "5");
    EXPECT_EQ(admin_.delete_records(name, 1, -1, stop_), 0);
    EXPECT_TRUE(admin_.describe_producers(name, 1, stop_));
    const auto transaction = admin_.describe_transaction(name, stop_);
    EXPECT_EQ(transaction, std::nullopt) << (transaction ? "" : transaction.error().message);
    const auto deleted = admin_.delete_topic(name, stop_);
    EXPECT_TRUE(deleted) << deleted.error().message;
    EXPECT_EQ(admin_.partition_count(name, stop_), std::nullopt);
  }
}

}  // namespace
}  // namespace penstock::connect::kafka
