// Topics: created, grown, deleted.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "connect/kafka/simulated/requests/request_handlers.h"
#include "connect/kafka/simulated/requests/topic_configs.h"

namespace penstock::connect::kafka {
namespace {

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
  const SimulatedAcls& acls = asked.cluster.acls;
  const bool assigned = !wanted.assignments.empty();
  // KIP-464: -1 is the broker's default.
  constexpr int32_t kDefault = -1;
  if (!may_change(asked)) return {ErrorCode::kNotController, {}};
  if (!acls.allow_on_topic(AclOperation::kCreate, wanted.name) &&
      !acls.allow(AclOperation::kCreate, {})) {
    return {ErrorCode::kTopicAuthorizationFailed, "Authorization failed."};
  }
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
    Refusal refusal = check_topic_config(config.name, config.value);
    if (refusal.error != ErrorCode::kNone) return refusal;
  }
  return {};
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
  for (const auto& config : describe_configs(topic)) {
    result.configs->push_back(
        {config.name, config.value, false, config.config_source, config.is_sensitive});
  }
  return result;
}

Refusal check_growth(const Asked& asked,
                     const CreatePartitionsRequest::CreatePartitionsTopic& wanted) {
  if (!may_change(asked)) return {ErrorCode::kNotController, {}};
  const SimulatedTopic* const topic = asked.cluster.topics.find(wanted.name);
  if (!asked.cluster.acls.allow_on_topic(AclOperation::kAlter, wanted.name))
    return {ErrorCode::kTopicAuthorizationFailed, "Authorization failed."};
  if (!topic) {
    return {ErrorCode::kUnknownTopicOrPartition, "This server does not host this topic-partition."};
  }
  const auto present = static_cast<int32_t>(topic->partitions.size());
  if (wanted.count > present) return {};
  return {ErrorCode::kInvalidPartitions,
          fmt::format("The topic {} currently has {} partition(s); {} would not be an increase.",
                      wanted.name, present, wanted.count)};
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
  } else if (!asked.cluster.acls.allow_on_topic(AclOperation::kDelete, topic->name)) {
    result.error_code = ErrorCode::kTopicAuthorizationFailed;
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

}  // namespace penstock::connect::kafka
