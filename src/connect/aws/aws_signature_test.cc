// Signed calls: what AWS' own library (botocore 1.44) makes of the same. Presigned URLs and keys
// are in token_source_test.cc.
#include "connect/aws/aws_signature.h"

#include <gtest/gtest.h>

namespace penstock::connect {
namespace {

std::string authorization(const char* token) {
  const AwsCredentials credentials{
      .access_key_id = "AKIDEXAMPLE",
      .secret_access_key = SecretString("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      .session_token = SecretString(token)};
  const AwsCallHeaders headers =
      sign_aws_call(credentials, {.host = "glue.us-east-1.amazonaws.com",
                                  .region = "us-east-1",
                                  .service = "glue",
                                  .target = "AWSGlue.GetRegistry",
                                  .body = R"({"RegistryId":{"RegistryName":"r"}})",
                                  .time_ms = 1'440'938'160'999});
  EXPECT_EQ(headers.plain.size(), *token == '\0' ? 3U : 4U);
  EXPECT_EQ(headers.plain[1].value, "20150830T123600Z");
  return headers.authorization.reveal();
}

TEST(AwsCall, IsSignedAsTheLibraryOfAwsDoes) {
  EXPECT_EQ(authorization(""),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/glue/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
            "Signature=a127ccbe52a83381150ee842304088af610e032f0fb240b0d8d51506759b3399");
  EXPECT_EQ(authorization("token/+="),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/glue/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
            "Signature=35443e30547e129a94652ae075c86303623138e99edaf1ef97b7d4897b235c63");
}

}  // namespace
}  // namespace penstock::connect
