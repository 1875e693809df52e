// Tokens for Amazon MSK's IAM access control: a presigned URL that allows to connect, in base64.
// They are computed, so nobody is asked. One owner thread.
#pragma once

#include <cstdint>
#include <string>

#include "connect/aws/aws_signature.h"
#include "connect/kafka/auth/token_source.h"

namespace penstock::connect::kafka {

struct MskOptions {
  std::string region;  // "eu-central-1"
  AwsCredentials credentials;
};

class MskTokenSource final : public TokenSource {
 public:
  explicit MskTokenSource(MskOptions options);

  // `done` runs inside the call. Errors: kOptions for a region or credentials that are none.
  void get(int64_t now_ms, Done done) override;

 private:
  AuthResult<Token> make(int64_t now_ms) const;

  MskOptions options_;
};

}  // namespace penstock::connect::kafka
