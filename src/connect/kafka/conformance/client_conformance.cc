// Our producer, reader and admin as wholes: what their users see on every ground.
#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/conformance/conformance_fixture_test.h"
#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/reader/native_reader.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr milliseconds kPatience = kConformancePatience;

// What was read of a record, kept.
struct Message {
  int64_t offset;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms;
};

class ClientConformance : public Conformance {
 protected:
  // The cluster is a base, so that it is made before what stands on it.
  struct Ground {
    std::unique_ptr<Cluster> cluster;
  };
  template <typename Native>
  struct OnCluster final : private Ground, public Native {
    template <typename... Arguments>
    explicit OnCluster(std::unique_ptr<Cluster> made, Arguments&&... arguments)
        : Ground{std::move(made)},
          Native(*Ground::cluster, std::forward<Arguments>(arguments)...) {}
  };
  std::unique_ptr<Cluster> make_cluster() {
    return std::make_unique<Cluster>(
        loop(), ClientOptions{.connection = {.client_id = "conformance"}, .bootstrap = {address()}},
        nullptr, 7);
  }
  std::unique_ptr<NativeProducer> make_producer(const ProducerOptions& options) {
    return std::make_unique<OnCluster<NativeProducer>>(make_cluster(), options,
                                                       NativeProducer::Rules{});
  }
  // Of its own transactional id, and fenced.
  std::unique_ptr<NativeProducer> ready_producer() {
    auto producer = make_producer({.transactional_id = fresh_name()});
    EXPECT_EQ(producer->fence(kPatience), CallState::kDone);
    return producer;
  }
  std::unique_ptr<NativeReader> make_reader(const TestTopic& topic, KafkaIsolation isolation) {
    auto reader = std::make_unique<OnCluster<NativeReader>>(
        make_cluster(), ReaderOptions{.topic = topic.name, .isolation = isolation}, kPatience);
    EXPECT_TRUE(reader->assign(0, 0));
    return reader;
  }
  std::unique_ptr<NativeAdmin> make_admin() {
    return std::make_unique<OnCluster<NativeAdmin>>(make_cluster(),
                                                    NativeAdmin::Timeouts{kPatience, kPatience});
  }

  void send(NativeProducer& producer, const OutgoingMessage& message) {
    const auto end = loop().now() + kPatience;
    auto sent = producer.send(message);
    while (sent && *sent == SendState::kFull && loop().now() < end) {
      producer.serve(milliseconds(10));
      sent = producer.send(message);
    }
    EXPECT_TRUE(sent && *sent == SendState::kAccepted);
  }
  void transaction(NativeProducer& producer, const TestTopic& topic,
                   const std::vector<std::string>& values, bool commit) {
    const int number = producer.open_topic(topic.name);
    EXPECT_TRUE(producer.begin());
    for (const std::string& value : values) send(producer, {.topic = number, .value = value});
    EXPECT_EQ(commit ? producer.commit(kPatience) : producer.abort(kPatience), CallState::kDone);
  }
  // All records up to the high watermark of now, with the reader's position at it in the end.
  std::vector<Message> read_all(NativeReader& reader) {
    std::vector<Message> messages;
    const auto marks = reader.watermarks(0, stop_);
    EXPECT_TRUE(marks);
    const auto end = loop().now() + kPatience;
    while (marks && reader.position(0) < marks->high && loop().now() < end) {
      const auto polled = reader.poll(milliseconds(100));
      EXPECT_TRUE(polled) << polled.error().message;
      if (!polled) break;
      if (*polled) messages.push_back(kept(**polled));
    }
    EXPECT_GE(reader.position(0), marks->high);
    return messages;
  }
  std::vector<std::string> read_values(const TestTopic& topic, KafkaIsolation isolation) {
    std::vector<std::string> values;
    const auto reader = make_reader(topic, isolation);
    for (const Message& message : read_all(*reader)) values.push_back(message.value.value_or("-"));
    return values;
  }
  static Message kept(const IncomingMessage& message) {
    Message made{message.offset, std::nullopt, std::nullopt, {}, message.timestamp_ms};
    if (message.key) made.key = *message.key;
    if (message.value) made.value = *message.value;
    for (const KafkaHeader& header : message.headers) {
      made.headers.emplace_back(std::string(header.key), std::nullopt);
      if (header.value) made.headers.back().second = std::string(*header.value);
    }
    return made;
  }

  StopToken stop_;
};
INSTANTIATE_TEST_SUITE_P(Kafka, ClientConformance, testing::ValuesIn(grounds_with(any_broker)),
                         name_of_ground);

TEST_P(ClientConformance, WhatIsCommittedIsReadAndWhatIsAbortedIsNot) {
  const TestTopic topic = create_topic();
  const auto producer = ready_producer();
  const bool v2 = preset().transaction_version >= 2;
  EXPECT_EQ(producer->version(), v2 ? TransactionVersion::kV2 : TransactionVersion::kV1);
  transaction(*producer, topic, {"a", "b"}, true);
  transaction(*producer, topic, {"c"}, false);
  transaction(*producer, topic, {"d"}, true);
  EXPECT_THAT(read_values(topic, KafkaIsolation::kReadCommitted), ElementsAre("a", "b", "d"));
}

TEST_P(ClientConformance, APartitionWithAbortedRecordsOnlyIsReadToItsEnd) {
  const TestTopic topic = create_topic();
  const auto producer = ready_producer();
  const int number = producer->open_topic(topic.name);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(producer->begin());
    send(*producer, {.topic = number, .value = "a"});
    // Sent, so that there is something to be aborted.
    while (producer->unacknowledged_bytes() > 0) producer->serve(milliseconds(10));
    EXPECT_EQ(producer->abort(kPatience), CallState::kDone);
  }
  eventually([&] { return latest(topic) == 6 && last_stable(topic) == 6; });
  const auto reader = make_reader(topic, KafkaIsolation::kReadCommitted);
  EXPECT_TRUE(read_all(*reader).empty());
  EXPECT_EQ(reader->position(0), 6);
  EXPECT_EQ(read_values(topic, KafkaIsolation::kReadUncommitted).size(), 3u);
}

TEST_P(ClientConformance, KeysTombstonesHeadersAndTimesComeThrough) {
  const TestTopic topic = create_topic();
  const auto producer = ready_producer();
  const int number = producer->open_topic(topic.name);
  const std::vector<KafkaHeader> headers = {{"h", "1"}, {"h", std::nullopt}, {"", ""}};
  const int64_t before = loop().unix_ms();
  EXPECT_TRUE(producer->begin());
  send(*producer, {.topic = number, .key = "k", .value = "v", .headers = headers});
  send(*producer, {.topic = number, .key = "k"});
  send(*producer, {.topic = number, .value = ""});
  send(*producer, {.topic = number, .key = ""});
  EXPECT_EQ(producer->commit(kPatience), CallState::kDone);
  const auto reader = make_reader(topic, KafkaIsolation::kReadCommitted);
  const auto messages = read_all(*reader);
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0].key, "k");
  EXPECT_EQ(messages[0].value, "v");
  EXPECT_THAT(messages[0].headers,
              ElementsAre(testing::Pair("h", "1"), testing::Pair("h", std::nullopt),
                          testing::Pair("", "")));
  EXPECT_EQ(messages[1].value, std::nullopt);
  EXPECT_EQ(messages[2].key, std::nullopt);
  EXPECT_EQ(messages[2].value, "");
  EXPECT_EQ(messages[3].key, "");
  for (const Message& message : messages) {
    EXPECT_GE(message.timestamp_ms, before);
    EXPECT_LE(message.timestamp_ms, loop().unix_ms());
  }
}

TEST_P(ClientConformance, EveryCodecAndLargeValues) {
  for (const KafkaCompression codec :
       {KafkaCompression::kNone, KafkaCompression::kGzip, KafkaCompression::kSnappy,
        KafkaCompression::kLz4, KafkaCompression::kZstd}) {
    const TestTopic topic = create_topic();
    const auto producer = make_producer({.transactional_id = fresh_name(), .compression = codec});
    EXPECT_EQ(producer->fence(kPatience), CallState::kDone);
    std::vector<std::string> values;
    for (char c = 'a'; c < 'g'; ++c) values.emplace_back(900'000, c);
    transaction(*producer, topic, values, true);
    EXPECT_EQ(read_values(topic, KafkaIsolation::kReadCommitted), values);
  }
}

TEST_P(ClientConformance, AMarkedMessagesOffsetIsTold) {
  const TestTopic topic = create_topic();
  const auto producer = ready_producer();
  const int number = producer->open_topic(topic.name);
  for (const int64_t expected : {1, 4}) {
    EXPECT_TRUE(producer->begin());
    EXPECT_EQ(producer->marked_offset(), std::nullopt);
    send(*producer, {.topic = number, .value = "a"});
    send(*producer, {.topic = number, .value = "b", .marked = true});
    EXPECT_EQ(producer->commit(kPatience), CallState::kDone);
    EXPECT_EQ(producer->marked_offset(), expected);
  }
}

TEST_P(ClientConformance, WhereATransactionWroteIsTold) {
  const TestTopic topic = create_topic();
  const auto producer = ready_producer();
  const int number = producer->open_topic(topic.name);
  for (const int64_t last : {2, 6}) {  // The first transaction's marker is at 3.
    EXPECT_TRUE(producer->begin());
    EXPECT_TRUE(producer->written(number).empty());
    for (const char* value : {"a", "b", "c"}) send(*producer, {.topic = number, .value = value});
    EXPECT_EQ(producer->commit(kPatience), CallState::kDone);
    EXPECT_EQ(producer->written(number), (std::vector<WrittenPartition>{{0, last, 3}}));
  }
}

TEST_P(ClientConformance, ATransactionWithoutMessages) {
  const TestTopic topic = create_topic();
  const auto producer = ready_producer();
  transaction(*producer, topic, {}, true);
  transaction(*producer, topic, {}, false);
  transaction(*producer, topic, {"a"}, true);
  EXPECT_THAT(read_values(topic, KafkaIsolation::kReadCommitted), ElementsAre("a"));
}

TEST_P(ClientConformance, AFencedProducersTransactionIsAborted) {
  const TestTopic topic = create_topic();
  const std::string id = fresh_name();
  const auto old = make_producer({.transactional_id = id});
  EXPECT_EQ(old->fence(kPatience), CallState::kDone);
  const int number = old->open_topic(topic.name);
  EXPECT_TRUE(old->begin());
  send(*old, {.topic = number, .value = "old"});
  while (old->unacknowledged_bytes() > 0) old->serve(milliseconds(10));
  const auto next = make_producer({.transactional_id = id});
  EXPECT_EQ(next->fence(kPatience), CallState::kDone);
  const auto committed = old->commit(kPatience);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, KafkaFault::kFenced);
  transaction(*next, topic, {"new"}, true);
  EXPECT_THAT(read_values(topic, KafkaIsolation::kReadCommitted), ElementsAre("new"));
}

TEST_P(ClientConformance, AMessageThatTheTopicDoesNotTakeIsFatal) {
  const TestTopic topic = create_topic(1, {{"max.message.bytes", "1000"}});
  const auto producer = ready_producer();
  const int number = producer->open_topic(topic.name);
  EXPECT_TRUE(producer->begin());
  std::string value;
  for (int i = 0; i < 5'000; ++i) value += static_cast<char>((i * i * 7919) >> 3);
  send(*producer, {.topic = number, .value = value});
  const auto committed = producer->commit(kPatience);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(committed.error().code, "MESSAGE_TOO_LARGE");
  EXPECT_EQ(latest(topic), 0);
}

// Without a transactional id: no transactions, no markers, and each message once and in order.
TEST_P(ClientConformance, WithoutTransactionsWhatIsSentCanBeReadAtOnce) {
  const TestTopic topic = create_topic();
  const auto producer = make_producer({});
  EXPECT_EQ(producer->fence(kPatience), CallState::kDone);
  const int number = producer->open_topic(topic.name);
  EXPECT_TRUE(producer->begin());
  send(*producer, {.topic = number, .value = "a"});
  while (producer->unacknowledged_bytes() > 0) producer->serve(milliseconds(10));
  EXPECT_EQ(last_stable(topic), 1);
  EXPECT_THAT(read_values(topic, KafkaIsolation::kReadCommitted), ElementsAre("a"));
  send(*producer, {.topic = number, .value = "b", .marked = true});
  EXPECT_EQ(producer->commit(kPatience), CallState::kDone);
  EXPECT_EQ(producer->marked_offset(), 1);
  EXPECT_EQ(producer->written(number), (std::vector<WrittenPartition>{{0, 1, 2}}));
  transaction(*producer, topic, {"c", "d"}, true);
  EXPECT_EQ(latest(topic), 4);  // Nothing but the messages.
  EXPECT_THAT(read_values(topic, KafkaIsolation::kReadCommitted), ElementsAre("a", "b", "c", "d"));
}

TEST_P(ClientConformance, WithoutTransactionsNobodyIsFenced) {
  const TestTopic topic = create_topic();
  const auto one = make_producer({});
  const auto other = make_producer({});
  EXPECT_EQ(one->fence(kPatience), CallState::kDone);
  EXPECT_EQ(other->fence(kPatience), CallState::kDone);
  transaction(*one, topic, {"a"}, true);
  transaction(*other, topic, {"b"}, true);
  transaction(*one, topic, {"c"}, true);
  EXPECT_THAT(read_values(topic, KafkaIsolation::kReadCommitted), ElementsAre("a", "b", "c"));
}

TEST_P(ClientConformance, WatermarksAndTimes) {
  const TestTopic topic = create_topic();
  produce(topic, make_batch({}, {"a", "b"}));
  const auto reader = make_reader(topic, KafkaIsolation::kReadCommitted);
  const auto marks = reader->watermarks(0, stop_);
  ASSERT_TRUE(marks);
  EXPECT_EQ(marks->low, 0);
  EXPECT_EQ(marks->high, 2);
  EXPECT_EQ(reader->offset_at(0, time_ms() + 1, stop_), 1);
  EXPECT_EQ(reader->offset_at(0, time_ms() + 2, stop_), 2);
}

TEST_P(ClientConformance, AnOffsetThatIsNotThereIsFatal) {
  const TestTopic topic = create_topic();
  const auto reader = make_reader(topic, KafkaIsolation::kReadCommitted);
  EXPECT_TRUE(reader->assign(0, 5));
  std::optional<KafkaError> error;
  eventually([&] {
    const auto polled = reader->poll(milliseconds(10));
    if (!polled) error = polled.error();
    return error.has_value();
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->fault, KafkaFault::kFatal);
  EXPECT_EQ(error->code, "OFFSET_OUT_OF_RANGE");
}

TEST_P(ClientConformance, TheAdminMakesAndDescribesTopics) {
  const auto admin = make_admin();
  const auto brokers = admin->brokers(stop_);
  ASSERT_TRUE(brokers && brokers->size() == 1);
  EXPECT_EQ(brokers->at(0).port, address().port);
  const std::string name = fresh_name();
  EXPECT_EQ(admin->partition_count(name, stop_).value(), std::nullopt);
  const NewTopic wanted{name, 2, 1, {{"cleanup.policy", "compact"}}};
  EXPECT_EQ(admin->create_topic(wanted, stop_), CreateTopicState::kCreated);
  EXPECT_EQ(admin->create_topic(wanted, stop_), CreateTopicState::kExisted);
  eventually([&] { return admin->partition_count(name, stop_).value() == 2; });
  const auto config = admin->topic_config(name, stop_);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->at("cleanup.policy"), "compact");
  EXPECT_EQ(config->at("max.message.bytes"), "1048588");
  const auto broker = admin->broker_config(brokers->at(0).id, stop_);
  ASSERT_TRUE(broker);
  EXPECT_EQ(broker->at("transaction.max.timeout.ms"), "900000");
}

TEST_P(ClientConformance, TheAdminsRefusals) {
  const auto admin = make_admin();
  const auto fault = [&](const NewTopic& topic) {
    const auto made = admin->create_topic(topic, stop_);
    EXPECT_FALSE(made);
    EXPECT_FALSE(made.error().message.empty());
    return std::pair(made.error().fault, made.error().code);
  };
  EXPECT_EQ(fault({"not a name", 1, 1}),
            std::pair(KafkaFault::kFatal, std::string("INVALID_TOPIC_EXCEPTION")));
  EXPECT_EQ(fault({fresh_name(), 1, 7}),
            std::pair(KafkaFault::kFatal, std::string("INVALID_REPLICATION_FACTOR")));
  EXPECT_EQ(fault({fresh_name(), 1, 1, {{"no.such", "1"}}}),
            std::pair(KafkaFault::kFatal, std::string("INVALID_CONFIG")));
}

}  // namespace
}  // namespace penstock::connect::kafka
