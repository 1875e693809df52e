// Topics, partitions and records: made and deleted. What was done by an attempt whose answer got
// lost is recognised when it is asked for again.
#include <fmt/format.h>

#include <utility>

#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/admin/partition_leader.h"

namespace penstock::connect::kafka {
namespace {

Permission on_topic(AclOperation operation, const std::string& topic) {
  return {operation, {AclResource::Kind::kTopic, topic}};
}

template <typename Results>
ErrorCode first_error(const Results& results) {
  return results.empty() ? ErrorCode::kNone : results.front().error_code;
}

}  // namespace

KafkaResult<CreateTopicState> NativeAdmin::create_topic(const NewTopic& topic,
                                                        const StopToken& stop) {
  return create(topic, ChangeMode::kApply, stop);
}

KafkaResult<void> NativeAdmin::validate_topic(const NewTopic& topic, const StopToken& stop) {
  const auto result = create(topic, ChangeMode::kValidate, stop);
  if (!result) return std::unexpected(result.error());
  if (*result == CreateTopicState::kCreated) return {};
  return std::unexpected(question_error(ErrorCode::kTopicAlreadyExists, topic.name));
}

KafkaResult<CreateTopicState> NativeAdmin::create(const NewTopic& topic, ChangeMode mode,
                                                  const StopToken& stop) {
  if (!std::in_range<int16_t>(topic.replication)) {
    return kafka_fail(
        KafkaFault::kFatal,
        fmt::format("topic {} cannot have {} replicas", topic.name, topic.replication),
        error_name(ErrorCode::kInvalidReplicationFactor));
  }
  CreateTopicsRequest request;
  request.timeout_ms = timeout_ms();
  request.validate_only = mode == ChangeMode::kValidate;
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic.name;
  wanted.num_partitions = topic.partitions;
  wanted.replication_factor = static_cast<int16_t>(topic.replication);
  for (const auto& [name, value] : topic.config) wanted.configs.push_back({name, value});
  Questions questions(cluster_, timeouts_.admin, stop, "creating topic " + topic.name);
  auto answer = questions.ask<CreateTopicsRequest>(
      controller(), request,
      [](const CreateTopicsResponse& response) { return first_error(response.topics); });
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.topics.empty())
    return kafka_fail(KafkaFault::kRetriable, "no answer about topic " + topic.name, "");
  const auto& result = answer->response.topics.front();
  if (result.error_code == ErrorCode::kNone) return CreateTopicState::kCreated;
  // Also what an earlier attempt of ours created, whose answer was lost.
  if (result.error_code == ErrorCode::kTopicAlreadyExists) return CreateTopicState::kExisted;
  return std::unexpected(
      questions.answered(question_error(result.error_code, result.error_message.value_or(""),
                                        on_topic(AclOperation::kCreate, topic.name))));
}

KafkaResult<void> NativeAdmin::create_partitions(const std::string& topic, int32_t total,
                                                 ChangeMode mode, const StopToken& stop) {
  CreatePartitionsRequest request;
  request.timeout_ms = timeout_ms();
  request.validate_only = mode == ChangeMode::kValidate;
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic;
  wanted.count = total;
  wanted.assignments.reset();  // The broker's choice.
  Questions questions(cluster_, timeouts_.admin, stop, "adding partitions to topic " + topic);
  auto answer = questions.ask<CreatePartitionsRequest>(
      controller(), request,
      [](const CreatePartitionsResponse& response) { return first_error(response.results); });
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.results.empty())
    return kafka_fail(KafkaFault::kRetriable, "no answer about topic " + topic, "");
  const auto& result = answer->response.results.front();
  if (result.error_code == ErrorCode::kNone) return {};
  const bool maybe_ours = questions.maybe_done() && mode == ChangeMode::kApply &&
                          result.error_code == ErrorCode::kInvalidPartitions;
  if (maybe_ours) {
    const auto present = partition_count(topic, stop);
    if (!present) return std::unexpected(present.error());
    if (*present == total) return {};
  }
  return std::unexpected(
      questions.answered(question_error(result.error_code, result.error_message.value_or(""),
                                        on_topic(AclOperation::kAlter, topic))));
}

KafkaResult<DeleteTopicState> NativeAdmin::delete_topic(const std::string& topic,
                                                        const StopToken& stop) {
  DeleteTopicsRequest request;
  request.topic_names.push_back(topic);
  return remove(request, topic, stop);
}

KafkaResult<DeleteTopicState> NativeAdmin::delete_topic(const TopicId& topic,
                                                        const StopToken& stop) {
  DeleteTopicsRequest request;
  request.topics.push_back({std::nullopt, Uuid{topic}});
  std::string hex = "with id ";
  for (const uint8_t byte : topic) hex += fmt::format("{:02x}", byte);
  return remove(request, hex, stop);
}

KafkaResult<DeleteTopicState> NativeAdmin::remove(const DeleteTopicsRequest& wanted,
                                                  const std::string& name, const StopToken& stop) {
  DeleteTopicsRequest request = wanted;
  request.timeout_ms = timeout_ms();
  const auto is_missing = [](ErrorCode code) {
    return code == ErrorCode::kUnknownTopicOrPartition || code == ErrorCode::kUnknownTopicId;
  };
  // It does not come back by waiting for it.
  const auto error_of = [&](const DeleteTopicsResponse& response) {
    const ErrorCode code = first_error(response.responses);
    return is_missing(code) ? ErrorCode::kNone : code;
  };
  const bool by_id = request.topic_names.empty();
  Questions questions(cluster_, timeouts_.admin, stop, "deleting topic " + name);
  auto answer = questions.ask<DeleteTopicsRequest>(
      controller(), request, error_of,
      by_id ? VersionRange{6, kLastVersion} : VersionRange{0, kLastVersion});
  if (!answer) return std::unexpected(answer.error());
  if (answer->response.responses.empty())
    return kafka_fail(KafkaFault::kRetriable, "no answer about topic " + name, "");
  const auto& result = answer->response.responses.front();
  if (result.error_code == ErrorCode::kNone) return DeleteTopicState::kDeleted;
  if (is_missing(result.error_code)) return DeleteTopicState::kMissing;
  return std::unexpected(
      questions.answered(question_error(result.error_code, result.error_message.value_or(""),
                                        on_topic(AclOperation::kDelete, name))));
}

KafkaResult<int64_t> NativeAdmin::delete_records(const std::string& topic, int32_t partition,
                                                 int64_t before_offset, const StopToken& stop) {
  DeleteRecordsRequest request;
  request.timeout_ms = timeout_ms();
  request.topics.push_back({topic, {{partition, before_offset}}});
  using Result = DeleteRecordsResponse::DeleteRecordsPartitionResult;
  const auto find = [](const DeleteRecordsResponse& response) -> const Result* {
    if (response.topics.empty() || response.topics[0].partitions.empty()) return nullptr;
    return &response.topics[0].partitions[0];
  };
  const PartitionLeaderLookup leader(cluster_, {topic, partition});
  Questions questions(cluster_, timeouts_.admin, stop,
                      fmt::format("deleting records of topic {} partition {}", topic, partition));
  auto answer = questions.ask<DeleteRecordsRequest>(
      leader.whom(questions), request, [&](const DeleteRecordsResponse& response) {
        const Result* const found = find(response);
        return found ? found->error_code : ErrorCode::kUnknownTopicOrPartition;
      });
  if (!answer) return std::unexpected(answer.error());
  const Result& result = *find(answer->response);
  if (result.error_code == ErrorCode::kNone) return result.low_watermark;
  return std::unexpected(questions.answered(
      question_error(result.error_code, "", on_topic(AclOperation::kDelete, topic))));
}

}  // namespace penstock::connect::kafka
