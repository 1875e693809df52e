// Metadata, DescribeCluster, FindCoordinator.
#include <algorithm>

#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

constexpr std::string_view kClusterId = "simulated";

MetadataResponse::MetadataResponseTopic missing(ErrorCode error, std::optional<std::string> name,
                                                const Uuid& id) {
  MetadataResponse::MetadataResponseTopic topic;
  topic.error_code = error;
  topic.name = std::move(name);
  topic.topic_id = id;
  return topic;
}

MetadataResponse::MetadataResponsePartition describe(const Asked& asked,
                                                     const SimulatedPartition& partition,
                                                     bool stale) {
  MetadataResponse::MetadataResponsePartition described;
  described.partition_index = partition.index;
  described.leader_id = stale ? partition.old_leader : partition.leader;
  described.leader_epoch = stale ? partition.old_leader_epoch : partition.leader_epoch;
  if (described.leader_id == kNobody) described.error_code = ErrorCode::kLeaderNotAvailable;
  for (size_t i = 0; i < asked.cluster.nodes.size(); ++i) {
    const auto broker = static_cast<int32_t>(i);
    described.replica_nodes.push_back(broker);
    (asked.cluster.nodes[i].alive ? described.isr_nodes : described.offline_replicas)
        .push_back(broker);
  }
  return described;
}

MetadataResponse::MetadataResponseTopic describe(const Asked& asked, const SimulatedTopic& topic,
                                                 bool stale) {
  MetadataResponse::MetadataResponseTopic described;
  if (!asked.cluster.acls.allow_on_topic(AclOperation::kDescribe, topic.name))
    return missing(ErrorCode::kTopicAuthorizationFailed, topic.name, {});
  described.name = topic.name;
  described.topic_id = topic.id;
  for (const auto& partition : topic.partitions)
    described.partitions.push_back(describe(asked, *partition, stale));
  return described;
}

MetadataResponse::MetadataResponseTopic look_up(const Asked& asked,
                                                const MetadataRequest::MetadataRequestTopic& wanted,
                                                bool create) {
  ClusterState& cluster = asked.cluster;
  if (!wanted.topic_id.is_zero()) {
    const SimulatedTopic* topic = cluster.topics.find(wanted.topic_id);
    if (topic) return describe(asked, *topic, false);
    // Version 12 has null for an unknown name, those before have the empty one.
    return missing(ErrorCode::kUnknownTopicId,
                   asked.version >= 12 ? std::nullopt : std::optional<std::string>(""),
                   wanted.topic_id);
  }
  const std::string name = wanted.name.value_or("");
  const bool stale = cluster.drawn(cluster.faults.stale_metadata_one_in, "stale metadata",
                                   ProtocolStep::kMetadata);
  if (const SimulatedTopic* topic = cluster.topics.find(name))
    return describe(asked, *topic, stale);
  if (!is_topic_name(name)) return missing(ErrorCode::kInvalidTopicException, name, {});
  if (!create || !cluster.options.auto_creates_topics)
    return missing(ErrorCode::kUnknownTopicOrPartition, name, {});
  cluster.create_topic(name, cluster.options.default_partitions);
  // It is on its way: whoever asks again finds it.
  return missing(ErrorCode::kLeaderNotAvailable, name, {});
}

int32_t cluster_operations(const Asked& asked, bool wanted) {
  return asked.cluster.acls.bits(
      wanted, {},
      {AclOperation::kCreate, AclOperation::kAlter, AclOperation::kDescribe,
       AclOperation::kClusterAction, AclOperation::kDescribeConfigs, AclOperation::kAlterConfigs,
       AclOperation::kIdempotentWrite});
}

struct Found {
  ErrorCode error = ErrorCode::kNone;
  int32_t broker = kNobody;
  std::string host;
  int32_t port = -1;
};

Found find_coordinator(const Asked& asked, int8_t kind, const std::string& key) {
  if (kind < 0 || kind > 1) return {.error = ErrorCode::kInvalidRequest, .host = ""};
  const bool of_group = CoordinatorKind{kind} == CoordinatorKind::kGroup;
  const AclResource owner{
      of_group ? AclResource::Kind::kGroup : AclResource::Kind::kTransactionalId, key};
  if (!asked.cluster.acls.allow(AclOperation::kDescribe, owner)) {
    return {.error = of_group ? ErrorCode::kGroupAuthorizationFailed
                              : ErrorCode::kTransactionalIdAuthorizationFailed,
            .host = ""};
  }
  const int32_t broker = asked.cluster.coordinator(CoordinatorKind{kind}, key);
  if (broker == kNobody) return {.error = ErrorCode::kCoordinatorNotAvailable, .host = ""};
  const HostAndPort& address = asked.cluster.node(broker).address;
  return {ErrorCode::kNone, broker, address.host, address.port};
}

}  // namespace

bool is_topic_name(std::string_view name) {
  constexpr size_t kMostBytes = 249;
  if (name.empty() || name.size() > kMostBytes || name == "." || name == "..") return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

MetadataResponse serve(const Asked& asked, const MetadataRequest& request) {
  const ClusterState& cluster = asked.cluster;
  MetadataResponse response;
  for (size_t i = 0; i < cluster.nodes.size(); ++i) {
    const BrokerNode& node = cluster.nodes[i];
    if (node.alive)
      response.brokers.push_back(
          {static_cast<int32_t>(i), node.address.host, node.address.port, std::nullopt});
  }
  response.cluster_id = kClusterId;
  response.controller_id = cluster.controller();
  response.cluster_authorized_operations =
      cluster_operations(asked, request.include_cluster_authorized_operations);
  // Null is all; in version 0 so is none.
  if (!request.topics || (asked.version == 0 && request.topics->empty())) {
    for (const SimulatedTopic* topic : cluster.topics.all())
      response.topics.push_back(describe(asked, *topic, false));
    return response;
  }
  for (const auto& wanted : *request.topics) {
    auto& topic =
        response.topics.emplace_back(look_up(asked, wanted, request.allow_auto_topic_creation));
    if (topic.error_code != ErrorCode::kNone) continue;
    topic.topic_authorized_operations = cluster.acls.bits(
        request.include_topic_authorized_operations, {AclResource::Kind::kTopic, *topic.name},
        {AclOperation::kRead, AclOperation::kWrite, AclOperation::kCreate, AclOperation::kDelete,
         AclOperation::kAlter, AclOperation::kDescribe, AclOperation::kDescribeConfigs,
         AclOperation::kAlterConfigs});
  }
  return response;
}

DescribeClusterResponse serve(const Asked& asked, const DescribeClusterRequest& request) {
  const ClusterState& cluster = asked.cluster;
  DescribeClusterResponse response;
  response.cluster_id = kClusterId;
  if (request.endpoint_type != 1) {
    response.error_code = ErrorCode::kMismatchedEndpointType;
    response.error_message = "The request was sent to an endpoint of the wrong type.";
    response.endpoint_type = 1;
    return response;
  }
  response.controller_id = cluster.controller();
  response.cluster_authorized_operations =
      cluster_operations(asked, request.include_cluster_authorized_operations);
  for (size_t i = 0; i < cluster.nodes.size(); ++i) {
    const BrokerNode& node = cluster.nodes[i];
    if (!node.alive && !request.include_fenced_brokers) continue;
    response.brokers.push_back(
        {static_cast<int32_t>(i), node.address.host, node.address.port, std::nullopt, !node.alive});
  }
  return response;
}

FindCoordinatorResponse serve(const Asked& asked, const FindCoordinatorRequest& request) {
  FindCoordinatorResponse response;
  constexpr int16_t kBatched = 4;  // KIP-699.
  if (asked.version < kBatched) {
    const Found found = find_coordinator(asked, request.key_type, request.key);
    response.error_code = found.error;
    response.node_id = found.broker;
    response.host = found.host;
    response.port = found.port;
    return response;
  }
  for (const std::string& key : request.coordinator_keys) {
    const Found found = find_coordinator(asked, request.key_type, key);
    response.coordinators.push_back(
        {key, found.broker, found.host, found.port, found.error, std::nullopt});
  }
  return response;
}

}  // namespace penstock::connect::kafka
