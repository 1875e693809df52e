// Of an answer only single fields ever reach an error's text: the rest may be, or hold, a token.
#include "connect/kafka/auth/oidc_token_source.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text_encoding.h"
#include "connect/kafka/auth/sasl_exchange.h"

namespace penstock::connect::kafka {
namespace {

using Json = nlohmann::json;

// None when it is absent or no text.
std::optional<std::string> text_field(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// A positive number of seconds below the year 33658. Some issuers write it as text.
std::optional<int64_t> seconds_field(const Json& object, const char* name) {
  constexpr double kSecondsMax = 1e12;
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  if (const auto text = text_field(object, name)) {
    int64_t seconds = 0;
    const char* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, seconds);
    const bool good = parsed.ec == std::errc() && parsed.ptr == end && seconds > 0;
    return good && static_cast<double>(seconds) < kSecondsMax ? std::optional(seconds)
                                                              : std::nullopt;
  }
  if (!found->is_number()) return std::nullopt;
  const auto seconds = found->get<double>();
  if (!(seconds >= 1 && seconds < kSecondsMax)) return std::nullopt;
  return static_cast<int64_t>(seconds);
}

// The second of a JSON Web Token's three parts is its claims. The token is not verified here: that
// is the broker's part.
std::optional<int64_t> expiry_claim_ms(std::string_view token) {
  const size_t begin = token.find('.');
  if (begin == token.npos) return std::nullopt;
  const size_t end = token.find('.', begin + 1);
  if (end == token.npos) return std::nullopt;
  const auto claims_text = decode_base64_url(token.substr(begin + 1, end - begin - 1));
  if (!claims_text) return std::nullopt;
  const Json claims = Json::parse(*claims_text, nullptr, false);
  if (!claims.is_object()) return std::nullopt;
  const auto seconds = seconds_field(claims, "exp");
  if (!seconds) return std::nullopt;
  return *seconds * 1'000;
}

std::unexpected<AuthError> issuer_refusal(int status, const Json& answer,
                                          const SecretString& secret) {
  const bool passing = status == 408 || status == 429 || status >= 500;
  std::string cause = "the token issuer answered with status " + std::to_string(status);
  if (answer.is_object()) {
    for (const char* name : {"error", "error_description"})
      if (auto text = text_field(answer, name))
        cause += ": " + quoted_from_peer(without_secret(*std::move(text), secret));
  }
  return auth_fail(passing ? AuthFault::kUnavailable : AuthFault::kRefused, std::move(cause));
}

AuthFault fault_of(HttpFault fault) {
  switch (fault) {
    case HttpFault::kOptions:
      return AuthFault::kOptions;
    case HttpFault::kUntrusted:
      return AuthFault::kUntrusted;
    case HttpFault::kUnavailable:
      return AuthFault::kUnavailable;
    case HttpFault::kTooLarge:
      return AuthFault::kProtocol;
  }
  return AuthFault::kUnavailable;
}

}  // namespace

HttpRequest make_token_request(const OidcOptions& options) {
  auto credential = [&](const std::string& text) {
    return options.encode_credentials ? percent_encode(text) : text;
  };
  HttpRequest request{.method = "POST", .url = options.token_endpoint};
  request.headers = {{"Accept", "application/json"},
                     {"Content-Type", "application/x-www-form-urlencoded"}};
  request.authorization =
      SecretString("Basic " + encode_base64(credential(options.client_id) + ":" +
                                            credential(options.client_secret.reveal())));
  request.body = "grant_type=client_credentials";
  if (!options.scope.empty()) request.body += "&scope=" + percent_encode(options.scope);
  request.timeout = options.timeout;
  return request;
}

AuthResult<Token> parse_token_answer(const OidcOptions& options, const HttpAnswer& answer,
                                     int64_t now_ms) {
  const Json json = Json::parse(answer.body.reveal(), nullptr, false);
  if (answer.status != 200) return issuer_refusal(answer.status, json, options.client_secret);
  if (!json.is_object())
    return auth_fail(AuthFault::kProtocol, "the token issuer's answer is not a JSON object");
  const auto value = text_field(json, "access_token");
  if (!value || value->empty())
    return auth_fail(AuthFault::kProtocol, "the token issuer's answer has no access_token");
  const auto type = text_field(json, "token_type");
  if (type && canonical_mechanism(*type) != "BEARER") {
    return auth_fail(AuthFault::kProtocol,
                     "the token issuer gave no bearer token: " + quoted_from_peer(*type));
  }
  Token token{.value = SecretString(*value)};
  if (json.contains("expires_in")) {
    const auto seconds = seconds_field(json, "expires_in");
    if (!seconds)
      return auth_fail(AuthFault::kProtocol, "the token's expires_in is not a number of seconds");
    token.expires_ms = now_ms + *seconds * 1'000;
    return token;
  }
  const auto expiry_ms = expiry_claim_ms(*value);
  if (!expiry_ms) {
    return auth_fail(AuthFault::kProtocol,
                     "the token issuer says neither by expires_in nor by the token's exp when the "
                     "token expires");
  }
  if (*expiry_ms <= now_ms) {
    return auth_fail(AuthFault::kProtocol,
                     "the token has expired already; the issuer's clock and ours may differ");
  }
  token.expires_ms = *expiry_ms;
  return token;
}

OidcTokenSource::OidcTokenSource(OidcOptions options, std::unique_ptr<HttpCall> http)
    : options_(std::move(options)), http_(std::move(http)) {}

void OidcTokenSource::get(int64_t now_ms, Done done) {
  auto answered = [this, now_ms, done = std::move(done)](HttpResult<HttpAnswer> answer) mutable {
    if (answer) return done(parse_token_answer(options_, *answer, now_ms));
    done(auth_fail(fault_of(answer.error().fault),
                   "cannot ask the token issuer: " + answer.error().cause));
  };
  http_->start(make_token_request(options_), std::move(answered));
}

}  // namespace penstock::connect::kafka
