// Canonical request, string to sign, key, signature: the four steps of the AWS documentation
// ("Create a signed AWS API request").
#include "connect/aws/aws_signature.h"

#include <algorithm>
#include <cctype>
#include <chrono>

#include <fmt/format.h>

#include "base/text_encoding.h"
#include "connect/kafka/auth/digest.h"

namespace penstock::connect {
namespace {

using kafka::Digest;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string sha256_hmac(const SecretString& key, std::string_view text) {
  return kafka::hmac(Digest::kSha256, {key.reveal()}, text);
}

// "20240229T123456Z"
std::string basic_iso_time(int64_t time_ms) {
  const std::chrono::sys_seconds time{std::chrono::seconds(time_ms / 1'000)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string scope_text(const AwsScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", scope.date, scope.region, scope.service);
}

std::string canonical_query(std::vector<AwsParameter> parameters) {
  std::ranges::sort(parameters, {}, &AwsParameter::name);
  std::string query;
  for (const AwsParameter& parameter : parameters) {
    if (!query.empty()) query += '&';
    query += percent_encode(parameter.name) + '=' + percent_encode(parameter.value);
  }
  return query;
}

}  // namespace

SecretString aws_signing_key(const SecretString& secret_access_key, const AwsScope& scope) {
  SecretString key("AWS4" + secret_access_key.reveal());
  for (const std::string_view part :
       {std::string_view(scope.date), std::string_view(scope.region),
        std::string_view(scope.service), std::string_view("aws4_request")}) {
    key = SecretString(sha256_hmac(key, part));
  }
  return key;
}

SecretString presign_aws_url(const AwsCredentials& credentials, const AwsRequest& request) {
  const std::string time = basic_iso_time(request.time_ms);
  const AwsScope scope{time.substr(0, 8), request.region, request.service};
  std::vector<AwsParameter> parameters = {
      request.action,
      {"X-Amz-Algorithm", std::string(kAlgorithm)},
      {"X-Amz-Credential", credentials.access_key_id + "/" + scope_text(scope)},
      {"X-Amz-Date", time},
      {"X-Amz-Expires", std::to_string(request.lifetime_seconds)},
      {"X-Amz-SignedHeaders", "host"}};
  if (!credentials.session_token.empty())
    parameters.push_back({"X-Amz-Security-Token", credentials.session_token.reveal()});
  const std::string query = canonical_query(std::move(parameters));
  // Method, path, query, headers with an empty line behind them, their names, and the body's hash.
  const std::string canonical = fmt::format("GET\n/\n{}\nhost:{}\n\nhost\n{}", query, request.host,
                                            encode_hex(kafka::hash(Digest::kSha256, "")));
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope_text(scope),
                                          encode_hex(kafka::hash(Digest::kSha256, canonical)));
  const SecretString key = aws_signing_key(credentials.secret_access_key, scope);
  return SecretString(fmt::format("https://{}/?{}&X-Amz-Signature={}", request.host, query,
                                  encode_hex(sha256_hmac(key, to_sign))));
}

AwsCallHeaders sign_aws_call(const AwsCredentials& credentials, const AwsCall& call) {
  const std::string time = basic_iso_time(call.time_ms);
  const AwsScope scope{time.substr(0, 8), call.region, call.service};
  AwsCallHeaders out;
  out.plain = {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Date", time}};
  if (!credentials.session_token.empty())
    out.plain.push_back({"X-Amz-Security-Token", credentials.session_token.reveal()});
  out.plain.push_back({"X-Amz-Target", call.target});
  // In the order of their names in lower case; Host comes second.
  std::string headers = "content-type:application/x-amz-json-1.1\nhost:" + call.host + "\n";
  std::string names = "content-type;host";
  for (size_t i = 1; i < out.plain.size(); ++i) {
    std::string name = out.plain[i].name;
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    headers += name + ":" + out.plain[i].value + "\n";
    names += ";" + name;
  }
  const std::string canonical = fmt::format("POST\n/\n\n{}\n{}\n{}", headers, names,
                                            encode_hex(kafka::hash(Digest::kSha256, call.body)));
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope_text(scope),
                                          encode_hex(kafka::hash(Digest::kSha256, canonical)));
  const SecretString key = aws_signing_key(credentials.secret_access_key, scope);
  out.authorization = SecretString(fmt::format(
      "{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm, credentials.access_key_id,
      scope_text(scope), names, encode_hex(sha256_hmac(key, to_sign))));
  return out;
}

}  // namespace penstock::connect
