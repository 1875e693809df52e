// The connection against a server whose answers each test writes, in a simulated network.
#include "connect/kafka/client/broker_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <vector>

#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/client/cluster.h"
#include "connect/kafka/simulated/server_session.h"

namespace penstock::connect::kafka {
namespace {

using std::chrono::milliseconds;

const HostAndPort kAddress{"broker", 9092};

ApiVersionsResponse everything() {
  ApiVersionsResponse versions = every_version();
  versions.finalized_features.push_back({"transaction.version", 2, 2});
  return versions;
}

void throttle_700_ms(ServerSession& server, const ReceivedRequest& request) {
  DescribeClusterResponse response;
  response.throttle_time_ms = 700;
  server.answer(request, response);
}

// A server whose answers the test writes, and a connection to it.
class BrokerConnectionTest : public testing::Test {
 protected:
  BrokerConnectionTest() {
    options_.client_id = "me";
    listen();
  }

  void listen() {
    loop_.listen(kAddress, [this](std::unique_ptr<ServerLink> link) {
      ++links_;
      auto session = std::make_unique<ServerSession>(
          std::move(link), [this](ServerSession& server, ReceivedRequest request) {
            handle(server, std::move(request));
          });
      session_ = session.get();
      return session;
    });
  }

  void handle(ServerSession& server, ReceivedRequest request) {
    EXPECT_EQ(request.client_id, "me");
    received_.push_back(request);
    if (request.api == ApiKey::kApiVersions) return on_versions_(server, request);
    if (request.api == ApiKey::kSaslHandshake) return on_mechanism_(server, request);
    if (request.api == ApiKey::kSaslAuthenticate) return on_auth_(server, request);
    on_request_(server, request);
  }

  void make(Authenticator* authenticator) {
    connection_ = std::make_unique<BrokerConnection>(
        BrokerConnection::Context{loop_, options_, authenticator, jitter_}, kAddress);
  }

  // A request that names its number in its result.
  struct Outcome {
    int number;
    std::optional<CallFailure> failure;
  };
  void ask(int number, milliseconds patience = milliseconds(10'000)) {
    connection_->call(DescribeClusterRequest{}, CallOptions{loop_.now() + patience},
                      [this, number](CallResult<DescribeClusterResponse> result) {
                        outcomes_.push_back({number, std::nullopt});
                        if (!result) outcomes_.back().failure = result.error();
                      });
  }
  void run_until(size_t outcomes) {
    const auto end = loop_.now() + std::chrono::hours(1);
    while (outcomes_.size() < outcomes && loop_.now() < end) loop_.run(milliseconds(100));
    ASSERT_EQ(outcomes_.size(), outcomes);
  }
  void run_for(milliseconds time) {
    const auto end = loop_.now() + time;
    while (loop_.now() < end)
      loop_.run(std::chrono::duration_cast<std::chrono::microseconds>(end - loop_.now()));
  }

  SimulatedLoop loop_{1};
  ConnectionOptions options_;
  Rng jitter_{2};
  int links_ = 0;
  ServerSession* session_ = nullptr;
  std::vector<ReceivedRequest> received_;
  std::vector<Outcome> outcomes_;
  std::function<void(ServerSession&, const ReceivedRequest&)> on_versions_ =
      [](ServerSession& server, const ReceivedRequest& request) {
        server.answer(request, everything());
      };
  std::function<void(ServerSession&, const ReceivedRequest&)> on_mechanism_ =
      [](ServerSession& server, const ReceivedRequest& request) {
        server.answer(request, SaslHandshakeResponse{ErrorCode::kNone, {"PLAIN"}});
      };
  std::function<void(ServerSession&, const ReceivedRequest&)> on_auth_ =
      [](ServerSession& server, const ReceivedRequest& request) {
        server.answer(request, SaslAuthenticateResponse{});
      };
  std::function<void(ServerSession&, const ReceivedRequest&)> on_request_ =
      [](ServerSession& server, const ReceivedRequest& request) {
        server.answer(request, DescribeClusterResponse{});
      };
  std::unique_ptr<BrokerConnection> connection_;
};

TEST_F(BrokerConnectionTest, SendsInOrderAndAnswersInOrder) {
  make(nullptr);
  for (int i = 0; i < 5; ++i) ask(i);
  EXPECT_EQ(links_, 0);  // Nothing happens outside run().
  run_until(5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(outcomes_[static_cast<size_t>(i)].number, i);
    EXPECT_FALSE(outcomes_[static_cast<size_t>(i)].failure);
  }
  EXPECT_EQ(links_, 1);
  EXPECT_EQ(received_.size(), 6u);
  EXPECT_EQ(connection_->features().finalized("transaction.version"), 2);
  EXPECT_TRUE(connection_->ready());
}

TEST_F(BrokerConnectionTest, PipelinesRequests) {
  std::vector<ReceivedRequest> held;
  on_request_ = [&](ServerSession& server, const ReceivedRequest& request) {
    held.push_back(request);
    if (held.size() < 3) return;
    for (const ReceivedRequest& each : held) server.answer(each, DescribeClusterResponse{});
  };
  make(nullptr);
  for (int i = 0; i < 3; ++i) ask(i);
  run_until(3);
}

TEST_F(BrokerConnectionTest, AsksAgainInTheVersionOfAnOlderBroker) {
  on_versions_ = [](ServerSession& server, const ReceivedRequest& request) {
    if (request.version > 2) {
      ApiVersionsResponse refusal;
      refusal.error_code = ErrorCode::kUnsupportedVersion;
      refusal.api_keys.push_back({static_cast<int16_t>(ApiKey::kApiVersions), 0, 2});
      return server.answer_in(0, request, refusal);
    }
    server.answer(request, everything());
  };
  make(nullptr);
  ask(1);
  run_until(1);
  EXPECT_FALSE(outcomes_[0].failure);
  EXPECT_EQ(received_[1].version, 2);
}

TEST_F(BrokerConnectionTest, WhatTheBrokerDoesNotSpeakIsNotSent) {
  on_versions_ = [](ServerSession& server, const ReceivedRequest& request) {
    ApiVersionsResponse versions = everything();
    std::erase_if(versions.api_keys,
                  [](const auto& api) { return ApiKey{api.api_key} == ApiKey::kDescribeCluster; });
    server.answer(request, versions);
  };
  make(nullptr);
  ask(1);
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kUnsupported);
  EXPECT_THAT(outcomes_[0].failure->cause, testing::HasSubstr("DescribeCluster"));
}

TEST_F(BrokerConnectionTest, ARefusedConnectionWasNotSentAndIsTriedAgainAfterABackoff) {
  loop_.fall_silent(kAddress);
  make(nullptr);
  ask(1);
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kNotSent);
  EXPECT_EQ(outcomes_[0].failure->cause, "broker broker:9092: Connection refused");
  EXPECT_TRUE(connection_->backing_off());
  listen();
  ask(2);
  run_until(2);
  EXPECT_FALSE(outcomes_[1].failure);
  EXPECT_EQ(connection_->trouble(), "");
}

TEST_F(BrokerConnectionTest, WhatWasSentAndNotAnsweredIsUnknown) {
  on_request_ = [](ServerSession& server, const ReceivedRequest&) { server.close(); };
  make(nullptr);
  ask(1);
  ask(2);
  run_until(2);
  for (const Outcome& outcome : outcomes_) EXPECT_EQ(outcome.failure->fate, CallFate::kUnknown);
  EXPECT_EQ(outcomes_[0].number, 1);
  // The next one finds a new connection.
  on_request_ = [](ServerSession& server, const ReceivedRequest& request) {
    server.answer(request, DescribeClusterResponse{});
  };
  ask(3);
  run_until(3);
  EXPECT_FALSE(outcomes_[2].failure);
  EXPECT_EQ(links_, 2);
}

TEST_F(BrokerConnectionTest, AMissingAnswerTakesTheConnectionDown) {
  on_request_ = [](ServerSession&, const ReceivedRequest&) {};
  make(nullptr);
  ask(1, milliseconds(500));
  ask(2, milliseconds(5'000));
  const auto begun = loop_.now();
  run_until(2);
  EXPECT_LT(loop_.now() - begun, milliseconds(600));
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kUnknown);
  EXPECT_THAT(outcomes_[0].failure->cause, testing::HasSubstr("no answer to DescribeCluster"));
}

TEST_F(BrokerConnectionTest, AnAnswerIsMissingWhenItsOwnTimeIsOver) {
  on_request_ = [](ServerSession&, const ReceivedRequest&) {};
  make(nullptr);
  ask(1, milliseconds(5'000));
  ask(2, milliseconds(500));
  const auto begun = loop_.now();
  run_until(2);
  EXPECT_LT(loop_.now() - begun, milliseconds(600));
}

// As brokers do with SASL: they tell everybody their versions, and nothing else to strangers.
TEST_F(BrokerConnectionTest, AListenerWithSaslIsGuessedFromItsSilence) {
  bool strict = true;
  on_request_ = [&](ServerSession& server, const ReceivedRequest& request) {
    strict ? server.close() : server.answer(request, DescribeClusterResponse{});
  };
  make(nullptr);
  ask(1);
  run_until(1);
  EXPECT_TRUE(outcomes_[0].failure->misfit);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kUnknown);
  EXPECT_EQ(outcomes_[0].failure->cause,
            "broker broker:9092: Disconnected upon the first request; SASL authentication "
            "required, or the broker went away");
  EXPECT_TRUE(connection_->backing_off());
  // One that has answered went for another reason.
  strict = false;
  ask(2);
  run_until(2);
  strict = true;
  ask(3);
  run_until(3);
  EXPECT_FALSE(outcomes_[2].failure->misfit);
  EXPECT_EQ(outcomes_[2].failure->cause, "broker broker:9092: Disconnected");
}

TEST_F(BrokerConnectionTest, AListenerWithTlsIsGuessedFromItsEndAndKnownByItsAlert) {
  on_versions_ = [](ServerSession& server, const ReceivedRequest&) { server.close(); };
  make(nullptr);
  ask(1);
  run_until(1);
  const std::string cause =
      "broker broker:9092: Disconnected during handshake; broker might require SSL encryption";
  EXPECT_TRUE(outcomes_[0].failure->misfit);
  EXPECT_EQ(outcomes_[0].failure->cause, cause);
  on_versions_ = [](ServerSession& server, const ReceivedRequest&) {
    server.send({"\x15\x03\x03\x00\x02\x02\x0a", 7});
  };
  ask(2);
  run_until(2);
  EXPECT_EQ(outcomes_[1].failure->fate, CallFate::kRefused);
  EXPECT_EQ(outcomes_[1].failure->cause, cause);
}

// What every attempt meets is told long before the time is over.
TEST_F(BrokerConnectionTest, QuestionsToAListenerOfAnotherKindEndSoon) {
  options_.backoff_most = milliseconds(200);
  on_versions_ = [](ServerSession& server, const ReceivedRequest&) { server.close(); };
  Cluster cluster(loop_, {.connection = options_, .bootstrap = {kAddress}}, nullptr, 3);
  NativeAdmin admin(cluster, {std::chrono::minutes(10), std::chrono::minutes(10)});
  const auto begun = loop_.now();
  const StopToken never;
  const auto brokers = admin.brokers(never);
  ASSERT_FALSE(brokers);
  EXPECT_EQ(brokers.error().fault, KafkaFault::kRetriable);
  EXPECT_EQ(brokers.error().message,
            "broker broker:9092: Disconnected during handshake; broker might require SSL "
            "encryption");
  EXPECT_LT(loop_.now() - begun, milliseconds(5'000));
}

TEST_F(BrokerConnectionTest, ASilentBrokerIsNamedWhenTimeIsOver) {
  on_versions_ = [](ServerSession&, const ReceivedRequest&) {};
  Cluster cluster(loop_, {.connection = options_, .bootstrap = {kAddress}}, nullptr, 3);
  NativeAdmin admin(cluster, {milliseconds(2'000), milliseconds(2'000)});
  const StopToken never;
  const auto brokers = admin.brokers(never);
  ASSERT_FALSE(brokers);
  EXPECT_EQ(brokers.error().message,
            "describing the cluster: broker broker:9092: Connection timeout");
}

TEST_F(BrokerConnectionTest, MetadataThatWouldCreateTopicsIsNotAskedFor) {
  on_versions_ = [](ServerSession& server, const ReceivedRequest& request) {
    ApiVersionsResponse versions;
    versions.api_keys.push_back({static_cast<int16_t>(ApiKey::kMetadata), 0, 3});
    server.answer(request, versions);
  };
  Cluster cluster(loop_, {.connection = options_, .bootstrap = {kAddress}}, nullptr, 3);
  NativeAdmin admin(cluster, {milliseconds(2'000), milliseconds(2'000)});
  const StopToken never;
  const auto partitions = admin.partition_count("t", never);
  ASSERT_FALSE(partitions);
  EXPECT_EQ(partitions.error().code, "UNSUPPORTED_VERSION");
}

TEST_F(BrokerConnectionTest, WhatWaitsTooLongWasNotSent) {
  on_versions_ = [](ServerSession&, const ReceivedRequest&) {};
  make(nullptr);
  ask(1, milliseconds(500));
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kNotSent);
}

TEST_F(BrokerConnectionTest, ASilentBrokerIsGivenUpAfterTheSetupTimeout) {
  on_versions_ = [](ServerSession&, const ReceivedRequest&) {};
  options_.setup_timeout = milliseconds(2'000);
  make(nullptr);
  ask(1, std::chrono::minutes(1));
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->cause, "broker broker:9092: Connection timeout");
}

TEST_F(BrokerConnectionTest, TheSetupTimeoutIsOfAllItsSteps) {
  on_versions_ = [](ServerSession&, const ReceivedRequest&) {};
  options_.setup_timeout = milliseconds(2'000);
  loop_.faults.latency_least = loop_.faults.latency_most = milliseconds(1'500);
  make(nullptr);
  const auto begun = loop_.now();
  ask(1, std::chrono::minutes(1));
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->cause, "broker broker:9092: Connection timeout");
  EXPECT_LT(loop_.now() - begun, milliseconds(2'500));
}

TEST_F(BrokerConnectionTest, ThrottlingHoldsBackWhatWasNotSent) {
  on_request_ = throttle_700_ms;
  make(nullptr);
  ask(1);
  run_until(1);
  const auto begun = loop_.now();
  ask(2);
  run_until(2);
  EXPECT_GE(loop_.now() - begun, milliseconds(700));
}

TEST_F(BrokerConnectionTest, ThrottlingHoldsBackWhatIsAskedUponAnAnswer) {
  on_request_ = throttle_700_ms;
  make(nullptr);
  EventLoop::Time begun;
  connection_->call(DescribeClusterRequest{}, CallOptions{loop_.now() + milliseconds(10'000)},
                    [&](CallResult<DescribeClusterResponse> result) {
                      EXPECT_TRUE(result);
                      begun = loop_.now();
                      ask(2);
                    });
  run_until(1);
  EXPECT_FALSE(outcomes_[0].failure);
  EXPECT_GE(loop_.now() - begun, milliseconds(700));
}

TEST_F(BrokerConnectionTest, AMalformedAnswerEndsTheConnection) {
  on_request_ = [](ServerSession& server, const ReceivedRequest& request) {
    // The answer to another question.
    server.answer(request, InitProducerIdResponse{});
  };
  make(nullptr);
  ask(1);
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kUnknown);
  EXPECT_THAT(outcomes_[0].failure->cause, testing::HasSubstr("malformed"));
  for (const ApiCounts& api : options_.metrics->counts().apis) {
    EXPECT_EQ(api.lost, api.api == "DescribeCluster" ? 1u : 0u);
    EXPECT_EQ(api.in_flight(), 0u) << api.api;
  }
}

TEST_F(BrokerConnectionTest, WhatComesBehindAMalformedAnswerIsNotLookedAt) {
  on_request_ = [](ServerSession& server, const ReceivedRequest& request) {
    WireWriter body;
    body.raw("?");
    const std::string no_length(4, '\xff');
    server.send(framed(request, true, body) + no_length);
  };
  make(nullptr);
  ask(1);
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kUnknown);
  EXPECT_EQ(outcomes_[0].failure->cause,
            "broker broker:9092: its answer to DescribeCluster is malformed");
}

TEST_F(BrokerConnectionTest, DestroyingItFinishesNothing) {
  make(nullptr);
  ask(1);
  loop_.run(milliseconds(1));
  connection_.reset();
  run_for(milliseconds(1'000));
  EXPECT_TRUE(outcomes_.empty());
}

class SaslTest : public BrokerConnectionTest {
 protected:
  SaslTest() {
    make(&authenticator_);
    on_auth_ = [this](ServerSession& server, const ReceivedRequest& request) {
      SaslAuthenticateResponse response;
      response.session_lifetime_ms = lifetime_ms_;
      if (request.as<SaslAuthenticateRequest>().auth_bytes != std::string("\0me\0secret", 10)) {
        response.error_code = ErrorCode::kSaslAuthenticationFailed;
        response.error_message = "Invalid username or password";
      }
      server.answer(request, response);
    };
  }

  Authenticator authenticator_{{"plain", "me", SecretString("secret")}, {}, nullptr};
  int64_t lifetime_ms_ = 0;
};

TEST_F(SaslTest, AuthenticatesBeforeTheFirstRequest) {
  ask(1);
  run_until(1);
  EXPECT_FALSE(outcomes_[0].failure);
  std::vector<ApiKey> order;
  for (const ReceivedRequest& request : received_) order.push_back(request.api);
  EXPECT_EQ(order, (std::vector{ApiKey::kApiVersions, ApiKey::kSaslHandshake,
                                ApiKey::kSaslAuthenticate, ApiKey::kDescribeCluster}));
}

TEST_F(SaslTest, AWrongPasswordIsRefused) {
  Authenticator wrong{{"PLAIN", "me", SecretString("guess")}, {}, nullptr};
  make(&wrong);
  ask(1);
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kRefused);
  EXPECT_EQ(outcomes_[0].failure->cause, "broker broker:9092: Invalid username or password");
  EXPECT_EQ(outcomes_[0].failure->code, "SASL_AUTHENTICATION_FAILED");
}

TEST_F(SaslTest, AnUnknownMechanismNamesThoseOnOffer) {
  on_mechanism_ = [](ServerSession& server, const ReceivedRequest& request) {
    server.answer(request, SaslHandshakeResponse{ErrorCode::kUnsupportedSaslMechanism,
                                                 {"GSSAPI", "SCRAM-SHA-256"}});
  };
  ask(1);
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->cause,
            "broker broker:9092: Unsupported SASL mechanism: PLAIN (the broker offers GSSAPI, "
            "SCRAM-SHA-256)");
}

TEST_F(SaslTest, WhatIsOnOfferNeitherFloodsNorSteers) {
  on_mechanism_ = [](ServerSession& server, const ReceivedRequest& request) {
    server.answer(request, SaslHandshakeResponse{ErrorCode::kUnsupportedSaslMechanism,
                                                 {"A\nB", std::string(10'000, 'x')}});
  };
  ask(1);
  run_until(1);
  EXPECT_THAT(outcomes_[0].failure->cause, testing::HasSubstr("(the broker offers A?B, xxx"));
  EXPECT_LT(outcomes_[0].failure->cause.size(), 500u);
}

TEST_F(SaslTest, RefusalsTellWhatTheyAreAbout) {
  struct Case {
    const char* said;
    const char* cause;
  };
  for (const Case& c :
       {Case{"Authentication failed during authentication due to invalid credentials",
             "Invalid username or password: Authentication failed during authentication due to "
             "invalid credentials"},
        Case{"Authentication failed: Invalid username or password",
             "Authentication failed: Invalid username or password"},
        Case{"the account sleeps", "SASL authentication failed: the account sleeps"}}) {
    on_auth_ = [&](ServerSession& server, const ReceivedRequest& request) {
      SaslAuthenticateResponse refusal;
      refusal.error_code = ErrorCode::kSaslAuthenticationFailed;
      refusal.error_message = c.said;
      server.answer(request, refusal);
    };
    const size_t before = outcomes_.size();
    ask(1);
    run_until(before + 1);
    EXPECT_EQ(outcomes_.back().failure->fate, CallFate::kRefused);
    EXPECT_EQ(outcomes_.back().failure->cause, std::string("broker broker:9092: ") + c.cause);
  }
}

TEST_F(SaslTest, AListenerWithoutSaslIsToldApart) {
  on_mechanism_ = [](ServerSession& server, const ReceivedRequest& request) {
    server.answer(request, SaslHandshakeResponse{ErrorCode::kIllegalSaslState, {}});
  };
  ask(1);
  run_until(1);
  EXPECT_EQ(outcomes_[0].failure->fate, CallFate::kRefused);
  EXPECT_EQ(outcomes_[0].failure->cause,
            "broker broker:9092: Broker does not support SASL authentication on this listener");
}

TEST_F(SaslTest, AuthenticatesAgainBeforeTheSessionEnds) {
  lifetime_ms_ = 10'000;
  ask(1);
  run_until(1);
  run_for(milliseconds(8'000));
  ask(2);
  run_until(2);
  EXPECT_EQ(received_.back().api, ApiKey::kDescribeCluster);
  EXPECT_EQ(received_.size(), 5u);
  run_for(milliseconds(1'000));
  ask(3);
  run_until(3);
  EXPECT_FALSE(outcomes_[2].failure);
  EXPECT_EQ(received_.size(), 8u);
  EXPECT_EQ(received_[5].api, ApiKey::kSaslHandshake);
  EXPECT_EQ(links_, 1);
}

TEST_F(SaslTest, ASessionLongerThanTimeIsNotRenewedAtOnce) {
  lifetime_ms_ = std::numeric_limits<int64_t>::max();
  ask(1);
  run_until(1);
  run_for(std::chrono::hours(1));
  ask(2);
  run_until(2);
  EXPECT_FALSE(outcomes_[1].failure);
  EXPECT_EQ(received_.size(), 5u);
}

TEST_F(SaslTest, ASessionTooShortToBeRenewedGivesWayToANewConnection) {
  lifetime_ms_ = 500;
  ask(1);
  run_until(1);
  const auto usual = on_mechanism_;
  on_mechanism_ = [](ServerSession& server, const ReceivedRequest& request) {
    server.answer(request, SaslHandshakeResponse{ErrorCode::kIllegalSaslState, {}});
  };
  run_for(milliseconds(450));
  ask(2);
  run_until(2);
  ASSERT_TRUE(outcomes_[1].failure);
  EXPECT_EQ(outcomes_[1].failure->fate, CallFate::kNotSent);
  EXPECT_EQ(outcomes_[1].failure->cause,
            "broker broker:9092: Its session was too short to be renewed");
  on_mechanism_ = usual;
  ask(3);
  run_until(3);
  EXPECT_FALSE(outcomes_[2].failure);
  EXPECT_EQ(links_, 2);
}

}  // namespace
}  // namespace penstock::connect::kafka
