// Topics and configurations, by questions to whom they belong.
#include "connect/kafka/admin/native_admin.h"

#include <utility>

namespace penstock::connect::kafka {
namespace {

// Resource types of the protocol.
constexpr int8_t kTopicResource = 2;
constexpr int8_t kBrokerResource = 4;

}  // namespace

struct NativeAdmin::Resource {
  int8_t type;
  std::string name;
  Questions::Whom whom;
};

Questions::Whom NativeAdmin::anybody() {
  return [this] { return &cluster_.any_broker(); };
}

// Brokers since 2.8 pass on what belongs to the controller; older ones refuse it.
Questions::Whom NativeAdmin::controller() {
  return [this]() -> BrokerConnection* {
    if (BrokerConnection* known = cluster_.controller()) return known;
    cluster_.refresh();
    return nullptr;
  };
}

KafkaResult<MetadataResponse> NativeAdmin::metadata(std::vector<std::string> topics,
                                                    const StopToken& stop) {
  MetadataRequest request;
  // None, rather than all: a cluster's topics may be many.
  request.topics.emplace();
  for (std::string& topic : topics) request.topics->emplace_back().name = std::move(topic);
  request.allow_auto_topic_creation = false;
  Questions questions(cluster_, timeouts_.metadata, stop, "fetching metadata");
  auto answer = questions.ask<MetadataRequest>(
      anybody(), request, [](const MetadataResponse& response) { return response.error_code; });
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.error_code != ErrorCode::kNone)
    return std::unexpected(question_error(answer->response.error_code, ""));
  return std::move(answer->response);
}

KafkaResult<std::vector<BrokerAddress>> NativeAdmin::brokers(const StopToken& stop) {
  auto answer = metadata({}, stop);
  if (!answer) return std::unexpected(answer.error());
  std::vector<BrokerAddress> found;
  for (auto& broker : answer->brokers)
    found.push_back({broker.node_id, std::move(broker.host), broker.port});
  return found;
}

KafkaResult<std::optional<int32_t>> NativeAdmin::partition_count(const std::string& topic,
                                                                 const StopToken& stop) {
  auto answer = metadata({topic}, stop);
  if (!answer) return std::unexpected(answer.error());
  if (answer->topics.empty()) return std::nullopt;
  const auto& found = answer->topics.front();
  if (found.error_code == ErrorCode::kUnknownTopicOrPartition) return std::nullopt;
  // A topic whose partitions have no leader yet has them nevertheless.
  if (found.error_code != ErrorCode::kNone && found.error_code != ErrorCode::kLeaderNotAvailable)
    return std::unexpected(question_error(found.error_code, ""));
  return static_cast<int32_t>(found.partitions.size());
}

KafkaResult<CreateTopicState> NativeAdmin::create_topic(const NewTopic& topic,
                                                        const StopToken& stop) {
  CreateTopicsRequest request;
  request.timeout_ms = static_cast<int32_t>(timeouts_.admin.count());
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic.name;
  wanted.num_partitions = topic.partitions;
  wanted.replication_factor = static_cast<int16_t>(topic.replication);
  for (const auto& [name, value] : topic.config) wanted.configs.push_back({name, value});
  const auto error_of = [](const CreateTopicsResponse& response) {
    return response.topics.empty() ? ErrorCode::kNone : response.topics.front().error_code;
  };
  Questions questions(cluster_, timeouts_.admin, stop, "creating topic " + topic.name);
  auto answer = questions.ask<CreateTopicsRequest>(controller(), request, error_of);
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.topics.empty())
    return kafka_fail(KafkaFault::kRetriable, "no answer about the topic", "");
  const auto& result = answer->response.topics.front();
  if (result.error_code == ErrorCode::kNone) return CreateTopicState::kCreated;
  // Also what an earlier attempt of ours created, whose answer was lost.
  if (result.error_code == ErrorCode::kTopicAlreadyExists) return CreateTopicState::kExisted;
  return std::unexpected(question_error(result.error_code, result.error_message.value_or("")));
}

KafkaResult<std::map<std::string, std::string>> NativeAdmin::topic_config(const std::string& topic,
                                                                          const StopToken& stop) {
  return describe({kTopicResource, topic, anybody()}, stop);
}

KafkaResult<std::map<std::string, std::string>> NativeAdmin::broker_config(int32_t broker,
                                                                           const StopToken& stop) {
  // A broker tells of itself only.
  const auto whom = [this, broker]() -> BrokerConnection* {
    if (BrokerConnection* known = cluster_.broker(broker, Lane::kQuestions)) return known;
    cluster_.refresh();
    return nullptr;
  };
  return describe({kBrokerResource, std::to_string(broker), whom}, stop);
}

KafkaResult<std::map<std::string, std::string>> NativeAdmin::describe(const Resource& resource,
                                                                      const StopToken& stop) {
  DescribeConfigsRequest request;
  auto& wanted = request.resources.emplace_back();
  wanted.resource_type = resource.type;
  wanted.resource_name = resource.name;
  wanted.configuration_keys.reset();  // All.
  const auto error_of = [](const DescribeConfigsResponse& response) {
    return response.results.empty() ? ErrorCode::kNone : response.results.front().error_code;
  };
  Questions questions(cluster_, timeouts_.admin, stop, "describing " + resource.name);
  auto answer = questions.ask<DescribeConfigsRequest>(resource.whom, request, error_of);
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.results.empty())
    return kafka_fail(KafkaFault::kRetriable, "no answer about " + resource.name, "");
  auto& result = answer->response.results.front();
  if (result.error_code != ErrorCode::kNone)
    return std::unexpected(question_error(result.error_code, result.error_message.value_or("")));
  std::map<std::string, std::string> config;
  for (auto& entry : result.configs)
    if (entry.value) config[entry.name] = std::move(*entry.value);
  return config;
}

}  // namespace penstock::connect::kafka
