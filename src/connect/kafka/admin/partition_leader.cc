// The cluster's knowledge of a watched topic, waited for.
#include "connect/kafka/admin/partition_leader.h"

namespace penstock::connect::kafka {

Questions::Whom PartitionLeaderLookup::whom(Questions& questions) const {
  return [this, &questions]() -> BrokerConnection* {
    BrokerConnection* const leader =
        cluster_.leader(partition_.topic, partition_.index, Lane::kQuestions);
    if (leader) return leader;
    tell_why(questions);
    cluster_.refresh();
    return nullptr;
  };
}

void PartitionLeaderLookup::tell_why(Questions& questions) const {
  const TopicInfo* const topic = cluster_.topic(partition_.topic);
  if (!topic) return;
  ErrorCode error = topic->error;
  const bool has_partition = static_cast<size_t>(partition_.index) < topic->partitions.size();
  if (error == ErrorCode::kNone) {
    error = has_partition ? ErrorCode::kLeaderNotAvailable : ErrorCode::kUnknownTopicOrPartition;
  }
  questions.waits_because(question_error(
      error, "", {AclOperation::kDescribe, {AclResource::Kind::kTopic, partition_.topic}}));
}

}  // namespace penstock::connect::kafka
