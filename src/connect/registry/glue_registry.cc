// Glue's API in its JSON form: a version of a schema is looked up, registered, or created with its
// schema, and then waited for.
#include "connect/registry/glue_registry.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/text_encoding.h"
#include "connect/registry/registry_http.h"

namespace penstock::connect {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kLookMost(2'000);
constexpr size_t kQuotedMax = 500;
constexpr std::string_view kNotFound = "EntityNotFoundException";
constexpr std::string_view kExists = "AlreadyExistsException";

struct Answer {
  std::string fault;  // "EntityNotFoundException"; empty for a success.
  RegistryError error{RegistryFault::kRefused, ""};
  Json body;

  bool is(std::string_view name) const { return fault == name; }
};

std::string text_of(const Json& body, const char* name) {
  const auto found = body.is_object() ? body.find(name) : body.end();
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

bool may_pass(int status, std::string_view fault) {
  return status >= 500 || status == 429 || fault == "ThrottlingException" ||
         fault == "OperationTimeoutException" || fault == "InternalServiceException" ||
         fault == "ConcurrentModificationException";
}

Answer read_answer(int status, const std::string& text) {
  Answer answer;
  answer.body = Json::parse(text, nullptr, false);
  if (status >= 200 && status < 300) return answer;
  answer.fault = text_of(answer.body, "__type");
  answer.fault = answer.fault.substr(answer.fault.rfind('#') + 1);  // npos + 1 is 0.
  std::string message = text_of(answer.body, "Message");
  if (message.empty()) message = text_of(answer.body, "message");
  if (answer.fault.empty()) answer.fault = fmt::format("status {}", status);
  if (message.size() > kQuotedMax) message.resize(kQuotedMax);
  answer.error.cause = answer.fault + (message.empty() ? "" : ": " + message);
  if (may_pass(status, answer.fault)) answer.error.fault = RegistryFault::kUnavailable;
  return answer;
}

// FULL_TRANSITIVE is FULL_ALL here.
std::string glue_level(const std::string& level) {
  constexpr std::string_view kTransitive = "_TRANSITIVE";
  if (level.empty()) return "BACKWARD";
  if (!level.ends_with(kTransitive)) return level;
  return level.substr(0, level.size() - kTransitive.size()) + "_ALL";
}

class GlueRegistry final : public SchemaRegistry {
 public:
  GlueRegistry(const GlueRegistryOptions& options, WaitingHttp http)
      : options_(options), http_(std::move(http)) {
    const size_t scheme = options_.endpoint.find("://");
    host_ = options_.endpoint.substr(scheme == std::string::npos ? 0 : scheme + 3);
    host_ = host_.substr(0, host_.find('/'));
  }

  RegistryResult<std::string> publish(const SchemaToPublish& schema,
                                      const StopToken& stop) override {
    auto id = version_of(schema, stop);
    if (id && !schema.compatibility.empty()) {
      auto compared = compare_level(schema, stop);
      if (!compared) id = std::unexpected(std::move(compared).error());
    }
    if (id) {
      auto available = wait_available(*id, stop);
      if (!available) id = std::unexpected(std::move(available).error());
    }
    if (id) {
      if (std::optional<std::string> header = glue_header(*id)) return *std::move(header);
      id = std::unexpected(RegistryError{RegistryFault::kUnavailable,
                                         "the registry's answer has no schema version id"});
    }
    RegistryError error = std::move(id).error();
    error.cause = "unable to publish schema to registry in kafka sink: " + error.cause;
    return std::unexpected(std::move(error));
  }

  // Glue tells of a schema's compatibility only when it is registered.
  RegistryResult<std::string> validate(const SchemaToPublish& schema,
                                       const StopToken& stop) override {
    auto checked = check(stop);
    if (!checked) return std::unexpected(std::move(checked).error());
    auto answer = ask("CheckSchemaVersionValidity",
                      {{"DataFormat", "AVRO"}, {"SchemaDefinition", schema.schema}}, stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (!answer->fault.empty()) return failed("checking Glue schema version", *answer);
    if (answer->body.is_object() && answer->body.value("Valid", Json()) == true) {
      return "is valid";
    }
    return std::unexpected(RegistryError{RegistryFault::kRefused,
                                         "invalid schema: " + text_of(answer->body, "Error")});
  }

  RegistryResult<void> check(const StopToken& stop) override {
    auto answer = ask("GetRegistry", {{"RegistryId", {{"RegistryName", options_.registry}}}}, stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->is(kNotFound)) {
      return std::unexpected(RegistryError{
          RegistryFault::kRefused,
          fmt::format(
              "AWS Glue Schema Registry \"{}\" does not exist in the configured account/region",
              options_.registry)});
    }
    if (!answer->fault.empty()) return std::unexpected(answer->error);
    return {};
  }

 private:
  // The id of the version, whatever state it is in.
  RegistryResult<std::string> version_of(const SchemaToPublish& schema, const StopToken& stop) {
    auto found = ask("GetSchemaByDefinition", by_definition(schema), stop);
    if (!found) return std::unexpected(std::move(found).error());
    if (found->fault.empty()) {
      const std::string status = text_of(found->body, "Status");
      if (status != "FAILURE" && status != "DELETING")
        return text_of(found->body, "SchemaVersionId");
    } else if (!found->is(kNotFound)) {
      return failed("looking up Glue schema by definition", *found);
    }
    auto registered = ask("RegisterSchemaVersion", by_definition(schema), stop);
    if (!registered) return std::unexpected(std::move(registered).error());
    if (registered->fault.empty()) return text_of(registered->body, "SchemaVersionId");
    if (!registered->is(kNotFound)) return failed("registering Glue schema version", *registered);
    return create(schema, stop);
  }

  RegistryResult<std::string> create(const SchemaToPublish& schema, const StopToken& stop) {
    auto created = ask("CreateSchema",
                       {{"RegistryId", {{"RegistryName", options_.registry}}},
                        {"SchemaName", schema.subject},
                        {"DataFormat", "AVRO"},
                        {"Compatibility", glue_level(schema.compatibility)},
                        {"SchemaDefinition", schema.schema}},
                       stop);
    if (!created) return std::unexpected(std::move(created).error());
    if (created->fault.empty()) return text_of(created->body, "SchemaVersionId");
    if (!created->is(kExists)) return failed("creating Glue schema", *created);
    auto registered = ask("RegisterSchemaVersion", by_definition(schema), stop);
    if (!registered) return std::unexpected(std::move(registered).error());
    if (registered->fault.empty()) return text_of(registered->body, "SchemaVersionId");
    return failed("registering Glue schema version after create race", *registered);
  }

  // Somebody's level is theirs.
  RegistryResult<void> compare_level(const SchemaToPublish& schema, const StopToken& stop) {
    auto answer = ask("GetSchema", {{"SchemaId", schema_id(schema)}}, stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (!answer->fault.empty()) return failed("looking at Glue schema", *answer);
    const std::string level = text_of(answer->body, "Compatibility");
    if (level != glue_level(schema.compatibility)) {
      log_warn("registry", "the schema has another compatibility level",
               {{"schema", schema.subject}, {"level", level}, {"asked", schema.compatibility}});
    }
    return {};
  }

  RegistryResult<void> wait_available(const std::string& id, const StopToken& stop) {
    milliseconds waited(0);
    milliseconds look = options_.settle_look;
    while (true) {
      auto answer = ask("GetSchemaVersion", {{"SchemaVersionId", id}}, stop);
      if (!answer) return std::unexpected(std::move(answer).error());
      if (!answer->fault.empty()) return failed("looking at Glue schema version", *answer);
      const std::string status = text_of(answer->body, "Status");
      if (status == "AVAILABLE") return {};
      if (status == "FAILURE") {
        return std::unexpected(RegistryError{
            RegistryFault::kRefused,
            fmt::format("Glue schema version {} failed its compatibility check", id)});
      }
      if (status == "DELETING") {
        return std::unexpected(
            RegistryError{RegistryFault::kUnavailable,
                          fmt::format("Glue schema version {} is being deleted", id)});
      }
      if (waited >= options_.settle) {
        return std::unexpected(RegistryError{
            RegistryFault::kUnavailable,
            fmt::format("Glue schema version {} is not yet available (status: {})", id, status)});
      }
      if (stop.wait_for(look)) return std::unexpected(stopped());
      waited += look;
      look = std::min(look * 2, kLookMost);
    }
  }

  Json by_definition(const SchemaToPublish& schema) const {
    return {{"SchemaId", schema_id(schema)}, {"SchemaDefinition", schema.schema}};
  }
  Json schema_id(const SchemaToPublish& schema) const {
    return {{"RegistryName", options_.registry}, {"SchemaName", schema.subject}};
  }

  static RegistryError stopped() { return {RegistryFault::kStopped, "stopped"}; }
  static std::unexpected<RegistryError> failed(const char* doing, const Answer& answer) {
    return std::unexpected(
        RegistryError{answer.error.fault, std::string(doing) + ": " + answer.error.cause});
  }

  RegistryResult<Answer> ask(const std::string& operation, const Json& body,
                             const StopToken& stop) {
    AwsCall call{.host = host_,
                 .region = options_.region,
                 .service = "glue",
                 .target = "AWSGlue." + operation,
                 .body = body.dump(),
                 .time_ms = options_.unix_ms ? options_.unix_ms()
                                             : static_cast<int64_t>(system_clock().wall_ms())};
    AwsCallHeaders headers = sign_aws_call(options_.credentials, call);
    HttpRequest request{.method = "POST",
                        .url = options_.endpoint,
                        .headers = {},
                        .authorization = std::move(headers.authorization),
                        .body = std::move(call.body),
                        .timeout = options_.timeout};
    for (AwsParameter& header : headers.plain) {
      request.headers.push_back({std::move(header.name), std::move(header.value)});
    }
    const auto answer = http_.wait(std::move(request), stop);
    if (!answer) return std::unexpected(stopped());
    if (!*answer) return std::unexpected(transport_error(answer->error()));
    return read_answer((*answer)->status, (*answer)->body.reveal());
  }

  const GlueRegistryOptions options_;
  WaitingHttp http_;
  std::string host_;
};

}  // namespace

std::optional<std::string> glue_header(std::string_view schema_version_id) {
  std::string digits;
  for (char c : schema_version_id) {
    if (c != '-') digits += c;
  }
  std::optional<std::string> bytes = decode_hex(digits);
  if (!bytes || bytes->size() != 16) return std::nullopt;
  return std::string("\3\0", 2) + *bytes;
}

std::unique_ptr<SchemaRegistry> make_glue_registry(const GlueRegistryOptions& options,
                                                   WaitingHttp http) {
  return std::make_unique<GlueRegistry>(options, std::move(http));
}

std::unique_ptr<SchemaRegistry> make_glue_registry(const GlueRegistryOptions& options) {
  return make_glue_registry(options, registry_http({}));
}

}  // namespace penstock::connect
