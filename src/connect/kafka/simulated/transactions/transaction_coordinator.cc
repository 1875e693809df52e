// The coordinator's side of each request. What follows a decision is in transaction_markers.cc.
#include "connect/kafka/simulated/transactions/transaction_coordinator.h"

#include <algorithm>

#include "base/check.h"
#include "connect/kafka/simulated/topic_table.h"

namespace penstock::connect::kafka {

std::string_view transaction_status_name(TransactionStatus status) {
  constexpr std::string_view kNames[] = {"Empty",        "Ongoing",        "PrepareCommit",
                                         "PrepareAbort", "CompleteCommit", "CompleteAbort"};
  return kNames[static_cast<size_t>(status)];
}

const SimulatedTransaction* TransactionCoordinator::find(std::string_view transactional_id) const {
  return find_known(transactional_id);
}

SimulatedTransaction* TransactionCoordinator::find_known(std::string_view transactional_id) const {
  const auto found = by_id_.find(transactional_id);
  return found == by_id_.end() ? nullptr : found->second;
}

SimulatedTransaction& TransactionCoordinator::find_or_create(const std::string& transactional_id) {
  if (SimulatedTransaction* known = find_known(transactional_id)) return *known;
  SimulatedTransaction& transaction = transactions_.emplace_back();
  transaction.id = transactional_id;
  transaction.producer.id = next_producer_id_++;
  by_id_[transactional_id] = &transaction;
  return transaction;
}

// The last epoch is kept for fencing whoever has the one before it.
bool TransactionCoordinator::exhausted(const ProducerIdAndEpoch& producer) const {
  return producer.epoch >= context_.options.last_epoch - 1;
}

TransactionCoordinator::Outcome TransactionCoordinator::init(const std::string& transactional_id,
                                                             const InitOptions& options) {
  if (transactional_id.empty() || (options.expected.id < 0) != (options.expected.epoch < 0))
    return {ErrorCode::kInvalidRequest};
  if (options.timeout_ms <= 0 || options.timeout_ms > context_.options.max_transaction_timeout_ms)
    return {ErrorCode::kInvalidTransactionTimeout};
  SimulatedTransaction& transaction = find_or_create(transactional_id);
  if (transaction.prepared()) return {ErrorCode::kConcurrentTransactions};
  const ProducerIdAndEpoch& expected = options.expected;
  const bool is_known = expected.id < 0 || transaction.producer.epoch < 0 ||
                        expected.id == transaction.producer.id ||
                        (expected.id == transaction.previous.id && exhausted(expected));
  if (!is_known) return {ErrorCode::kProducerFenced};
  if (transaction.status == TransactionStatus::kOngoing) {
    // The epoch that this makes is nobody's: the caller comes again and gets the next one.
    fence(transaction, Decider::kNewProducer);
    return {ErrorCode::kConcurrentTransactions};
  }
  return bump(transaction, options);
}

TransactionCoordinator::Outcome TransactionCoordinator::bump(SimulatedTransaction& transaction,
                                                             const InitOptions& options) {
  const ProducerIdAndEpoch old = transaction.producer;
  const ProducerIdAndEpoch& expected = options.expected;
  const bool current = expected.id < 0 || old.epoch < 0 || expected.epoch == old.epoch;
  if (!current) {
    // KIP-360: the answer to the same request was lost.
    if (expected == transaction.previous) return {ErrorCode::kNone, old};
    return {ErrorCode::kProducerFenced};
  }
  transaction.producer = exhausted(old)
                             ? new_producer()
                             : ProducerIdAndEpoch{old.id, static_cast<int16_t>(old.epoch + 1)};
  transaction.previous = expected.id < 0 ? ProducerIdAndEpoch() : old;
  transaction.timeout_ms = options.timeout_ms;
  transaction.status = TransactionStatus::kEmpty;
  return {ErrorCode::kNone, transaction.producer};
}

ErrorCode TransactionCoordinator::check(const SimulatedTransaction* transaction,
                                        const ProducerIdAndEpoch& producer) const {
  if (!transaction) return ErrorCode::kInvalidProducerIdMapping;
  // First of all: the producer may have the id already that begins with the completion (KIP-890).
  if (transaction->prepared()) return ErrorCode::kConcurrentTransactions;
  if (transaction->producer.id != producer.id) return ErrorCode::kInvalidProducerIdMapping;
  if (transaction->producer.epoch != producer.epoch) return ErrorCode::kProducerFenced;
  return ErrorCode::kNone;
}

ErrorCode TransactionCoordinator::add_partitions(
    const std::string& transactional_id, const ProducerIdAndEpoch& producer,
    const std::vector<SimulatedPartition*>& partitions) {
  if (transactional_id.empty()) return ErrorCode::kInvalidRequest;
  SimulatedTransaction* const transaction = find_known(transactional_id);
  if (const ErrorCode error = check(transaction, producer); error != ErrorCode::kNone) return error;
  if (transaction->status != TransactionStatus::kOngoing) begin(*transaction);
  for (SimulatedPartition* partition : partitions) {
    if (std::ranges::find(transaction->partitions, partition) == transaction->partitions.end())
      transaction->partitions.push_back(partition);
  }
  return ErrorCode::kNone;
}

void TransactionCoordinator::begin(SimulatedTransaction& transaction) {
  transaction.status = TransactionStatus::kOngoing;
  transaction.partitions.clear();
  transaction.started = context_.loop.now();
  transaction.started_ms = context_.loop.unix_ms();
  arm_sweep();
}

ErrorCode TransactionCoordinator::verify(const std::string& transactional_id,
                                         const ProducerIdAndEpoch& producer,
                                         const SimulatedPartition& partition) const {
  const SimulatedTransaction* const transaction = find(transactional_id);
  if (const ErrorCode error = check(transaction, producer); error != ErrorCode::kNone) return error;
  const bool added =
      transaction->status == TransactionStatus::kOngoing &&
      std::ranges::find(transaction->partitions, &partition) != transaction->partitions.end();
  return added ? ErrorCode::kNone : ErrorCode::kTransactionAbortable;
}

TransactionCoordinator::Outcome TransactionCoordinator::end(const std::string& transactional_id,
                                                            const ProducerIdAndEpoch& producer,
                                                            const EndOptions& options) {
  if (transactional_id.empty()) return {ErrorCode::kInvalidRequest};
  SimulatedTransaction* const transaction = find_known(transactional_id);
  if (!transaction) return {ErrorCode::kInvalidProducerIdMapping};
  const bool repeated = options.v2 && producer == transaction->previous &&
                        transaction->status != TransactionStatus::kOngoing &&
                        transaction->status != TransactionStatus::kEmpty;
  if (!repeated && transaction->producer.id != producer.id)
    return {ErrorCode::kInvalidProducerIdMapping};
  if (!repeated && transaction->producer.epoch != producer.epoch)
    return {ErrorCode::kProducerFenced};
  // Version 1 cannot tell here whether this one or an earlier transaction was meant.
  if (transaction->status == TransactionStatus::kOngoing)
    return end_as_client(*transaction, options);
  return end_again(*transaction, options, repeated);
}

// There is nothing to be ended: it has been, or it is empty.
TransactionCoordinator::Outcome TransactionCoordinator::end_again(SimulatedTransaction& transaction,
                                                                  const EndOptions& options,
                                                                  bool repeated) {
  const bool committed = transaction.status == TransactionStatus::kPrepareCommit ||
                         transaction.status == TransactionStatus::kCompleteCommit;
  const bool empty = transaction.status == TransactionStatus::kEmpty;
  if (transaction.prepared()) {
    return {committed == options.commit ? ErrorCode::kConcurrentTransactions
                                        : ErrorCode::kInvalidTxnState};
  }
  // With a new epoch nothing was begun: an abort of that is a producer's way to be sure.
  if (options.v2 && !repeated && !options.commit) return end_as_client(transaction, options);
  const bool is_repetition = repeated || !options.v2;
  if (empty || committed != options.commit || !is_repetition) return {ErrorCode::kInvalidTxnState};
  return {ErrorCode::kNone, transaction.producer};
}

TransactionCoordinator::Outcome TransactionCoordinator::end_as_client(
    SimulatedTransaction& transaction, const EndOptions& options) {
  const ProducerIdAndEpoch old = transaction.producer;
  if (transaction.status != TransactionStatus::kOngoing) transaction.partitions.clear();
  if (options.v2) {
    if (exhausted(old)) transaction.next_producer_id = next_producer_id_++;
    transaction.previous = old;
    ++transaction.producer.epoch;
  }
  ProducerIdAndEpoch next = transaction.producer;
  if (transaction.next_producer_id >= 0) next = {transaction.next_producer_id, 0};
  decide(transaction, options.commit, {.transactional_id = {}, .producer = old});
  return {ErrorCode::kNone, next};
}

// KIP-98: whoever holds the present epoch is shut out by a new one, in the log too.
void TransactionCoordinator::fence(SimulatedTransaction& transaction, Decider decider) {
  const ProducerIdAndEpoch old = transaction.producer;
  ++transaction.producer.epoch;
  // Under version 2 whoever is fenced can still ask how its transaction ended.
  const bool v2 = context_.options.finalized_transaction_version() >= 2;
  transaction.previous = v2 ? old : ProducerIdAndEpoch();
  decide(transaction, false, {.transactional_id = {}, .producer = old, .decider = decider});
}

}  // namespace penstock::connect::kafka
