// The table of parameters, and their values.
#include "coordinator/system_parameters.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "coordinator/session_variables.h"
#include "expr/regex.h"

namespace penstock::coordinator {
namespace {

using Json = nlohmann::json;

constexpr std::array kParameters = {
    kValidateConnections,      kKafkaClientIdRules, kKafkaMetadataTimeout, kKafkaReconnectBackoff,
    kKafkaReconnectBackoffMax, kKafkaRetryBackoff,  kKafkaRetryBackoffMax, kKafkaSetupTimeout,
    kKafkaKeepAlive,           kKafkaSocketTimeout, kMaxConnections,       kMaxRetainedBytes,
    kKeptSinkStatuses,
};

const SystemParameter* find(std::string_view name) {
  for (const SystemParameter& parameter : kParameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

std::optional<uint64_t> positive(const std::string& text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

std::optional<uint64_t> duration(const std::string& text) {
  std::optional<uint64_t> value = parse_duration_ms(text);
  if (!value || *value < kShortestDurationMs || *value > kLongestDurationMs) return std::nullopt;
  return value;
}

std::optional<uint64_t> flag(const std::string& text) {
  if (std::optional<bool> value = parse_boolean(text)) return *value ? 1 : 0;
  return std::nullopt;
}

constexpr size_t kMostPayloadBytes = 1024;

// None: it is not what it must be.
std::optional<std::vector<ClientIdRule>> parse_rules(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return std::nullopt;
  std::vector<ClientIdRule> rules;
  size_t payload_bytes = 0;
  for (const Json& entry : json) {
    const bool complete = entry.is_object() && entry.size() == 2 && entry.contains("pattern") &&
                          entry["pattern"].is_string() && entry.contains("payload") &&
                          entry["payload"].is_string();
    if (!complete) return std::nullopt;
    ClientIdRule rule{entry["pattern"], entry["payload"]};
    if (!expr::Regex::compile(rule.pattern, false)) return std::nullopt;
    // All may match: a request has room for a client id of 32 KiB.
    payload_bytes += rule.payload.size();
    if (payload_bytes > kMostPayloadBytes) return std::nullopt;
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::optional<uint64_t> number_in(const SystemParameter& parameter, const std::string& text) {
  switch (parameter.kind) {
    case ParameterKind::kCount:
      return positive(text);
    case ParameterKind::kDuration:
      return duration(text);
    case ParameterKind::kFlag:
      return flag(text);
    case ParameterKind::kClientIdRules:
      break;
  }
  return std::nullopt;
}

bool is_valid(const SystemParameter& parameter, const std::string& text) {
  if (parameter.kind == ParameterKind::kClientIdRules) return parse_rules(text).has_value();
  return number_in(parameter, text).has_value();
}

std::string wanted(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::kCount:
      return "It is a whole number above zero.";
    case ParameterKind::kDuration:
      return "It is a duration between 10ms and 300s, like '500ms' or '10s'.";
    case ParameterKind::kFlag:
      return "It is on or off.";
    case ParameterKind::kClientIdRules:
      break;
  }
  return "It is a JSON list of objects with a \"pattern\", which is a regular expression, and a "
         "\"payload\".";
}

const std::string* stored(const SystemParameter& parameter, const catalog::CatalogState& catalog) {
  auto found = catalog.system_parameters().find(std::string(parameter.name));
  return found == catalog.system_parameters().end() ? nullptr : &found->second;
}

}  // namespace

std::span<const SystemParameter> system_parameters() {
  return kParameters;
}

Status check_system_parameter(std::string_view name, const std::optional<std::string>& value) {
  const SystemParameter* parameter = find(name);
  if (parameter == nullptr) {
    return fail(sql_state::kUndefinedObject,
                fmt::format("unrecognized configuration parameter \"{}\"", name));
  }
  if (value && !is_valid(*parameter, *value)) {
    return fail(Error(sql_state::kInvalidParameterValue,
                      fmt::format("invalid value for parameter \"{}\": \"{}\"", name, *value))
                    .with_hint(wanted(parameter->kind)));
  }
  return {};
}

uint64_t value_of(const SystemParameter& parameter, const catalog::CatalogState& catalog) {
  DCHECK(parameter.kind != ParameterKind::kClientIdRules);
  const std::string* text = stored(parameter, catalog);
  if (text == nullptr) return parameter.default_value;
  return number_in(parameter, *text).value_or(parameter.default_value);
}

bool is_on(const SystemParameter& parameter, const catalog::CatalogState& catalog) {
  return value_of(parameter, catalog) != 0;
}

std::chrono::milliseconds duration_of(const SystemParameter& parameter,
                                      const catalog::CatalogState& catalog) {
  return std::chrono::milliseconds(value_of(parameter, catalog));
}

std::vector<ClientIdRule> client_id_rules(const catalog::CatalogState& catalog) {
  const std::string* text = stored(kKafkaClientIdRules, catalog);
  return text == nullptr ? std::vector<ClientIdRule>()
                         : parse_rules(*text).value_or(std::vector<ClientIdRule>());
}

std::string shown_value(const SystemParameter& parameter, const catalog::CatalogState& catalog) {
  if (parameter.kind == ParameterKind::kClientIdRules) {
    const std::string* text = stored(parameter, catalog);
    return text == nullptr ? "[]" : *text;
  }
  const uint64_t value = value_of(parameter, catalog);
  if (parameter.kind == ParameterKind::kFlag) return value != 0 ? "on" : "off";
  if (parameter.kind == ParameterKind::kCount) return std::to_string(value);
  return value % 1000 == 0 ? fmt::format("{}s", value / 1000) : fmt::format("{}ms", value);
}

std::optional<std::string> shown_system_parameter(std::string_view name,
                                                  const catalog::CatalogState& catalog) {
  const SystemParameter* parameter = find(name);
  if (parameter == nullptr) return std::nullopt;
  return shown_value(*parameter, catalog);
}

}  // namespace penstock::coordinator
