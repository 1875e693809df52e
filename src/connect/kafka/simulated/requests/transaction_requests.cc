// The requests to transaction coordinators, with the errors that each version knows.
#include <algorithm>

#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

constexpr int16_t kBrokersOnly = 4;  // AddPartitionsToTxn, KIP-890.
constexpr int16_t kEndTxnV2 = 5;

ErrorCode coordinator_error(const Asked& asked, std::string_view transactional_id) {
  return asked.cluster.coordinator_error(CoordinatorKind::kTransaction, transactional_id,
                                         asked.broker);
}

// PRODUCER_FENCED is newer than what it says (KIP-588).
ErrorCode told(ErrorCode error, int16_t version, int16_t knows_fenced) {
  return error == ErrorCode::kProducerFenced && version < knows_fenced
             ? ErrorCode::kInvalidProducerEpoch
             : error;
}

using AddRequest = AddPartitionsToTxnRequest;
using AddResponse = AddPartitionsToTxnResponse;

// Unknown ones are null.
std::vector<SimulatedPartition*> find_partitions(const Asked& asked, const AddRequest& request) {
  std::vector<SimulatedPartition*> partitions;
  for (const auto& topic : request.v3_and_below_topics) {
    const SimulatedTopic* const known = asked.cluster.topics.find(topic.name);
    for (const int32_t index : topic.partitions)
      partitions.push_back(known ? known->partition(index) : nullptr);
  }
  return partitions;
}

std::string state_name(const SimulatedTransaction& transaction) {
  return std::string(transaction_status_name(transaction.status));
}

bool may_describe(const Asked& asked, const std::string& id) {
  return asked.cluster.acls.allow(AclOperation::kDescribe,
                                  {AclResource::Kind::kTransactionalId, id});
}

DescribeTransactionsResponse::TransactionState describe(const Asked& asked, const std::string& id) {
  DescribeTransactionsResponse::TransactionState state;
  state.transactional_id = id;
  state.error_code = coordinator_error(asked, id);
  if (state.error_code != ErrorCode::kNone) return state;
  if (!may_describe(asked, id)) {
    state.error_code = ErrorCode::kTransactionalIdAuthorizationFailed;
    return state;
  }
  const SimulatedTransaction* const transaction = asked.cluster.transactions.find(id);
  if (!transaction) {
    state.error_code = ErrorCode::kTransactionalIdNotFound;
    return state;
  }
  state.transaction_state = state_name(*transaction);
  state.transaction_timeout_ms = transaction->timeout_ms;
  state.transaction_start_time_ms = transaction->started_ms;
  state.producer_id = transaction->producer.id;
  state.producer_epoch = transaction->producer.epoch;
  for (const SimulatedPartition* partition : transaction->partitions) {
    auto topic = std::ranges::find(state.topics, partition->topic,
                                   &DescribeTransactionsResponse::TopicData::topic);
    if (topic == state.topics.end()) {
      state.topics.push_back({partition->topic, {}});
      topic = std::prev(state.topics.end());
    }
    topic->partitions.push_back(partition->index);
  }
  return state;
}

// Patterns are ids, or beginnings of ids with ".*" behind: all that tests need of KIP-1152.
bool matches(const std::optional<std::string>& pattern, std::string_view id) {
  if (!pattern || pattern->empty()) return true;
  if (pattern->ends_with(".*")) return id.starts_with(pattern->substr(0, pattern->size() - 2));
  return id == *pattern;
}

bool wanted(const Asked& asked, const ListTransactionsRequest& request,
            const SimulatedTransaction& transaction) {
  const auto lists = [](const auto& filter, const auto& value) {
    return filter.empty() || std::ranges::find(filter, value) != filter.end();
  };
  return coordinator_error(asked, transaction.id) != ErrorCode::kNotCoordinator &&
         may_describe(asked, transaction.id) &&
         lists(request.state_filters, state_name(transaction)) &&
         lists(request.producer_id_filters, transaction.producer.id) &&
         (request.duration_filter < 0 || asked.cluster.loop.now() - transaction.started >=
                                             std::chrono::milliseconds(request.duration_filter)) &&
         matches(request.transactional_id_pattern, transaction.id);
}

}  // namespace

InitProducerIdResponse serve(const Asked& asked, const InitProducerIdRequest& request) {
  InitProducerIdResponse response;
  ClusterState& cluster = asked.cluster;
  if (!request.transactional_id) {
    const ProducerIdAndEpoch producer = cluster.transactions.new_producer();
    response.producer_id = producer.id;
    response.producer_epoch = producer.epoch;
    return response;
  }
  response.producer_epoch = -1;
  response.error_code = coordinator_error(asked, *request.transactional_id);
  if (response.error_code != ErrorCode::kNone) return response;
  const auto outcome = cluster.transactions.init(
      *request.transactional_id,
      {request.transaction_timeout_ms, {request.producer_id, request.producer_epoch}});
  constexpr int16_t kKnowsFenced = 4;
  response.error_code = told(outcome.error, asked.version, kKnowsFenced);
  if (outcome.error != ErrorCode::kNone) return response;
  response.producer_id = outcome.producer.id;
  response.producer_epoch = outcome.producer.epoch;
  return response;
}

AddPartitionsToTxnResponse serve(const Asked& asked, const AddPartitionsToTxnRequest& request) {
  AddResponse response;
  if (asked.version >= kBrokersOnly) {
    response.error_code = ErrorCode::kClusterAuthorizationFailed;
    return response;
  }
  const std::vector<SimulatedPartition*> partitions = find_partitions(asked, request);
  const bool all_known = std::ranges::find(partitions, nullptr) == partitions.end();
  const std::string& id = request.v3_and_below_transactional_id;
  ErrorCode error = coordinator_error(asked, id);
  if (error == ErrorCode::kNone && !all_known) error = ErrorCode::kOperationNotAttempted;
  if (error == ErrorCode::kNone) {
    error = asked.cluster.transactions.add_partitions(
        id, {request.v3_and_below_producer_id, request.v3_and_below_producer_epoch}, partitions);
  }
  constexpr int16_t kKnowsFenced = 2;
  error = told(error, asked.version, kKnowsFenced);
  auto partition = partitions.begin();
  for (const auto& topic : request.v3_and_below_topics) {
    auto& results = response.results_by_topic_v3_and_below.emplace_back();
    results.name = topic.name;
    for (const int32_t index : topic.partitions) {
      const bool unknown = error == ErrorCode::kOperationNotAttempted && !*partition++;
      results.results_by_partition.push_back(
          {index, unknown ? ErrorCode::kUnknownTopicOrPartition : error});
    }
  }
  return response;
}

EndTxnResponse serve(const Asked& asked, const EndTxnRequest& request) {
  EndTxnResponse response;
  ClusterState& cluster = asked.cluster;
  const AclResource owner{AclResource::Kind::kTransactionalId, request.transactional_id};
  if (!cluster.acls.allow(AclOperation::kWrite, owner)) {
    response.error_code = ErrorCode::kTransactionalIdAuthorizationFailed;
    return response;
  }
  response.error_code = coordinator_error(asked, request.transactional_id);
  if (response.error_code != ErrorCode::kNone) return response;
  const ProtocolStep step = request.committed ? ProtocolStep::kCommit : ProtocolStep::kAbort;
  if (cluster.drawn(cluster.faults.unsure_refusal_one_in, "unsure refusal", step)) {
    response.error_code = ErrorCode::kCoordinatorNotAvailable;
    return response;
  }
  const bool v2 = asked.version >= kEndTxnV2;
  const auto outcome = cluster.transactions.end(request.transactional_id,
                                                {request.producer_id, request.producer_epoch},
                                                {request.committed, v2});
  constexpr int16_t kKnowsFenced = 2;
  response.error_code = told(outcome.error, asked.version, kKnowsFenced);
  if (outcome.error != ErrorCode::kNone) return response;
  if (cluster.drawn(cluster.faults.unsure_answer_one_in, "unsure answer", step)) {
    response.error_code = ErrorCode::kCoordinatorNotAvailable;
    return response;
  }
  if (!v2) return response;
  response.producer_id = outcome.producer.id;
  response.producer_epoch = outcome.producer.epoch;
  return response;
}

DescribeTransactionsResponse serve(const Asked& asked, const DescribeTransactionsRequest& request) {
  DescribeTransactionsResponse response;
  for (const std::string& id : request.transactional_ids)
    response.transaction_states.push_back(describe(asked, id));
  return response;
}

ListTransactionsResponse serve(const Asked& asked, const ListTransactionsRequest& request) {
  constexpr std::string_view kStates[] = {"Empty",        "Ongoing",        "PrepareCommit",
                                          "PrepareAbort", "CompleteCommit", "CompleteAbort"};
  ListTransactionsResponse response;
  for (const std::string& state : request.state_filters) {
    if (std::ranges::find(kStates, state) == std::end(kStates))
      response.unknown_state_filters.push_back(state);
  }
  for (const SimulatedTransaction& transaction : asked.cluster.transactions.all()) {
    if (!wanted(asked, request, transaction)) continue;
    response.transaction_states.push_back(
        {transaction.id, transaction.producer.id, state_name(transaction)});
  }
  return response;
}

}  // namespace penstock::connect::kafka
