// What authentication can fail with. Callers branch on the fault; the cause is for people, and
// never holds a password, a token or a key.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret_string.h"

namespace penstock::connect::kafka {

enum class AuthFault {
  kOptions,      // What was configured cannot be used. Nobody was asked.
  kRefused,      // The broker or the token's issuer said no. It will until something is changed.
  kUntrusted,    // The peer could not prove who it is: do not talk to it.
  kProtocol,     // The peer's message is not what the mechanism prescribes.
  kUnavailable,  // A token was not to be had just now. Try again.
};

struct AuthError {
  AuthFault fault;
  std::string cause;  // "the server's nonce does not extend ours"
};

template <typename T>
using AuthResult = std::expected<T, AuthError>;

inline std::unexpected<AuthError> auth_fail(AuthFault fault, std::string cause) {
  return std::unexpected<AuthError>(AuthError{fault, std::move(cause)});
}

// A peer's words fit for a cause: at most 300 bytes, with '?' for what is not printable ASCII.
std::string quoted_from_peer(std::string_view text);

// The text with "(secret)" wherever a peer repeated the secret. An empty one is nowhere.
std::string without_secret(std::string text, const SecretString& secret);

}  // namespace penstock::connect::kafka
