// Which exchange a mechanism's name stands for.
#include "connect/kafka/auth/sasl_exchange.h"

#include <utility>

#include "connect/kafka/auth/oauthbearer_exchange.h"
#include "connect/kafka/auth/plain_exchange.h"
#include "connect/kafka/auth/scram_exchange.h"

namespace penstock::connect::kafka {

AuthError SaslExchange::refused(std::string_view broker_text) const {
  if (broker_text.empty())
    return {AuthFault::kRefused, std::string(mechanism()) + " authentication was refused"};
  return {AuthFault::kRefused, quoted_from_peer(broker_text)};
}

std::string canonical_mechanism(std::string_view mechanism) {
  std::string out(mechanism);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

AuthResult<std::unique_ptr<SaslExchange>> make_sasl_exchange(const SaslOptions& options,
                                                             RandomSource random) {
  const std::string mechanism = canonical_mechanism(options.mechanism);
  const ScramCredentials scram{options.user, options.password};
  if (mechanism == "PLAIN") return std::make_unique<PlainExchange>(options.user, options.password);
  if (mechanism == "SCRAM-SHA-256")
    return std::make_unique<ScramExchange>(Digest::kSha256, scram, std::move(random));
  if (mechanism == "SCRAM-SHA-512")
    return std::make_unique<ScramExchange>(Digest::kSha512, scram, std::move(random));
  if (mechanism == "OAUTHBEARER")
    return std::make_unique<OauthbearerExchange>(options.token, options.extensions);
  if (mechanism == "GSSAPI") {
    return auth_fail(AuthFault::kOptions,
                     "No provider for SASL mechanism GSSAPI: Kerberos is not supported");
  }
  return auth_fail(AuthFault::kOptions, "Unsupported SASL mechanism: " + mechanism);
}

}  // namespace penstock::connect::kafka
