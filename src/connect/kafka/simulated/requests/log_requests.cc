// What is asked about logs beside their records: offsets, epochs, producers; and the deletion of
// their beginnings.
#include <algorithm>

#include "connect/kafka/simulated/log/committed_records.h"
#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

constexpr int64_t kLatest = -1;
constexpr int64_t kEarliest = -2;
constexpr int64_t kOfGreatestTimestamp = -3;  // KIP-734.

using Answered = ListOffsetsResponse::ListOffsetsPartitionResponse;

void find_by_time(const PartitionLog& log, int64_t timestamp_ms, int64_t end, Answered& answer) {
  const auto found = first_since(log, timestamp_ms);
  if (!found || found->offset >= end) return;
  answer.offset = found->offset;
  answer.timestamp = found->timestamp_ms;
}

Answered list(const Asked& asked, const SimulatedTopic* topic,
              const ListOffsetsRequest::ListOffsetsPartition& wanted, LogIsolation isolation) {
  Answered answer;
  answer.partition_index = wanted.partition_index;
  const auto [partition, error] =
      find_led(asked, topic, wanted.partition_index, wanted.current_leader_epoch);
  answer.error_code = error;
  if (error != ErrorCode::kNone) return answer;
  const PartitionLog& log = partition->log;
  const int64_t end = log.end_of(isolation);
  if (wanted.timestamp == kLatest) {
    answer.offset = end;
  } else if (wanted.timestamp == kEarliest) {
    answer.offset = log.start_offset();
  } else if (wanted.timestamp == kOfGreatestTimestamp) {
    if (const auto greatest = log.greatest_timestamp_ms())
      find_by_time(log, *greatest, log.end_offset(), answer);
  } else if (wanted.timestamp >= 0) {
    find_by_time(log, wanted.timestamp, end, answer);
  } else {
    answer.error_code = ErrorCode::kUnsupportedVersion;  // Of tiered storage: KIP-405, KIP-1005.
  }
  constexpr int16_t kTellsEpoch = 4;
  if (answer.offset >= 0 && asked.version >= kTellsEpoch) {
    answer.leader_epoch = answer.offset >= log.end_offset() || wanted.timestamp == kLatest
                              ? partition->leader_epoch
                              : log.epoch_at(answer.offset);
  }
  return answer;
}

DeleteRecordsResponse::DeleteRecordsPartitionResult delete_records(
    const Asked& asked, const SimulatedTopic* topic,
    const DeleteRecordsRequest::DeleteRecordsPartition& wanted) {
  constexpr int64_t kAll = -1;
  if (topic && !asked.cluster.acls.allow_on_topic(AclOperation::kDelete, topic->name))
    return {wanted.partition_index, -1, ErrorCode::kTopicAuthorizationFailed};
  const auto [partition, error] = find_led(asked, topic, wanted.partition_index, -1);
  if (error != ErrorCode::kNone) return {wanted.partition_index, -1, error};
  PartitionLog& log = partition->log;
  const int64_t offset = wanted.offset == kAll ? log.end_offset() : wanted.offset;
  if (offset < 0 || offset > log.end_offset())
    return {wanted.partition_index, -1, ErrorCode::kOffsetOutOfRange};
  log.delete_before(offset);
  partition->changed();
  return {wanted.partition_index, log.start_offset(), ErrorCode::kNone};
}

DescribeProducersResponse::PartitionResponse describe_producers(const Asked& asked,
                                                                const SimulatedTopic* topic,
                                                                int32_t index) {
  DescribeProducersResponse::PartitionResponse answer;
  answer.partition_index = index;
  if (topic && !asked.cluster.acls.allow_on_topic(AclOperation::kRead, topic->name)) {
    answer.error_code = ErrorCode::kTopicAuthorizationFailed;
    return answer;
  }
  const auto [partition, error] = find_led(asked, topic, index, -1);
  answer.error_code = error;
  if (error != ErrorCode::kNone) return answer;
  for (const auto& [id, state] : partition->log.producers().all()) {
    answer.active_producers.push_back({id, state.epoch, state.last_sequence(),
                                       state.last_timestamp_ms, state.coordinator_epoch,
                                       state.open_since.value_or(-1)});
  }
  std::ranges::sort(answer.active_producers, {},
                    &DescribeProducersResponse::ProducerState::producer_id);
  return answer;
}

}  // namespace

LedPartition find_led(const Asked& asked, const SimulatedTopic* topic, int32_t index,
                      int32_t leader_epoch) {
  SimulatedPartition* const partition = topic ? topic->partition(index) : nullptr;
  if (!partition) return {nullptr, ErrorCode::kUnknownTopicOrPartition};
  if (partition->leader != asked.broker) return {partition, ErrorCode::kNotLeaderOrFollower};
  if (leader_epoch >= 0 && leader_epoch < partition->leader_epoch)
    return {partition, ErrorCode::kFencedLeaderEpoch};
  if (leader_epoch > partition->leader_epoch) return {partition, ErrorCode::kUnknownLeaderEpoch};
  return {partition, ErrorCode::kNone};
}

ListOffsetsResponse serve(const Asked& asked, const ListOffsetsRequest& request) {
  ListOffsetsResponse response;
  for (const auto& wanted : request.topics) {
    const SimulatedTopic* const topic = asked.cluster.topics.find(wanted.name);
    auto& answers = response.topics.emplace_back();
    answers.name = wanted.name;
    for (const auto& partition : wanted.partitions) {
      answers.partitions.push_back(
          list(asked, topic, partition, LogIsolation{request.isolation_level}));
    }
  }
  return response;
}

OffsetForLeaderEpochResponse serve(const Asked& asked, const OffsetForLeaderEpochRequest& request) {
  OffsetForLeaderEpochResponse response;
  for (const auto& wanted : request.topics) {
    const SimulatedTopic* const topic = asked.cluster.topics.find(wanted.topic);
    auto& answers = response.topics.emplace_back();
    answers.topic = wanted.topic;
    for (const auto& each : wanted.partitions) {
      const auto [partition, error] =
          find_led(asked, topic, each.partition, each.current_leader_epoch);
      PartitionLog::EpochEnd end;
      if (error == ErrorCode::kNone) end = partition->log.end_of_epoch(each.leader_epoch);
      // The leader's own epoch reaches to the end of the log, with or without records.
      if (error == ErrorCode::kNone && each.leader_epoch == partition->leader_epoch)
        end = {each.leader_epoch, partition->log.end_offset()};
      answers.partitions.push_back({error, each.partition, end.epoch, end.offset});
    }
  }
  return response;
}

DeleteRecordsResponse serve(const Asked& asked, const DeleteRecordsRequest& request) {
  DeleteRecordsResponse response;
  for (const auto& wanted : request.topics) {
    const SimulatedTopic* const topic = asked.cluster.topics.find(wanted.name);
    auto& answers = response.topics.emplace_back();
    answers.name = wanted.name;
    for (const auto& partition : wanted.partitions)
      answers.partitions.push_back(delete_records(asked, topic, partition));
  }
  return response;
}

DescribeProducersResponse serve(const Asked& asked, const DescribeProducersRequest& request) {
  DescribeProducersResponse response;
  for (const auto& wanted : request.topics) {
    const SimulatedTopic* const topic = asked.cluster.topics.find(wanted.name);
    auto& answers = response.topics.emplace_back();
    answers.name = wanted.name;
    for (const int32_t index : wanted.partition_indexes)
      answers.partitions.push_back(describe_producers(asked, topic, index));
  }
  return response;
}

}  // namespace penstock::connect::kafka
