// Messages are numbered as in chapter 5 of RFC 5802: client-first, server-first, client-final,
// server-final.
#include "connect/kafka/auth/scram_exchange.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/text_encoding.h"

namespace penstock::connect::kafka {
namespace {

// 192 bits, which is 32 characters of base64, none of which is a ','.
constexpr size_t kNonceBytes = 24;

struct ServerFirst {
  std::string_view nonce;  // Ours, and the server's own behind it.
  std::string salt;
  int iterations = 0;
};

std::unexpected<AuthError> malformed(std::string_view what) {
  return auth_fail(AuthFault::kProtocol, "malformed SCRAM message: " + std::string(what));
}

// "e=invalid-proof", which may come instead of either answer.
AuthError server_error(std::string_view value) {
  return {AuthFault::kRefused, "SCRAM authentication failed: " + quoted_from_peer(value)};
}

AuthResult<int> parse_iterations(std::string_view text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_number = !text.empty() && text[0] != '-' && end == text.data() + text.size();
  if (is_number && error == std::errc::result_out_of_range) count = kScramIterationsMax + 1;
  if (!is_number || (error != std::errc() && error != std::errc::result_out_of_range))
    return malformed("the iteration count is not a number");
  if (count < kScramIterationsMin || count > kScramIterationsMax) {
    return auth_fail(AuthFault::kProtocol, "the server asks for " + quoted_from_peer(text) +
                                               " SCRAM iterations, which is not between " +
                                               std::to_string(kScramIterationsMin) + " and " +
                                               std::to_string(kScramIterationsMax));
  }
  return count;
}

// server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]
AuthResult<ServerFirst> parse_server_first(std::string_view message) {
  ScramAttributes attributes(message);
  // An extension that must be understood. None is defined.
  if (attributes.take('m')) return malformed("an unknown mandatory extension");
  if (auto error = attributes.take('e')) return std::unexpected(server_error(*error));
  ServerFirst first;
  const auto nonce = attributes.take('r');
  if (!nonce) return malformed("no nonce");
  first.nonce = *nonce;
  const auto salt_text = attributes.take('s');
  if (!salt_text) return malformed("no salt");
  const auto salt = decode_base64(*salt_text);
  if (!salt || salt->empty()) return malformed("the salt is not base64");
  first.salt = *salt;
  // Behind it there may be extensions, which are to be ignored; the signature covers them.
  const auto iterations_text = attributes.take('i');
  if (!iterations_text) return malformed("no iteration count");
  const auto iterations = parse_iterations(*iterations_text);
  if (!iterations) return std::unexpected(iterations.error());
  first.iterations = *iterations;
  return first;
}

}  // namespace

ScramExchange::ScramExchange(Digest digest, ScramCredentials credentials, RandomSource random)
    : digest_(digest), credentials_(std::move(credentials)), random_(std::move(random)) {}

AuthResult<std::string> ScramExchange::first() {
  CHECK(state_ == State::kNew);
  state_ = State::kFirstSent;
  if (credentials_.user.empty()) return auth_fail(AuthFault::kOptions, "SCRAM needs a user name");
  // A broker cannot derive keys from an empty password, so it stores none.
  if (credentials_.password.empty())
    return auth_fail(AuthFault::kOptions, "SCRAM needs a password");
  if (!is_utf8(credentials_.user) || credentials_.user.contains('\0'))
    return auth_fail(AuthFault::kOptions, "the user name is not UTF-8 without NUL");
  if (!is_utf8(credentials_.password.reveal()))
    return auth_fail(AuthFault::kOptions, "the password is not UTF-8");
  std::array<unsigned char, kNonceBytes> random{};
  random_(random);
  nonce_ = encode_base64({reinterpret_cast<const char*>(random.data()), random.size()});
  transcript_.client_first_bare = "n=" + escape_scram_name(credentials_.user) + ",r=" + nonce_;
  return std::string(kScramGs2Header) + transcript_.client_first_bare;
}

AuthResult<SaslStep> ScramExchange::next(std::string_view server_bytes) {
  CHECK(state_ == State::kFirstSent || state_ == State::kFinalSent);
  if (std::exchange(state_, State::kOver) == State::kFirstSent) {
    auto answer = answer_first(server_bytes);
    if (!answer) return std::unexpected(answer.error());
    state_ = State::kFinalSent;
    return SaslStep{.bytes = *std::move(answer)};
  }
  const auto verified = verify_final(server_bytes);
  if (!verified) return std::unexpected(verified.error());
  return SaslStep{.done = true};
}

AuthResult<std::string> ScramExchange::answer_first(std::string_view server_first) {
  const auto parsed = parse_server_first(server_first);
  if (!parsed) return std::unexpected(parsed.error());
  // A nonce that is not ours extended may be an old conversation's, replayed.
  if (!parsed->nonce.starts_with(nonce_) || parsed->nonce.size() == nonce_.size())
    return auth_fail(AuthFault::kProtocol, "the server's SCRAM nonce does not extend ours");
  const ScramKeys keys = derive_scram_keys(digest_, credentials_.password.reveal(),
                                           {parsed->salt, parsed->iterations});
  transcript_.server_first = server_first;
  transcript_.client_final_bare =
      "c=" + encode_base64(kScramGs2Header) + ",r=" + std::string(parsed->nonce);
  const std::string message = transcript_.auth_message();
  server_signature_ = hmac(digest_, {keys.server_key}, message);
  const std::string proof = scram_xor(keys.client_key, hmac(digest_, {keys.stored_key}, message));
  return transcript_.client_final_bare + ",p=" + encode_base64(proof);
}

AuthResult<void> ScramExchange::verify_final(std::string_view server_final) const {
  ScramAttributes attributes(server_final);
  if (auto error = attributes.take('e')) return std::unexpected(server_error(*error));
  const auto signature_text = attributes.take('v');
  if (!signature_text) return malformed("no server signature");
  const auto signature = decode_base64(*signature_text);
  if (!signature || signature->size() != digest_size(digest_))
    return malformed("the server signature is not base64 of a hash");
  if (!equal_in_constant_time(*signature, server_signature_)) {
    return auth_fail(AuthFault::kUntrusted,
                     "wrong SCRAM server signature: the broker does not know the password");
  }
  return {};
}

}  // namespace penstock::connect::kafka
