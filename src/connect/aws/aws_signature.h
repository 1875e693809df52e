// AWS Signature Version 4 (AWS documentation, "Create a signed AWS API request"), of two kinds of
// requests: all in its URL ("presigned"), and a call with a JSON body, signed in a header. Pure;
// thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"

namespace penstock::connect {

struct AwsCredentials {
  std::string access_key_id;
  SecretString secret_access_key;
  SecretString session_token = {};  // Of temporary credentials.
};

struct AwsScope {
  std::string date;  // "20240229"
  std::string region;
  std::string service;
};

// 32 bytes, good for a day.
SecretString aws_signing_key(const SecretString& secret_access_key, const AwsScope& scope);

struct AwsParameter {
  std::string name;
  std::string value;
};

// GET, no body, and no header signed but Host.
struct AwsRequest {
  std::string host;
  AwsParameter action;  // Not encoded.
  std::string region;
  std::string service;
  int64_t time_ms = 0;  // Since 1970. Its seconds are signed.
  int lifetime_seconds = 0;
};

// "https://host/?...&X-Amz-Signature=...". A bearer's secret, as it is.
SecretString presign_aws_url(const AwsCredentials& credentials, const AwsRequest& request);

// POST to "/", a body of application/x-amz-json-1.1.
struct AwsCall {
  std::string host;  // As the Host header says it: with a port that is not the scheme's.
  std::string region;
  std::string service;  // "glue"
  std::string target;   // "AWSGlue.GetSchema"
  std::string body;
  int64_t time_ms = 0;  // Since 1970.
};
struct AwsCallHeaders {
  std::vector<AwsParameter> plain;  // But Host.
  SecretString authorization;
};
AwsCallHeaders sign_aws_call(const AwsCredentials& credentials, const AwsCall& call);

}  // namespace penstock::connect
