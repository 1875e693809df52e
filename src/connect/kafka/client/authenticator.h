// Makes the SASL exchanges of a client's connections, from credentials or from tokens.
#pragma once

#include <functional>
#include <memory>

#include "connect/kafka/auth/sasl_exchange.h"
#include "connect/kafka/auth/token_source.h"

namespace penstock::connect::kafka {

// Shared by the connections of one client; one owner thread.
class Authenticator {
 public:
  using Made = std::move_only_function<void(AuthResult<std::unique_ptr<SaslExchange>>)>;

  // `tokens`: none for mechanisms with a password.
  Authenticator(SaslOptions options, RandomSource random, std::unique_ptr<TokenSource> tokens)
      : options_(std::move(options)), random_(std::move(random)), tokens_(std::move(tokens)) {}

  // An exchange that may begin at once. `made` runs inside this call or later.
  void make(int64_t now_ms, Made made);

 private:
  SaslOptions options_;
  RandomSource random_;
  std::unique_ptr<TokenSource> tokens_;
};

}  // namespace penstock::connect::kafka
