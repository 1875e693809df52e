// Only the token is needed to be let in; everything else here is about saying why one was not.
#include "connect/kafka/auth/oauthbearer_exchange.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

using Json = nlohmann::json;

constexpr char kSeparator = '\x01';

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// b64token of RFC 6750, chapter 2.1: letters, digits and "-._~+/", then any number of '='.
bool is_token(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  constexpr std::string_view kOthers = "0123456789-._~+/";
  return !text.empty() &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || kOthers.contains(c); });
}

// RFC 7628, chapter 3.1: printable ASCII, blanks, tabulators and line ends.
bool is_extension_value(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\r' || c == '\n'; });
}

// RFC 7628, chapter 3.2.2: {"status":"invalid_token","scope":"...","openid-configuration":"..."}.
std::string refusal_reason(std::string_view server_bytes, const SecretString& token) {
  // Some validators quote the token that they do not like.
  auto quoted = [&](std::string text) {
    return quoted_from_peer(without_secret(std::move(text), token));
  };
  const Json answer = Json::parse(server_bytes, nullptr, false);
  if (!answer.is_object()) return quoted(std::string(server_bytes));
  auto field = [&](const char* name) {
    const auto found = answer.find(name);
    if (found == answer.end() || !found->is_string()) return std::string();
    return quoted(found->get<std::string>());
  };
  const std::string status = field("status");
  if (status.empty()) return quoted(std::string(server_bytes));
  const std::string scope = field("scope");
  return scope.empty() ? status : status + " (scope wanted: " + scope + ")";
}

}  // namespace

OauthbearerExchange::OauthbearerExchange(SecretString token, std::vector<SaslExtension> extensions)
    : token_(std::move(token)), extensions_(std::move(extensions)) {}

AuthResult<void> OauthbearerExchange::check_options() const {
  if (!is_token(token_.reveal()))
    return auth_fail(AuthFault::kOptions, "the token is empty or not a bearer token");
  for (const SaslExtension& extension : extensions_) {
    const std::string& name = extension.name;
    // "auth" is the token's own place.
    if (name.empty() || !std::ranges::all_of(name, is_letter) || name == "auth") {
      return auth_fail(AuthFault::kOptions,
                       "invalid name of a SASL extension: \"" + quoted_from_peer(name) + "\"");
    }
    if (!is_extension_value(extension.value)) {
      return auth_fail(AuthFault::kOptions,
                       "the value of SASL extension \"" + name + "\" is not printable ASCII");
    }
  }
  return {};
}

AuthResult<std::string> OauthbearerExchange::first() {
  CHECK(state_ == State::kNew);
  state_ = State::kSent;
  const auto checked = check_options();
  if (!checked) return std::unexpected(checked.error());
  std::string message = "n,,";
  message.push_back(kSeparator);
  message += "auth=Bearer " + token_.reveal();
  message.push_back(kSeparator);
  for (const SaslExtension& extension : extensions_) {
    message += extension.name + "=" + extension.value;
    message.push_back(kSeparator);
  }
  message.push_back(kSeparator);
  return message;
}

AuthResult<SaslStep> OauthbearerExchange::next(std::string_view server_bytes) {
  CHECK(state_ == State::kSent || state_ == State::kRefusalAcknowledged);
  if (std::exchange(state_, State::kOver) == State::kRefusalAcknowledged)
    return std::unexpected(refused(""));
  if (server_bytes.empty()) return SaslStep{.done = true};
  // Chapter 3.2.3: the client answers a refusal with a dummy, so that the server can end the
  // exchange by the rules of SASL.
  reason_ = refusal_reason(server_bytes, token_);
  state_ = State::kRefusalAcknowledged;
  return SaslStep{.bytes = std::string(1, kSeparator)};
}

AuthError OauthbearerExchange::refused(std::string_view broker_text) const {
  const std::string text = without_secret(std::string(broker_text), token_);
  if (reason_.empty()) return SaslExchange::refused(text);
  std::string cause = "OAUTHBEARER authentication was refused: " + reason_;
  // Brokers repeat the reason in a sentence, some with more than it.
  if (!text.empty()) cause += ": " + quoted_from_peer(text);
  return {AuthFault::kRefused, std::move(cause)};
}

}  // namespace penstock::connect::kafka
