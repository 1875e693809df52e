// Brokers that fail, and a workload of transactions under every fault: what was decided is what is
// read, and one seed gives one history.
#include "connect/kafka/simulated/simulated_broker.h"

#include <functional>
#include <set>

#include "connect/kafka/records/aborted_filter.h"
#include "connect/kafka/records/control_marker.h"
#include "connect/kafka/simulated/cluster_fixture_test.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

class SimulatedFaultTest : public SimulatedClusterTest {
 protected:
  SimulatedFaultTest() { cluster_.create_topic("t", 1); }
};

TEST_F(SimulatedFaultTest, ADeadBrokersPartitionsAreLedByOthersUntilItIsBack) {
  EXPECT_EQ(produce("t", test_batch({}, {"a"})).base_offset, 0);
  cluster_.kill(0, milliseconds(1'000));
  EXPECT_NE(cluster_.leader("t", 0), 0);
  EXPECT_EQ(produce("t", test_batch({}, {"b"})).base_offset, 1);
  MetadataRequest metadata;
  metadata.topics.emplace().push_back({{}, "t"});
  const auto answer = client_.ask(1, metadata);
  EXPECT_EQ(answer.response.brokers.size(), 2u);
  EXPECT_EQ(answer.response.controller_id, 1);
  const auto& partition = answer.response.topics.at(0).partitions.at(0);
  EXPECT_EQ(partition.leader_epoch, 1);
  EXPECT_THAT(partition.offline_replicas, testing::ElementsAre(0));
  EXPECT_FALSE(client_.try_ask(0, metadata, {0, kLastVersion}).has_value());
  run_for(milliseconds(2'000));
  EXPECT_EQ(client_.ask(0, metadata).response.brokers.size(), 3u);
}

TEST_F(SimulatedFaultTest, AnElectionTakesItsTime) {
  cluster_.faults().election_most = milliseconds(500);
  cluster_.kill(0, std::chrono::minutes(1));
  EXPECT_EQ(cluster_.leader("t", 0), kNobody);
  MetadataRequest metadata;
  metadata.topics.emplace().push_back({{}, "t"});
  const auto answer = client_.ask(1, metadata);
  EXPECT_EQ(answer.response.topics.at(0).partitions.at(0).error_code,
            ErrorCode::kLeaderNotAvailable);
  run_for(milliseconds(500));
  EXPECT_NE(cluster_.leader("t", 0), kNobody);
}

TEST_F(SimulatedFaultTest, ThrottlingIsTold) {
  client_.ask(0, DescribeClusterRequest{});
  cluster_.faults().throttle_one_in = 1;
  EXPECT_GT(client_.ask(0, DescribeClusterRequest{}).response.throttle_time_ms, 0);
}

TEST_F(SimulatedFaultTest, StaleMetadataShowsTheLeaderBefore) {
  cluster_.move_leader("t", 0, 2);
  cluster_.faults().stale_metadata_one_in = 1;
  MetadataRequest metadata;
  metadata.topics.emplace().push_back({{}, "t"});
  const auto stale = client_.ask(1, metadata);
  EXPECT_EQ(stale.response.topics.at(0).partitions.at(0).leader_id, 0);
  EXPECT_EQ(stale.response.topics.at(0).partitions.at(0).leader_epoch, 0);
}

TEST_F(SimulatedFaultTest, AnUnsureAnswersRequestWasCarriedOut) {
  cluster_.faults().unsure_answer_one_in = 1;
  const std::string batch =
      test_batch({.producer_id = 5, .producer_epoch = 0, .base_sequence = 0}, {"a"});
  EXPECT_NE(produce("t", batch).error_code, ErrorCode::kNone);
  EXPECT_EQ(cluster_.log("t", 0).end_offset(), 1);
  // Again: it is recognised.
  EXPECT_EQ(produce("t", batch).error_code, ErrorCode::kNone);
  EXPECT_EQ(cluster_.log("t", 0).end_offset(), 1);
}

TEST_F(SimulatedFaultTest, AnUnsureRefusalsRequestWasNotCarriedOut) {
  cluster_.faults().unsure_refusal_one_in = 1;
  const std::string batch =
      test_batch({.producer_id = 5, .producer_epoch = 0, .base_sequence = 0}, {"a"});
  std::set<ErrorCode> errors;
  for (int i = 0; i < 100; ++i) errors.insert(produce("t", batch).error_code);
  EXPECT_THAT(errors, testing::UnorderedElementsAre(ErrorCode::kRequestTimedOut,
                                                    ErrorCode::kNotEnoughReplicas,
                                                    ErrorCode::kNotEnoughReplicasAfterAppend));
  EXPECT_EQ(cluster_.log("t", 0).end_offset(), 0);
  cluster_.faults().unsure_refusal_one_in = 0;
  EXPECT_EQ(produce("t", batch).base_offset, 0);
}

TEST_F(SimulatedFaultTest, WithoutBrokersNobodyLeads) {
  for (int32_t broker = 0; broker < 3; ++broker) cluster_.kill(broker, milliseconds(1'000));
  EXPECT_EQ(cluster_.leader("t", 0), kNobody);
  run_for(milliseconds(1'500));
  EXPECT_NE(cluster_.leader("t", 0), kNobody);
  EXPECT_EQ(produce("t", test_batch({}, {"a"})).error_code, ErrorCode::kNone);
}

TEST_F(SimulatedFaultTest, ALostAnswersRequestWasCarriedOut) {
  // Connected before, so that it is not the answer to ApiVersions that is lost.
  client_.ask(0, DescribeClusterRequest{});
  cluster_.faults().lose_answer_one_in = 1;
  const std::string batch = test_batch({}, {"a"});
  const auto lost = client_.try_ask(0, produce_request("t", batch, {}), {3, 11});
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().fate, CallFate::kUnknown);
  EXPECT_EQ(cluster_.log("t", 0).end_offset(), 1);
  EXPECT_EQ(loop_.fault_counts.at("lose answer", ProtocolStep::kProduceFirst), 1u);
}

TEST_F(SimulatedFaultTest, ADroppedRequestWasNot) {
  client_.ask(0, DescribeClusterRequest{});
  cluster_.faults().drop_request_one_in = 1;
  const std::string batch = test_batch({}, {"a"});
  EXPECT_FALSE(client_.try_ask(0, produce_request("t", batch, {}), {3, 11}).has_value());
  EXPECT_EQ(cluster_.log("t", 0).end_offset(), 0);
}

TEST_F(SimulatedFaultTest, ABrokerThatDiesMayHaveDoneItOrNot) {
  const std::string batch = test_batch({}, {"a"});
  for (int i = 0; i < 40; ++i) {
    const int32_t leader = cluster_.leader("t", 0);
    client_.ask(leader, DescribeClusterRequest{});
    cluster_.faults().die_one_in = 1;
    cluster_.faults().down_most = milliseconds(100);
    EXPECT_FALSE(client_.try_ask(leader, produce_request("t", batch, {}), {3, 11}).has_value());
    cluster_.faults().die_one_in = 0;
    run_for(milliseconds(20'000));
  }
  EXPECT_GT(cluster_.log("t", 0).end_offset(), 5);
  EXPECT_LT(cluster_.log("t", 0).end_offset(), 35);
}

TEST_F(SimulatedFaultTest, SlowRequestsAndAnswersHoldUpTheirConnectionOnly) {
  client_.ask(0, DescribeClusterRequest{});
  ClusterTestClient other(loop_, cluster_, nullptr);
  other.ask(0, DescribeClusterRequest{});
  cluster_.faults().slow_request_one_in = 1;
  cluster_.faults().slow_most = milliseconds(2'000);
  std::optional<EventLoop::Time> answered;
  client_.connection(0).call(DescribeClusterRequest{},
                             CallOptions{loop_.now() + milliseconds(9'000), {0, 2}, {}},
                             [&](const auto&) { answered = loop_.now(); });
  run_for(milliseconds(5));
  cluster_.faults().slow_request_one_in = 0;
  other.ask(0, DescribeClusterRequest{});
  EXPECT_FALSE(answered);
  client_.ask(0, DescribeClusterRequest{});
  EXPECT_TRUE(answered);
}

// A producer of transactions that does what is safe: after anything that it does not understand
// it begins with a new epoch. Values say which attempt they belong to.
class Workload {
 public:
  Workload(uint64_t seed, bool v2) : loop_(seed), cluster_(loop_, options(v2)), v2_(v2) {
    cluster_.create_topic("a", 1);
    cluster_.create_topic("b", 1);
    client_.emplace(loop_, cluster_, nullptr);
  }

  void run(int num_transactions) {
    set_faults(1);
    for (int i = 0; i < num_transactions; ++i) attempt(i);
    set_faults(0);
    run_for(std::chrono::minutes(3));
  }

  SimulatedCluster& cluster() { return cluster_; }
  const std::vector<int>& acknowledged() const { return acknowledged_; }
  EventLoop::Time now() const { return loop_.now(); }
  const FaultTable& faults() const { return loop_.fault_counts; }

  // As a client reads it: from a Fetch response with its list of aborted transactions.
  std::vector<std::string> fetched(const std::string& topic) {
    FetchRequest request;
    request.isolation_level = static_cast<int8_t>(LogIsolation::kReadCommitted);
    request.topics.emplace_back().topic = topic;
    request.topics[0].partitions.emplace_back().partition_max_bytes = 16 << 20;
    const auto answer = client_->ask(cluster_.leader(topic, 0), request, {4, 12});
    const auto& partition = answer.response.responses.at(0).partitions.at(0);
    std::vector<AbortedTransaction> aborted;
    for (const auto& each : *partition.aborted_transactions)
      aborted.push_back({each.producer_id, each.first_offset});
    return shown(*partition.records.bytes, aborted);
  }

  std::vector<std::string> values(const std::string& topic) const {
    std::vector<std::string> values;
    for (const CommittedRecord& record : cluster_.committed_records(topic, 0))
      values.push_back(*record.value);
    return values;
  }

 private:
  static std::vector<std::string> shown(std::string_view records,
                                        const std::vector<AbortedTransaction>& aborted) {
    std::vector<std::string> values;
    AbortedFilter filter;
    filter.reset(aborted);
    Compression compression;
    BatchReader reader(compression, 1 << 20);
    reader.reset(records);
    while (reader.next_batch()) {
      const bool skipped = filter.skips(reader.header());
      while (reader.next_record()) {
        if (reader.header().control)
          filter.see_marker(reader.header(), *decode_control(reader.record()));
        if (!skipped) values.emplace_back(*reader.record().value);
      }
    }
    EXPECT_FALSE(reader.error());
    return values;
  }

  static SimulatedClusterOptions options(bool v2) {
    SimulatedClusterOptions options;
    if (!v2) options.preset = &broker_preset("3.9");
    return options;
  }

  void set_faults(uint64_t on) {
    BrokerFaults& faults = cluster_.faults();
    faults.die_one_in = 300 * on;
    faults.down_most = milliseconds(300);
    faults.election_most = milliseconds(50);
    faults.throttle_one_in = 200 * on;
    faults.throttle_most = milliseconds(20);
    faults.move_leader_one_in = 60 * on;
    faults.move_coordinator_one_in = 60 * on;
    faults.drop_request_one_in = 60 * on;
    faults.lose_answer_one_in = 60 * on;
    faults.slow_request_one_in = 60 * on;
    faults.slow_answer_one_in = 60 * on;
    faults.slow_most = milliseconds(200);
    faults.unsure_answer_one_in = 40 * on;
    faults.slow_marker_one_in = 20 * on;
    loop_.faults.delay_one_in = 200 * on;
    loop_.faults.cut_one_in = 300 * on;
  }
  void run_for(milliseconds time) {
    const auto end = loop_.now() + time;
    while (loop_.now() < end)
      loop_.run(std::chrono::duration_cast<std::chrono::microseconds>(end - loop_.now()));
  }

  int32_t coordinator() const { return cluster_.coordinator(CoordinatorKind::kTransaction, "id"); }
  bool init() {
    if (coordinator() == kNobody) return false;
    InitProducerIdRequest request;
    request.transactional_id = "id";
    request.transaction_timeout_ms = 60'000;
    const auto answer = client_->try_ask(coordinator(), request, {0, kLastVersion});
    if (!answer || answer->response.error_code != ErrorCode::kNone) return false;
    producer_ = ProducerIdAndEpoch{answer->response.producer_id, answer->response.producer_epoch};
    sequences_ = {};
    return true;
  }
  bool add(const std::string& topic) {
    if (v2_) return true;
    AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = "id";
    request.v3_and_below_producer_id = producer_->id;
    request.v3_and_below_producer_epoch = producer_->epoch;
    request.v3_and_below_topics.push_back({topic, {0}});
    for (int i = 0; i < 1'000; ++i) {
      if (coordinator() == kNobody) return false;
      const auto answer = client_->try_ask(coordinator(), request, {0, 3});
      if (!answer) return false;
      const ErrorCode error = answer->response.results_by_topic_v3_and_below.at(0)
                                  .results_by_partition.at(0)
                                  .partition_error_code;
      if (error != ErrorCode::kConcurrentTransactions) return error == ErrorCode::kNone;
      run_for(milliseconds(1));
    }
    return false;
  }
  bool write(const std::string& topic, const std::string& value) {
    int32_t& sequence = sequences_[topic];
    const std::string batch =
        test_batch({producer_->id, producer_->epoch, sequence, true}, {value});
    ProduceRequest request;
    request.transactional_id = "id";
    request.acks = -1;
    request.topic_data.push_back({topic, {}, {{0, {batch}}}});
    if (cluster_.leader(topic, 0) == kNobody) return false;
    const auto answer =
        client_->try_ask(cluster_.leader(topic, 0), request, {3, v2_ ? int16_t{12} : int16_t{11}});
    if (!answer) return false;
    ++sequence;
    return answer->response.responses.at(0).partition_responses.at(0).error_code ==
           ErrorCode::kNone;
  }
  bool commit() {
    if (coordinator() == kNobody) return false;
    EndTxnRequest request;
    request.transactional_id = "id";
    request.producer_id = producer_->id;
    request.producer_epoch = producer_->epoch;
    request.committed = true;
    const auto answer =
        client_->try_ask(coordinator(), request, {0, v2_ ? int16_t{5} : int16_t{4}});
    if (!answer || answer->response.error_code != ErrorCode::kNone) return false;
    if (!v2_) return true;
    producer_ = ProducerIdAndEpoch{answer->response.producer_id, answer->response.producer_epoch};
    sequences_ = {};
    return true;
  }

  void attempt(int number) {
    while (!producer_ && !init()) run_for(milliseconds(5));
    const std::string value = std::to_string(number);
    while (cluster_.leader("a", 0) == kNobody || cluster_.leader("b", 0) == kNobody)
      run_for(milliseconds(5));
    const bool done = add("a") && write("a", value) && add("b") && write("b", value) && commit();
    if (done) {
      acknowledged_.push_back(number);
    } else {
      producer_.reset();
    }
  }

  SimulatedLoop loop_;
  SimulatedCluster cluster_;
  bool v2_;
  std::optional<ClusterTestClient> client_;
  std::optional<ProducerIdAndEpoch> producer_;
  std::map<std::string, int32_t> sequences_;
  std::vector<int> acknowledged_;
};

class SimulatedWorkloadTest : public testing::TestWithParam<std::tuple<bool, uint64_t>> {};

TEST_P(SimulatedWorkloadTest, WhatIsReadIsWhatWasDecided) {
  const auto [v2, seed] = GetParam();
  Workload workload(seed, v2);
  workload.run(400);
  SimulatedCluster& cluster = workload.cluster();
  EXPECT_TRUE(cluster.open_transactions().empty());
  // Nothing is torn: both topics have the same, and all that was acknowledged.
  EXPECT_EQ(workload.values("a"), workload.values("b"));
  EXPECT_EQ(workload.fetched("a"), workload.values("a"));
  EXPECT_EQ(workload.fetched("b"), workload.values("b"));
  std::vector<std::string> acknowledged;
  for (const int number : workload.acknowledged()) acknowledged.push_back(std::to_string(number));
  EXPECT_THAT(workload.values("a"), testing::IsSupersetOf(acknowledged));
  EXPECT_GT(acknowledged.size(), 200u);
  EXPECT_LT(acknowledged.size(), 400u);
  // Each decision has its markers, and no marker is without one.
  size_t decided_partitions = 0;
  for (const DecidedTransaction& decided : cluster.decided_transactions())
    decided_partitions += decided.num_partitions;
  EXPECT_EQ(decided_partitions,
            log_markers(cluster.log("a", 0)).size() + log_markers(cluster.log("b", 0)).size());
  EXPECT_GT(workload.faults().num_cells(), 20u);
}

TEST_P(SimulatedWorkloadTest, OneSeedGivesOneHistory) {
  const auto [v2, seed] = GetParam();
  Workload one(seed, v2);
  one.run(100);
  Workload two(seed, v2);
  two.run(100);
  Workload other(seed + 1'000, v2);
  other.run(100);
  EXPECT_EQ(one.cluster().log("a", 0).bytes(), two.cluster().log("a", 0).bytes());
  EXPECT_EQ(one.cluster().log("b", 0).bytes(), two.cluster().log("b", 0).bytes());
  EXPECT_EQ(one.cluster().decided_transactions(), two.cluster().decided_transactions());
  EXPECT_EQ(one.faults(), two.faults());
  EXPECT_EQ(one.now(), two.now());
  EXPECT_NE(one.cluster().log("a", 0).bytes(), other.cluster().log("a", 0).bytes());
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatedWorkloadTest,
                         testing::Combine(testing::Bool(), testing::Values(1, 2, 3, 4, 5)));

}  // namespace
}  // namespace penstock::connect::kafka
