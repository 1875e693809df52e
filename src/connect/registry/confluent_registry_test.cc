// What is asked of a registry, and what is made of its answers; they are made up.
#include "connect/registry/confluent_registry.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connect/registry/scripted_http_test.h"

namespace penstock::connect {
namespace {

using Json = nlohmann::json;

class ConfluentRegistryTest : public ::testing::Test {
 protected:
  std::unique_ptr<SchemaRegistry> registry(const ConfluentRegistryOptions& options) {
    return make_confluent_registry(options, script_.http());
  }
  // Of publishing with this compatibility level.
  RegistryResult<std::string> publish(const std::string& level) {
    return registry({.url = "http://registry:8081"})
        ->publish({.subject = "a/b-value", .schema = R"("int")", .compatibility = level}, stop_);
  }
  std::string cause(const std::string& level) {
    auto header = publish(level);
    return header ? "published" : header.error().cause;
  }

  ScriptedHttp script_;
  StopToken stop_;
};

constexpr const char* kPublishing = "unable to publish schema to registry in kafka sink: ";
constexpr const char* kLevelling = "unable to update schema compatibility level in kafka sink: ";

TEST_F(ConfluentRegistryTest, PublishesASchemaAndGivesItsHeader) {
  script_.answer(200, R"({"id":258})");
  auto header = publish("");
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(*header, std::string("\0\0\0\1\2", 5));
  ASSERT_EQ(script_.asked.size(), 1U);
  const HttpRequest& asked = script_.asked.front();
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.url, "http://registry:8081/subjects/a%2Fb-value/versions");
  EXPECT_EQ(Json::parse(asked.body), (Json{{"schema", "\"int\""}}));
  ASSERT_EQ(asked.headers.size(), 1U);
  EXPECT_EQ(asked.headers[0].value, "application/json");
  EXPECT_TRUE(asked.authorization.empty());
}

TEST_F(ConfluentRegistryTest, AUserIsSentWithOrWithoutAPassword) {
  script_.answer(200, "[]");
  script_.answer(200, "[]");
  EXPECT_TRUE(registry({.url = "http://r", .user = "ann", .password = SecretString("pw")})
                  ->check(stop_)
                  .has_value());
  EXPECT_TRUE(registry({.url = "http://r", .user = "ann"})->check(stop_).has_value());
  EXPECT_EQ(script_.asked[0].url, "http://r/subjects");
  EXPECT_EQ(script_.asked[0].authorization.reveal(), "Basic YW5uOnB3");
  EXPECT_EQ(script_.asked[1].authorization.reveal(), "Basic YW5uOg==");
}

TEST_F(ConfluentRegistryTest, ALevelIsSetWhereThereIsNone) {
  for (const auto& [status, body] :
       {std::pair(404, R"({"error_code":40408,"message":"not set"})"), std::pair(404, "nothing")}) {
    script_.asked.clear();
    script_.answer(status, body);
    script_.answer(200, R"({"compatibility":"FULL"})");
    script_.answer(200, R"({"id":1})");
    EXPECT_EQ(cause("FULL"), "published");
    ASSERT_EQ(script_.asked.size(), 3U);
    EXPECT_EQ(script_.asked[0].method, "GET");
    EXPECT_EQ(script_.asked[0].url, "http://registry:8081/config/a%2Fb-value");
    EXPECT_EQ(script_.asked[1].method, "PUT");
    EXPECT_EQ(Json::parse(script_.asked[1].body), (Json{{"compatibility", "FULL"}}));
  }
}

TEST_F(ConfluentRegistryTest, ALevelThatIsSetStays) {
  script_.answer(200, R"({"compatibilityLevel":"NONE"})");
  script_.answer(200, R"({"id":1})");
  EXPECT_EQ(cause("FULL"), "published");
  EXPECT_EQ(script_.asked.size(), 2U);
}

// As some registries answer.
TEST_F(ConfluentRegistryTest, ALevelOfASubjectThatIsNotThereIsSetWhenItIs) {
  script_.answer(404, R"({"error_code":40401,"message":"Subject not found"})");
  script_.answer(200, R"({"id":1})");
  script_.answer(200, R"({"compatibility":"FULL"})");
  EXPECT_EQ(cause("FULL"), "published");
  ASSERT_EQ(script_.asked.size(), 3U);
  EXPECT_EQ(script_.asked[1].method, "POST");
  EXPECT_EQ(script_.asked[2].method, "PUT");
}

TEST_F(ConfluentRegistryTest, RefusalsOfALevel) {
  script_.answer(403, R"({"error_code":40301,"message":"Forbidden"})");
  EXPECT_EQ(cause("FULL"), std::string(kLevelling) + "server error 40301: Forbidden");
  script_.answer(404, "");
  script_.answer(422, R"({"error_code":42203,"message":"Invalid level"})");
  EXPECT_EQ(cause("FULL"), std::string(kLevelling) + "invalid compatibility level");
}

TEST_F(ConfluentRegistryTest, RefusalsOfASchema) {
  const std::tuple<int, const char*, const char*, RegistryFault> cases[] = {
      {409, R"({"error_code":409,"message":"x"})",
       "schema being registered is incompatible with an earlier schema", RegistryFault::kRefused},
      {409, "<html>", "schema being registered is incompatible with an earlier schema",
       RegistryFault::kRefused},
      {422, R"({"error_code":42201,"message":"Invalid schema: ..."})", "Invalid schema: ...",
       RegistryFault::kRefused},
      {401, R"({"error_code":401,"message":"Unauthorized"})", "server error 401: Unauthorized",
       RegistryFault::kRefused},
      {502, "<html>", "server error 502: unable to decode error details",
       RegistryFault::kUnavailable},
      {500, R"({"error_code":50003,"message":"Forwarding failed"})",
       "server error 50003: Forwarding failed", RegistryFault::kUnavailable},
      {429, "", "server error 429: unable to decode error details", RegistryFault::kUnavailable},
      {302, "", "server error 302: unable to decode error details", RegistryFault::kRefused},
      {200, "{}", "the registry's answer has no schema id", RegistryFault::kUnavailable},
      {200, "[1", "the registry's answer has no schema id", RegistryFault::kUnavailable},
  };
  for (const auto& [status, body, text, fault] : cases) {
    script_.answer(status, body);
    auto header = publish("");
    ASSERT_FALSE(header.has_value()) << body;
    EXPECT_EQ(header.error().cause, kPublishing + std::string(text));
    EXPECT_EQ(header.error().fault, fault) << text;
  }
}

TEST_F(ConfluentRegistryTest, WhatTheWayThereDoes) {
  script_.answers.push_back(http_fail(HttpFault::kUnavailable, "Connection refused"));
  auto header = publish("");
  ASSERT_FALSE(header.has_value());
  EXPECT_EQ(header.error().cause, std::string(kPublishing) + "transport: Connection refused");
  EXPECT_EQ(header.error().fault, RegistryFault::kUnavailable);
  script_.answers.push_back(http_fail(HttpFault::kUntrusted, "self-signed certificate"));
  EXPECT_EQ(publish("").error().fault, RegistryFault::kRefused);
}

TEST_F(ConfluentRegistryTest, ValidatingAsksAndChangesNothing) {
  auto validate = [&](int status, const std::string& body) {
    script_.answer(status, body);
    auto said = registry({.url = "http://r"})
                    ->validate({.subject = "t", .schema = "\"int\"", .compatibility = ""}, stop_);
    return said ? *said : "refused: " + said.error().cause;
  };
  EXPECT_EQ(validate(200, R"({"is_compatible":true})"), "is compatible with the latest version");
  EXPECT_EQ(script_.asked[0].url, "http://r/compatibility/subjects/t/versions/latest?verbose=true");
  EXPECT_EQ(validate(404, R"({"error_code":40401,"message":"Subject not found"})"), "is new");
  EXPECT_EQ(validate(404, ""), "is new");
  EXPECT_EQ(validate(200, R"({"is_compatible":false,"messages":["reader is missing x"]})"),
            "refused: schema being registered is incompatible with an earlier schema: reader is "
            "missing x");
  EXPECT_EQ(validate(200, "[]"),
            "refused: schema being registered is incompatible with an earlier schema");
  EXPECT_EQ(validate(422, R"({"error_code":42201,"message":"Invalid schema"})"),
            "refused: Invalid schema");
}

TEST_F(ConfluentRegistryTest, AStopDoesNotWaitForTheRegistry) {
  stop_.stop();
  auto header = publish("");
  ASSERT_FALSE(header.has_value());
  EXPECT_EQ(header.error().fault, RegistryFault::kStopped);
}

}  // namespace
}  // namespace penstock::connect
