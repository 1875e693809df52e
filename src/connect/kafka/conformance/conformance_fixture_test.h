// What all suites of the conformance tests share: single requests to the ground's broker, and our
// producers, readers and admins on it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connect/kafka/client/broker_connection.h"
#include "connect/kafka/conformance/conformance_ground.h"
#include "connect/kafka/records/batch_builder.h"
#include "connect/kafka/simulated/log/stored_batch.h"

namespace penstock::connect::kafka {

inline constexpr std::chrono::seconds kConformancePatience(40);

inline std::string name_of_ground(const testing::TestParamInfo<GroundChoice>& test) {
  return ground_name(test.param);
}

inline void PrintTo(const GroundChoice& choice, std::ostream* out) {
  *out << ground_name(choice);
}
// Error codes by their names in failures.
inline void PrintTo(ErrorCode code, std::ostream* out) {
  *out << error_name(code);
}

struct TestTopic {
  std::string name;
  Uuid id;
};

enum class Isolation : int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

// One batch of these values, a millisecond apart.
inline std::string encode_batch(const BatchIdentity& identity,
                                const std::vector<std::string>& values, int64_t timestamp_ms,
                                Codec codec) {
  BatchBuilder builder(16 << 20, codec);
  Compression compression;
  for (const std::string& value : values) {
    EXPECT_TRUE(
        builder.append({.key = {}, .value = value, .timestamp_ms = timestamp_ms++, .headers = {}}));
  }
  return std::string(builder.finish(identity, compression));
}

class Conformance : public testing::TestWithParam<GroundChoice> {
 protected:
  Conformance()
      : ground_(make_ground(GetParam())),
        connection_(BrokerConnection::Context{ground_->loop(), options_, nullptr, jitter_},
                    ground_->address()) {}

  const BrokerPreset& preset() const { return *GetParam().preset; }
  EventLoop& loop() { return ground_->loop(); }
  HostAndPort address() const { return ground_->address(); }
  // Of records. Not long ago: brokers begin a new segment, where a fetch ends, when the times of
  // two records are days apart.
  int64_t time_ms() const { return time_ms_; }
  std::string make_batch(const BatchIdentity& identity,
                         const std::vector<std::string>& values) const {
    return make_batch_at(time_ms_, identity, values);
  }
  static std::string make_batch_at(int64_t timestamp_ms, const BatchIdentity& identity,
                                   const std::vector<std::string>& values) {
    return encode_batch(identity, values, timestamp_ms, Codec::kNone);
  }

  // Runs the loop until it holds, or fails the test.
  bool eventually(const std::function<bool()>& condition) {
    const auto end = loop().now() + kConformancePatience;
    while (!condition()) {
      if (loop().now() >= end) {
        ADD_FAILURE() << "waited in vain";
        return false;
      }
      loop().run(std::chrono::milliseconds(10));
    }
    return true;
  }

  // Single requests.

  // The answer to a request in the highest version that the ground, we, and `versions` have.
  template <typename Request>
  Answer<typename Request::Response> ask(const Request& request,
                                         VersionRange versions = {0, kLastVersion}) {
    auto result = send(request, versions);
    eventually([&] { return result->has_value(); });
    if (*result && **result) return std::move(***result);
    ADD_FAILURE() << (*result ? (**result).error().cause : "no answer");
    return {};
  }
  // The same, without waiting.
  template <typename Request>
  auto send(const Request& request, VersionRange versions) {
    return send_to(connection_, request, versions);
  }
  template <typename Request>
  auto send_to(BrokerConnection& connection, const Request& request, VersionRange versions) {
    auto result = std::make_shared<std::optional<CallResult<typename Request::Response>>>();
    connection.call(request, CallOptions{loop().now() + kConformancePatience, versions, {}},
                    [result](auto answer) { *result = std::move(answer); });
    return result;
  }

  // For what must not wait behind another request.
  std::unique_ptr<BrokerConnection> other_connection() {
    return std::make_unique<BrokerConnection>(
        BrokerConnection::Context{loop(), options_, nullptr, jitter_}, address());
  }

  // With its leaders ready to be asked.
  TestTopic create_topic(int32_t partitions = 1,
                         const std::map<std::string, std::string>& configs = {}) {
    CreateTopicsRequest request;
    auto& wanted = request.topics.emplace_back();
    wanted.name = fresh_name();
    wanted.num_partitions = partitions;
    wanted.replication_factor = 1;
    for (const auto& [name, value] : configs) wanted.configs.push_back({name, value});
    EXPECT_EQ(ask(request).response.topics.at(0).error_code, ErrorCode::kNone);
    for (int32_t i = 0; i < partitions; ++i) {
      eventually(
          [&] { return list_offset({wanted.name, {}}, -1, {}, i).error_code == ErrorCode::kNone; });
    }
    return {wanted.name, metadata(wanted.name).topic_id};
  }
  MetadataResponse::MetadataResponseTopic metadata(const std::string& name) {
    MetadataRequest request;
    request.topics.emplace().push_back({{}, name});
    request.allow_auto_topic_creation = false;
    return ask(request).response.topics.at(0);
  }

  struct ProduceOptions {
    std::optional<std::string> transactional_id = {};
    VersionRange versions = {3, 12};
    int32_t partition = 0;
    int16_t acks = -1;
  };
  using Produced = ProduceResponse::PartitionProduceResponse;
  Produced produce(const TestTopic& topic, std::string_view batch, const ProduceOptions& options) {
    return ask(produce_request(topic, batch, options), options.versions)
        .response.responses.at(0)
        .partition_responses.at(0);
  }
  Produced produce(const TestTopic& topic, std::string_view batch) {
    return produce(topic, batch, {});
  }
  static ProduceRequest produce_request(const TestTopic& topic, std::string_view batch,
                                        const ProduceOptions& options) {
    ProduceRequest request;
    request.transactional_id = options.transactional_id;
    request.acks = options.acks;
    request.timeout_ms = 10'000;
    request.topic_data.push_back({topic.name, topic.id, {{options.partition, {batch}}}});
    return request;
  }

  static FetchRequest fetch_request(const TestTopic& topic, int64_t offset, Isolation isolation) {
    FetchRequest request;
    request.isolation_level = static_cast<int8_t>(isolation);
    request.max_bytes = 50 << 20;
    auto& wanted = request.topics.emplace_back();
    wanted.topic = topic.name;
    wanted.topic_id = topic.id;
    auto& partition = wanted.partitions.emplace_back();
    partition.fetch_offset = offset;
    partition.partition_max_bytes = 1 << 20;
    return request;
  }
  // With the frame that its records are views of.
  struct Fetched {
    Answer<FetchResponse> answer;
    const FetchResponse::PartitionData& data() const {
      return answer.response.responses.at(0).partitions.at(0);
    }
    std::string_view records() const { return data().records.bytes.value_or(std::string_view()); }
  };
  Fetched fetch(const FetchRequest& request, VersionRange versions = {4, 12}) {
    return {ask(request, versions)};
  }
  Fetched fetch(const TestTopic& topic, int64_t offset, Isolation isolation) {
    return fetch(fetch_request(topic, offset, isolation));
  }

  using Listed = ListOffsetsResponse::ListOffsetsPartitionResponse;
  struct ListOptions {
    Isolation isolation = Isolation::kReadUncommitted;
    int32_t leader_epoch = -1;
  };
  Listed list_offset(const TestTopic& topic, int64_t timestamp, const ListOptions& options,
                     int32_t partition) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    request.isolation_level = static_cast<int8_t>(options.isolation);
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic.name;
    wanted.partitions.push_back({partition, options.leader_epoch, timestamp});
    return ask(request).response.topics.at(0).partitions.at(0);
  }
  // Where a log begins and ends.
  int64_t earliest(const TestTopic& topic) { return list_offset(topic, -2, {}, 0).offset; }
  int64_t latest(const TestTopic& topic) { return list_offset(topic, -1, {}, 0).offset; }
  int64_t last_stable(const TestTopic& topic) {
    return list_offset(topic, -1, {Isolation::kReadCommitted}, 0).offset;
  }

  // Transactions. What only says "not yet" is asked again.

  struct InitOptions {
    ProducerIdAndEpoch expected = {};
    int32_t timeout_ms = 60'000;
    VersionRange versions = {0, 5};
  };
  InitProducerIdResponse init_once(const std::optional<std::string>& transactional_id,
                                   const InitOptions& options) {
    InitProducerIdRequest request;
    request.transactional_id = transactional_id;
    request.transaction_timeout_ms = options.timeout_ms;
    request.producer_id = options.expected.id;
    request.producer_epoch = options.expected.epoch;
    return ask(request, options.versions).response;
  }
  InitProducerIdResponse init(const std::optional<std::string>& transactional_id,
                              const InitOptions& options) {
    InitProducerIdResponse response;
    eventually([&] {
      response = init_once(transactional_id, options);
      return !is_passing(response.error_code);
    });
    return response;
  }
  // An id whose coordinator is ready, and its first producer.
  ProducerIdAndEpoch first_producer(const std::string& transactional_id) {
    find_coordinator(transactional_id);
    const auto response = init(transactional_id, {});
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    return {response.producer_id, response.producer_epoch};
  }
  // A real cluster makes the topic in which it keeps transactions when it is first asked.
  void find_coordinator(const std::string& transactional_id) {
    FindCoordinatorRequest request;
    request.key = transactional_id;
    request.key_type = 1;
    eventually([&] { return ask(request, {0, 3}).response.error_code == ErrorCode::kNone; });
  }
  static bool is_passing(ErrorCode code) {
    return code == ErrorCode::kConcurrentTransactions || code == ErrorCode::kNotCoordinator ||
           code == ErrorCode::kCoordinatorLoadInProgress ||
           code == ErrorCode::kCoordinatorNotAvailable;
  }

  using TopicPartitions = AddPartitionsToTxnRequest::AddPartitionsToTxnTopic;
  // The codes of the partitions, in their order.
  std::vector<ErrorCode> add_once(const std::string& transactional_id,
                                  const ProducerIdAndEpoch& producer,
                                  const std::vector<TopicPartitions>& topics) {
    AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = transactional_id;
    request.v3_and_below_producer_id = producer.id;
    request.v3_and_below_producer_epoch = producer.epoch;
    request.v3_and_below_topics = topics;
    const auto answer = ask(request, {0, 3});
    std::map<std::pair<std::string, int32_t>, ErrorCode> by_partition;
    for (const auto& topic : answer.response.results_by_topic_v3_and_below) {
      for (const auto& partition : topic.results_by_partition)
        by_partition[{topic.name, partition.partition_index}] = partition.partition_error_code;
    }
    std::vector<ErrorCode> codes;
    for (const auto& topic : topics) {
      for (const int32_t index : topic.partitions)
        codes.push_back(by_partition.at({topic.name, index}));
    }
    return codes;
  }
  ErrorCode add(const std::string& transactional_id, const ProducerIdAndEpoch& producer,
                const TestTopic& topic) {
    ErrorCode code{};
    eventually([&] {
      code = add_once(transactional_id, producer, {{topic.name, {0}}}).at(0);
      return !is_passing(code);
    });
    return code;
  }

  static constexpr VersionRange kEndV1{0, 4};
  static constexpr VersionRange kEndV2{5, 5};
  EndTxnResponse end_once(const std::string& transactional_id, const ProducerIdAndEpoch& producer,
                          bool commit, VersionRange versions) {
    EndTxnRequest request;
    request.transactional_id = transactional_id;
    request.producer_id = producer.id;
    request.producer_epoch = producer.epoch;
    request.committed = commit;
    return ask(request, versions).response;
  }
  EndTxnResponse end(const std::string& transactional_id, const ProducerIdAndEpoch& producer,
                     bool commit, VersionRange versions) {
    EndTxnResponse response;
    eventually([&] {
      response = end_once(transactional_id, producer, commit, versions);
      return !is_passing(response.error_code);
    });
    return response;
  }

  static BatchIdentity identity(const ProducerIdAndEpoch& producer, int32_t sequence,
                                bool transactional) {
    return {producer.id, producer.epoch, sequence, transactional};
  }

 private:
  std::unique_ptr<ConformanceGround> ground_;
  ConnectionOptions options_{.client_id = "conformance"};
  Rng jitter_{7};
  BrokerConnection connection_;
  const int64_t time_ms_ = ground_->loop().unix_ms() - 10'000;
};

}  // namespace penstock::connect::kafka
