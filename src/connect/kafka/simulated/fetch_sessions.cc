// Sessions: made by full fetches, kept up by incremental ones.
#include "connect/kafka/simulated/fetch_sessions.h"

namespace penstock::connect::kafka {
namespace {

constexpr int32_t kFull = 0;
constexpr int32_t kFinal = -1;

}  // namespace

void FetchSessions::update(Session& session, const FetchRequest& request) {
  for (const auto& topic : request.topics)
    for (const auto& wanted : topic.partitions)
      session.partitions[{{topic.topic, topic.topic_id}, wanted.partition}] = wanted;
  for (const auto& topic : request.forgotten_topics_data) {
    for (int32_t partition : topic.partitions) {
      session.partitions.erase({{topic.topic, topic.topic_id}, partition});
      session.told.erase({{topic.topic, topic.topic_id}, partition});
    }
  }
}

FetchSessions::Opened FetchSessions::open(int32_t broker, FetchRequest& request) {
  const int32_t epoch = request.session_epoch;
  if (epoch == kFinal || epoch == kFull) {
    sessions_.erase({broker, request.session_id});
    if (epoch == kFinal) return {};
    const int32_t id = next_id_++;
    Session& made = sessions_[{broker, id}];
    made.epoch = 1;
    update(made, request);
    return {.id = id};
  }
  const auto found = sessions_.find({broker, request.session_id});
  if (found == sessions_.end()) return {.error = ErrorCode::kFetchSessionIdNotFound};
  Session& session = found->second;
  if (session.epoch != epoch) return {.error = ErrorCode::kInvalidFetchSessionEpoch};
  ++session.epoch;
  update(session, request);
  request.topics.clear();
  for (const auto& [place, wanted] : session.partitions) {
    const auto& [name, id] = place.first;
    auto& topics = request.topics;
    if (topics.empty() || topics.back().topic != name || topics.back().topic_id != id)
      topics.push_back({name, id, {}});
    topics.back().partitions.push_back(wanted);
  }
  return {.id = request.session_id, .incremental = true};
}

bool FetchSessions::tell(int32_t broker, int32_t id,
                         const FetchResponse::FetchableTopicResponse& topic,
                         const FetchResponse::PartitionData& data) {
  const auto found = sessions_.find({broker, id});
  if (found == sessions_.end()) return true;
  Told& told = found->second.told[{{topic.topic, topic.topic_id}, data.partition_index}];
  const Told now{data.high_watermark, data.log_start_offset};
  const bool same = std::exchange(told, now) == now;
  return !same || data.error_code != ErrorCode::kNone ||
         (data.records.bytes && !data.records.bytes->empty());
}

void FetchSessions::forget_one(int32_t broker) {
  const auto found = sessions_.lower_bound({broker, 0});
  if (found != sessions_.end() && found->first.first == broker) sessions_.erase(found);
}

void FetchSessions::forget_all(int32_t broker) {
  std::erase_if(sessions_, [broker](const auto& entry) { return entry.first.first == broker; });
}

}  // namespace penstock::connect::kafka
