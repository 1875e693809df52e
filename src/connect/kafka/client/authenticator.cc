// SASL exchanges from credentials or tokens.
#include "connect/kafka/client/authenticator.h"

#include <utility>

namespace penstock::connect::kafka {

void Authenticator::make(int64_t now_ms, Made made) {
  if (!tokens_) return made(make_sasl_exchange(options_, random_));
  tokens_->get(now_ms, [this, made = std::move(made)](AuthResult<Token> token) mutable {
    if (!token) return made(std::unexpected(token.error()));
    SaslOptions options = options_;
    options.token = token->value;
    made(make_sasl_exchange(options, random_));
  });
}

}  // namespace penstock::connect::kafka
