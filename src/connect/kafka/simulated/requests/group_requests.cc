// OffsetCommit and OffsetFetch: a store, without groups' members.
#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

constexpr int16_t kByTopicId = 10;
constexpr int16_t kBatched = 8;  // OffsetFetch, KIP-709.

// Also whether the group may be used so.
ErrorCode group_error(const Asked& asked, AclOperation operation, const std::string& group) {
  if (!asked.cluster.acls.allow(operation, {AclResource::Kind::kGroup, group}))
    return ErrorCode::kGroupAuthorizationFailed;
  return asked.cluster.coordinator_error(CoordinatorKind::kGroup, group, asked.broker);
}

ErrorCode commit(const Asked& asked, const std::string& group, const SimulatedTopic* topic,
                 const OffsetCommitRequest::OffsetCommitRequestPartition& wanted) {
  const ErrorCode error = group_error(asked, AclOperation::kRead, group);
  if (error != ErrorCode::kNone) return error;
  if (!topic) {
    return asked.version >= kByTopicId ? ErrorCode::kUnknownTopicId
                                       : ErrorCode::kUnknownTopicOrPartition;
  }
  if (!asked.cluster.acls.allow_on_topic(AclOperation::kRead, topic->name))
    return ErrorCode::kTopicAuthorizationFailed;
  if (!topic->partition(wanted.partition_index)) return ErrorCode::kUnknownTopicOrPartition;
  asked.cluster.group_offsets[group][{topic->name, wanted.partition_index}] = {
      wanted.committed_offset, wanted.committed_leader_epoch, wanted.committed_metadata};
  return ErrorCode::kNone;
}

const GroupOffset& find_offset(const GroupOffsets& offsets, const std::string& topic,
                               int32_t partition) {
  static const GroupOffset kNone{-1, -1, ""};
  const auto found = offsets.find({topic, partition});
  return found == offsets.end() ? kNone : found->second;
}

OffsetFetchResponse::OffsetFetchResponseGroup fetch_group(
    const Asked& asked, const OffsetFetchRequest::OffsetFetchRequestGroup& wanted) {
  OffsetFetchResponse::OffsetFetchResponseGroup answer;
  answer.group_id = wanted.group_id;
  answer.error_code = group_error(asked, AclOperation::kDescribe, wanted.group_id);
  if (answer.error_code != ErrorCode::kNone) return answer;
  const GroupOffsets& offsets = asked.cluster.group_offsets[wanted.group_id];
  if (!wanted.topics) {
    for (const auto& [place, stored] : offsets) {
      if (answer.topics.empty() || answer.topics.back().name != place.first) {
        const SimulatedTopic* const topic = asked.cluster.topics.find(place.first);
        answer.topics.push_back({place.first, topic ? topic->id : Uuid(), {}});
      }
      answer.topics.back().partitions.push_back(
          {place.second, stored.offset, stored.leader_epoch, stored.metadata, ErrorCode::kNone});
    }
    return answer;
  }
  for (const auto& each : *wanted.topics) {
    const SimulatedTopic* const topic = asked.cluster.topics.find(each.name, each.topic_id);
    const bool unknown_id = !topic && asked.version >= kByTopicId;
    auto& topic_answer = answer.topics.emplace_back();
    topic_answer.name = each.name;
    topic_answer.topic_id = each.topic_id;
    ErrorCode error = unknown_id ? ErrorCode::kUnknownTopicId : ErrorCode::kNone;
    if (!asked.cluster.acls.allow_on_topic(AclOperation::kDescribe, each.name))
      error = ErrorCode::kTopicAuthorizationFailed;
    for (const int32_t index : each.partition_indexes) {
      if (error == ErrorCode::kTopicAuthorizationFailed) {
        topic_answer.partitions.push_back({index, -1, -1, "", error});
        continue;
      }
      const GroupOffset& stored = find_offset(offsets, topic ? topic->name : each.name, index);
      topic_answer.partitions.push_back(
          {index, stored.offset, stored.leader_epoch, stored.metadata, error});
    }
  }
  return answer;
}

}  // namespace

OffsetCommitResponse serve(const Asked& asked, const OffsetCommitRequest& request) {
  OffsetCommitResponse response;
  for (const auto& wanted : request.topics) {
    const SimulatedTopic* const topic = asked.cluster.topics.find(wanted.name, wanted.topic_id);
    auto& answers = response.topics.emplace_back();
    answers.name = wanted.name;
    answers.topic_id = wanted.topic_id;
    for (const auto& partition : wanted.partitions) {
      answers.partitions.push_back(
          {partition.partition_index, commit(asked, request.group_id, topic, partition)});
    }
  }
  return response;
}

OffsetFetchResponse serve(const Asked& asked, const OffsetFetchRequest& request) {
  OffsetFetchResponse response;
  if (asked.version >= kBatched) {
    for (const auto& group : request.groups) response.groups.push_back(fetch_group(asked, group));
    return response;
  }
  OffsetFetchRequest::OffsetFetchRequestGroup group;
  group.group_id = request.group_id;
  if (request.topics) {
    group.topics.emplace();
    for (const auto& topic : *request.topics) {
      auto& each = group.topics->emplace_back();
      each.name = topic.name;
      each.partition_indexes = topic.partition_indexes;
    }
  }
  const auto answer = fetch_group(asked, group);
  response.error_code = answer.error_code;
  for (const auto& topic : answer.topics) {
    auto& old = response.topics.emplace_back();
    old.name = topic.name;
    for (const auto& each : topic.partitions) {
      old.partitions.push_back({each.partition_index, each.committed_offset,
                                each.committed_leader_epoch, each.metadata, each.error_code});
    }
  }
  return response;
}

}  // namespace penstock::connect::kafka
