// The producer against a broker whose answers each test writes, among them those that make no
// sense.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "connect/kafka/producer/native_producer.h"
#include "connect/kafka/simulated/server_session.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

const HostAndPort kAddress{"broker", 9092};
const HostAndPort kWeb{"web", 80};

class WebServer final : public ServerEvents {
 public:
  explicit WebServer(std::unique_ptr<ServerLink> link) : link_(std::move(link)) {}

 private:
  void on_bytes(std::string_view) override { link_->send("HTTP/1.1 400 Bad Request\r\n\r\n"); }
  void on_gone() override {}

  std::unique_ptr<ServerLink> link_;
};

class OddBrokerTest : public testing::Test {
 protected:
  OddBrokerTest() {
    serve_at(loop_, kAddress, [this](ServerSession& server, const ReceivedRequest& request) {
      answer(server, request);
    });
    loop_.listen(kWeb, [](std::unique_ptr<ServerLink> link) {
      return std::make_unique<WebServer>(std::move(link));
    });
    found_.host = kAddress.host;
    found_.port = kAddress.port;
    identity_.producer_id = 7;
    produced_.base_offset = 5;
    on_end_ = [](ServerSession& server, const ReceivedRequest& request) {
      server.answer(request, ended_by(7));
    };
  }

  static EndTxnResponse ended_by(int64_t producer) {
    EndTxnResponse response;
    response.producer_id = producer;
    response.producer_epoch = 1;
    return response;
  }
  static EndTxnResponse not_ended(ErrorCode error) {
    EndTxnResponse response;
    response.error_code = error;
    return response;
  }

  void answer(ServerSession& server, const ReceivedRequest& request) {
    switch (request.api) {
      case ApiKey::kApiVersions:
        return server.answer(request, versions());
      case ApiKey::kMetadata:
        return server.answer(request, metadata());
      case ApiKey::kFindCoordinator:
        return server.answer(request, found_);
      case ApiKey::kInitProducerId:
        return server.answer(request, identity_);
      case ApiKey::kAddPartitionsToTxn:
        return server.answer(request, added());
      case ApiKey::kProduce: {
        ProduceResponse response;
        response.responses.push_back({"t", {}, {produced_}});
        return server.answer(request, response);
      }
      case ApiKey::kEndTxn:
        return on_end_(server, request);
      default:
        return;
    }
  }
  ApiVersionsResponse versions() const {
    ApiVersionsResponse versions = every_version();
    versions.finalized_features_epoch = 1;
    versions.finalized_features.push_back(
        {"transaction.version", transaction_version_, transaction_version_});
    return versions;
  }
  // The topic has no id: Produce names it.
  static MetadataResponse metadata() {
    MetadataResponse metadata;
    auto& broker = metadata.brokers.emplace_back();
    broker.host = kAddress.host;
    broker.port = kAddress.port;
    auto& topic = metadata.topics.emplace_back();
    topic.name = "t";
    topic.partitions.emplace_back();
    return metadata;
  }
  AddPartitionsToTxnResponse added() const {
    AddPartitionsToTxnResponse response;
    if (!adds_) return response;
    auto& topic = response.results_by_topic_v3_and_below.emplace_back();
    topic.name = "t";
    topic.results_by_partition = {{0, ErrorCode::kNone}};
    return response;
  }

  template <typename Call>
  KafkaResult<CallState> finish(Call call) {
    auto state = call();
    while (state && *state == CallState::kPending) state = call();
    return state;
  }
  KafkaResult<CallState> fence(const HostAndPort& bootstrap = kAddress) {
    ClientOptions client;
    client.bootstrap = {bootstrap};
    cluster_ = std::make_unique<Cluster>(loop_, client, nullptr, 1);
    producer_ =
        std::make_unique<NativeProducer>(*cluster_,
                                         ProducerOptions{.transactional_id = "w",
                                                         .commit_timeout = milliseconds(3'000),
                                                         .linger = milliseconds(0)},
                                         NativeProducer::Rules());
    topic_ = producer_->open_topic("t");
    return finish([&] { return producer_->fence(milliseconds(100)); });
  }
  void start() {
    ASSERT_TRUE(fence());
    ASSERT_TRUE(producer_->begin());
  }
  void send(const std::string& value, bool marked = false) {
    ASSERT_TRUE(producer_->send({.topic = topic_, .value = value, .marked = marked}));
  }
  void deliver() {
    producer_->serve(milliseconds(0));
    while (producer_->unacknowledged_bytes() > 0) producer_->serve(milliseconds(10));
  }
  KafkaResult<CallState> commit() {
    return finish([&] { return producer_->commit(milliseconds(100)); });
  }

  SimulatedLoop loop_{1};
  int16_t transaction_version_ = 0;
  FindCoordinatorResponse found_;
  InitProducerIdResponse identity_;
  bool adds_ = true;
  ProduceResponse::PartitionProduceResponse produced_;
  std::function<void(ServerSession&, const ReceivedRequest&)> on_end_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<NativeProducer> producer_;
  int topic_ = 0;
};

// A broker need not say the offset of a batch that it recognises.
TEST_F(OddBrokerTest, AMarkedMessageWithoutOffsetHasNotThatOfTheOneBefore) {
  start();
  for (const ErrorCode code : {ErrorCode::kNone, ErrorCode::kDuplicateSequenceNumber}) {
    produced_.error_code = ErrorCode::kNone;
    produced_.base_offset = 5;
    send("a", true);
    deliver();
    EXPECT_EQ(producer_->marked_offset(), 5);
    EXPECT_EQ(producer_->written(topic_).front().last_offset, 5);
    produced_.error_code = code;
    produced_.base_offset = -1;
    send("b", true);
    deliver();
    EXPECT_EQ(producer_->marked_offset(), std::nullopt);
    EXPECT_EQ(producer_->written(topic_).front().last_offset, std::nullopt);
  }
  ASSERT_TRUE(commit());
}

TEST_F(OddBrokerTest, NobodyIsMadeAProducerWithoutId) {
  identity_.producer_id = -1;
  const auto fenced = fence();
  ASSERT_FALSE(fenced);
  EXPECT_NE(fenced.error().message.find("names no producer id"), std::string::npos)
      << fenced.error().message;
}

TEST_F(OddBrokerTest, AnEndThatNamesNoNextProducerIsOfUnknownOutcome) {
  transaction_version_ = 2;
  on_end_ = [](ServerSession& server, const ReceivedRequest& request) {
    server.answer(request, ended_by(-1));
  };
  start();
  send("a");
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kOutcomeUnknown) << done.error().message;
}

TEST_F(OddBrokerTest, NothingIsCommittedToPartitionsThatWereNotAdded) {
  adds_ = false;
  start();
  send("a");
  const auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, KafkaFault::kAbort);
  EXPECT_NE(done.error().message.find("leaves out partitions"), std::string::npos)
      << done.error().message;
}

// The last answer says that nothing was done, but it is about the second copy.
TEST_F(OddBrokerTest, ARefusalAfterALostOrVagueAnswerIsOfUnknownOutcome) {
  transaction_version_ = 2;
  for (const bool lost : {true, false}) {
    int num_ends = 0;
    on_end_ = [&](ServerSession& server, const ReceivedRequest& request) {
      if (++num_ends > 1)
        return server.answer(request, not_ended(ErrorCode::kTransactionAbortable));
      if (lost) return server.close();
      server.answer(request, not_ended(ErrorCode::kCoordinatorLoadInProgress));
    };
    start();
    send("a");
    const auto done = commit();
    ASSERT_FALSE(done);
    EXPECT_EQ(num_ends, 2);
    EXPECT_EQ(done.error().code, "TRANSACTION_ABORTABLE");
    EXPECT_EQ(done.error().fault, KafkaFault::kOutcomeUnknown) << done.error().message;
  }
}

// Nobody asked for a password.
TEST_F(OddBrokerTest, AListenerThatIsNotKafkasIsNoMatterOfSasl) {
  // As a coordinator, and as the first broker that is asked for one.
  found_.host = kWeb.host;
  found_.port = kWeb.port;
  for (const HostAndPort& bootstrap : {kAddress, kWeb}) {
    const auto fenced = fence(bootstrap);
    ASSERT_FALSE(fenced);
    EXPECT_EQ(fenced.error().fault, KafkaFault::kFatal);
    EXPECT_EQ(fenced.error().code, "");
    EXPECT_NE(fenced.error().message.find("web:80"), std::string::npos) << fenced.error().message;
  }
}

}  // namespace
}  // namespace penstock::connect::kafka
