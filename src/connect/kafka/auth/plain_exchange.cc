// The whole of the mechanism is one message; the rest are the bounds of what it can carry.
#include "connect/kafka/auth/plain_exchange.h"

#include <utility>

#include "base/check.h"
#include "base/text_encoding.h"

namespace penstock::connect::kafka {

PlainExchange::PlainExchange(std::string user, SecretString password)
    : user_(std::move(user)), password_(std::move(password)) {}

AuthResult<std::string> PlainExchange::first() {
  CHECK(state_ == State::kNew);
  state_ = State::kSent;
  const std::string& password = password_.reveal();
  // Chapter 2: both have at least one character, are UTF-8 and have no NUL, which separates them.
  if (user_.empty()) return auth_fail(AuthFault::kOptions, "PLAIN needs a user name");
  if (password.empty()) return auth_fail(AuthFault::kOptions, "PLAIN needs a password");
  if (!is_utf8(user_) || user_.contains('\0'))
    return auth_fail(AuthFault::kOptions, "the user name is not UTF-8 without NUL");
  if (!is_utf8(password) || password.contains('\0'))
    return auth_fail(AuthFault::kOptions, "the password is not UTF-8 without NUL");
  // No authorization identity in front: a broker takes an empty one or the user's own only.
  std::string message;
  message.push_back('\0');
  message += user_;
  message.push_back('\0');
  message += password;
  return message;
}

AuthResult<SaslStep> PlainExchange::next(std::string_view) {
  CHECK(state_ == State::kSent);
  state_ = State::kOver;
  // A refusal is an error code of the response; what a success is accompanied by means nothing.
  return SaslStep{.done = true};
}

}  // namespace penstock::connect::kafka
