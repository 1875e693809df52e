// What the tests of the simulated cluster share: a client that asks one question after the other
// over connections, and the messages that producers and readers send.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connect/kafka/client/broker_connection.h"
#include "connect/kafka/records/batch_builder.h"
#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/simulated/simulated_cluster.h"

namespace penstock::connect::kafka {

// A client with a connection of its own to each broker.
class ClusterTestClient {
 public:
  ClusterTestClient(SimulatedLoop& loop, const SimulatedCluster& cluster,
                    Authenticator* authenticator)
      : loop_(loop), cluster_(cluster), authenticator_(authenticator) {
    options_.client_id = "test";
  }

  BrokerConnection& connection(int32_t broker) {
    auto& connection = connections_[broker];
    if (!connection) {
      connection = std::make_unique<BrokerConnection>(
          BrokerConnection::Context{loop_, options_, authenticator_, jitter_},
          cluster_.address(broker));
    }
    return *connection;
  }

  template <typename Request>
  CallResult<typename Request::Response> try_ask(int32_t broker, const Request& request,
                                                 VersionRange versions) {
    std::optional<CallResult<typename Request::Response>> result;
    connection(broker).call(request,
                            CallOptions{loop_.now() + std::chrono::seconds(30), versions, {}},
                            [&result](auto answer) { result = std::move(answer); });
    while (!result) loop_.run(std::chrono::milliseconds(100));
    return std::move(*result);
  }

  template <typename Request>
  Answer<typename Request::Response> ask(int32_t broker, const Request& request,
                                         VersionRange versions = {0, kLastVersion}) {
    auto result = try_ask(broker, request, versions);
    if (result) return std::move(*result);
    ADD_FAILURE() << result.error().cause;
    return {};
  }

 private:
  SimulatedLoop& loop_;
  const SimulatedCluster& cluster_;
  Authenticator* authenticator_;
  ConnectionOptions options_;
  Rng jitter_{7};
  std::map<int32_t, std::unique_ptr<BrokerConnection>> connections_;
};

inline std::string test_batch(const BatchIdentity& identity, const std::vector<std::string>& values,
                              int64_t timestamp_ms = 1'000) {
  BatchBuilder builder(16 << 20, Codec::kNone);
  Compression compression;
  for (const std::string& value : values) {
    EXPECT_TRUE(
        builder.append({.key = {}, .value = value, .timestamp_ms = timestamp_ms++, .headers = {}}));
  }
  return std::string(builder.finish(identity, compression));
}

class SimulatedClusterTest : public testing::Test {
 protected:
  explicit SimulatedClusterTest(SimulatedClusterOptions options = {}, uint64_t seed = 1)
      : loop_(seed), cluster_(loop_, std::move(options)), client_(loop_, cluster_, nullptr) {}

  void run_for(std::chrono::milliseconds time) {
    const auto end = loop_.now() + time;
    while (loop_.now() < end)
      loop_.run(std::chrono::duration_cast<std::chrono::microseconds>(end - loop_.now()));
  }

  // One batch to partition 0 of a topic; named up to version 12.
  static ProduceRequest produce_request(const std::string& topic, std::string_view batch,
                                        const std::optional<std::string>& transactional_id) {
    ProduceRequest request;
    request.transactional_id = transactional_id;
    request.acks = -1;
    request.timeout_ms = 10'000;
    request.topic_data.push_back({topic, {}, {{0, {batch}}}});
    return request;
  }
  using Produced = ProduceResponse::PartitionProduceResponse;
  Produced produce(const std::string& topic, std::string_view batch,
                   const std::optional<std::string>& transactional_id = {}, int16_t version = 11) {
    return client_
        .ask(cluster_.leader(topic, 0), produce_request(topic, batch, transactional_id),
             {version, version})
        .response.responses.at(0)
        .partition_responses.at(0);
  }

  static FetchRequest fetch_request(const std::string& topic, int64_t offset,
                                    LogIsolation isolation) {
    FetchRequest request;
    request.isolation_level = static_cast<int8_t>(isolation);
    request.topics.emplace_back().topic = topic;
    auto& partition = request.topics[0].partitions.emplace_back();
    partition.fetch_offset = offset;
    partition.partition_max_bytes = 1 << 20;
    return request;
  }
  Answer<FetchResponse> fetch(const std::string& topic, int64_t offset, LogIsolation isolation) {
    return client_.ask(cluster_.leader(topic, 0), fetch_request(topic, offset, isolation), {4, 12});
  }
  static const FetchResponse::PartitionData& first(const Answer<FetchResponse>& answer) {
    return answer.response.responses.at(0).partitions.at(0);
  }
  // The values that a read_committed client sees, with the aborted ones taken out as it does.
  std::vector<std::string> read_committed(const std::string& topic) {
    const auto answer = fetch(topic, 0, LogIsolation::kReadCommitted);
    std::vector<std::string> values;
    Compression compression;
    BatchReader reader(compression, 1 << 20);
    reader.reset(*first(answer).records.bytes);
    while (reader.next_batch()) {
      if (reader.header().control || is_aborted(answer, reader.header())) continue;
      while (reader.next_record()) values.emplace_back(*reader.record().value);
    }
    EXPECT_FALSE(reader.error());
    return values;
  }
  std::vector<std::string> committed_values(const std::string& topic) const {
    std::vector<std::string> values;
    for (const CommittedRecord& record : cluster_.committed_records(topic, 0))
      values.push_back(*record.value);
    return values;
  }

  SimulatedLoop loop_;
  SimulatedCluster cluster_;
  ClusterTestClient client_;

 private:
  // Enough for tests in which no producer has two transactions in one answer.
  static bool is_aborted(const Answer<FetchResponse>& answer, const BatchHeader& batch) {
    for (const auto& aborted : *first(answer).aborted_transactions) {
      if (aborted.producer_id == batch.producer_id && aborted.first_offset <= batch.base_offset)
        return true;
    }
    return false;
  }
};

}  // namespace penstock::connect::kafka
