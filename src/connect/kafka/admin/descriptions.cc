// What the cluster says of itself and of its topics.
#include <utility>

#include "connect/kafka/admin/native_admin.h"

namespace penstock::connect::kafka {
namespace {

ClusterNode to_node(auto& broker, int32_t id, bool fenced) {
  return {{id, std::move(broker.host), broker.port}, std::move(broker.rack), fenced};
}

std::optional<int32_t> id_or_none(int32_t id) {
  return id >= 0 ? std::optional(id) : std::nullopt;
}

TopicDescription to_description(const std::string& name,
                                MetadataResponse::MetadataResponseTopic& topic) {
  TopicDescription description{name,
                               topic.topic_id.bytes,
                               topic.is_internal,
                               {},
                               authorized_operations(topic.topic_authorized_operations)};
  description.partitions.resize(topic.partitions.size());
  for (auto& partition : topic.partitions) {
    const auto index = static_cast<size_t>(partition.partition_index);
    // Partitions are numbered from 0 without gaps, in any order.
    if (index >= description.partitions.size()) continue;
    description.partitions[index] = {
        id_or_none(partition.leader_id), partition.leader_epoch, std::move(partition.replica_nodes),
        std::move(partition.isr_nodes), std::move(partition.offline_replicas)};
  }
  return description;
}

}  // namespace

KafkaResult<MetadataResponse> NativeAdmin::metadata(const MetadataRequest& request,
                                                    const StopToken& stop) {
  Questions questions(cluster_, timeouts_.metadata, stop, "fetching metadata");
  // Version 4 is the first that can be told not to create topics.
  auto answer = questions.ask<MetadataRequest>(
      anybody(), request, [](const MetadataResponse& response) { return response.error_code; },
      VersionRange{4, kLastVersion});
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.error_code != ErrorCode::kNone)
    return std::unexpected(questions.answered(question_error(answer->response.error_code, "")));
  return std::move(answer->response);
}

KafkaResult<std::vector<BrokerAddress>> NativeAdmin::brokers(const StopToken& stop) {
  auto description = describe_cluster({}, stop);
  if (!description) return std::unexpected(description.error());
  std::vector<BrokerAddress> found;
  for (ClusterNode& node : description->brokers) found.push_back(std::move(node.address));
  return found;
}

KafkaResult<ClusterDescription> NativeAdmin::describe_cluster(const DescribeClusterOptions& options,
                                                              const StopToken& stop) {
  DescribeClusterRequest request;
  request.include_cluster_authorized_operations = options.authorized_operations;
  request.include_fenced_brokers = options.fenced_brokers;
  Questions questions(cluster_, timeouts_.metadata, stop, "describing the cluster");
  auto answer = questions.ask<DescribeClusterRequest>(
      anybody(), request,
      [](const DescribeClusterResponse& response) { return response.error_code; });
  if (!answer && answer.error().code == error_name(ErrorCode::kUnsupportedVersion))
    return describe_by_metadata(options, stop);
  if (!answer) return std::unexpected(answer.error());
  DescribeClusterResponse& response = answer->response;
  if (response.error_code != ErrorCode::kNone) {
    return std::unexpected(questions.answered(question_error(
        response.error_code, response.error_message.value_or(""), {AclOperation::kDescribe, {}})));
  }
  ClusterDescription description{std::move(response.cluster_id),
                                 id_or_none(response.controller_id),
                                 {},
                                 authorized_operations(response.cluster_authorized_operations)};
  for (auto& broker : response.brokers)
    description.brokers.push_back(to_node(broker, broker.broker_id, broker.is_fenced));
  return description;
}

KafkaResult<ClusterDescription> NativeAdmin::describe_by_metadata(
    const DescribeClusterOptions& options, const StopToken& stop) {
  MetadataRequest request;
  // None, rather than all: a cluster's topics may be many.
  request.topics.emplace();
  request.allow_auto_topic_creation = false;
  request.include_cluster_authorized_operations = options.authorized_operations;
  auto response = metadata(request, stop);
  if (!response) return std::unexpected(response.error());
  ClusterDescription description{response->cluster_id.value_or(""),
                                 id_or_none(response->controller_id),
                                 {},
                                 authorized_operations(response->cluster_authorized_operations)};
  for (auto& broker : response->brokers)
    description.brokers.push_back(to_node(broker, broker.node_id, false));
  return description;
}

KafkaResult<NativeAdmin::TopicMetadata> NativeAdmin::topic_metadata(const std::string& topic,
                                                                    const StopToken& stop) {
  MetadataRequest request;
  request.topics.emplace().emplace_back().name = topic;
  request.allow_auto_topic_creation = false;
  request.include_topic_authorized_operations = true;
  auto response = metadata(request, stop);
  if (!response) return std::unexpected(response.error());
  if (response->topics.empty()) return std::nullopt;
  auto& found = response->topics.front();
  if (found.error_code == ErrorCode::kUnknownTopicOrPartition) return std::nullopt;
  // A topic whose partitions have no leader yet has them nevertheless.
  if (found.error_code != ErrorCode::kNone && found.error_code != ErrorCode::kLeaderNotAvailable) {
    return std::unexpected(
        question_error(found.error_code, "topic " + topic,
                       {AclOperation::kDescribe, {AclResource::Kind::kTopic, topic}}));
  }
  return std::move(found);
}

KafkaResult<std::optional<int32_t>> NativeAdmin::partition_count(const std::string& topic,
                                                                 const StopToken& stop) {
  auto found = topic_metadata(topic, stop);
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  return static_cast<int32_t>((*found)->partitions.size());
}

KafkaResult<std::optional<TopicDescription>> NativeAdmin::describe_topic(const std::string& topic,
                                                                         const StopToken& stop) {
  auto found = topic_metadata(topic, stop);
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  return to_description(topic, **found);
}

}  // namespace penstock::connect::kafka
