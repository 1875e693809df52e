// The broker's side of SCRAM, for tests and simulated brokers. It refuses what a strict broker
// refuses: a client-final whose nonce is not the combined one, or whose channel binding is not the
// client-first's. Pure, like the client's side; one exchange per object.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret_string.h"
#include "connect/kafka/auth/sasl_exchange.h"
#include "connect/kafka/auth/scram_message.h"

namespace penstock::connect::kafka {

struct ScramServerOptions {
  Digest digest = Digest::kSha256;
  std::string salt = "a salt of sixteen";
  int iterations = kScramIterationsMin;
  std::string nonce = "server";  // Put behind the client's. No ','.
};

class ScramServer {
 public:
  // None for a user who is not known. Called once, inside the first next().
  using PasswordOf = std::function<std::optional<SecretString>(std::string_view user)>;

  ScramServer(ScramServerOptions options, PasswordOf password_of);

  // The answer to the client's message. `done` comes with the last bytes to be sent, unlike the
  // client's. Errors: kRefused, and kProtocol for what is malformed; both end the exchange.
  AuthResult<SaslStep> next(std::string_view client_bytes);
  // Empty before the client-first was read.
  const std::string& user() const { return user_; }

 private:
  enum class State { kNew, kFirstSent, kOver };

  AuthResult<std::string> answer_first(std::string_view client_first);
  AuthResult<std::string> answer_final(std::string_view client_final);

  ScramServerOptions options_;
  PasswordOf password_of_;
  State state_ = State::kNew;
  std::string user_;
  std::string nonce_;  // Combined.
  ScramKeys keys_;
  ScramTranscript transcript_;
};

}  // namespace penstock::connect::kafka
