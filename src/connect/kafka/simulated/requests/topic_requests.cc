// Topics and configurations: created, changed, deleted, described.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

enum class ResourceType : int8_t { kTopic = 2, kBroker = 4 };
enum class ConfigSource : int8_t { kTopic = 1, kStaticBroker = 4, kDefault = 5 };

struct ConfigDefault {
  std::string_view name;
  std::string_view value;
  bool number;
};
constexpr ConfigDefault kTopicConfigs[] = {
    {"cleanup.policy", "delete", false},    {"compression.type", "producer", false},
    {"max.message.bytes", "1048588", true}, {"message.timestamp.type", "CreateTime", false},
    {"min.insync.replicas", "1", true},     {"retention.bytes", "-1", true},
    {"retention.ms", "604800000", true},    {"segment.bytes", "1073741824", true},
    {"segment.ms", "604800000", true},
};
constexpr ConfigDefault kBrokerConfigs[] = {
    {"message.max.bytes", "1048588", true},
    {"transaction.max.timeout.ms", "900000", true},
};

struct Refusal {
  ErrorCode error = ErrorCode::kNone;
  std::optional<std::string> message = {};
};

bool is_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Refusal check_config(const std::string& name, const std::optional<std::string>& value) {
  const auto known = std::ranges::find(kTopicConfigs, name, &ConfigDefault::name);
  if (known == std::end(kTopicConfigs))
    return {ErrorCode::kInvalidConfig, fmt::format("Unknown topic config name: {}", name)};
  if (!value || (known->number && !is_number(*value))) {
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

void describe_broker(const DescribeConfigsRequest::DescribeConfigsResource& resource,
                     Described& described) {
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
  for (const auto& topic : request.topics)
    response.topics.push_back(create(asked, topic, request.validate_only));
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
        describe_broker(resource, described);
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
