// Transactions as their coordinators see them, and producers as the partitions' leaders do.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "connect/kafka/admin/native_admin.h"
#include "connect/kafka/admin/partition_leader.h"
#include "connect/kafka/client/coordinator_lookup.h"

namespace penstock::connect::kafka {
namespace {

// What a filter asks for must be understood, or what it leaves out would be in the answer.
VersionRange versions_for(const ListTransactionsRequest& request) {
  const int16_t first = request.transactional_id_pattern ? 2 : request.duration_filter >= 0 ? 1 : 0;
  return {first, kLastVersion};
}

TransactionDescription to_description(DescribeTransactionsResponse::TransactionState& state) {
  TransactionDescription description{std::move(state.transaction_state),
                                     state.producer_id,
                                     state.producer_epoch,
                                     std::chrono::milliseconds(state.transaction_timeout_ms),
                                     std::nullopt,
                                     {}};
  if (state.transaction_start_time_ms >= 0)
    description.started_unix_ms = state.transaction_start_time_ms;
  for (auto& topic : state.topics)
    description.partitions[std::move(topic.topic)] = std::move(topic.partitions);
  return description;
}

std::vector<ActiveProducer> to_producers(const DescribeProducersResponse::PartitionResponse& said) {
  std::vector<ActiveProducer> producers;
  for (const auto& each : said.active_producers) {
    ActiveProducer& producer = producers.emplace_back();
    producer = {each.producer_id,    each.producer_epoch,    each.last_sequence,
                each.last_timestamp, each.coordinator_epoch, std::nullopt};
    if (each.current_txn_start_offset >= 0) producer.open_since = each.current_txn_start_offset;
  }
  std::ranges::sort(producers, {}, &ActiveProducer::producer_id);
  return producers;
}

}  // namespace

KafkaResult<std::vector<ListedTransaction>> NativeAdmin::list_transactions(
    const TransactionFilter& filter, const StopToken& stop) {
  ListTransactionsRequest request;
  request.state_filters = filter.states;
  request.producer_id_filters = filter.producer_ids;
  if (filter.running_longer_than) request.duration_filter = filter.running_longer_than->count();
  request.transactional_id_pattern = filter.id_pattern;
  const auto coordinators = brokers(stop);
  if (!coordinators) return std::unexpected(coordinators.error());
  std::vector<ListedTransaction> listed;
  for (const BrokerAddress& coordinator : *coordinators) {
    if (auto part = list_transactions_of(coordinator.id, request, stop, listed); !part)
      return std::unexpected(part.error());
  }
  return listed;
}

KafkaResult<void> NativeAdmin::list_transactions_of(int32_t id,
                                                    const ListTransactionsRequest& request,
                                                    const StopToken& stop,
                                                    std::vector<ListedTransaction>& listed) {
  Questions questions(cluster_, timeouts_.admin, stop,
                      fmt::format("listing the transactions of broker {}", id));
  auto answer = questions.ask<ListTransactionsRequest>(
      broker(id), request,
      [](const ListTransactionsResponse& response) { return response.error_code; },
      versions_for(request));
  if (!answer) return std::unexpected(answer.error());
  ListTransactionsResponse& response = answer->response;
  if (response.error_code != ErrorCode::kNone)
    return std::unexpected(questions.answered(question_error(response.error_code, "")));
  if (!response.unknown_state_filters.empty()) {
    return std::unexpected(questions.answered(
        question_error(ErrorCode::kInvalidRequest,
                       "unknown transaction state " + response.unknown_state_filters.front())));
  }
  for (auto& each : response.transaction_states) {
    listed.push_back({std::move(each.transactional_id), each.producer_id,
                      std::move(each.transaction_state), id});
  }
  return {};
}

KafkaResult<std::optional<TransactionDescription>> NativeAdmin::describe_transaction(
    const std::string& transactional_id, const StopToken& stop) {
  DescribeTransactionsRequest request;
  request.transactional_ids.push_back(transactional_id);
  const AclResource owner{AclResource::Kind::kTransactionalId, transactional_id};
  CoordinatorLookup coordinator(cluster_, owner);
  Questions questions(cluster_, timeouts_.admin, stop,
                      "describing transactional id " + transactional_id);
  auto answer = questions.ask<DescribeTransactionsRequest>(
      coordinator.whom(questions), request, [](const DescribeTransactionsResponse& response) {
        const auto& states = response.transaction_states;
        return states.empty() ? ErrorCode::kNotCoordinator : states.front().error_code;
      });
  if (!answer) return std::unexpected(answer.error());
  auto& state = answer->response.transaction_states.front();
  if (state.error_code == ErrorCode::kTransactionalIdNotFound) return std::nullopt;
  if (state.error_code != ErrorCode::kNone) {
    return std::unexpected(
        questions.answered(question_error(state.error_code, "", {AclOperation::kDescribe, owner})));
  }
  return to_description(state);
}

KafkaResult<void> NativeAdmin::check_transactional_id(const std::string& transactional_id,
                                                      const StopToken& stop) {
  EndTxnRequest request;
  request.transactional_id = transactional_id;
  request.producer_id = std::numeric_limits<int64_t>::max();  // Brokers give them from 0 on.
  request.producer_epoch = 0;
  request.committed = false;
  const AclResource owner{AclResource::Kind::kTransactionalId, transactional_id};
  CoordinatorLookup coordinator(cluster_, owner);
  Questions questions(cluster_, timeouts_.admin, stop,
                      "looking at transactional id " + transactional_id);
  auto answer = questions.ask<EndTxnRequest>(
      coordinator.whom(questions), request,
      [](const EndTxnResponse& response) { return response.error_code; });
  if (!answer) return std::unexpected(answer.error());
  const ErrorCode code = answer->response.error_code;
  if (code == ErrorCode::kInvalidProducerIdMapping) return {};
  return std::unexpected(
      questions.answered(question_error(code, "", {AclOperation::kWrite, owner})));
}

KafkaResult<std::vector<ActiveProducer>> NativeAdmin::describe_producers(const std::string& topic,
                                                                         int32_t partition,
                                                                         const StopToken& stop) {
  DescribeProducersRequest request;
  request.topics.push_back({topic, {partition}});
  using Result = DescribeProducersResponse::PartitionResponse;
  const auto find = [](const DescribeProducersResponse& response) -> const Result* {
    if (response.topics.empty() || response.topics[0].partitions.empty()) return nullptr;
    return &response.topics[0].partitions[0];
  };
  const PartitionLeaderLookup leader(cluster_, {topic, partition});
  Questions questions(
      cluster_, timeouts_.admin, stop,
      fmt::format("describing producers of topic {} partition {}", topic, partition));
  auto answer = questions.ask<DescribeProducersRequest>(
      leader.whom(questions), request, [&](const DescribeProducersResponse& response) {
        const Result* const found = find(response);
        return found ? found->error_code : ErrorCode::kUnknownTopicOrPartition;
      });
  if (!answer) return std::unexpected(answer.error());
  const Result& result = *find(answer->response);
  if (result.error_code == ErrorCode::kNone) return to_producers(result);
  return std::unexpected(questions.answered(
      question_error(result.error_code, result.error_message.value_or(""),
                     {AclOperation::kRead, {AclResource::Kind::kTopic, topic}})));
}

}  // namespace penstock::connect::kafka
