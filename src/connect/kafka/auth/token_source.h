// Where OAUTHBEARER's tokens come from. Times are milliseconds since 1970 and are given by the
// caller. One owner thread; everything is called in it.
#pragma once

#include <cstdint>
#include <functional>

#include "base/secret_string.h"
#include "connect/kafka/auth/auth_error.h"

namespace penstock::connect::kafka {

struct Token {
  SecretString value;
  int64_t expires_ms = 0;  // Whoever authenticated with it has to do so again before.
};

class TokenSource {
 public:
  using Done = std::move_only_function<void(AuthResult<Token>)>;

  virtual ~TokenSource() = default;
  // A token that is valid at `now_ms`. `done` runs once, inside this call or later; never when the
  // source was destroyed before, which must not happen inside `done`.
  virtual void get(int64_t now_ms, Done done) = 0;
};

}  // namespace penstock::connect::kafka
