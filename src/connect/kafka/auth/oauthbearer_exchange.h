// OAUTHBEARER (RFC 7628; KIP-255, extensions KIP-342): a bearer token in one message. The token is
// asked of a TokenSource before the exchange is made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"
#include "connect/kafka/auth/sasl_exchange.h"

namespace penstock::connect::kafka {

class OauthbearerExchange final : public SaslExchange {
 public:
  OauthbearerExchange(SecretString token, std::vector<SaslExtension> extensions);

  std::string_view mechanism() const override { return "OAUTHBEARER"; }
  AuthResult<std::string> first() override;
  // A broker that refuses says why in JSON, wants one more byte, and then refuses: the reason is
  // kept for refused(), or for a next() that gives kRefused.
  AuthResult<SaslStep> next(std::string_view server_bytes) override;
  AuthError refused(std::string_view broker_text) const override;

 private:
  enum class State { kNew, kSent, kRefusalAcknowledged, kOver };

  AuthResult<void> check_options() const;

  SecretString token_;
  std::vector<SaslExtension> extensions_;
  State state_ = State::kNew;
  std::string reason_;  // Of the refusal; empty before one.
};

}  // namespace penstock::connect::kafka
