// The mechanisms by name, and PLAIN and OAUTHBEARER byte by byte.
#include "connect/kafka/auth/sasl_exchange.h"

#include <gtest/gtest.h>

namespace penstock::connect::kafka {
namespace {

using std::string_view_literals::operator""sv;

std::unique_ptr<SaslExchange> make(const SaslOptions& options) {
  auto made = make_sasl_exchange(options, system_random());
  EXPECT_TRUE(made) << made.error().cause;
  return made ? *std::move(made) : nullptr;
}

SaslOptions plain(const std::string& user, const std::string& password) {
  return {.mechanism = "PLAIN", .user = user, .password = SecretString(password)};
}

SaslOptions bearer(const std::string& token, std::vector<SaslExtension> extensions = {}) {
  return {.mechanism = "OAUTHBEARER",
          .token = SecretString(token),
          .extensions = std::move(extensions)};
}

TEST(MakeSaslExchange, KnowsMechanismsInAnyCase) {
  for (const char* name : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"}) {
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(make({.mechanism = name})->mechanism(), name);
    EXPECT_EQ(make({.mechanism = lower})->mechanism(), name);
  }
}

TEST(MakeSaslExchange, RefusesOthersByName) {
  for (const auto& [name, text] : {std::pair("garbage", "Unsupported SASL mechanism: GARBAGE"),
                                   std::pair("GSSAPI",
                                             "No provider for SASL mechanism GSSAPI: Kerberos is "
                                             "not supported"),
                                   std::pair("", "Unsupported SASL mechanism: ")}) {
    const auto made = make_sasl_exchange({.mechanism = name}, system_random());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().fault, AuthFault::kOptions);
    EXPECT_EQ(made.error().cause, text);
  }
}

TEST(SaslExchange, ARefusalHasTheBrokersWords) {
  const auto exchange = make(plain("u", "p"));
  EXPECT_EQ(exchange->refused("").cause, "PLAIN authentication was refused");
  EXPECT_EQ(exchange->refused("bad\npassword").cause, "bad?password");
  EXPECT_EQ(exchange->refused("").fault, AuthFault::kRefused);
  EXPECT_EQ(exchange->refused(std::string(400, 'x')).cause, std::string(300, 'x') + "...");
}

TEST(PlainExchange, SendsUserAndPassword) {
  const auto exchange = make(plain("J\xC3\xBCrgen", "p\xE2\x82\xAC w"));
  EXPECT_EQ(*exchange->first(), "\0J\xC3\xBCrgen\0p\xE2\x82\xAC w"sv);
  const auto step = exchange->next("");
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->done);
}

TEST(PlainExchange, RefusesWhatItCannotCarry) {
  const std::pair<std::string, std::string> cases[] = {{"", "secret"},
                                                       {"u", ""},
                                                       {std::string("a\0b", 3), "secret"},
                                                       {"u", std::string("secret\0b", 8)},
                                                       {"\xFF", "secret"},
                                                       {"u", "secret\xED\xA0\x80"}};
  for (const auto& [user, password] : cases) {
    const auto first = make(plain(user, password))->first();
    ASSERT_FALSE(first) << user;
    EXPECT_EQ(first.error().fault, AuthFault::kOptions);
    EXPECT_FALSE(first.error().cause.contains("secret"));
  }
}

TEST(OauthbearerExchange, SendsTokenAndExtensions) {
  const auto exchange = make(bearer("a.b-c_d~e+f/g=="));
  EXPECT_EQ(*exchange->first(), "n,,\1auth=Bearer a.b-c_d~e+f/g==\1\1"sv);
  EXPECT_TRUE(exchange->next("")->done);
  EXPECT_EQ(*make(bearer("t", {{"logicalCluster", "lkc-1"}, {"identityPoolId", ""}}))->first(),
            "n,,\1auth=Bearer t\1logicalCluster=lkc-1\1identityPoolId=\1\1"sv);
}

TEST(OauthbearerExchange, RefusesWhatItCannotCarry) {
  for (const char* token : {"", "=", "secret token", "secret\1", "secret=x", "secret\xC3\xBC"}) {
    const auto first = make(bearer(token))->first();
    ASSERT_FALSE(first) << token;
    EXPECT_EQ(first.error().fault, AuthFault::kOptions);
    EXPECT_FALSE(first.error().cause.contains("secret"));
  }
  for (const SaslExtension& extension :
       {SaslExtension{"", "v"}, SaslExtension{"auth", "v"}, SaslExtension{"a1", "v"},
        SaslExtension{"a\1", "v"}, SaslExtension{"a", "v\1"}, SaslExtension{"a", "\xC3\xBC"}})
    EXPECT_FALSE(make(bearer("t", {extension}))->first()) << extension.name;
}

TEST(OauthbearerExchange, AcknowledgesARefusalAndKeepsItsReason) {
  const auto exchange = make(bearer("t-secret"));
  ASSERT_TRUE(exchange->first());
  const auto step = exchange->next(R"({"status":"invalid_token","scope":"kafka"})");
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->done);
  EXPECT_EQ(step->bytes, "\1");
  EXPECT_EQ(exchange->refused("token t-secret expired").cause,
            "OAUTHBEARER authentication was refused: invalid_token (scope wanted: kafka): "
            "token (secret) expired");
  // Whatever a broker says to the acknowledgement, it is no success.
  const auto last = exchange->next("");
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().fault, AuthFault::kRefused);
  EXPECT_EQ(last.error().cause,
            "OAUTHBEARER authentication was refused: invalid_token (scope wanted: kafka)");
}

TEST(OauthbearerExchange, AnyAnswerButAnEmptyOneIsARefusal) {
  const std::string whole = R"({"status":"invalid_token"})";
  for (size_t size = 1; size <= whole.size(); ++size) {
    const auto exchange = make(bearer("a.token"));
    ASSERT_TRUE(exchange->first());
    EXPECT_EQ(exchange->next(whole.substr(0, size))->bytes, "\1");
    const std::string reason = size == whole.size() ? "invalid_token" : whole.substr(0, size);
    EXPECT_EQ(exchange->refused("").cause, "OAUTHBEARER authentication was refused: " + reason);
  }
  const auto quoting = make(bearer("a.token"));
  ASSERT_TRUE(quoting->first());
  ASSERT_TRUE(quoting->next(R"({"status":"not good: a.token"})"));
  EXPECT_TRUE(quoting->refused("").cause.ends_with("not good: (secret)"));
  for (const char* odd : {"[]", "{\"status\":1}", "\xFF\1 text"}) {
    const auto exchange = make(bearer("a.token"));
    ASSERT_TRUE(exchange->first());
    EXPECT_EQ(exchange->next(odd)->bytes, "\1");
    EXPECT_FALSE(exchange->next(""));
  }
}

TEST(WithoutSecret, HidesEveryOccurrence) {
  EXPECT_EQ(without_secret("a key, akey", SecretString("key")), "a (secret), a(secret)");
  EXPECT_EQ(without_secret("a key", SecretString()), "a key");
  EXPECT_EQ(without_secret("secret", SecretString("secret")), "(secret)");
}

}  // namespace
}  // namespace penstock::connect::kafka
