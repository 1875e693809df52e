// What is said on a new connection before anything else: which versions (ApiVersions, KIP-511), and
// who we are (SaslHandshake, SaslAuthenticate, KIP-152). The second half is said again on the same
// connection before the broker's session ends (KIP-368).
//
// A state machine that sends through its host and is told of answers through its calls. Destroying
// it while an answer is awaited is safe.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connect/kafka/client/authenticator.h"
#include "connect/kafka/client/broker_features.h"
#include "connect/kafka/client/call.h"

namespace penstock::connect::kafka {

struct HandshakeFailure {
  bool refused = false;  // It will be so until something is changed.
  std::string cause;     // "Invalid username or password"
  std::string code = {};
};

class Handshake {
 public:
  struct Host {
    EventLoop& loop;
    std::function<void(std::unique_ptr<Call>)> send;  // At once, on the connection.
    EventLoop::Time deadline;
  };
  // Once, with how long the session lives; none: for ever.
  using Session = std::optional<std::chrono::milliseconds>;
  using Done = std::move_only_function<void(std::expected<Session, HandshakeFailure>)>;

  // `authenticator`: none on listeners without SASL. `features` is filled by start().
  Handshake(Host host, Authenticator* authenticator, BrokerFeatures& features, Done done);
  ~Handshake();

  void start();
  // Authenticates only: `features` are known.
  void start_again();

 private:
  template <typename Request>
  void send(Request request, void (Handshake::*answered)(const typename Request::Response&),
            VersionRange versions);
  void on_versions(const ApiVersionsResponse& response);
  void authenticate();
  void on_exchange(AuthResult<std::unique_ptr<SaslExchange>> exchange);
  void on_mechanism(const SaslHandshakeResponse& response);
  void send_auth_bytes(std::string bytes);
  void on_auth_bytes(const SaslAuthenticateResponse& response);
  void fail(const AuthError& error);
  void finish(std::expected<Session, HandshakeFailure> result);

  Host host_;
  Authenticator* authenticator_;
  BrokerFeatures& features_;
  Done done_;
  std::unique_ptr<SaslExchange> exchange_;
  std::string first_bytes_;
  bool downgraded_ = false;            // ApiVersions was asked again in a version of the broker's.
  std::shared_ptr<Handshake*> alive_;  // Null once destroyed: what calls look at first.
};

}  // namespace penstock::connect::kafka
