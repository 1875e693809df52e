// PLAIN (RFC 4616): user name and password in one message. Only for links that are encrypted; that
// is the owner's choice, by the security protocol.
#pragma once

#include <string>
#include <string_view>

#include "base/secret_string.h"
#include "connect/kafka/auth/sasl_exchange.h"

namespace penstock::connect::kafka {

class PlainExchange final : public SaslExchange {
 public:
  PlainExchange(std::string user, SecretString password);

  std::string_view mechanism() const override { return "PLAIN"; }
  AuthResult<std::string> first() override;
  AuthResult<SaslStep> next(std::string_view server_bytes) override;

 private:
  enum class State { kNew, kSent, kOver };

  std::string user_;
  SecretString password_;
  State state_ = State::kNew;
};

}  // namespace penstock::connect::kafka
