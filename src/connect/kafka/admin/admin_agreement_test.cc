// What the admin finds when nothing is wrong: the same on simulated clusters of every age, and on
// the real broker that PENSTOCK_KAFKA names ("host:port", 4.x, no TLS, no SASL).
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "connect/kafka/admin/admin_fixture_test.h"
#include "connect/kafka/client/client_options.h"
#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/reader/native_offset_committer.h"
#include "connect/net/socket_loop.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;

constexpr std::string_view kReal = "real";

std::vector<std::string> grounds() {
  std::vector<std::string> names;
  for (const BrokerPreset& preset : broker_presets()) names.emplace_back(preset.name);
  if (std::getenv("PENSTOCK_KAFKA")) names.emplace_back(kReal);
  return names;
}

class AdminAgreementTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const bool real = GetParam() == kReal;
    preset_ = &broker_preset(real ? "4.3" : GetParam());
    std::vector<HostAndPort> bootstrap;
    if (real) {
      loop_ = make_socket_loop();
      bootstrap = *parse_bootstrap(std::getenv("PENSTOCK_KAFKA"));
    } else {
      auto loop = std::make_unique<SimulatedLoop>(1);
      SimulatedClusterOptions options;
      options.num_brokers = 1;
      options.preset = preset_;
      simulated_ = std::make_unique<SimulatedCluster>(*loop, options);
      bootstrap.push_back(simulated_->address(0));
      loop_ = std::move(loop);
    }
    cluster_ = connect_to(*loop_, std::move(bootstrap));
    admin_ = std::make_unique<NativeAdmin>(*cluster_, kTestTimeouts);
  }

  bool speaks(ApiKey api) const { return preset_->range(api).last >= 0; }
  std::string fresh_name() {
    static int count = 0;
    return "admin-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + "-" +
           std::to_string(loop_->unix_ms());
  }
  // A topic is created before all brokers know it.
  void create(const std::string& topic, int32_t partitions) {
    ASSERT_EQ(
        admin_->create_topic({.name = topic, .partitions = partitions, .replication = 1}, stop_),
        CreateTopicState::kCreated);
    ASSERT_TRUE(comes_true([&] { return admin_->partition_count(topic, stop_) == partitions; }));
  }
  bool comes_true(const std::function<bool()>& condition) {
    const auto end = loop_->now() + std::chrono::seconds(20);
    while (!condition()) {
      if (loop_->now() >= end) return false;
      loop_->run(milliseconds(20));
    }
    return true;
  }
  std::unique_ptr<NativeProducer> make_producer(const std::string& id) {
    auto producer = std::make_unique<NativeProducer>(
        *cluster_, ProducerOptions{.transactional_id = id}, NativeProducer::Rules{});
    while (true) {
      const auto fenced = producer->fence(milliseconds(1'000));
      EXPECT_TRUE(fenced) << fenced.error().message;
      if (!fenced || *fenced == CallState::kDone) return producer;
    }
  }
  void send(NativeProducer& producer, const std::string& topic, const std::string& value) {
    const int handle = producer.open_topic(topic);
    EXPECT_TRUE(producer.begin());
    EXPECT_TRUE(producer.send({.topic = handle, .partition = 0, .value = value}));
  }
  static void commit(NativeProducer& producer) {
    while (true) {
      const auto committed = producer.commit(milliseconds(1'000));
      ASSERT_TRUE(committed) << committed.error().message;
      if (*committed == CallState::kDone) return;
    }
  }

  const BrokerPreset* preset_ = nullptr;
  StopToken stop_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<SimulatedCluster> simulated_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<NativeAdmin> admin_;
};

TEST_P(AdminAgreementTest, DescribesTheCluster) {
  const auto cluster = admin_->describe_cluster({.authorized_operations = true}, stop_);
  ASSERT_TRUE(cluster) << cluster.error().message;
  EXPECT_FALSE(cluster->cluster_id.empty());
  ASSERT_EQ(cluster->brokers.size(), 1u);
  EXPECT_EQ(cluster->controller, cluster->brokers[0].address.id);
  EXPECT_EQ(admin_->brokers(stop_)->size(), 1u);
  constexpr int16_t kTellsAuthorized = 8;
  ASSERT_EQ(cluster->authorized.has_value(),
            preset_->range(ApiKey::kMetadata).last >= kTellsAuthorized);
  if (cluster->authorized) {
    EXPECT_TRUE(cluster->authorized->contains(AclOperation::kCreate));
    EXPECT_TRUE(cluster->authorized->contains(AclOperation::kClusterAction));
  }
}

TEST_P(AdminAgreementTest, ATopicsLife) {
  const std::string name = fresh_name();
  const NewTopic wanted{.name = name, .partitions = 2, .replication = 1};
  EXPECT_EQ(admin_->partition_count(name, stop_), std::nullopt);
  EXPECT_TRUE(admin_->validate_topic(wanted, stop_));
  EXPECT_EQ(admin_->partition_count(name, stop_), std::nullopt);
  create(name, 2);
  EXPECT_EQ(admin_->create_topic(wanted, stop_), CreateTopicState::kExisted);
  EXPECT_EQ(code_of(admin_->validate_topic(wanted, stop_)), "TOPIC_ALREADY_EXISTS");
  EXPECT_EQ(code_of(admin_->validate_topic({.name = "no name"}, stop_)), "INVALID_TOPIC_EXCEPTION");

  EXPECT_TRUE(admin_->create_partitions(name, 3, ChangeMode::kValidate, stop_));
  EXPECT_EQ(admin_->partition_count(name, stop_), 2);
  EXPECT_TRUE(admin_->create_partitions(name, 3, ChangeMode::kApply, stop_));
  EXPECT_TRUE(comes_true([&] { return admin_->partition_count(name, stop_) == 3; }));
  EXPECT_EQ(code_of(admin_->create_partitions(name, 3, ChangeMode::kApply, stop_)),
            "INVALID_PARTITIONS");

  ASSERT_TRUE(comes_true([&] {
    const auto topic = admin_->describe_topic(name, stop_);
    return topic && *topic && (*topic)->partitions.at(2).leader;
  }));
  const auto topic = admin_->describe_topic(name, stop_);
  EXPECT_EQ((*topic)->name, name);
  EXPECT_FALSE((*topic)->internal);
  EXPECT_EQ((*topic)->partitions[2].in_sync, (*topic)->partitions[2].replicas);
  EXPECT_TRUE((*topic)->partitions[2].offline.empty());
  if ((*topic)->authorized) {
    EXPECT_TRUE((*topic)->authorized->contains(AclOperation::kDelete));
  }

  EXPECT_EQ(admin_->delete_topic(name, stop_), DeleteTopicState::kDeleted);
  EXPECT_TRUE(comes_true([&] { return admin_->partition_count(name, stop_) == std::nullopt; }));
  EXPECT_EQ(admin_->delete_topic(name, stop_), DeleteTopicState::kMissing);
}

TEST_P(AdminAgreementTest, DeletesByIdOnlyThatTopic) {
  const std::string name = fresh_name();
  create(name, 1);
  const TopicId id = (*admin_->describe_topic(name, stop_))->id;
  constexpr int16_t kHasIds = 6;
  if (preset_->range(ApiKey::kDeleteTopics).last < kHasIds) {
    EXPECT_EQ(code_of(admin_->delete_topic(id, stop_)), "UNSUPPORTED_VERSION");
    return;
  }
  TopicId other = id;
  other[15] ^= 1;
  EXPECT_EQ(admin_->delete_topic(other, stop_), DeleteTopicState::kMissing);
  EXPECT_EQ(admin_->delete_topic(id, stop_), DeleteTopicState::kDeleted);
  EXPECT_TRUE(comes_true([&] { return admin_->partition_count(name, stop_) == std::nullopt; }));
}

ConfigEntry entry(const std::vector<ConfigEntry>& entries, const std::string& name) {
  for (const ConfigEntry& each : entries)
    if (each.name == name) return each;
  ADD_FAILURE() << "no " << name;
  return {};
}

TEST_P(AdminAgreementTest, ConfigurationsOfTopics) {
  const std::string name = fresh_name();
  create(name, 1);
  const ConfigResource topic{ConfigResource::Kind::kTopic, name};
  const auto before = admin_->describe_config(topic, stop_);
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_TRUE(entry(*before, "retention.ms").is_default());
  EXPECT_FALSE(entry(*before, "retention.ms").read_only);
  EXPECT_FALSE(entry(*before, "retention.ms").sensitive);
  EXPECT_EQ(entry(*before, "cleanup.policy").value, "delete");

  using enum ConfigChange::Kind;
  const std::vector<ConfigChange> changes = {{kSet, "retention.ms", "77"},
                                             {kAppend, "cleanup.policy", "compact"}};
  const auto altered = admin_->alter_config(topic, changes, ChangeMode::kValidate, stop_);
  if (!speaks(ApiKey::kIncrementalAlterConfigs)) {
    EXPECT_EQ(code_of(altered), "UNSUPPORTED_VERSION");
    return;
  }
  ASSERT_TRUE(altered) << altered.error().message;
  EXPECT_EQ(admin_->topic_config(name, stop_)->at("retention.ms"), "604800000");
  ASSERT_TRUE(admin_->alter_config(topic, changes, ChangeMode::kApply, stop_));
  ASSERT_TRUE(admin_->alter_config(topic, changes, ChangeMode::kApply, stop_));
  const auto value = [&](const std::string& config) {
    return admin_->topic_config(name, stop_)->at(config);
  };
  EXPECT_TRUE(comes_true([&] { return value("retention.ms") == "77"; }));
  EXPECT_EQ(entry(*admin_->describe_config(topic, stop_), "retention.ms").source,
            ConfigSource::kTopic);
  EXPECT_EQ(value("cleanup.policy"), "delete,compact");

  ASSERT_TRUE(admin_->alter_config(
      topic, {{kDelete, "retention.ms"}, {kSubtract, "cleanup.policy", "delete"}},
      ChangeMode::kApply, stop_));
  EXPECT_TRUE(comes_true([&] { return value("retention.ms") == "604800000"; }));
  EXPECT_EQ(value("cleanup.policy"), "compact");
  EXPECT_EQ(code_of(admin_->alter_config(topic, {{kSet, "retention.ms", "much"}},
                                         ChangeMode::kApply, stop_)),
            "INVALID_CONFIG");
}

TEST_P(AdminAgreementTest, ConfigurationsOfBrokers) {
  const int32_t id = admin_->brokers(stop_)->front().id;
  const ConfigResource broker{ConfigResource::Kind::kBroker, std::to_string(id)};
  const auto entries = admin_->describe_config(broker, stop_);
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_TRUE(entry(*entries, "transaction.max.timeout.ms").read_only);
  EXPECT_FALSE(entry(*entries, "log.cleaner.threads").read_only);
  EXPECT_TRUE(entry(*entries, "ssl.keystore.password").sensitive);
  EXPECT_EQ(entry(*entries, "ssl.keystore.password").value, std::nullopt);
  EXPECT_EQ(admin_->broker_config(id, stop_)->at("message.max.bytes"), "1048588");
  if (!speaks(ApiKey::kIncrementalAlterConfigs)) return;

  using enum ConfigChange::Kind;
  const auto source = [&] {
    return entry(*admin_->describe_config(broker, stop_), "log.cleaner.threads").source;
  };
  ASSERT_TRUE(admin_->alter_config(broker, {{kSet, "log.cleaner.threads", "2"}}, ChangeMode::kApply,
                                   stop_));
  EXPECT_TRUE(comes_true([&] { return source() == ConfigSource::kDynamicBroker; }));
  const ConfigResource all{ConfigResource::Kind::kBroker, ""};
  ASSERT_TRUE(
      admin_->alter_config(broker, {{kDelete, "log.cleaner.threads"}}, ChangeMode::kApply, stop_));
  ASSERT_TRUE(
      admin_->alter_config(all, {{kSet, "log.cleaner.threads", "2"}}, ChangeMode::kApply, stop_));
  EXPECT_TRUE(comes_true([&] { return source() == ConfigSource::kDynamicDefaultBroker; }));
  EXPECT_EQ(entry(*admin_->describe_config(all, stop_), "log.cleaner.threads").value, "2");
  ASSERT_TRUE(
      admin_->alter_config(all, {{kDelete, "log.cleaner.threads"}}, ChangeMode::kApply, stop_));
  EXPECT_TRUE(comes_true([&] { return source() == ConfigSource::kDefault; }));
  EXPECT_FALSE(admin_->alter_config(broker, {{kSet, "transaction.max.timeout.ms", "1"}},
                                    ChangeMode::kApply, stop_));
}

TEST_P(AdminAgreementTest, DeletesRecords) {
  const std::string name = fresh_name();
  create(name, 1);
  const auto producer = make_producer(fresh_name());
  send(*producer, name, "value");
  commit(*producer);
  EXPECT_EQ(admin_->delete_records(name, 0, 1, stop_), 1);
  EXPECT_EQ(admin_->delete_records(name, 0, 0, stop_), 1);
  EXPECT_EQ(code_of(admin_->delete_records(name, 0, 99, stop_)), "OFFSET_OUT_OF_RANGE");
  // The marker follows by itself.
  EXPECT_TRUE(comes_true([&] { return admin_->delete_records(name, 0, -1, stop_) == 2; }));
}

TEST_P(AdminAgreementTest, Transactions) {
  const std::string topic = fresh_name();
  const std::string id = fresh_name();
  create(topic, 1);
  EXPECT_TRUE(admin_->check_transactional_id(id, stop_));
  if (!speaks(ApiKey::kListTransactions)) {
    EXPECT_EQ(code_of(admin_->list_transactions({}, stop_)), "UNSUPPORTED_VERSION");
    EXPECT_EQ(code_of(admin_->describe_transaction(id, stop_)), "UNSUPPORTED_VERSION");
    return;
  }
  EXPECT_EQ(admin_->describe_transaction(id, stop_), std::nullopt);
  const auto producer = make_producer(id);
  const auto idle = admin_->describe_transaction(id, stop_);
  ASSERT_TRUE(idle && *idle);
  EXPECT_EQ((*idle)->state, "Empty");
  EXPECT_EQ((*idle)->timeout, milliseconds(60'000));
  send(*producer, topic, "value");
  const auto open = [&] {
    const auto described = admin_->describe_transaction(id, stop_);
    return described && *described && (*described)->state == "Ongoing";
  };
  ASSERT_TRUE(comes_true(open));
  EXPECT_TRUE(admin_->check_transactional_id(id, stop_));
  const auto ongoing = admin_->describe_transaction(id, stop_);
  EXPECT_THAT((*ongoing)->partitions, ElementsAre(std::pair(topic, std::vector<int32_t>{0})));
  ASSERT_TRUE((*ongoing)->started_unix_ms);
  const auto has_id = Contains(Field(&ListedTransaction::transactional_id, id));
  EXPECT_THAT(*admin_->list_transactions({}, stop_), has_id);
  EXPECT_THAT(*admin_->list_transactions({.states = {"Ongoing"}}, stop_), has_id);
  EXPECT_THAT(*admin_->list_transactions({.states = {"Empty"}}, stop_), Not(has_id));
  EXPECT_THAT(*admin_->list_transactions({.producer_ids = {(*ongoing)->producer_id}}, stop_),
              has_id);
  EXPECT_EQ(code_of(admin_->list_transactions({.states = {"Odd"}}, stop_)), "INVALID_REQUEST");
  EXPECT_THAT(*admin_->list_transactions({.running_longer_than = milliseconds(3'600'000)}, stop_),
              Not(has_id));
  const auto by_pattern = admin_->list_transactions({.id_pattern = id.substr(0, 12) + ".*"}, stop_);
  constexpr int16_t kHasPatterns = 2;
  if (preset_->range(ApiKey::kListTransactions).last < kHasPatterns) {
    EXPECT_EQ(code_of(by_pattern), "UNSUPPORTED_VERSION");
  } else {
    EXPECT_THAT(*by_pattern, has_id);
    EXPECT_THAT(*admin_->list_transactions({.id_pattern = "other"}, stop_), Not(has_id));
  }
  commit(*producer);
  EXPECT_TRUE(comes_true(
      [&] { return (*admin_->describe_transaction(id, stop_))->state == "CompleteCommit"; }));
}

TEST_P(AdminAgreementTest, Producers) {
  const std::string topic = fresh_name();
  const std::string id = fresh_name();
  create(topic, 1);
  if (!speaks(ApiKey::kDescribeProducers)) {
    EXPECT_EQ(code_of(admin_->describe_producers(topic, 0, stop_)), "UNSUPPORTED_VERSION");
    return;
  }
  ASSERT_TRUE(comes_true([&] { return admin_->describe_producers(topic, 0, stop_)->empty(); }));
  const auto producer = make_producer(id);
  send(*producer, topic, "value");
  ASSERT_TRUE(comes_true([&] {
    loop_->run(milliseconds(1));
    return admin_->describe_producers(topic, 0, stop_)->size() == 1;
  }));
  const ActiveProducer open = admin_->describe_producers(topic, 0, stop_)->front();
  EXPECT_EQ(open.open_since, 0);
  EXPECT_EQ(open.last_sequence, 0);
  // Another producer of the same id ends the first one's transaction; the leader knows it still.
  const auto next = make_producer(id);
  ASSERT_TRUE(
      comes_true([&] { return !admin_->describe_producers(topic, 0, stop_)->front().open_since; }));
  const auto fenced = admin_->describe_producers(topic, 0, stop_);
  ASSERT_EQ(fenced->size(), 1u);
  EXPECT_EQ(fenced->front().producer_id, open.producer_id);
  EXPECT_GT(fenced->front().producer_epoch, open.producer_epoch);
}

TEST_P(AdminAgreementTest, OffsetsOfAGroup) {
  const std::string topic = fresh_name();
  create(topic, 2);
  NativeOffsetCommitter committer(*cluster_, {.group = fresh_name(), .topic = topic},
                                  milliseconds(20'000));
  using Offsets = std::map<int32_t, int64_t>;
  auto committed = committer.committed({0, 1}, stop_);
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_TRUE(committed->empty());
  const auto done = committer.commit({{1, 7}}, stop_);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(committer.committed({0, 1}, stop_), (Offsets{{1, 7}}));
  ASSERT_TRUE(committer.commit({{0, 2}, {1, 5}}, stop_));
  EXPECT_EQ(committer.committed({0, 1}, stop_), (Offsets{{0, 2}, {1, 5}}));
}

INSTANTIATE_TEST_SUITE_P(Grounds, AdminAgreementTest, testing::ValuesIn(grounds()),
                         [](const auto& ground) {
                           std::string name =
                               ground.param == kReal ? "Real" : "Kafka" + ground.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace penstock::connect::kafka
