// OffsetCommit and OffsetFetch by one who is no member of the group: generation -1, no member id.
#include "connect/kafka/reader/native_offset_committer.h"

#include <utility>

#include "connect/kafka/client/permission.h"

namespace penstock::connect::kafka {
namespace {

// Later versions name topics by their ids.
constexpr VersionRange kCommitsByName = {2, 9};
// Later versions ask for several groups at once.
constexpr VersionRange kFetchesOneGroup = {1, 7};

// Of several errors the first decides: what is committed again changes nothing.
ErrorCode first_error(const auto& topics) {
  for (const auto& topic : topics) {
    for (const auto& partition : topic.partitions)
      if (partition.error_code != ErrorCode::kNone) return partition.error_code;
  }
  return ErrorCode::kNone;
}

}  // namespace

NativeOffsetCommitter::NativeOffsetCommitter(Cluster& cluster, CommitterOptions options,
                                             std::chrono::milliseconds timeout)
    : cluster_(cluster),
      options_(std::move(options)),
      timeout_(timeout),
      coordinator_(cluster, {AclResource::Kind::kGroup, options_.group}) {}

KafkaError NativeOffsetCommitter::named(ErrorCode code, AclOperation operation) const {
  AclResource refuses{AclResource::Kind::kGroup, options_.group};
  if (code == ErrorCode::kTopicAuthorizationFailed)
    refuses = {AclResource::Kind::kTopic, options_.topic};
  return question_error(code, "group " + options_.group + ", topic " + options_.topic,
                        {operation, std::move(refuses)});
}

KafkaResult<void> NativeOffsetCommitter::commit(const std::map<int32_t, int64_t>& offsets,
                                                const StopToken& stop) {
  OffsetCommitRequest request;
  request.group_id = options_.group;
  auto& topic = request.topics.emplace_back();
  topic.name = options_.topic;
  for (const auto& [partition, offset] : offsets) {
    auto& wanted = topic.partitions.emplace_back();
    wanted.partition_index = partition;
    wanted.committed_offset = offset;
    wanted.committed_metadata = "";
  }
  Questions questions(cluster_, timeout_, stop, "committing offsets of group " + options_.group);
  auto answer = questions.ask<OffsetCommitRequest>(
      coordinator_.whom(questions), request,
      [](const OffsetCommitResponse& response) { return first_error(response.topics); },
      kCommitsByName);
  if (!answer) return std::unexpected(answer.error());
  const ErrorCode error = first_error(answer->response.topics);
  if (error == ErrorCode::kNone) return {};
  return std::unexpected(named(error, AclOperation::kRead));
}

KafkaResult<std::map<int32_t, int64_t>> NativeOffsetCommitter::committed(
    const std::vector<int32_t>& partitions, const StopToken& stop) {
  OffsetFetchRequest request;
  request.group_id = options_.group;
  request.topics.emplace().push_back({options_.topic, partitions});
  const auto error_of = [](const OffsetFetchResponse& response) {
    return response.error_code != ErrorCode::kNone ? response.error_code
                                                   : first_error(response.topics);
  };
  Questions questions(cluster_, timeout_, stop, "fetching offsets of group " + options_.group);
  auto answer = questions.ask<OffsetFetchRequest>(coordinator_.whom(questions), request, error_of,
                                                  kFetchesOneGroup);
  if (!answer) return std::unexpected(answer.error());
  if (const ErrorCode error = error_of(answer->response); error != ErrorCode::kNone)
    return std::unexpected(named(error, AclOperation::kDescribe));
  std::map<int32_t, int64_t> offsets;
  for (const auto& topic : answer->response.topics) {
    for (const auto& partition : topic.partitions)
      if (partition.committed_offset >= 0)
        offsets[partition.partition_index] = partition.committed_offset;
  }
  return offsets;
}

}  // namespace penstock::connect::kafka
