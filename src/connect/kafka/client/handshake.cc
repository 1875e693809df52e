// ApiVersions, SaslHandshake, SaslAuthenticate.
#include "connect/kafka/client/handshake.h"

#include <algorithm>
#include <utility>

#include "base/version.h"

namespace penstock::connect::kafka {
namespace {

constexpr char kSoftwareName[] = "penstock";

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

// The broker's words, with those in front that tell what they are about.
std::string refusal_text(const std::string& said) {
  if (said.contains("Invalid username or password")) return said;
  // What SCRAM's refusals say.
  if (said.contains("invalid credentials")) return "Invalid username or password: " + said;
  return "SASL authentication failed: " + said;
}

}  // namespace

Handshake::Handshake(Host host, Authenticator* authenticator, BrokerFeatures& features, Done done)
    : host_(std::move(host)),
      authenticator_(authenticator),
      features_(features),
      done_(std::move(done)),
      alive_(std::make_shared<Handshake*>(this)) {}

Handshake::~Handshake() {
  *alive_ = nullptr;
}

template <typename Request>
void Handshake::send(Request request,
                     void (Handshake::*answered)(const typename Request::Response&),
                     VersionRange versions) {
  auto done = [alive = alive_, answered](CallResult<typename Request::Response> result) {
    // Whoever lost the connection tells the host itself.
    if (*alive && result) ((*alive)->*answered)(result->response);
  };
  host_.send(std::make_unique<TypedCall<Request>>(
      std::move(request), CallOptions{host_.deadline, versions}, std::move(done)));
}

void Handshake::start() {
  const VersionRange ours = ApiVersionsRequest::kVersions;
  send(ApiVersionsRequest{kSoftwareName, kVersion}, &Handshake::on_versions,
       {ours.last, ours.last});
}

void Handshake::start_again() {
  authenticate();
}

void Handshake::on_versions(const ApiVersionsResponse& response) {
  if (response.error_code == ErrorCode::kUnsupportedVersion && !downgraded_) {
    // An older broker answers in version 0, and says in it which it speaks, or nothing at all.
    downgraded_ = true;
    features_.take(response);
    const int16_t version = features_.pick(api_info(ApiKey::kApiVersions), {0, kLastVersion})
                                .value_or(ApiVersionsRequest::kVersions.first);
    return send(ApiVersionsRequest{kSoftwareName, kVersion}, &Handshake::on_versions,
                {version, version});
  }
  if (response.error_code != ErrorCode::kNone) {
    return finish(std::unexpected(
        HandshakeFailure{true, "Unsupported broker version", error_name(response.error_code)}));
  }
  features_.take(response);
  if (!authenticator_) return finish(std::nullopt);
  authenticate();
}

void Handshake::authenticate() {
  authenticator_->make(host_.loop.unix_ms(),
                       [alive = alive_](AuthResult<std::unique_ptr<SaslExchange>> exchange) {
                         if (*alive) (*alive)->on_exchange(std::move(exchange));
                       });
}

void Handshake::on_exchange(AuthResult<std::unique_ptr<SaslExchange>> exchange) {
  if (!exchange) return fail(exchange.error());
  exchange_ = std::move(*exchange);
  auto bytes = exchange_->first();
  if (!bytes) return fail(bytes.error());
  first_bytes_ = std::move(*bytes);
  // Version 0 would mean tokens without a frame of the protocol around them.
  send(SaslHandshakeRequest{std::string(exchange_->mechanism())}, &Handshake::on_mechanism, {1, 1});
}

void Handshake::on_mechanism(const SaslHandshakeResponse& response) {
  if (response.error_code == ErrorCode::kNone) return send_auth_bytes(std::move(first_bytes_));
  if (response.error_code == ErrorCode::kIllegalSaslState) {
    return finish(std::unexpected(
        HandshakeFailure{true, "Broker does not support SASL authentication on this listener",
                         error_name(response.error_code)}));
  }
  std::string cause = "Unsupported SASL mechanism: " + std::string(exchange_->mechanism());
  if (!response.mechanisms.empty())
    cause += " (the broker offers " + quoted_from_peer(joined(response.mechanisms)) + ")";
  finish(std::unexpected(HandshakeFailure{true, cause, error_name(response.error_code)}));
}

void Handshake::send_auth_bytes(std::string bytes) {
  send(SaslAuthenticateRequest{std::move(bytes)}, &Handshake::on_auth_bytes, {0, kLastVersion});
}

void Handshake::on_auth_bytes(const SaslAuthenticateResponse& response) {
  if (response.error_code != ErrorCode::kNone) {
    const AuthError error = exchange_->refused(response.error_message.value_or(""));
    return finish(std::unexpected(HandshakeFailure{!is_retriable(response.error_code),
                                                   refusal_text(error.cause),
                                                   error_name(response.error_code)}));
  }
  auto step = exchange_->next(response.auth_bytes);
  if (!step) return fail(step.error());
  if (!step->done) return send_auth_bytes(std::move(step->bytes));
  if (response.session_lifetime_ms <= 0) return finish(std::nullopt);
  finish(std::chrono::milliseconds(response.session_lifetime_ms));
}

void Handshake::fail(const AuthError& error) {
  finish(
      std::unexpected(HandshakeFailure{error.fault != AuthFault::kUnavailable, error.cause, ""}));
}

void Handshake::finish(std::expected<Session, HandshakeFailure> result) {
  // Whoever is told may destroy us.
  auto done = std::move(done_);
  done(std::move(result));
}

}  // namespace penstock::connect::kafka
