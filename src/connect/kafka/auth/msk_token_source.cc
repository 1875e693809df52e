// What MSK's own signers make: it is checked by AWS, so each byte of the URL counts.
#include "connect/kafka/auth/msk_token_source.h"

#include <algorithm>
#include <utility>

#include "base/text_encoding.h"

namespace penstock::connect::kafka {
namespace {

// The longest that MSK accepts.
constexpr int kLifetimeSeconds = 900;

bool is_region(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

MskTokenSource::MskTokenSource(MskOptions options) : options_(std::move(options)) {}

void MskTokenSource::get(int64_t now_ms, Done done) {
  done(make(now_ms));
}

AuthResult<Token> MskTokenSource::make(int64_t now_ms) const {
  if (options_.region.empty())
    return auth_fail(AuthFault::kOptions, "the AWS connection has no region");
  // It becomes part of a host's name.
  if (!is_region(options_.region)) {
    return auth_fail(AuthFault::kOptions,
                     "invalid AWS region: \"" + quoted_from_peer(options_.region) + "\"");
  }
  const AwsCredentials& credentials = options_.credentials;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty())
    return auth_fail(AuthFault::kOptions, "the AWS connection has no access key");
  const SecretString url =
      presign_aws_url(credentials, {.host = "kafka." + options_.region + ".amazonaws.com",
                                    .action = {"Action", "kafka-cluster:Connect"},
                                    .region = options_.region,
                                    .service = "kafka-cluster",
                                    .time_ms = now_ms,
                                    .lifetime_seconds = kLifetimeSeconds});
  // Behind the signature, and not covered by it: for the log of AWS.
  Token token{.value = SecretString(encode_base64_url(url.reveal() + "&User-Agent=penstock"))};
  // The signature has whole seconds.
  token.expires_ms = (now_ms / 1'000 + kLifetimeSeconds) * 1'000;
  return token;
}

}  // namespace penstock::connect::kafka
