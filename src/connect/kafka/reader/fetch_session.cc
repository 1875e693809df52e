// The difference between two fetches.
#include "connect/kafka/reader/fetch_session.h"

#include <limits>
#include <utility>

namespace penstock::connect::kafka {

void FetchSession::fill(FetchRequest& request, const std::string& topic, const Uuid& topic_id,
                        const Partitions& wanted) {
  // A topic of the same name that was made anew is another one.
  if (topic_id != topic_id_) epoch_ = kFull;
  topic_id_ = topic_id;
  if (epoch_ == kFull) known_.clear();
  // A full request under an old id ends that session.
  request.session_id = id_;
  request.session_epoch = epoch_;
  FetchRequest::FetchTopic changed{topic, topic_id, {}};
  for (const auto& [partition, fetch] : wanted) {
    const auto known = known_.find(partition);
    if (known == known_.end() || known->second != fetch) changed.partitions.push_back(fetch);
  }
  FetchRequest::ForgottenTopic forgotten{topic, topic_id, {}};
  for (const auto& [partition, fetch] : known_)
    if (!wanted.contains(partition)) forgotten.partitions.push_back(partition);
  if (!changed.partitions.empty()) request.topics.push_back(std::move(changed));
  if (!forgotten.partitions.empty()) request.forgotten_topics_data.push_back(std::move(forgotten));
  known_ = wanted;
}

bool FetchSession::take(const FetchResponse& response) {
  switch (response.error_code) {
    case ErrorCode::kFetchSessionIdNotFound:
    case ErrorCode::kInvalidFetchSessionEpoch:
    case ErrorCode::kFetchSessionTopicIdError:
      if (response.error_code == ErrorCode::kFetchSessionIdNotFound) id_ = 0;
      // What names everything cannot be said better: then it is an error like any other.
      return std::exchange(epoch_, kFull) == kFull;
    default:
      break;
  }
  id_ = response.session_id;
  const bool last = epoch_ == std::numeric_limits<int32_t>::max();
  epoch_ = id_ == 0 ? kFull : last ? 1 : epoch_ + 1;
  return true;
}

}  // namespace penstock::connect::kafka
