// One connection to a simulated broker. Requests are carried out one after the other, as brokers
// do: one that waits holds up those behind it. What was received is carried out even when the
// client has gone meanwhile, which is how requests of the past come to have effects.
//
// Lives as long as anything that it has begun.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "connect/kafka/simulated/cluster_state.h"
#include "connect/kafka/simulated/server_session.h"

namespace penstock::connect::kafka {

class SimulatedBroker;

class BrokerSession final : public std::enable_shared_from_this<BrokerSession> {
 public:
  BrokerSession(SimulatedBroker& broker, std::unique_ptr<ServerLink> link);

  void on_bytes(std::string_view bytes) { wire_.on_bytes(bytes); }
  void on_gone() { wire_.on_gone(); }

  // The answer to the request that is being served.
  void finish(std::string frame);
  void hang_up();
  // Carries out some of what was received; the link is gone.
  void broker_died();

  SimulatedBroker& broker() { return broker_; }

  // How far this connection's user has come in proving who it is.
  struct Authentication {
    bool required = false;
    bool done = false;
    std::unique_ptr<SaslConversation> conversation = {};
  };
  Authentication authentication;

 private:
  void advance();
  void begin(ReceivedRequest request);
  bool befallen(ReceivedRequest& request);
  void serve_slow();
  void carry_out(ReceivedRequest request);
  void served();

  SimulatedBroker& broker_;
  ServerSession wire_;
  std::deque<ReceivedRequest> queue_;
  std::optional<ReceivedRequest> slow_;  // Begun, and not yet carried out.
  bool serving_ = false;
  bool advancing_ = false;
  // What will happen to the answer of the request that is being served.
  bool answer_lost_ = false;
  std::chrono::milliseconds answer_delay_{0};
};

// A request, and the right to answer it once. Dropped without an answer it holds up its connection
// for ever.
class BrokerExchange {
 public:
  BrokerExchange(std::shared_ptr<BrokerSession> session, ReceivedRequest request);

  const ReceivedRequest& request() const { return request_; }
  ClusterState& cluster() const;
  // The broker that is asked.
  int32_t broker() const;
  // It has died since: nothing may be done any more.
  bool broker_died() const;
  BrokerSession& session() const { return *session_; }

  template <typename Response>
  void answer(Response response) const {
    if constexpr (requires { response.throttle_time_ms; }) {
      response.throttle_time_ms = draw_throttle();
    }
    session_->finish(frame_of(request_, request_.version, response));
  }
  template <typename Response>
  void answer_in(int16_t version, const Response& response) const {
    session_->finish(frame_of(request_, version, response));
  }

 private:
  int32_t draw_throttle() const;

  std::shared_ptr<BrokerSession> session_;
  ReceivedRequest request_;
  uint64_t lives_;  // Of the broker, when it was asked.
};

}  // namespace penstock::connect::kafka
