// Topics and configurations: created, changed, deleted, described.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

enum class ResourceType : int8_t { kTopic = 2, kBroker = 4 };
enum class ConfigSource : int8_t { kTopic = 1, kStaticBroker = 4, kDefault = 5 };

struct ConfigDefault {
  std::string_view name;
  std::string_view value;
  std::optional<int64_t> least = {};  // A number.
  std::string_view words = {};        // Or one of these, separated by spaces.
};
constexpr ConfigDefault kTopicConfigs[] = {
    {.name = "cleanup.policy", .value = "delete", .words = "delete compact compact,delete"},
    {.name = "compression.type",
     .value = "producer",
     .words = "uncompressed zstd lz4 snappy gzip producer"},
    {.name = "max.message.bytes", .value = "1048588", .least = 0},
    {.name = "message.timestamp.type", .value = "CreateTime", .words = "CreateTime LogAppendTime"},
    {.name = "min.insync.replicas", .value = "1", .least = 1},
    {.name = "retention.bytes", .value = "-1", .least = std::numeric_limits<int64_t>::min()},
    {.name = "retention.ms", .value = "604800000", .least = -1},
    {.name = "segment.bytes", .value = "1073741824", .least = 14},
    {.name = "segment.ms", .value = "604800000", .least = 1},
};
constexpr ConfigDefault kBrokerConfigs[] = {
    {.name = "message.max.bytes", .value = "1048588"},
    {.name = "transaction.max.timeout.ms", .value = "900000"},
};

struct Refusal {
  ErrorCode error = ErrorCode::kNone;
  std::optional<std::string> message = {};
};

bool is_allowed(const ConfigDefault& config, std::string_view text) {
  if (!config.least)
    return (" " + std::string(config.words) + " ").contains(fmt::format(" {} ", text));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= *config.least;
}

Refusal check_config(const std::string& name, const std::optional<std::string>& value) {
  const auto known = std::ranges::find(kTopicConfigs, name, &ConfigDefault::name);
  if (known == std::end(kTopicConfigs))
    return {ErrorCode::kInvalidConfig, fmt::format("Unknown topic config name: {}", name)};
  if (!value || !is_allowed(*known, *value)) {
    return {ErrorCode::kInvalidConfig,
            fmt::format("Invalid value {} for configuration {}", value.value_or("null"), name)};
  }
  return {};
}

// Before KRaft only the controller does it.
bool may_change(const Asked& asked) {
  return asked.cluster.options.preset->forwards_to_controller ||
         asked.cluster.controller() == asked.broker;
}

// Names of metrics have '_' for '.', so two that differ in that only cannot both be.
std::string metric_name(std::string name) {
  std::ranges::replace(name, '.', '_');
  return name;
}

bool collides(const Asked& asked, const std::string& name) {
  if (name.find_first_of("._") == std::string::npos) return false;
  return std::ranges::any_of(asked.cluster.topics.all(), [&](const SimulatedTopic* topic) {
    return topic->name != name && metric_name(topic->name) == metric_name(name);
  });
}

Refusal check_creation(const Asked& asked, const CreateTopicsRequest::CreatableTopic& wanted) {
  const bool assigned = !wanted.assignments.empty();
  // KIP-464: -1 is the broker's default.
  constexpr int32_t kDefault = -1;
  if (!may_change(asked)) return {ErrorCode::kNotController, {}};
  if (!is_topic_name(wanted.name)) {
    return {ErrorCode::kInvalidTopicException,
            fmt::format("Topic name is invalid: '{}'", wanted.name)};
  }
  if (asked.cluster.topics.find(wanted.name)) {
    return {ErrorCode::kTopicAlreadyExists, fmt::format("Topic '{}' already exists.", wanted.name)};
  }
  if (collides(asked, wanted.name)) {
    return {ErrorCode::kInvalidTopicException,
            fmt::format("Topic '{}' collides with an existing topic.", wanted.name)};
  }
  if (assigned && (wanted.num_partitions != kDefault || wanted.replication_factor != kDefault))
    return {ErrorCode::kInvalidRequest, "Both an assignment and numbers were given."};
  if (!assigned && wanted.num_partitions != kDefault && wanted.num_partitions <= 0) {
    return {ErrorCode::kInvalidPartitions,
            "Number of partitions was set to an invalid non-positive value."};
  }
  if (!assigned && wanted.replication_factor != kDefault &&
      (wanted.replication_factor <= 0 ||
       wanted.replication_factor > asked.cluster.options.num_brokers)) {
    return {ErrorCode::kInvalidReplicationFactor,
            fmt::format("Unable to replicate the partition {} time(s): the target replication "
                        "factor cannot be reached because only {} broker(s) are registered.",
                        wanted.replication_factor, asked.cluster.options.num_brokers)};
  }
  for (const auto& config : wanted.configs) {
    Refusal refusal = check_config(config.name, config.value);
    if (refusal.error != ErrorCode::kNone) return refusal;
  }
  return {};
}

std::string value_of(const SimulatedTopic& topic, const ConfigDefault& config) {
  const auto set = topic.configs.find(std::string(config.name));
  return set == topic.configs.end() ? std::string(config.value) : set->second;
}

CreateTopicsResponse::CreatableTopicResult create(const Asked& asked,
                                                  const CreateTopicsRequest::CreatableTopic& wanted,
                                                  bool validate_only) {
  ClusterState& cluster = asked.cluster;
  CreateTopicsResponse::CreatableTopicResult result;
  result.name = wanted.name;
  const Refusal refusal = check_creation(asked, wanted);
  result.error_code = refusal.error;
  result.error_message = refusal.message;
  if (refusal.error != ErrorCode::kNone) return result;
  int32_t num_partitions = cluster.options.default_partitions;
  if (wanted.num_partitions > 0) num_partitions = wanted.num_partitions;
  if (!wanted.assignments.empty()) num_partitions = static_cast<int32_t>(wanted.assignments.size());
  result.num_partitions = num_partitions;
  result.replication_factor = static_cast<int16_t>(
      wanted.replication_factor > 0 ? wanted.replication_factor : cluster.options.num_brokers);
  SimulatedTopic draft;
  if (validate_only && cluster.options.preset->forwards_to_controller)
    draft.id = cluster.new_uuid();
  SimulatedTopic& topic = validate_only ? draft : cluster.create_topic(wanted.name, num_partitions);
  result.topic_id = topic.id;
  for (const auto& config : wanted.configs) topic.configs[config.name] = *config.value;
  for (const ConfigDefault& config : kTopicConfigs) {
    const bool set = topic.configs.contains(std::string(config.name));
    result.configs->push_back(
        {std::string(config.name), value_of(topic, config), false,
         static_cast<int8_t>(set ? ConfigSource::kTopic : ConfigSource::kDefault), false});
  }
  return result;
}

Refusal check_growth(const Asked& asked,
                     const CreatePartitionsRequest::CreatePartitionsTopic& wanted) {
  if (!may_change(asked)) return {ErrorCode::kNotController, {}};
  const SimulatedTopic* const topic = asked.cluster.topics.find(wanted.name);
  if (!topic) {
    return {ErrorCode::kUnknownTopicOrPartition, "This server does not host this topic-partition."};
  }
  const auto present = static_cast<int32_t>(topic->partitions.size());
  if (wanted.count > present) return {};
  return {ErrorCode::kInvalidPartitions,
          fmt::format("The topic {} currently has {} partition(s); {} would not be an increase.",
                      wanted.name, present, wanted.count)};
}

using Described = DescribeConfigsResponse::DescribeConfigsResult;

void add_config(const DescribeConfigsRequest::DescribeConfigsResource& resource,
                const DescribeConfigsResponse::DescribeConfigsResourceResult& config,
                Described& described) {
  const auto& keys = resource.configuration_keys;
  if (keys && std::ranges::find(*keys, config.name) == keys->end()) return;
  described.configs.push_back(config);
}

void describe_topic(const Asked& asked,
                    const DescribeConfigsRequest::DescribeConfigsResource& resource,
                    Described& described) {
  if (!is_topic_name(resource.resource_name)) {
    described.error_code = ErrorCode::kInvalidTopicException;
    described.error_message = fmt::format("Topic name is invalid: '{}'", resource.resource_name);
    return;
  }
  const SimulatedTopic* const topic = asked.cluster.topics.find(resource.resource_name);
  if (!topic) {
    described.error_code = ErrorCode::kUnknownTopicOrPartition;
    described.error_message = "This server does not host this topic-partition.";
    return;
  }
  for (const ConfigDefault& config : kTopicConfigs) {
    const bool set = topic->configs.contains(std::string(config.name));
    DescribeConfigsResponse::DescribeConfigsResourceResult result;
    result.name = config.name;
    result.value = value_of(*topic, config);
    result.config_source = static_cast<int8_t>(set ? ConfigSource::kTopic : ConfigSource::kDefault);
    add_config(resource, result, described);
  }
}

void describe_broker(const Asked& asked,
                     const DescribeConfigsRequest::DescribeConfigsResource& resource,
                     Described& described) {
  if (resource.resource_name != std::to_string(asked.broker)) {
    described.error_code = ErrorCode::kInvalidRequest;
    described.error_message = fmt::format("Unexpected broker id, expected {}, but received {}",
                                          asked.broker, resource.resource_name);
    return;
  }
  for (const ConfigDefault& config : kBrokerConfigs) {
    DescribeConfigsResponse::DescribeConfigsResourceResult result;
    result.name = config.name;
    result.value = config.value;
    result.read_only = true;
    result.config_source = static_cast<int8_t>(ConfigSource::kStaticBroker);
    add_config(resource, result, described);
  }
}

Refusal alter(const Asked& asked,
              const IncrementalAlterConfigsRequest::AlterConfigsResource& wanted,
              bool validate_only) {
  constexpr int8_t kSet = 0;
  constexpr int8_t kDelete = 1;
  if (ResourceType{wanted.resource_type} != ResourceType::kTopic)
    return {ErrorCode::kInvalidRequest, "Only topics can be altered here."};
  SimulatedTopic* const topic = asked.cluster.topics.find(wanted.resource_name);
  if (!topic) {
    return {ErrorCode::kUnknownTopicOrPartition, "This server does not host this topic-partition."};
  }
  for (const auto& config : wanted.configs) {
    if (config.config_operation != kSet && config.config_operation != kDelete)
      return {ErrorCode::kInvalidConfig, "Only lists can be appended to."};
    if (config.config_operation == kDelete) continue;
    Refusal refusal = check_config(config.name, config.value);
    if (refusal.error != ErrorCode::kNone) return refusal;
  }
  if (validate_only) return {};
  for (const auto& config : wanted.configs) {
    if (config.config_operation == kDelete) {
      topic->configs.erase(config.name);
    } else {
      topic->configs[config.name] = *config.value;
    }
  }
  return {};
}

DeleteTopicsResponse::DeletableTopicResult remove(const Asked& asked, const std::string& name,
                                                  const Uuid& id) {
  DeleteTopicsResponse::DeletableTopicResult result;
  SimulatedTopic* const topic = asked.cluster.topics.find(name, id);
  // Only a name that was asked for is told of a topic that is not there.
  result.name = topic ? topic->name : name;
  result.topic_id = topic ? topic->id : id;
  if (!may_change(asked)) {
    result.error_code = ErrorCode::kNotController;
  } else if (!topic) {
    result.error_code =
        id.is_zero() ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kUnknownTopicId;
  } else {
    asked.cluster.topics.remove(*topic);
  }
  return result;
}

}  // namespace

CreateTopicsResponse serve(const Asked& asked, const CreateTopicsRequest& request) {
  CreateTopicsResponse response;
  std::map<std::string, int> times;
  for (const auto& topic : request.topics) ++times[topic.name];
  for (const auto& topic : request.topics) {
    const int named = std::exchange(times[topic.name], 0);
    if (named == 1) response.topics.push_back(create(asked, topic, request.validate_only));
    if (named <= 1) continue;
    auto& result = response.topics.emplace_back();
    result.name = topic.name;
    result.error_code = ErrorCode::kInvalidRequest;
    result.error_message = "Duplicate topic name.";
  }
  return response;
}

CreatePartitionsResponse serve(const Asked& asked, const CreatePartitionsRequest& request) {
  CreatePartitionsResponse response;
  for (const auto& wanted : request.topics) {
    const Refusal refusal = check_growth(asked, wanted);
    response.results.push_back({wanted.name, refusal.error, refusal.message});
    if (refusal.error != ErrorCode::kNone || request.validate_only) continue;
    SimulatedTopic& topic = *asked.cluster.topics.find(wanted.name);
    asked.cluster.add_partitions(topic,
                                 wanted.count - static_cast<int32_t>(topic.partitions.size()));
  }
  return response;
}

DeleteTopicsResponse serve(const Asked& asked, const DeleteTopicsRequest& request) {
  DeleteTopicsResponse response;
  for (const std::string& name : request.topic_names)
    response.responses.push_back(remove(asked, name, {}));
  for (const auto& topic : request.topics)
    response.responses.push_back(remove(asked, topic.name.value_or(""), topic.topic_id));
  return response;
}

DescribeConfigsResponse serve(const Asked& asked, const DescribeConfigsRequest& request) {
  DescribeConfigsResponse response;
  for (const auto& resource : request.resources) {
    Described& described = response.results.emplace_back();
    described.resource_type = resource.resource_type;
    described.resource_name = resource.resource_name;
    switch (ResourceType{resource.resource_type}) {
      case ResourceType::kTopic:
        describe_topic(asked, resource, described);
        break;
      case ResourceType::kBroker:
        describe_broker(asked, resource, described);
        break;
      default:
        described.error_code = ErrorCode::kInvalidRequest;
        break;
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
