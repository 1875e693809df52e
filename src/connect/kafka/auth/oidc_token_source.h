// Tokens of an OpenID Connect issuer by the client-credentials grant (KIP-768; RFC 6749, chapter
// 4.4): one POST to its token endpoint for each. One owner thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/secret_string.h"
#include "connect/http/http_call.h"
#include "connect/kafka/auth/token_source.h"

namespace penstock::connect::kafka {

struct OidcOptions {
  std::string token_endpoint;  // "https://idp/oauth2/token"
  std::string client_id;
  SecretString client_secret;
  std::string scope = {};  // "kafka read"; not sent when empty.
  // Chapter 2.3.1: id and secret are form-encoded before Basic joins them. Some issuers do not know
  // it; for letters, digits and "-._~" there is no difference.
  bool encode_credentials = true;
  std::chrono::milliseconds timeout{10'000};
};

// The request for a token. Pure.
HttpRequest make_token_request(const OidcOptions& options);

// The token in the issuer's answer. It lives `expires_in` seconds or, when that is absent, until
// the `exp` of its own claims (RFC 7519). Pure. Errors: kUnavailable for 408, 429 and 5xx; kRefused
// for any other status but 200, with the issuer's words (RFC 6749, chapter 5.2); kProtocol for an
// answer that is none.
AuthResult<Token> parse_token_answer(const OidcOptions& options, const HttpAnswer& answer,
                                     int64_t now_ms);

class OidcTokenSource final : public TokenSource {
 public:
  OidcTokenSource(OidcOptions options, std::unique_ptr<HttpCall> http);

  void get(int64_t now_ms, Done done) override;

 private:
  OidcOptions options_;
  std::unique_ptr<HttpCall> http_;
};

}  // namespace penstock::connect::kafka
