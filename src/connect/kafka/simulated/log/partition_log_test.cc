// Produce, Fetch and what else is asked about logs; idempotence.
#include "connect/kafka/simulated/log/partition_log.h"

#include "connect/kafka/simulated/cluster_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using testing::ElementsAre;

BatchIdentity numbered(int32_t sequence, int16_t epoch = 0) {
  return {.producer_id = 5, .producer_epoch = epoch, .base_sequence = sequence};
}

class PartitionLogTest : public SimulatedClusterTest {
 protected:
  PartitionLogTest() { cluster_.create_topic("t", 1); }

  ErrorCode produce_numbered(int32_t sequence, int16_t epoch = 0) {
    return produce("t", test_batch(numbered(sequence, epoch), {"v"})).error_code;
  }
};

TEST_F(PartitionLogTest, GivesOffsetsAndReadsThemBack) {
  EXPECT_EQ(produce("t", test_batch({}, {"a", "b"})).base_offset, 0);
  EXPECT_EQ(produce("t", test_batch({}, {"c"})).base_offset, 2);
  const auto answer = fetch("t", 1, LogIsolation::kReadUncommitted);
  EXPECT_EQ(first(answer).high_watermark, 3);
  EXPECT_EQ(first(answer).log_start_offset, 0);
  // Whole batches: the one that holds the offset first.
  EXPECT_EQ(*first(answer).records.bytes, cluster_.log("t", 0).bytes());
  EXPECT_THAT(read_committed("t"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(committed_values("t"), ElementsAre("a", "b", "c"));
}

TEST_F(PartitionLogTest, ReadsByTopicId) {
  produce("t", test_batch({}, {"a"}));
  MetadataRequest metadata;
  metadata.topics.reset();
  const Uuid id = client_.ask(0, metadata).response.topics.at(0).topic_id;
  FetchRequest request = fetch_request("", 0, LogIsolation::kReadUncommitted);
  request.topics[0].topic_id = id;
  const auto found = client_.ask(0, request, {13, 18});
  EXPECT_FALSE(first(found).records.bytes->empty());
  EXPECT_EQ(found.response.responses.at(0).topic_id, id);
  request.topics[0].topic_id.bytes[0] ^= 1;
  EXPECT_EQ(first(client_.ask(0, request, {13, 18})).error_code, ErrorCode::kUnknownTopicId);
}

TEST_F(PartitionLogTest, WritesByTopicId) {
  MetadataRequest metadata;
  metadata.topics.reset();
  const std::string batch = test_batch({}, {"a"});
  ProduceRequest request = produce_request("", batch, {});
  request.topic_data[0].topic_id = client_.ask(0, metadata).response.topics.at(0).topic_id;
  const auto written = client_.ask(0, request, {13, 13});
  EXPECT_EQ(written.response.responses.at(0).partition_responses.at(0).base_offset, 0);
  EXPECT_EQ(written.response.responses[0].partition_responses[0].error_code, ErrorCode::kNone);
  request.topic_data[0].topic_id.bytes[0] ^= 1;
  const auto unknown = client_.ask(0, request, {13, 13});
  EXPECT_EQ(unknown.response.responses.at(0).partition_responses.at(0).error_code,
            ErrorCode::kUnknownTopicId);
}

TEST_F(PartitionLogTest, RefusesWhatIsNotABatchForIt) {
  std::string damaged = test_batch({}, {"a"});
  damaged.back() ^= 1;
  EXPECT_EQ(produce("t", damaged).error_code, ErrorCode::kCorruptMessage);
  EXPECT_EQ(produce("t", "").error_code, ErrorCode::kInvalidRecord);
  const std::string one = test_batch({}, {"a"});
  EXPECT_EQ(produce("t", one + one).error_code, ErrorCode::kInvalidRecord);
  const std::string large = test_batch({}, {std::string(2 << 20, 'x')});
  EXPECT_EQ(produce("t", large).error_code, ErrorCode::kMessageTooLarge);
  ProduceRequest request = produce_request("t", one, {});
  request.acks = 2;
  const auto answer = client_.ask(0, request, {3, 11});
  EXPECT_EQ(answer.response.responses.at(0).partition_responses.at(0).error_code,
            ErrorCode::kInvalidRequiredAcks);
  EXPECT_EQ(cluster_.log("t", 0).end_offset(), 0);
}

TEST_F(PartitionLogTest, TellsWhoLeads) {
  const auto answer = client_.ask(1, produce_request("t", test_batch({}, {"a"}), {}), {10, 11});
  const auto& refused = answer.response.responses.at(0).partition_responses.at(0);
  EXPECT_EQ(refused.error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(refused.current_leader.leader_id, 0);
  ASSERT_EQ(answer.response.node_endpoints.size(), 1u);
  EXPECT_EQ(answer.response.node_endpoints[0].host, "broker-0");
  const auto fetched =
      client_.ask(1, fetch_request("t", 0, LogIsolation::kReadUncommitted), {4, 12});
  EXPECT_EQ(first(fetched).error_code, ErrorCode::kNotLeaderOrFollower);
}

TEST_F(PartitionLogTest, KnowsTheLastFiveBatches) {
  for (int32_t i = 0; i < 7; ++i) EXPECT_EQ(produce_numbered(i), ErrorCode::kNone);
  const Produced again = produce("t", test_batch(numbered(2), {"v"}));
  EXPECT_EQ(again.error_code, ErrorCode::kNone);
  EXPECT_EQ(again.base_offset, 2);
  EXPECT_EQ(produce_numbered(1), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce_numbered(8), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(cluster_.log("t", 0).end_offset(), 7);
  EXPECT_EQ(produce_numbered(7), ErrorCode::kNone);
}

TEST_F(PartitionLogTest, EpochsFenceAndBeginAtZero) {
  EXPECT_EQ(produce_numbered(0), ErrorCode::kNone);
  EXPECT_EQ(produce_numbered(1, 1), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(produce_numbered(0, 1), ErrorCode::kNone);
  EXPECT_EQ(produce_numbered(1, 0), ErrorCode::kInvalidProducerEpoch);
}

TEST_F(PartitionLogTest, SequencesGoOnAtZeroBehindTheGreatest) {
  constexpr int32_t kLast = 2'147'483'647;
  EXPECT_EQ(produce_numbered(kLast), ErrorCode::kNone);
  EXPECT_EQ(produce_numbered(0), ErrorCode::kNone);
  EXPECT_EQ(produce_numbered(1), ErrorCode::kNone);
}

TEST_F(PartitionLogTest, AFetchWaitsForRecordsAndNoLonger) {
  FetchRequest request = fetch_request("t", 0, LogIsolation::kReadUncommitted);
  request.max_wait_ms = 500;
  request.min_bytes = 1;
  auto begun = loop_.now();
  EXPECT_TRUE(first(client_.ask(0, request, {4, 12})).records.bytes->empty());
  EXPECT_GE(loop_.now() - begun, std::chrono::milliseconds(500));

  ClusterTestClient other(loop_, cluster_, nullptr);
  other.ask(0, DescribeClusterRequest{});
  std::optional<CallResult<ProduceResponse>> produced;
  const std::string batch = test_batch({}, {"a"});
  loop_.at(loop_.now() + std::chrono::milliseconds(100), [&] {
    other.connection(0).call(produce_request("t", batch, {}),
                             CallOptions{loop_.now() + std::chrono::seconds(5), {3, 11}, {}},
                             [&produced](auto result) { produced = std::move(result); });
  });
  begun = loop_.now();
  EXPECT_FALSE(first(client_.ask(0, request, {4, 12})).records.bytes->empty());
  EXPECT_GE(loop_.now() - begun, std::chrono::milliseconds(100));
  EXPECT_LT(loop_.now() - begun, std::chrono::milliseconds(110));
}

TEST_F(PartitionLogTest, LimitsCutButTheFirstBatchComesWhole) {
  const std::string batch = test_batch({}, {std::string(100, 'x')});
  produce("t", batch);
  produce("t", batch);
  FetchRequest request = fetch_request("t", 0, LogIsolation::kReadUncommitted);
  request.max_bytes = 10;
  EXPECT_EQ(first(client_.ask(0, request, {4, 12})).records.bytes->size(), batch.size());
  request.max_bytes = 1 << 20;
  request.topics[0].partitions[0].partition_max_bytes = static_cast<int32_t>(batch.size() + 20);
  EXPECT_EQ(first(client_.ask(0, request, {4, 12})).records.bytes->size(), batch.size() + 20);
}

TEST_F(PartitionLogTest, OffsetsOutOfRangeAndUnknownSessionsAreRefused) {
  produce("t", test_batch({}, {"a"}));
  EXPECT_EQ(first(fetch("t", 2, LogIsolation::kReadUncommitted)).error_code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(first(fetch("t", 1, LogIsolation::kReadUncommitted)).error_code, ErrorCode::kNone);
  FetchRequest request = fetch_request("t", 0, LogIsolation::kReadUncommitted);
  request.session_id = 9;
  request.session_epoch = 3;
  EXPECT_EQ(client_.ask(0, request, {7, 12}).response.error_code,
            ErrorCode::kFetchSessionIdNotFound);
}

TEST_F(PartitionLogTest, ListsOffsets) {
  produce("t", test_batch({}, {"a", "b", "c"}, 1'000));
  produce("t", test_batch({}, {"d"}, 500));
  const auto list = [&](int64_t timestamp) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    request.topics.push_back({"t", {{0, -1, timestamp}}});
    return client_.ask(0, request).response.topics.at(0).partitions.at(0);
  };
  EXPECT_EQ(list(-1).offset, 4);
  EXPECT_EQ(list(-2).offset, 0);
  EXPECT_EQ(list(1'001).offset, 1);
  EXPECT_EQ(list(1'001).timestamp, 1'001);
  EXPECT_EQ(list(1'003).offset, -1);
  EXPECT_EQ(list(-1).leader_epoch, 0);
}

TEST_F(PartitionLogTest, DeletesBeginnings) {
  for (const char* value : {"a", "b", "c"}) produce("t", test_batch({}, {value}));
  DeleteRecordsRequest request;
  request.topics.push_back({"t", {{0, 2}}});
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).partitions.at(0).low_watermark, 2);
  EXPECT_EQ(first(fetch("t", 1, LogIsolation::kReadUncommitted)).error_code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_THAT(committed_values("t"), ElementsAre("c"));
  request.topics[0].partitions[0].offset = 4;
  EXPECT_EQ(client_.ask(0, request).response.topics.at(0).partitions.at(0).error_code,
            ErrorCode::kOffsetOutOfRange);
}

TEST_F(PartitionLogTest, EpochsOfLeadersEndWhereTheNextBegins) {
  produce("t", test_batch({}, {"a"}));
  cluster_.move_leader("t", 0, 1);
  produce("t", test_batch({}, {"b", "c"}));
  cluster_.move_leader("t", 0, 2);
  const auto end_of = [&](int32_t epoch) {
    OffsetForLeaderEpochRequest request;
    request.topics.push_back({"t", {{0, 2, epoch}}});
    return client_.ask(2, request).response.topics.at(0).partitions.at(0);
  };
  EXPECT_EQ(end_of(0).end_offset, 1);
  EXPECT_EQ(end_of(1).end_offset, 3);
  EXPECT_EQ(end_of(2).end_offset, 3);
  EXPECT_EQ(end_of(3).end_offset, -1);
  FetchRequest request = fetch_request("t", 0, LogIsolation::kReadUncommitted);
  request.topics[0].partitions[0].current_leader_epoch = 1;
  EXPECT_EQ(first(client_.ask(2, request, {9, 12})).error_code, ErrorCode::kFencedLeaderEpoch);
  request.topics[0].partitions[0].current_leader_epoch = 3;
  EXPECT_EQ(first(client_.ask(2, request, {9, 12})).error_code, ErrorCode::kUnknownLeaderEpoch);
}

TEST_F(PartitionLogTest, AMoveEndsAWaitingFetch) {
  FetchRequest request = fetch_request("t", 0, LogIsolation::kReadUncommitted);
  request.max_wait_ms = 5'000;
  request.min_bytes = 1;
  loop_.at(loop_.now() + std::chrono::milliseconds(50), [&] { cluster_.move_leader("t", 0, 1); });
  const auto begun = loop_.now();
  EXPECT_EQ(first(client_.ask(0, request, {4, 12})).error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_LT(loop_.now() - begun, std::chrono::milliseconds(100));
}

class OldSimulatedBrokerTest : public SimulatedClusterTest {
 protected:
  static SimulatedClusterOptions old() {
    SimulatedClusterOptions options;
    options.preset = &broker_preset("2.1");
    return options;
  }
  OldSimulatedBrokerTest() : SimulatedClusterTest(old()) { cluster_.create_topic("t", 1); }
};

TEST_F(OldSimulatedBrokerTest, AnUnknownProducerHasToBeginAtZero) {
  EXPECT_EQ(produce("t", test_batch(numbered(3), {"v"}), {}, 7).error_code,
            ErrorCode::kUnknownProducerId);
  EXPECT_EQ(produce("t", test_batch(numbered(0), {"v"}), {}, 7).error_code, ErrorCode::kNone);
}

}  // namespace
}  // namespace penstock::connect::kafka
