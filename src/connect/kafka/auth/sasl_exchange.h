// One authentication with a broker as a state machine: bytes in, bytes out, no I/O and no clock.
// The bytes are the auth_bytes of SaslAuthenticate requests and responses (KIP-152), unframed.
//
//   first() -> send -> next(answer) -> send -> ... -> next(answer) -> done
//
// An exchange is good for one authentication and is made anew for each re-authentication (KIP-368).
// After an error it is of no further use. One owner thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"
#include "connect/kafka/auth/auth_error.h"
#include "connect/kafka/auth/digest.h"

namespace penstock::connect::kafka {

struct SaslStep {
  bool done = false;  // The client is satisfied, and sends nothing more.
  std::string bytes = {};
};

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;

  // As SaslHandshake wants it: "SCRAM-SHA-256".
  virtual std::string_view mechanism() const = 0;

  // What the client opens with. REQUIRES: called once, before next().
  // Errors: kOptions, when no broker can accept what was configured.
  virtual AuthResult<std::string> first() = 0;

  // What follows upon a successful SaslAuthenticate response. REQUIRES: first() and every next()
  // before succeeded, and none was done.
  virtual AuthResult<SaslStep> next(std::string_view server_bytes) = 0;

  // What to report when the broker answered with error 58, SASL_AUTHENTICATION_FAILED, and this
  // text of its own (may be empty): together with what the exchange has learnt. Fault: kRefused.
  virtual AuthError refused(std::string_view broker_text) const;
};

// KIP-342: what OAUTHBEARER tells the broker beside the token.
struct SaslExtension {
  std::string name;  // Letters only; not "auth".
  std::string value;
};

struct SaslOptions {
  std::string mechanism;  // In any case of letters.
  std::string user = {};  // Of PLAIN and SCRAM.
  SecretString password = {};
  SecretString token = {};  // Of OAUTHBEARER, and its extensions; valid now.
  std::vector<SaslExtension> extensions = {};
};

// "Scram-Sha-256" -> "SCRAM-SHA-256".
std::string canonical_mechanism(std::string_view mechanism);

// Errors: kOptions, "Unsupported SASL mechanism: GARBAGE". `random` is asked by SCRAM, in first().
AuthResult<std::unique_ptr<SaslExchange>> make_sasl_exchange(const SaslOptions& options,
                                                             RandomSource random);

}  // namespace penstock::connect::kafka
