// The client's side of SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677; KIP-84): the password
// is proved without being sent, and the broker proves that it knows it too.
//
// User name and password are used as their UTF-8 bytes, without SASLprep (RFC 4013): so does the
// broker when it stores them, and a normalised password would not be the one stored.
#pragma once

#include <string>
#include <string_view>

#include "base/secret_string.h"
#include "connect/kafka/auth/sasl_exchange.h"
#include "connect/kafka/auth/scram_message.h"

namespace penstock::connect::kafka {

struct ScramCredentials {
  std::string user;
  SecretString password;
};

class ScramExchange final : public SaslExchange {
 public:
  // `random` gives the nonce.
  ScramExchange(Digest digest, ScramCredentials credentials, RandomSource random);

  std::string_view mechanism() const override { return scram_mechanism(digest_); }
  AuthResult<std::string> first() override;
  // Errors: kProtocol; kRefused for the server's "e=..."; kUntrusted for a wrong signature.
  AuthResult<SaslStep> next(std::string_view server_bytes) override;

 private:
  enum class State { kNew, kFirstSent, kFinalSent, kOver };

  AuthResult<std::string> answer_first(std::string_view server_first);
  AuthResult<void> verify_final(std::string_view server_final) const;

  Digest digest_;
  ScramCredentials credentials_;
  RandomSource random_;
  State state_ = State::kNew;
  std::string nonce_;  // Ours; the server's begins with it.
  ScramTranscript transcript_;
  std::string server_signature_;  // What the server has to send.
};

}  // namespace penstock::connect::kafka
