// Produce. Under version 2 of transactions (KIP-890, Produce v12) the leader adds its partitions to
// the transaction itself, and holds the request back while the markers of the transaction before
// are missing; under version 1 it asks the coordinator whether they were added, or, before 3.6,
// believes it.
#include <memory>

#include "base/check.h"
#include "connect/kafka/simulated/requests/request_handlers.h"

namespace penstock::connect::kafka {
namespace {

constexpr int16_t kAddsPartitions = 12;
constexpr int16_t kKnowsAbortable = 11;
constexpr int16_t kTellsLeader = 10;
// A log has one copy, so both mean the same; without any, nobody would be answered.
constexpr int16_t kAcksOfAll = -1;
constexpr int16_t kAcksOfLeader = 1;
constexpr int16_t kByTopicId = 13;

// A request that may be held back. What is in `request` views the bytes in `exchange`.
struct PendingProduce {
  explicit PendingProduce(BrokerExchange taken)
      : exchange(std::move(taken)), request(exchange.request().as<ProduceRequest>()) {}

  int16_t version() const { return exchange.request().version; }
  bool v2() const { return version() >= kAddsPartitions; }

  BrokerExchange exchange;
  ProduceRequest request;
  EventLoop::Time give_up = {};
  bool waits = false;  // For the markers of the transaction before.
};

// A batch on its way into one partition.
struct Incoming {
  SimulatedPartition& partition;
  std::string_view bytes;
  StoredBatch batch;
};

using Answered = ProduceResponse::PartitionProduceResponse;

Answered refused(int32_t index, ErrorCode error) {
  Answered answer;
  answer.index = index;
  answer.error_code = error;
  answer.base_offset = -1;
  return answer;
}

int32_t max_bytes(const ClusterState& cluster, const SimulatedTopic& topic) {
  const auto set = topic.configs.find("max.message.bytes");
  return set == topic.configs.end() ? cluster.options.max_message_bytes : std::stoi(set->second);
}

// As an old client is told what it does not know: KIP-890, KIP-1050.
ErrorCode told(ErrorCode error, int16_t version) {
  switch (error) {
    case ErrorCode::kTransactionAbortable:
      return version >= kKnowsAbortable ? error : ErrorCode::kInvalidTxnState;
    case ErrorCode::kProducerFenced:
      return ErrorCode::kInvalidProducerEpoch;
    case ErrorCode::kConcurrentTransactions:
      return version >= kAddsPartitions ? error : ErrorCode::kNotEnoughReplicas;
    default:
      return error;
  }
}

// Whether the batch's transaction has the partition.
ErrorCode check_transaction(PendingProduce& produce, const Incoming& incoming) {
  ClusterState& cluster = produce.exchange.cluster();
  const StoredBatch& batch = incoming.batch;
  if (!batch.transactional || incoming.partition.log.producers().has_open(batch.producer))
    return ErrorCode::kNone;
  const std::optional<std::string>& id = produce.request.transactional_id;
  if (!produce.v2() && !cluster.options.verifies()) return ErrorCode::kNone;
  CHECK(id);
  incoming.partition.log.verified(batch);
  if (!cluster.coordinator_serves(CoordinatorKind::kTransaction, *id))
    return ErrorCode::kNotEnoughReplicas;
  if (!produce.v2()) {
    return told(cluster.transactions.verify(*id, batch.producer, incoming.partition),
                produce.version());
  }
  const ErrorCode error =
      cluster.transactions.add_partitions(*id, batch.producer, {&incoming.partition});
  if (error == ErrorCode::kConcurrentTransactions && cluster.loop.now() < produce.give_up)
    produce.waits = true;
  return told(error, produce.version());
}

ErrorCode any_unsure_error(ClusterState& cluster) {
  return cluster.loop.rng().one_in(2) ? ErrorCode::kRequestTimedOut
                                      : ErrorCode::kNotEnoughReplicasAfterAppend;
}

// Not in the log: there were too few replicas, or the leader has lost it by its death.
Answered lost_again(ClusterState& cluster, SimulatedPartition& partition) {
  if (cluster.loop.rng().one_in(3)) return refused(partition.index, ErrorCode::kNotEnoughReplicas);
  partition.lead(cluster.any_alive());
  return refused(partition.index, any_unsure_error(cluster));
}

Answered append(PendingProduce& produce, const Incoming& incoming) {
  ClusterState& cluster = produce.exchange.cluster();
  PartitionLog& log = incoming.partition.log;
  const int32_t index = incoming.partition.index;
  const ProducerStates::Verdict verdict =
      log.producers().check(incoming.batch, produce.v2() && incoming.batch.transactional,
                            {cluster.options.preset->unknown_producer_error});
  if (verdict.error != ErrorCode::kNone) return refused(index, verdict.error);
  Answered answer;
  answer.index = index;
  answer.log_start_offset = log.start_offset();
  if (verdict.duplicate_of) {
    answer.base_offset = verdict.duplicate_of->base_offset;
    // The time of its last record, as brokers say it of repeated batches only.
    answer.log_append_time_ms = verdict.duplicate_of->max_timestamp_ms;
    return answer;
  }
  if (cluster.drawn(cluster.faults.unsure_refusal_one_in, "unsure refusal",
                    produce.exchange.request().step))
    return lost_again(cluster, incoming.partition);
  answer.base_offset = log.append(incoming.bytes, incoming.batch, incoming.partition.leader_epoch);
  incoming.partition.changed();
  if (cluster.drawn(cluster.faults.unsure_answer_one_in, "unsure answer",
                    produce.exchange.request().step)) {
    return refused(index, any_unsure_error(cluster));
  }
  return answer;
}

Answered not_leader(const PendingProduce& produce, const SimulatedPartition& partition) {
  Answered answer = refused(partition.index, ErrorCode::kNotLeaderOrFollower);
  if (produce.version() >= kTellsLeader)
    answer.current_leader = {partition.leader, partition.leader_epoch};
  return answer;
}

Answered serve_partition(PendingProduce& produce, const SimulatedTopic* topic,
                         const ProduceRequest::PartitionProduceData& data) {
  ClusterState& cluster = produce.exchange.cluster();
  SimulatedPartition* const partition = topic ? topic->partition(data.index) : nullptr;
  if (!partition) {
    return refused(data.index, !topic && produce.version() >= kByTopicId
                                   ? ErrorCode::kUnknownTopicId
                                   : ErrorCode::kUnknownTopicOrPartition);
  }
  const auto bytes = find_produced_batch(data.records.bytes.value_or(std::string_view()));
  if (!bytes) return refused(data.index, bytes.error());
  const int16_t acks = produce.request.acks;
  if (acks != kAcksOfAll && acks != kAcksOfLeader)
    return refused(data.index, ErrorCode::kInvalidRequiredAcks);
  if (partition->leader != produce.exchange.broker()) return not_leader(produce, *partition);
  if (bytes->size() > static_cast<size_t>(max_bytes(cluster, *topic)))
    return refused(data.index, ErrorCode::kMessageTooLarge);
  const auto batch = read_produced_batch(*bytes);
  if (!batch) return refused(data.index, batch.error());
  const Incoming incoming{*partition, *bytes, *batch};
  const ErrorCode error = check_transaction(produce, incoming);
  if (error != ErrorCode::kNone) return refused(data.index, error);
  return append(produce, incoming);
}

void add_endpoints(const PendingProduce& produce, ProduceResponse& response) {
  const ClusterState& cluster = produce.exchange.cluster();
  std::vector<bool> told(cluster.nodes.size());
  for (const auto& topic : response.responses) {
    for (const Answered& answer : topic.partition_responses) {
      const int32_t leader = answer.current_leader.leader_id;
      if (leader < 0 || told[static_cast<size_t>(leader)]) continue;
      told[static_cast<size_t>(leader)] = true;
      const HostAndPort& address = cluster.node(leader).address;
      response.node_endpoints.push_back({leader, address.host, address.port, std::nullopt});
    }
  }
}

// A broker looks at the first batch of every partition before it does anything else, and gives up
// where it cannot find its bounds.
bool is_malformed(const ProduceRequest& request) {
  for (const auto& topic : request.topic_data) {
    for (const auto& data : topic.partition_data) {
      const auto batch = find_produced_batch(data.records.bytes.value_or(std::string_view()));
      if (!batch && batch.error() == ErrorCode::kCorruptMessage) return true;
    }
  }
  return false;
}

bool has_transactional_batch(const ProduceRequest& request) {
  for (const auto& topic : request.topic_data) {
    for (const auto& data : topic.partition_data) {
      const auto batch = find_produced_batch(data.records.bytes.value_or(std::string_view()));
      const auto stored = batch ? read_produced_batch(*batch) : std::unexpected(batch.error());
      if (stored && stored->transactional) return true;
    }
  }
  return false;
}

// All of it, with the same answer for each partition.
void refuse(const PendingProduce& produce, ErrorCode error) {
  ProduceResponse response;
  for (const auto& wanted : produce.request.topic_data) {
    auto& answers = response.responses.emplace_back();
    answers.name = wanted.name;
    answers.topic_id = wanted.topic_id;
    for (const auto& data : wanted.partition_data)
      answers.partition_responses.push_back(refused(data.index, error));
  }
  produce.exchange.answer(std::move(response));
}

void attempt(std::unique_ptr<PendingProduce> produce) {
  if (produce->exchange.broker_died()) return;
  ClusterState& cluster = produce->exchange.cluster();
  produce->waits = false;
  ProduceResponse response;
  for (const auto& wanted : produce->request.topic_data) {
    const SimulatedTopic* const topic = cluster.topics.find(wanted.name, wanted.topic_id);
    auto& answers = response.responses.emplace_back();
    answers.name = wanted.name;
    answers.topic_id = wanted.topic_id;
    for (const auto& data : wanted.partition_data) {
      answers.partition_responses.push_back(serve_partition(*produce, topic, data));
      // Its transaction is the same for all of its batches: nothing has been appended.
      if (produce->waits) break;
    }
    if (produce->waits) break;
  }
  if (produce->waits) {
    cluster.loop.at(cluster.loop.now() + cluster.options.hold_back,
                    [held = std::move(produce)]() mutable { attempt(std::move(held)); });
    return;
  }
  if (produce->version() >= kTellsLeader) add_endpoints(*produce, response);
  produce->exchange.answer(std::move(response));
}

}  // namespace

void serve_produce(BrokerExchange exchange) {
  auto produce = std::make_unique<PendingProduce>(std::move(exchange));
  if (is_malformed(produce->request)) return refuse(*produce, ErrorCode::kCorruptMessage);
  // Nobody may write as no transactional id.
  if (!produce->request.transactional_id && has_transactional_batch(produce->request))
    return refuse(*produce, ErrorCode::kTransactionalIdAuthorizationFailed);
  const ClusterState& cluster = produce->exchange.cluster();
  produce->give_up = cluster.loop.now() + cluster.options.hold_back_most;
  attempt(std::move(produce));
}

}  // namespace penstock::connect::kafka
