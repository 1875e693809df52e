// A server keeps salt, stored key and server key of each user; this one derives them each time.
#include "connect/kafka/auth/scram_server.h"

#include <utility>

#include "base/check.h"
#include "base/text_encoding.h"

namespace penstock::connect::kafka {
namespace {

std::unexpected<AuthError> malformed() {
  return auth_fail(AuthFault::kProtocol, "malformed SCRAM message of the client");
}

std::unexpected<AuthError> refused(const char* why) {
  return auth_fail(AuthFault::kRefused, why);
}

}  // namespace

ScramServer::ScramServer(ScramServerOptions options, PasswordOf password_of)
    : options_(std::move(options)), password_of_(std::move(password_of)) {}

AuthResult<SaslStep> ScramServer::next(std::string_view client_bytes) {
  CHECK(state_ != State::kOver);
  const bool is_first = std::exchange(state_, State::kOver) == State::kNew;
  auto answer = is_first ? answer_first(client_bytes) : answer_final(client_bytes);
  if (!answer) return std::unexpected(answer.error());
  if (is_first) state_ = State::kFirstSent;
  return SaslStep{.done = !is_first, .bytes = *std::move(answer)};
}

AuthResult<std::string> ScramServer::answer_first(std::string_view client_first) {
  if (!client_first.starts_with(kScramGs2Header)) return malformed();
  client_first.remove_prefix(kScramGs2Header.size());
  ScramAttributes attributes(client_first);
  const auto name = attributes.take('n');
  if (!name) return malformed();
  const auto user = unescape_scram_name(*name);
  const auto nonce = attributes.take('r');
  if (!user || user->empty() || !nonce || nonce->empty()) return malformed();
  user_ = *user;
  const auto password = password_of_(user_);
  if (!password) return refused("unknown user");
  keys_ =
      derive_scram_keys(options_.digest, password->reveal(), {options_.salt, options_.iterations});
  nonce_ = std::string(*nonce) + options_.nonce;
  transcript_.client_first_bare = client_first;
  transcript_.server_first = "r=" + nonce_ + ",s=" + encode_base64(options_.salt) +
                             ",i=" + std::to_string(options_.iterations);
  return transcript_.server_first;
}

AuthResult<std::string> ScramServer::answer_final(std::string_view client_final) {
  ScramAttributes attributes(client_final);
  const auto binding = attributes.take('c');
  const auto nonce = attributes.take('r');
  const auto proof_text = attributes.take('p');
  if (!binding || !nonce || !proof_text || !attributes.ended()) return malformed();
  const auto proof = decode_base64(*proof_text);
  if (!proof || proof->size() != digest_size(options_.digest)) return malformed();
  if (*binding != encode_base64(kScramGs2Header)) return refused("wrong channel binding");
  if (*nonce != nonce_) return refused("wrong nonce");
  transcript_.client_final_bare = client_final.substr(0, client_final.rfind(",p="));
  const std::string message = transcript_.auth_message();
  // The proof hides the client key behind a signature that the stored key suffices to make.
  const std::string client_key =
      scram_xor(*proof, hmac(options_.digest, {keys_.stored_key}, message));
  if (!equal_in_constant_time(hash(options_.digest, client_key), keys_.stored_key))
    return refused("wrong password");
  return "v=" + encode_base64(hmac(options_.digest, {keys_.server_key}, message));
}

}  // namespace penstock::connect::kafka
