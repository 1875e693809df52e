// AWS Signature Version 4 of a request that is all in its URL ("presigned"): GET, no body, and no
// header signed but Host. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_string.h"

namespace penstock::connect::kafka {

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

}  // namespace penstock::connect::kafka
