// Configurations of topics and brokers: described and altered.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

#include "connect/kafka/simulated/requests/request_handlers.h"
#include "connect/kafka/simulated/requests/topic_configs.h"

namespace penstock::connect::kafka {
namespace {

enum class ResourceType : int8_t { kTopic = 2, kBroker = 4 };
enum class ConfigSource : int8_t {
  kTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
};
enum class Kind { kWord, kNumber, kList, kSecret };

struct ConfigDefault {
  std::string_view name;
  std::string_view value;
  Kind kind = Kind::kWord;
  bool read_only = false;
  int64_t least = std::numeric_limits<int64_t>::min();  // Of a number.
  std::string_view words = {};  // What a word, or each of a list, may be; separated by spaces.
};
constexpr ConfigDefault kTopicConfigs[] = {
    {.name = "cleanup.policy", .value = "delete", .kind = Kind::kList, .words = "delete compact"},
    {.name = "compression.type",
     .value = "producer",
     .words = "uncompressed zstd lz4 snappy gzip producer"},
    {.name = "max.message.bytes", .value = "1048588", .kind = Kind::kNumber, .least = 0},
    {.name = "message.timestamp.type", .value = "CreateTime", .words = "CreateTime LogAppendTime"},
    {.name = "min.insync.replicas", .value = "1", .kind = Kind::kNumber, .least = 1},
    {.name = "retention.bytes", .value = "-1", .kind = Kind::kNumber},
    {.name = "retention.ms", .value = "604800000", .kind = Kind::kNumber, .least = -1},
    {.name = "segment.bytes", .value = "1073741824", .kind = Kind::kNumber, .least = 14},
    {.name = "segment.ms", .value = "604800000", .kind = Kind::kNumber, .least = 1},
};
constexpr ConfigDefault kBrokerConfigs[] = {
    {.name = "log.cleaner.threads", .value = "1", .kind = Kind::kNumber},
    {.name = "message.max.bytes", .value = "1048588", .kind = Kind::kNumber},
    {.name = "ssl.keystore.password", .value = "", .kind = Kind::kSecret},
    {.name = "transaction.max.timeout.ms",
     .value = "900000",
     .kind = Kind::kNumber,
     .read_only = true},
};

using Configs = std::map<std::string, std::string>;
using DescribedConfig = DescribeConfigsResponse::DescribeConfigsResourceResult;
using Described = DescribeConfigsResponse::DescribeConfigsResult;

bool is_one_of(std::string_view words, std::string_view text) {
  return (" " + std::string(words) + " ").contains(fmt::format(" {} ", text));
}

bool is_allowed(const ConfigDefault& config, std::string_view text) {
  if (config.kind == Kind::kNumber) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= config.least;
  }
  if (config.kind != Kind::kList) return config.words.empty() || is_one_of(config.words, text);
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    if (!is_one_of(config.words, text.substr(0, comma))) return false;
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

const ConfigDefault* find(std::span<const ConfigDefault> known, std::string_view name) {
  const auto found = std::ranges::find(known, name, &ConfigDefault::name);
  return found == known.end() ? nullptr : &*found;
}

Refusal check_config(std::span<const ConfigDefault> known, const std::string& name,
                     const std::optional<std::string>& value) {
  const ConfigDefault* const config = find(known, name);
  if (!config) return {ErrorCode::kInvalidConfig, fmt::format("Unknown config name: {}", name)};
  if (config->read_only)
    return {ErrorCode::kInvalidRequest, fmt::format("Cannot update {} dynamically.", name)};
  if (!value || !is_allowed(*config, *value)) {
    return {ErrorCode::kInvalidConfig,
            fmt::format("Invalid value {} for configuration {}", value.value_or("null"), name)};
  }
  return {};
}

DescribedConfig describe(const ConfigDefault& config) {
  DescribedConfig result;
  result.name = config.name;
  result.value = config.value;
  result.read_only = config.read_only;
  result.config_source = static_cast<int8_t>(ConfigSource::kDefault);
  result.is_sensitive = config.kind == Kind::kSecret;
  return result;
}

void override_by(const Configs& set, ConfigSource source, DescribedConfig& result) {
  const auto found = set.find(result.name);
  if (found == set.end()) return;
  result.value = found->second;
  result.config_source = static_cast<int8_t>(source);
}

void describe_topic(const Asked& asked, const std::string& name, Described& described) {
  const SimulatedTopic* const topic = asked.cluster.topics.find(name);
  if (!asked.cluster.acls.allow_on_topic(AclOperation::kDescribeConfigs, name)) {
    described.error_code = ErrorCode::kTopicAuthorizationFailed;
  } else if (!is_topic_name(name)) {
    described.error_code = ErrorCode::kInvalidTopicException;
    described.error_message = fmt::format("Topic name is invalid: '{}'", name);
  } else if (!topic) {
    described.error_code = ErrorCode::kUnknownTopicOrPartition;
    described.error_message = "This server does not host this topic-partition.";
  } else {
    described.configs = describe_configs(*topic);
  }
}

// The configurations of a broker, or with an empty name those of all.
struct BrokerScope {
  Refusal refusal = {};
  int32_t broker = kNobody;
};
BrokerScope broker_scope(const Asked& asked, const std::string& name) {
  if (name.empty()) return {};
  // A broker tells of itself only.
  if (name != std::to_string(asked.broker)) {
    return {
        {ErrorCode::kInvalidRequest,
         fmt::format("Unexpected broker id, expected {}, but received {}", asked.broker, name)}};
  }
  return {{}, asked.broker};
}

void describe_broker(const Asked& asked, const std::string& name, Described& described) {
  const BrokerScope scope = broker_scope(asked, name);
  described.error_code = scope.refusal.error;
  described.error_message = scope.refusal.message;
  if (!asked.cluster.acls.allow(AclOperation::kDescribeConfigs, {}))
    described.error_code = ErrorCode::kClusterAuthorizationFailed;
  if (described.error_code != ErrorCode::kNone) return;
  auto& all = asked.cluster.broker_configs;
  for (const ConfigDefault& config : kBrokerConfigs) {
    DescribedConfig result = describe(config);
    if (config.read_only) result.config_source = static_cast<int8_t>(ConfigSource::kStaticBroker);
    override_by(all[kNobody], ConfigSource::kDynamicDefaultBroker, result);
    if (scope.broker != kNobody)
      override_by(all[scope.broker], ConfigSource::kDynamicBroker, result);
    if (result.is_sensitive) result.value.reset();
    const bool is_set_for_all =
        result.config_source == static_cast<int8_t>(ConfigSource::kDynamicDefaultBroker);
    if (scope.broker != kNobody || is_set_for_all) described.configs.push_back(result);
  }
}

std::string appended(const std::string& list, const std::string& word) {
  return list.empty() ? word : list + "," + word;
}

// Without the word, if it is there.
std::string without(const std::string& list, const std::string& word) {
  std::string rest;
  size_t begin = 0;
  while (begin < list.size()) {
    const size_t end = std::min(list.find(',', begin), list.size());
    if (list.substr(begin, end - begin) != word)
      rest = appended(rest, list.substr(begin, end - begin));
    begin = end + 1;
  }
  return rest;
}

// Those that the changes leave.
std::expected<Configs, Refusal> changed(
    std::span<const ConfigDefault> known, Configs configs,
    const std::vector<IncrementalAlterConfigsRequest::AlterableConfig>& changes) {
  enum class Operation : int8_t { kSet, kDelete, kAppend, kSubtract };
  for (const auto& change : changes) {
    const auto operation = Operation{change.config_operation};
    if (operation == Operation::kDelete) {
      configs.erase(change.name);
      continue;
    }
    if (Refusal refusal = check_config(known, change.name, change.value);
        refusal.error != ErrorCode::kNone) {
      return std::unexpected(std::move(refusal));
    }
    const ConfigDefault& config = *find(known, change.name);
    if (operation != Operation::kSet && config.kind != Kind::kList) {
      return std::unexpected(
          Refusal{ErrorCode::kInvalidConfig, "Only lists can be appended to or subtracted from."});
    }
    std::string& value = configs.try_emplace(change.name, config.value).first->second;
    if (operation == Operation::kSet) {
      value = *change.value;
    } else if (const std::string rest = without(value, *change.value);
               operation == Operation::kSubtract) {
      value = rest;
    } else if (rest == value) {
      value = appended(value, *change.value);
    }
  }
  return configs;
}

struct Alterable {
  Refusal refusal = {};
  std::span<const ConfigDefault> known = {};
  Configs* configs = nullptr;
};

Alterable find_alterable(const Asked& asked,
                         const IncrementalAlterConfigsRequest::AlterConfigsResource& wanted) {
  const std::string& name = wanted.resource_name;
  switch (ResourceType{wanted.resource_type}) {
    case ResourceType::kTopic: {
      if (!asked.cluster.acls.allow_on_topic(AclOperation::kAlterConfigs, name))
        return {{ErrorCode::kTopicAuthorizationFailed, {}}};
      SimulatedTopic* const topic = asked.cluster.topics.find(name);
      if (!topic)
        return {{ErrorCode::kUnknownTopicOrPartition, "The topic '" + name + "' does not exist."}};
      return {{}, kTopicConfigs, &topic->configs};
    }
    case ResourceType::kBroker: {
      if (!asked.cluster.acls.allow(AclOperation::kAlterConfigs, {}))
        return {{ErrorCode::kClusterAuthorizationFailed, {}}};
      const BrokerScope scope = broker_scope(asked, name);
      return {scope.refusal, kBrokerConfigs, &asked.cluster.broker_configs[scope.broker]};
    }
  }
  return {{ErrorCode::kInvalidRequest, "Unknown type of resource."}};
}

Refusal alter(const Asked& asked,
              const IncrementalAlterConfigsRequest::AlterConfigsResource& wanted,
              bool validate_only) {
  const Alterable alterable = find_alterable(asked, wanted);
  if (alterable.refusal.error != ErrorCode::kNone) return alterable.refusal;
  auto result = changed(alterable.known, *alterable.configs, wanted.configs);
  if (!result) return result.error();
  if (!validate_only) *alterable.configs = *std::move(result);
  return {};
}

}  // namespace

Refusal check_topic_config(const std::string& name, const std::optional<std::string>& value) {
  return check_config(kTopicConfigs, name, value);
}

std::vector<DescribedConfig> describe_configs(const SimulatedTopic& topic) {
  std::vector<DescribedConfig> configs;
  for (const ConfigDefault& config : kTopicConfigs) {
    configs.push_back(describe(config));
    override_by(topic.configs, ConfigSource::kTopic, configs.back());
  }
  return configs;
}

DescribeConfigsResponse serve(const Asked& asked, const DescribeConfigsRequest& request) {
  DescribeConfigsResponse response;
  for (const auto& resource : request.resources) {
    Described& described = response.results.emplace_back();
    described.resource_type = resource.resource_type;
    described.resource_name = resource.resource_name;
    switch (ResourceType{resource.resource_type}) {
      case ResourceType::kTopic:
        describe_topic(asked, resource.resource_name, described);
        break;
      case ResourceType::kBroker:
        describe_broker(asked, resource.resource_name, described);
        break;
      default:
        described.error_code = ErrorCode::kInvalidRequest;
        break;
    }
    if (const auto& keys = resource.configuration_keys) {
      std::erase_if(described.configs, [&](const DescribedConfig& config) {
        return std::ranges::find(*keys, config.name) == keys->end();
      });
    }
  }
  return response;
}

IncrementalAlterConfigsResponse serve(const Asked& asked,
                                      const IncrementalAlterConfigsRequest& request) {
  IncrementalAlterConfigsResponse response;
  for (const auto& wanted : request.resources) {
    const Refusal refusal = alter(asked, wanted, request.validate_only);
    response.responses.push_back(
        {refusal.error, refusal.message, wanted.resource_type, wanted.resource_name});
  }
  return response;
}

}  // namespace penstock::connect::kafka
