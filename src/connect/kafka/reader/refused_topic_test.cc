// The reader against a server whose answers each test writes.
#include "connect/kafka/reader/native_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "connect/kafka/simulated/server_session.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

const HostAndPort kAddress{"broker", 9092};

class RefusedTopicTest : public testing::Test {
 protected:
  RefusedTopicTest() {
    serve_at(loop_, kAddress, [this](ServerSession& server, const ReceivedRequest& request) {
      answer(server, request);
    });
    ClientOptions options;
    options.bootstrap = {kAddress};
    cluster_ = std::make_unique<Cluster>(loop_, options, nullptr, 1);
    reader_ = std::make_unique<NativeReader>(*cluster_, ReaderOptions{.topic = "t"},
                                             milliseconds(10'000));
  }

  void answer(ServerSession& server, const ReceivedRequest& request) {
    if (request.api == ApiKey::kApiVersions) return server.answer(request, every_version());
    if (request.api == ApiKey::kMetadata) return server.answer(request, metadata());
    if (request.api == ApiKey::kFetch) {
      ++num_fetches_;
      if (fetch_error_ == ErrorCode::kNone) return;  // Whoever asks for records waits for ever.
      FetchResponse fetched;
      fetched.error_code = fetch_error_;
      return server.answer(request, fetched);
    }
    if (request.api != ApiKey::kListOffsets) return;
    asked_time_ms_ = request.as<ListOffsetsRequest>().topics.at(0).partitions.at(0).timestamp;
    ListOffsetsResponse offsets;
    auto& found = offsets.topics.emplace_back().partitions.emplace_back();
    found.offset = 5;
    found.error_code = offset_error_;
    server.answer(request, offsets);
  }

  MetadataResponse metadata() const {
    MetadataResponse metadata;
    auto& broker = metadata.brokers.emplace_back();
    broker.host = kAddress.host;
    broker.port = kAddress.port;
    auto& topic = metadata.topics.emplace_back();
    topic.name = "t";
    topic.error_code = topic_error_;
    if (topic_error_ == ErrorCode::kNone) topic.partitions.emplace_back();
    return metadata;
  }

  SimulatedLoop loop_{1};
  ErrorCode topic_error_ = ErrorCode::kNone;
  ErrorCode offset_error_ = ErrorCode::kNone;
  ErrorCode fetch_error_ = ErrorCode::kNone;
  int num_fetches_ = 0;
  int64_t asked_time_ms_ = -1;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<NativeReader> reader_;
  const StopToken stop_;
};

// A broker shows no leaders of a topic that may not be described: waiting for one would be in vain.
TEST_F(RefusedTopicTest, ATopicThatMayNotBeSeenIsRefusedUntilItMay) {
  topic_error_ = ErrorCode::kTopicAuthorizationFailed;
  const auto begun = loop_.now();
  const auto refused = reader_->watermarks(0, stop_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, KafkaFault::kFatal);
  EXPECT_EQ(refused.error().code, "TOPIC_AUTHORIZATION_FAILED");
  EXPECT_EQ(refused.error().message, "Broker: Topic authorization failed: t");
  EXPECT_LT(loop_.now() - begun, milliseconds(1'000));
  topic_error_ = ErrorCode::kNone;
  const auto marks = reader_->watermarks(0, stop_);
  ASSERT_TRUE(marks) << marks.error().message;
  EXPECT_EQ(marks->high, 5);
}

TEST_F(RefusedTopicTest, AnErrorOfOffsetsNamesPartitionAndBroker) {
  offset_error_ = ErrorCode::kUnknownServerError;
  EXPECT_EQ(reader_->watermarks(0, stop_).error().message,
            "offsets of topic t partition 0: Broker: Unknown server error (broker broker:9092)");
  offset_error_ = ErrorCode::kTopicAuthorizationFailed;
  EXPECT_EQ(reader_->watermarks(0, stop_).error().message,
            "Broker: Topic authorization failed: it needs Describe on topic t");
}

TEST_F(RefusedTopicTest, ATimeBefore1970IsNoOtherQuestion) {
  for (const auto& [time_ms, asked] : std::map<int64_t, int64_t>{
           {-2, 0}, {-1, 0}, {0, 0}, {1'700'000'000'000, 1'700'000'000'000}}) {
    EXPECT_EQ(reader_->offset_at(0, time_ms, stop_), 5);
    EXPECT_EQ(asked_time_ms_, asked);
  }
}

TEST_F(RefusedTopicTest, AFetchThatFailsAsAWholeNamesTheBroker) {
  fetch_error_ = ErrorCode::kUnknownServerError;
  ASSERT_TRUE(reader_->assign(0, 0));
  const auto refused = reader_->poll(milliseconds(5'000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "Broker: Unknown server error: fetching topic t from broker broker:9092");
}

// A session that begins cannot be unknown, and yet a broker may say so.
TEST_F(RefusedTopicTest, ABrokerThatKnowsNoSessionIsNotAskedWithoutAPause) {
  fetch_error_ = ErrorCode::kFetchSessionIdNotFound;
  ASSERT_TRUE(reader_->assign(0, 0));
  const auto begun = loop_.now();
  for (int i = 0; i < 10; ++i) {
    const auto refused = reader_->poll(milliseconds(5'000));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "FETCH_SESSION_ID_NOT_FOUND");
  }
  EXPECT_GE(num_fetches_, 10);
  EXPECT_LE(num_fetches_, 1 + (loop_.now() - begun) / cluster_->options().retry_backoff);
}

TEST_F(RefusedTopicTest, PollingTellsThatTheTopicMayNotBeSeen) {
  topic_error_ = ErrorCode::kTopicAuthorizationFailed;
  ASSERT_TRUE(reader_->assign(0, 0));
  const auto refused = reader_->poll(milliseconds(5'000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "TOPIC_AUTHORIZATION_FAILED");
  EXPECT_FALSE(reader_->poll(milliseconds(5'000)));  // It still is so.
  topic_error_ = ErrorCode::kNone;
  const auto silent = reader_->poll(milliseconds(5'000));
  ASSERT_TRUE(silent) << silent.error().message;
  EXPECT_FALSE(*silent);
}

}  // namespace
}  // namespace penstock::connect::kafka
