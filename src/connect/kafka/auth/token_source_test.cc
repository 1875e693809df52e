// Tokens of an issuer, of AWS, and kept ones.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/text_encoding.h"
#include "connect/kafka/auth/msk_token_source.h"
#include "connect/kafka/auth/oidc_token_source.h"
#include "connect/kafka/auth/token_cache.h"

namespace penstock::connect::kafka {
namespace {

constexpr int64_t kNow = 1'709'210'096'000;  // 2024-02-29 12:34:56

// Keeps what it is asked until the test answers.
struct HeldCalls final : HttpCall {
  void start(HttpRequest request, Done done) override {
    requests.push_back(std::move(request));
    pending.push_back(std::move(done));
  }
  std::vector<HttpRequest> requests;
  std::vector<Done> pending;
};

OidcOptions oidc() {
  return {.token_endpoint = "https://idp/token",
          .client_id = "penstock",
          .client_secret = SecretString("hidden/+ value")};
}

AuthResult<Token> parse(int status, const std::string& body) {
  return parse_token_answer(oidc(), {.status = status, .body = SecretString(body)}, kNow);
}

std::string token_with_claims(const std::string& claims) {
  return encode_base64_url(R"({"alg":"none"})") + "." + encode_base64_url(claims) + ".";
}

TEST(OidcRequest, IsAFormWithBasicAuthorization) {
  OidcOptions options = oidc();
  options.scope = "kafka read&write";
  const HttpRequest request = make_token_request(options);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://idp/token");
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=kafka%20read%26write");
  EXPECT_EQ(request.authorization.reveal(),
            "Basic " + encode_base64("penstock:hidden%2F%2B%20value"));
  ASSERT_EQ(request.headers.size(), 2U);
  EXPECT_EQ(request.headers[1].value, "application/x-www-form-urlencoded");
}

TEST(OidcRequest, LeavesOutWhatIsNotWanted) {
  OidcOptions options = oidc();
  options.encode_credentials = false;
  const HttpRequest request = make_token_request(options);
  EXPECT_EQ(request.body, "grant_type=client_credentials");
  EXPECT_EQ(request.authorization.reveal(), "Basic " + encode_base64("penstock:hidden/+ value"));
}

TEST(OidcAnswer, LivesAsLongAsItSays) {
  for (const char* seconds : {"3600", "\"3600\"", "3600.9"}) {
    const auto token = parse(200, R"({"access_token":"t","token_type":"Bearer","expires_in":)" +
                                      std::string(seconds) + "}");
    ASSERT_TRUE(token) << token.error().cause;
    EXPECT_EQ(token->value.reveal(), "t");
    EXPECT_EQ(token->expires_ms, kNow + 3'600'000) << seconds;
  }
}

TEST(OidcAnswer, LivesAsLongAsItsClaimOtherwise) {
  const std::string value = token_with_claims(R"({"exp":1709213696,"sub":"x"})");
  const auto token = parse(200, R"({"access_token":")" + value + R"("})");
  ASSERT_TRUE(token) << token.error().cause;
  EXPECT_EQ(token->expires_ms, 1'709'213'696'000);
  // expires_in has the word when both are there: it needs no clock but ours.
  EXPECT_EQ(parse(200, R"({"access_token":")" + value + R"(","expires_in":60})")->expires_ms,
            kNow + 60'000);
  const std::string old = token_with_claims(R"({"exp":1709210096})");
  EXPECT_TRUE(parse(200, R"({"access_token":")" + old + R"("})").error().cause.contains("expired"));
}

TEST(OidcAnswer, MustBeOne) {
  const std::string no_claims = R"({"access_token":"hidden.@@.x"})";
  for (const std::string& bad :
       {std::string(), std::string("hidden"), std::string("[]"), std::string("{}"),
        std::string(R"({"access_token":1,"expires_in":60})"),
        std::string(R"({"access_token":"","expires_in":60})"),
        std::string(R"({"access_token":"hidden"})"), std::string(R"({"access_token":"hidden.x"})"),
        no_claims, R"({"access_token":")" + token_with_claims("{}") + R"("})",
        R"({"access_token":")" + token_with_claims("hidden") + R"("})",
        std::string(R"({"access_token":"hidden","token_type":"mac","expires_in":60})"),
        std::string(R"({"access_token":"hidden","expires_in":0})"),
        std::string(R"({"access_token":"hidden","expires_in":-1})"),
        std::string(R"({"access_token":"hidden","expires_in":1e300})"),
        std::string(R"({"access_token":"hidden","expires_in":"99999999999999999999"})"),
        std::string(R"({"access_token":"hidden","expires_in":"1h"})"),
        std::string(R"({"access_token":"hidden","expires_in":null})")}) {
    const auto token = parse(200, bad);
    ASSERT_FALSE(token) << bad;
    EXPECT_EQ(token.error().fault, AuthFault::kProtocol) << bad;
    EXPECT_FALSE(token.error().cause.contains("hidden")) << token.error().cause;
  }
  const std::string whole = R"({"access_token":"hidden","expires_in":60})";
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto token = parse(200, whole.substr(0, size));
    ASSERT_FALSE(token) << whole.substr(0, size);
    EXPECT_FALSE(token.error().cause.contains("hidden"));
  }
}

TEST(OidcAnswer, ARefusalHasTheIssuersWords) {
  const auto refused =
      parse(401, R"({"error":"invalid_client","error_description":"no hidden/+ value here"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, AuthFault::kRefused);
  EXPECT_EQ(refused.error().cause,
            "the token issuer answered with status 401: invalid_client: no (secret) here");
  for (const int status : {408, 429, 500, 503}) {
    EXPECT_EQ(parse(status, "<html>").error().fault, AuthFault::kUnavailable);
    EXPECT_EQ(parse(status, "<html>").error().cause,
              "the token issuer answered with status " + std::to_string(status));
  }
  for (const int status : {201, 302, 400, 403, 404})
    EXPECT_EQ(parse(status, "").error().fault, AuthFault::kRefused);
}

struct OidcTokenSourceTest : testing::Test {
  void get() {
    source.get(kNow, [&](AuthResult<Token> token) { got = std::move(token); });
  }

  std::unique_ptr<HeldCalls> made = std::make_unique<HeldCalls>();
  HeldCalls& http = *made;
  OidcTokenSource source{oidc(), std::move(made)};
  std::optional<AuthResult<Token>> got;
};

TEST_F(OidcTokenSourceTest, AsksAndAnswers) {
  get();
  ASSERT_EQ(http.requests.size(), 1U);
  EXPECT_FALSE(got);
  http.pending[0](HttpAnswer{200, SecretString(R"({"access_token":"t","expires_in":60})")});
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->expires_ms, kNow + 60'000);
}

TEST_F(OidcTokenSourceTest, TranslatesTheFaultsOfTheCall) {
  const std::pair<HttpFault, AuthFault> cases[] = {
      {HttpFault::kOptions, AuthFault::kOptions},
      {HttpFault::kUntrusted, AuthFault::kUntrusted},
      {HttpFault::kUnavailable, AuthFault::kUnavailable},
      {HttpFault::kTooLarge, AuthFault::kProtocol}};
  for (const auto& [theirs, ours] : cases) {
    get();
    http.pending.back()(http_fail(theirs, "connection refused"));
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().fault, ours);
    EXPECT_EQ(got->error().cause, "cannot ask the token issuer: connection refused");
  }
}

// The AWS documentation's example of a derived key.
TEST(AwsSignature, DerivesTheDocumentedKey) {
  const SecretString secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  EXPECT_EQ(encode_hex(aws_signing_key(secret, {"20150830", "us-east-1", "iam"}).reveal()),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
  EXPECT_EQ(encode_hex(aws_signing_key(secret, {"20120215", "us-east-1", "iam"}).reveal()),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

MskOptions msk(const std::string& session_token) {
  return {
      .region = "eu-central-1",
      .credentials = {.access_key_id = "AKIDEXAMPLE",
                      .secret_access_key = SecretString("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                      .session_token = SecretString(session_token)}};
}

AuthResult<Token> msk_token(const MskOptions& options, int64_t now_ms) {
  std::optional<AuthResult<Token>> got;
  MskTokenSource(options).get(now_ms, [&](AuthResult<Token> token) { got = std::move(token); });
  EXPECT_TRUE(got);
  return *got;
}

constexpr const char* kUrlBegin =
    "https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect"
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIDEXAMPLE%2F20240229%2Feu-central-1%2Fkafka-cluster%2Faws4_request"
    "&X-Amz-Date=20240229T123456Z&X-Amz-Expires=900";

// Signatures computed with botocore 1.44.8 (SigV4QueryAuth).
TEST(MskTokenSource, SignsAsBotocoreDoes) {
  const auto token = msk_token(msk(""), kNow + 999);
  ASSERT_TRUE(token) << token.error().cause;
  EXPECT_EQ(decode_base64_url(token->value.reveal()),
            std::string(kUrlBegin) +
                "&X-Amz-SignedHeaders=host&X-Amz-Signature="
                "96611ce20d7b11544b99933bad2c53440764e5927a3962e704a3759ca8d477ee"
                "&User-Agent=penstock");
  EXPECT_EQ(token->expires_ms, kNow + 900'000);
}

TEST(MskTokenSource, SignsASessionTokenToo) {
  const auto token = msk_token(msk("IQoJb3JpZ2luX2VjE+/=sess ion~x"), kNow);
  ASSERT_TRUE(token) << token.error().cause;
  // The order of the parameters is that of their names: SignedHeaders after Security-Token.
  EXPECT_EQ(decode_base64_url(token->value.reveal()),
            std::string(kUrlBegin) +
                "&X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2B%2F%3Dsess%20ion~x"
                "&X-Amz-SignedHeaders=host&X-Amz-Signature="
                "8ecb03c07a5149eb50b8035ae1bed87b61cdb68f311209f8b47ad20a6b647b4c"
                "&User-Agent=penstock");
}

TEST(MskTokenSource, RefusesWhatCannotBeSigned) {
  for (const char* region : {"", "EU", "a.b", "a/b", "x y"}) {
    MskOptions options = msk("");
    options.region = region;
    const auto token = msk_token(options, kNow);
    ASSERT_FALSE(token) << region;
    EXPECT_EQ(token.error().fault, AuthFault::kOptions);
    EXPECT_TRUE(token.error().cause.contains("region"));
  }
  MskOptions keyless = msk("");
  keyless.credentials.secret_access_key = {};
  EXPECT_FALSE(msk_token(keyless, kNow));
  MskOptions nameless = msk("");
  nameless.credentials.access_key_id = "";
  const auto token = msk_token(nameless, kNow);
  ASSERT_FALSE(token);
  EXPECT_FALSE(token.error().cause.contains("wJalr"));
}

// Keeps what it is asked until the test answers.
struct HeldSource final : TokenSource {
  explicit HeldSource(std::vector<Done>& calls) : pending(calls) {}
  void get(int64_t, Done done) override { pending.push_back(std::move(done)); }
  std::vector<Done>& pending;
};

struct TokenCacheTest : testing::Test {
  // The answers are written down: the token, or "-" and the cause.
  void ask(int64_t now_ms) {
    cache->get(now_ms, [this](AuthResult<Token> token) {
      answers.push_back(token ? token->value.reveal() : "-" + token.error().cause);
    });
  }
  void answer(AuthResult<Token> token) {
    auto done = std::move(pending.back());
    pending.pop_back();
    done(std::move(token));
  }
  std::vector<TokenSource::Done> pending;
  std::vector<std::string> answers;
  std::unique_ptr<TokenCache> cache =
      std::make_unique<TokenCache>(std::make_unique<HeldSource>(pending));
};

using Texts = std::vector<std::string>;

TEST_F(TokenCacheTest, KeepsATokenForFourFifthsOfItsLife) {
  ask(1'000);
  answer(Token{SecretString("a"), 2'000});
  ask(1'799);
  EXPECT_EQ(answers, (Texts{"a", "a"}));
  EXPECT_TRUE(pending.empty());
  ask(1'800);
  ASSERT_EQ(pending.size(), 1U);
  answer(Token{SecretString("b"), 3'000});
  EXPECT_EQ(answers, (Texts{"a", "a", "b"}));
}

TEST_F(TokenCacheTest, AsksOnceForAllWhoWait) {
  ask(0);
  ask(1);
  ask(2);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_TRUE(answers.empty());
  answer(Token{SecretString("a"), 1'000});
  EXPECT_EQ(answers, (Texts{"a", "a", "a"}));
}

TEST_F(TokenCacheTest, AFailureLeavesTheOldTokenUntilItExpires) {
  ask(0);
  answer(Token{SecretString("a"), 1'000});
  ask(900);
  answer(auth_fail(AuthFault::kUnavailable, "away"));
  ask(1'000);
  answer(auth_fail(AuthFault::kUnavailable, "away"));
  EXPECT_EQ(answers, (Texts{"a", "a", "-away"}));
}

TEST_F(TokenCacheTest, AFailureIsNotKept) {
  ask(0);
  answer(auth_fail(AuthFault::kUnavailable, "away"));
  ask(1);
  answer(Token{SecretString("a"), 1'000});
  EXPECT_EQ(answers, (Texts{"-away", "a"}));
}

TEST_F(TokenCacheTest, AnswersNobodyWhenItIsGone) {
  ask(0);
  cache.reset();
  answer(Token{SecretString("a"), 1'000});
  EXPECT_TRUE(answers.empty());
}

TEST_F(TokenCacheTest, MayBeAskedInsideAnAnswer) {
  cache->get(0, [this](AuthResult<Token>) { ask(1); });
  answer(auth_fail(AuthFault::kUnavailable, "away"));
  ASSERT_EQ(pending.size(), 1U);
  answer(Token{SecretString("a"), 1'000});
  EXPECT_EQ(answers, (Texts{"a"}));
}

}  // namespace
}  // namespace penstock::connect::kafka
