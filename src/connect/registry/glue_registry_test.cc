// The way of a schema version through Glue's API, on answers made up.
#include "connect/registry/glue_registry.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connect/registry/scripted_http_test.h"

namespace penstock::connect {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

constexpr const char* kId = "324373a5-7718-46b1-a7ea-4a7c9981fc4e";

std::string fault(const std::string& name) {
  return Json{{"__type", "com.amazonaws.glue#" + name}, {"Message", "why"}}.dump();
}
std::string version(const std::string& status) {
  return Json{{"SchemaVersionId", kId}, {"Status", status}}.dump();
}

class GlueRegistryTest : public ::testing::Test {
 protected:
  RegistryResult<std::string> publish(const std::string& level) {
    return registry()->publish({.subject = "t-value", .schema = "\"int\"", .compatibility = level},
                               stop_);
  }
  std::unique_ptr<SchemaRegistry> registry() {
    return make_glue_registry(
        {.endpoint = "http://fake:1234",
         .region = "eu-central-1",
         .credentials = {.access_key_id = "id", .secret_access_key = SecretString("key")},
         .registry = "r",
         .settle = std::chrono::milliseconds(3),
         .settle_look = std::chrono::milliseconds(1),
         .unix_ms = [] { return int64_t{0}; }},
        script_.http());
  }
  // Operations asked for since the last time.
  Texts asked() {
    Texts out;
    for (const HttpRequest& request : script_.asked) {
      for (const HttpHeader& header : request.headers) {
        if (header.name == "X-Amz-Target") out.push_back(header.value.substr(8));
      }
    }
    script_.asked.clear();
    return out;
  }
  std::string cause() {
    auto header = publish("");
    return header ? "published" : header.error().cause;
  }

  ScriptedHttp script_;
  StopToken stop_;
};

constexpr const char* kPublishing = "unable to publish schema to registry in kafka sink: ";

TEST_F(GlueRegistryTest, HeaderOfAVersion) {
  auto header = glue_header(kId);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(
      *header,
      std::string("\3\0\x32\x43\x73\xa5\x77\x18\x46\xb1\xa7\xea\x4a\x7c\x99\x81\xfc\x4e", 18));
  EXPECT_EQ(glue_header("324373a5"), std::nullopt);
  EXPECT_EQ(glue_header("324373a5-7718-46b1-a7ea-4a7c9981fcxx"), std::nullopt);
}

TEST_F(GlueRegistryTest, AKnownDefinitionIsUsed) {
  script_.answer(200, version("AVAILABLE"));
  script_.answer(200, version("AVAILABLE"));
  EXPECT_EQ(publish("").value_or("refused"), glue_header(kId));
  ASSERT_EQ(script_.asked.size(), 2U);
  const HttpRequest& first = script_.asked[0];
  EXPECT_EQ(first.url, "http://fake:1234");
  EXPECT_EQ(Json::parse(first.body),
            (Json{{"SchemaId", {{"RegistryName", "r"}, {"SchemaName", "t-value"}}},
                  {"SchemaDefinition", "\"int\""}}));
  EXPECT_NE(first.authorization.reveal().find("Credential=id/19700101/eu-central-1/glue/"),
            std::string::npos);
  EXPECT_EQ(asked(), (Texts{"GetSchemaByDefinition", "GetSchemaVersion"}));
}

TEST_F(GlueRegistryTest, AnUnknownOneIsRegisteredAndAnUnknownSchemaCreated) {
  script_.answer(400, fault("EntityNotFoundException"));
  script_.answer(200, version("PENDING"));
  script_.answer(200, version("PENDING"));
  script_.answer(200, version("AVAILABLE"));
  EXPECT_EQ(publish("").value_or("refused"), glue_header(kId));
  EXPECT_EQ(asked(), (Texts{"GetSchemaByDefinition", "RegisterSchemaVersion", "GetSchemaVersion",
                            "GetSchemaVersion"}));
  for (const auto& [level, sent] :
       {std::pair("", "BACKWARD"), std::pair("FULL_TRANSITIVE", "FULL_ALL"),
        std::pair("NONE", "NONE")}) {
    script_.answer(400, fault("EntityNotFoundException"));
    script_.answer(400, fault("EntityNotFoundException"));
    script_.answer(200, version("AVAILABLE"));
    if (*level != '\0') script_.answer(200, Json{{"Compatibility", sent}}.dump());
    script_.answer(200, version("AVAILABLE"));
    EXPECT_EQ(publish(level).value_or("refused"), glue_header(kId));
    EXPECT_EQ(Json::parse(script_.asked[2].body)["Compatibility"], sent);
    EXPECT_EQ(asked()[2], "CreateSchema");
  }
}

TEST_F(GlueRegistryTest, ARaceForTheSchemaIsLostGracefully) {
  script_.answer(400, fault("EntityNotFoundException"));
  script_.answer(400, fault("EntityNotFoundException"));
  script_.answer(400, fault("AlreadyExistsException"));
  script_.answer(200, version("AVAILABLE"));
  script_.answer(200, version("AVAILABLE"));
  EXPECT_EQ(publish("").value_or("refused"), glue_header(kId));
  EXPECT_EQ(asked()[3], "RegisterSchemaVersion");
}

TEST_F(GlueRegistryTest, AVersionThatFailedIsRegisteredAnew) {
  script_.answer(200, version("FAILURE"));
  script_.answer(200, version("PENDING"));
  script_.answer(200, version("FAILURE"));
  EXPECT_EQ(cause(), std::string(kPublishing) + "Glue schema version " + kId +
                         " failed its compatibility check");
}

TEST_F(GlueRegistryTest, EachRefusalSaysWhatWasTried) {
  script_.answer(400, fault("AccessDeniedException"));
  EXPECT_EQ(cause(), std::string(kPublishing) +
                         "looking up Glue schema by definition: AccessDeniedException: why");
  script_.answer(400, fault("EntityNotFoundException"));
  script_.answer(400, fault("InvalidInputException"));
  EXPECT_EQ(cause(), std::string(kPublishing) +
                         "registering Glue schema version: InvalidInputException: why");
  script_.answer(400, fault("EntityNotFoundException"));
  script_.answer(400, fault("EntityNotFoundException"));
  script_.answer(400, fault("ResourceNumberLimitExceededException"));
  EXPECT_EQ(cause(), std::string(kPublishing) +
                         "creating Glue schema: ResourceNumberLimitExceededException: why");
  script_.answer(200, version("AVAILABLE"));
  script_.answer(200, version("DELETING"));
  EXPECT_EQ(cause(), std::string(kPublishing) + "Glue schema version " + kId + " is being deleted");
}

TEST_F(GlueRegistryTest, AVersionThatStaysPendingIsGivenUpForNow) {
  script_.answer(200, version("PENDING"));
  for (int i = 0; i < 5; ++i) script_.answer(200, version("PENDING"));
  auto header = publish("");
  ASSERT_FALSE(header.has_value());
  EXPECT_EQ(header.error().fault, RegistryFault::kUnavailable);
  EXPECT_EQ(header.error().cause, std::string(kPublishing) + "Glue schema version " + kId +
                                      " is not yet available (status: PENDING)");
}

TEST_F(GlueRegistryTest, WhatMayPassIsToldApart) {
  script_.answer(400, fault("ThrottlingException"));
  EXPECT_EQ(publish("").error().fault, RegistryFault::kUnavailable);
  script_.answer(503, "<html>");
  auto header = publish("");
  EXPECT_EQ(header.error().fault, RegistryFault::kUnavailable);
  EXPECT_EQ(header.error().cause,
            std::string(kPublishing) + "looking up Glue schema by definition: status 503");
  script_.answer(400, fault("AccessDeniedException"));
  EXPECT_EQ(publish("").error().fault, RegistryFault::kRefused);
}

TEST_F(GlueRegistryTest, ValidatingAsksAndChangesNothing) {
  auto validate = [&](const std::string& body) {
    script_.answer(200, "{}");
    script_.answer(200, body);
    auto said =
        registry()->validate({.subject = "t", .schema = "\"int\"", .compatibility = ""}, stop_);
    return said ? *said : "refused: " + said.error().cause;
  };
  EXPECT_EQ(validate(R"({"Valid":true})"), "is valid");
  EXPECT_EQ(asked(), (Texts{"GetRegistry", "CheckSchemaVersionValidity"}));
  EXPECT_EQ(validate(R"({"Valid":false,"Error":"why"})"), "refused: invalid schema: why");
  script_.answer(400, fault("EntityNotFoundException"));
  auto said = registry()->validate({.subject = "t", .schema = "", .compatibility = ""}, stop_);
  ASSERT_FALSE(said.has_value());
}

TEST_F(GlueRegistryTest, CheckNamesARegistryThatIsNotThere) {
  script_.answer(400, fault("EntityNotFoundException"));
  auto checked = registry()->check(stop_);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().cause,
            R"(AWS Glue Schema Registry "r" does not exist in the configured account/region)");
  script_.answer(200, "{}");
  EXPECT_TRUE(registry()->check(stop_).has_value());
}

}  // namespace
}  // namespace penstock::connect
