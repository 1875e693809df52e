// Fetch sessions: what is said, and what a reader gets through brokers that forget.
#include "connect/kafka/reader/fetch_session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/reader/native_reader.h"
#include "connect/kafka/simulated/simulated_cluster.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

FetchRequest::FetchPartition at(int32_t partition, int64_t offset) {
  FetchRequest::FetchPartition fetch;
  fetch.partition = partition;
  fetch.fetch_offset = offset;
  return fetch;
}

FetchResponse answer(int32_t session_id, ErrorCode code) {
  FetchResponse response;
  response.session_id = session_id;
  response.error_code = code;
  return response;
}

class FetchSessionTest : public testing::Test {
 protected:
  FetchRequest next(const FetchSession::Partitions& wanted) {
    FetchRequest request;
    session_.fill(request, "t", Uuid(), wanted);
    return request;
  }

  FetchSession session_;
};

TEST_F(FetchSessionTest, OnlyDifferencesAreNamed) {
  const FetchRequest first = next({{0, at(0, 5)}, {1, at(1, 7)}});
  EXPECT_EQ(first.session_id, 0);
  EXPECT_EQ(first.session_epoch, 0);
  EXPECT_EQ(first.topics[0].partitions.size(), 2u);
  ASSERT_TRUE(session_.take(answer(9, ErrorCode::kNone)));
  const FetchRequest second = next({{0, at(0, 6)}, {2, at(2, 0)}});
  EXPECT_EQ(second.session_id, 9);
  EXPECT_EQ(second.session_epoch, 1);
  EXPECT_EQ(second.topics[0].partitions,
            (std::vector<FetchRequest::FetchPartition>{at(0, 6), at(2, 0)}));
  EXPECT_EQ(second.forgotten_topics_data[0].partitions, std::vector<int32_t>{1});
  ASSERT_TRUE(session_.take(answer(9, ErrorCode::kNone)));
  const FetchRequest third = next({{0, at(0, 6)}, {2, at(2, 0)}});
  EXPECT_EQ(third.session_epoch, 2);
  EXPECT_TRUE(third.topics.empty());
  EXPECT_TRUE(third.forgotten_topics_data.empty());
}

TEST_F(FetchSessionTest, EverythingIsNamedAgainWhenTheSessionIsOver) {
  const FetchSession::Partitions wanted{{0, at(0, 5)}};
  next(wanted);
  ASSERT_TRUE(session_.take(answer(9, ErrorCode::kNone)));
  next(wanted);
  EXPECT_FALSE(session_.take(answer(0, ErrorCode::kFetchSessionIdNotFound)));
  FetchRequest again = next(wanted);
  EXPECT_EQ(again.session_id, 0);
  EXPECT_EQ(again.session_epoch, 0);
  EXPECT_EQ(again.topics.size(), 1u);
  ASSERT_TRUE(session_.take(answer(10, ErrorCode::kNone)));
  next(wanted);
  session_.lost();
  again = next(wanted);
  EXPECT_EQ(again.session_id, 10) << "so that the broker ends it";
  EXPECT_EQ(again.session_epoch, 0);
  EXPECT_EQ(again.topics.size(), 1u);
}

TEST_F(FetchSessionTest, ABrokerThatKnowsNotEvenANewSessionHasAnError) {
  const FetchSession::Partitions wanted{{0, at(0, 5)}};
  for (int i = 0; i < 2; ++i) {
    next(wanted);
    EXPECT_TRUE(session_.take(answer(0, ErrorCode::kInvalidFetchSessionEpoch)));
  }
}

TEST_F(FetchSessionTest, ABrokerMayRefuseToRemember) {
  const FetchSession::Partitions wanted{{0, at(0, 5)}};
  next(wanted);
  ASSERT_TRUE(session_.take(answer(0, ErrorCode::kNone)));
  const FetchRequest again = next(wanted);
  EXPECT_EQ(again.session_epoch, 0);
  EXPECT_EQ(again.topics.size(), 1u);
}

TEST(FetchSessions, AReaderMissesNothingThoughBrokersForget) {
  constexpr int32_t kPartitions = 8;
  constexpr int kTransactions = 200;
  SimulatedLoop loop(1);
  SimulatedCluster simulated(loop, {});
  simulated.create_topic("t", kPartitions);
  simulated.faults().forget_fetch_session_one_in = 7;
  loop.faults.cut_one_in = 300;
  ClientOptions client;
  client.bootstrap = {simulated.address(0)};
  Cluster writing(loop, client, nullptr, 1);
  Cluster reading(loop, client, nullptr, 2);
  NativeProducer producer(writing, {.transactional_id = "w", .linger = milliseconds(0)}, {});
  NativeReader reader(reading, {.topic = "t"}, milliseconds(5'000));
  for (int32_t p = 0; p < kPartitions; ++p) ASSERT_TRUE(reader.assign(p, 0));
  const int topic = producer.open_topic("t");
  const auto finish = [](auto call) {
    auto done = call();
    while (done && *done == CallState::kPending) done = call();
    return done.has_value();
  };
  std::vector<int> next(kPartitions, 0);
  int got = 0, committed = 0;
  const auto read = [&](milliseconds wait) {
    const auto record = reader.poll(wait);
    ASSERT_TRUE(record) << record.error().message;
    if (!*record) return;
    EXPECT_EQ((*record)->value, std::to_string(next[static_cast<size_t>((*record)->partition)]++));
    ++got;
  };
  ASSERT_TRUE(finish([&] { return producer.fence(milliseconds(100)); }));
  std::vector<int> sent(kPartitions, 0);
  for (int i = 0; i < kTransactions; ++i) {
    const int32_t partition = i % kPartitions;
    ASSERT_TRUE(producer.begin());
    const std::string value = std::to_string(sent[static_cast<size_t>(partition)]++);
    ASSERT_TRUE(producer.send({.topic = topic, .partition = partition, .value = value}));
    ASSERT_TRUE(finish([&] { return producer.commit(milliseconds(10)); }));
    ++committed;
    read(milliseconds(1));
  }
  const auto end = loop.now() + milliseconds(60'000);
  while (got < committed && loop.now() < end) read(milliseconds(100));
  EXPECT_EQ(got, committed);
  EXPECT_GT(loop.fault_counts.at("forget session", ProtocolStep::kFetch), 5u);
}

}  // namespace
}  // namespace penstock::connect::kafka
