// Requests to a registry, one at a time, and what its answers mean.
#include "connect/registry/confluent_registry.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/text_encoding.h"
#include "connect/registry/registry_http.h"

namespace penstock::connect {
namespace {

using Json = nlohmann::json;

constexpr size_t kQuotedMax = 500;

// Of the registry's error codes: an HTTP status, which may be followed by two digits.
constexpr int kConflict = 409;
constexpr int kIncompatible = 40901;
constexpr int kNotFound = 404;
constexpr int kSubjectNotFound = 40401;
constexpr int kVersionNotFound = 40402;
constexpr int kLevelNotSet = 40408;
constexpr int kInvalidSchema = 42201;
constexpr int kInvalidLevel = 42203;

struct Answer {
  int status = 0;
  int code = 0;  // The body's, else the status; 0 for a success.
  std::string message;
  Json body;
};

// An error's body is JSON with a code and a message, or a proxy's page.
void read_error(const Json& body, Answer& answer) {
  answer.code = answer.status;
  answer.message = "unable to decode error details";
  if (!body.is_object()) return;
  const auto code = body.find("error_code");
  const auto message = body.find("message");
  if (code == body.end() || !code->is_number_integer()) return;
  answer.code = code->get<int>();
  answer.message = message != body.end() && message->is_string() ? message->get<std::string>() : "";
  if (answer.message.size() > kQuotedMax) answer.message.resize(kQuotedMax);
}

// Whether trying again may help although nobody changes anything.
bool may_pass(int code) {
  const int status = code > 999 ? code / 100 : code;
  return status == 408 || status == 429 || status >= 500;
}

std::unexpected<RegistryError> refusal(const Answer& answer) {
  RegistryError error{RegistryFault::kRefused, answer.message};
  if (answer.code == kConflict || answer.code == kIncompatible) {
    error.cause = "schema being registered is incompatible with an earlier schema";
  } else if (answer.code == kInvalidLevel) {
    error.cause = "invalid compatibility level";
  } else if (answer.code != kInvalidSchema) {
    if (may_pass(answer.code)) error.fault = RegistryFault::kUnavailable;
    error.cause = fmt::format("server error {}: {}", answer.code, answer.message);
  }
  return std::unexpected(std::move(error));
}

class ConfluentRegistry final : public SchemaRegistry {
 public:
  ConfluentRegistry(const ConfluentRegistryOptions& options, WaitingHttp http)
      : options_(options), http_(std::move(http)) {
    if (!options_.user) return;
    const std::string pair = *options_.user + ":" + options_.password.reveal();
    authorization_ = SecretString("Basic " + encode_base64(pair));
  }

  RegistryResult<std::string> publish(const SchemaToPublish& schema,
                                      const StopToken& stop) override {
    bool level_due = !schema.compatibility.empty();
    if (level_due) {
      auto set = ensure_compatibility(schema, stop);
      if (!set) return std::unexpected(not_levelled(std::move(set).error()));
      level_due = !*set;
    }
    auto id = register_schema(schema, stop);
    if (!id) {
      RegistryError error = std::move(id).error();
      error.cause = "unable to publish schema to registry in kafka sink: " + error.cause;
      return std::unexpected(std::move(error));
    }
    if (level_due) {
      auto set = set_compatibility(schema, stop);
      if (!set) return std::unexpected(not_levelled(std::move(set).error()));
    }
    return confluent_header(*id);
  }

  RegistryResult<std::string> validate(const SchemaToPublish& schema,
                                       const StopToken& stop) override {
    auto answer = ask("POST",
                      "/compatibility/subjects/" + percent_encode(schema.subject) +
                          "/versions/latest?verbose=true",
                      Json{{"schema", schema.schema}}.dump(), stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->code == kNotFound || answer->code == kSubjectNotFound ||
        answer->code == kVersionNotFound) {
      return "is new";
    }
    if (answer->code != 0) return refusal(*answer);
    if (answer->body.is_object() && answer->body.value("is_compatible", Json()) == true) {
      return "is compatible with the latest version";
    }
    std::string cause = "schema being registered is incompatible with an earlier schema";
    const Json messages =
        answer->body.is_object() ? answer->body.value("messages", Json()) : Json();
    if (messages.is_array() && !messages.empty() && messages.front().is_string()) {
      cause += ": " + messages.front().get<std::string>().substr(0, kQuotedMax);
    }
    return std::unexpected(RegistryError{RegistryFault::kRefused, std::move(cause)});
  }

  RegistryResult<void> check(const StopToken& stop) override {
    auto answer = ask("GET", "/subjects", "", stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->code != 0) return refusal(*answer);
    return {};
  }

 private:
  static RegistryError not_levelled(RegistryError error) {
    error.cause = "unable to update schema compatibility level in kafka sink: " + error.cause;
    return error;
  }

  // False: the registry knows levels of subjects only that are there.
  RegistryResult<bool> ensure_compatibility(const SchemaToPublish& schema, const StopToken& stop) {
    auto answer = ask("GET", "/config/" + percent_encode(schema.subject), "", stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->code == 0) return true;  // Somebody chose one: it is theirs.
    if (answer->code == kSubjectNotFound) return false;
    if (answer->code != kLevelNotSet && answer->code != kNotFound) return refusal(*answer);
    auto set = set_compatibility(schema, stop);
    if (!set) return std::unexpected(std::move(set).error());
    return true;
  }

  RegistryResult<void> set_compatibility(const SchemaToPublish& schema, const StopToken& stop) {
    auto answer = ask("PUT", "/config/" + percent_encode(schema.subject),
                      Json{{"compatibility", schema.compatibility}}.dump(), stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->code != 0) return refusal(*answer);
    return {};
  }

  RegistryResult<int32_t> register_schema(const SchemaToPublish& schema, const StopToken& stop) {
    auto answer = ask("POST", "/subjects/" + percent_encode(schema.subject) + "/versions",
                      Json{{"schema", schema.schema}}.dump(), stop);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->code != 0) return refusal(*answer);
    const auto id = answer->body.is_object() ? answer->body.find("id") : answer->body.end();
    if (id == answer->body.end() || !id->is_number_integer()) {
      return std::unexpected(
          RegistryError{RegistryFault::kUnavailable, "the registry's answer has no schema id"});
    }
    return id->get<int32_t>();
  }

  RegistryResult<Answer> ask(const std::string& method, const std::string& path,
                             const std::string& body, const StopToken& stop) {
    HttpRequest request{.method = method,
                        .url = options_.url + path,
                        .headers = {},
                        .authorization = authorization_,
                        .body = body,
                        .timeout = options_.timeout};
    if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    const auto answer = http_.wait(std::move(request), stop);
    if (!answer) return std::unexpected(RegistryError{RegistryFault::kStopped, "stopped"});
    if (!*answer) return std::unexpected(transport_error(answer->error()));
    return read((*answer)->status, (*answer)->body.reveal());
  }

  static Answer read(int status, const std::string& text) {
    Answer answer{.status = status, .code = 0, .message = {}, .body = {}};
    answer.body = Json::parse(text, nullptr, false);
    if (status < 200 || status > 299) read_error(answer.body, answer);
    return answer;
  }

  const ConfluentRegistryOptions options_;
  SecretString authorization_;
  WaitingHttp http_;
};

}  // namespace

std::string confluent_header(int32_t schema_id) {
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<uint32_t>(schema_id) >> shift);
  }
  return out;
}

std::unique_ptr<SchemaRegistry> make_confluent_registry(const ConfluentRegistryOptions& options,
                                                        WaitingHttp http) {
  return std::make_unique<ConfluentRegistry>(options, std::move(http));
}

std::unique_ptr<SchemaRegistry> make_confluent_registry(const ConfluentRegistryOptions& options) {
  return make_confluent_registry(options, registry_http({.authorities = options.authorities,
                                                         .certificate = options.certificate,
                                                         .key = options.key}));
}

}  // namespace penstock::connect
