// What happens after a decision: markers at random times, completion, and the search for
// transactions that have been open for too long.
#include <memory>
#include <utility>

#include "connect/kafka/simulated/topic_table.h"
#include "connect/kafka/simulated/transactions/transaction_coordinator.h"

namespace penstock::connect::kafka {
namespace {

// How long a marker waits for a partition that nobody leads.
constexpr std::chrono::milliseconds kLeaderlessRetry{50};

ProtocolStep step_of(Decider decider, bool commit) {
  switch (decider) {
    case Decider::kClient:
      return commit ? ProtocolStep::kCommit : ProtocolStep::kAbort;
    case Decider::kNewProducer:
      return ProtocolStep::kInitProducerId;
    case Decider::kTimeout:
      break;
  }
  return ProtocolStep::kOther;
}

}  // namespace

void TransactionCoordinator::decide(SimulatedTransaction& transaction, bool commit,
                                    const DecidedTransaction& what) {
  transaction.status =
      commit ? TransactionStatus::kPrepareCommit : TransactionStatus::kPrepareAbort;
  // An abort of nothing decides nothing.
  if (!transaction.partitions.empty()) {
    decided_.push_back({decided_.size() + 1, transaction.id, what.producer, commit, what.decider,
                        transaction.partitions.size()});
  }
  SimulatedLoop& loop = context_.loop;
  const TransactionMarker marker{transaction.producer, commit, epoch, loop.unix_ms()};
  const auto span =
      static_cast<uint64_t>((context_.options.marker_most - context_.options.marker_least).count());
  transaction.num_markers_missing = transaction.partitions.size() + 1;
  for (SimulatedPartition* partition : transaction.partitions) {
    auto time = loop.now() + context_.options.marker_least +
                std::chrono::microseconds(loop.rng().below(span + 1));
    if (loop.drawn(context_.faults.slow_marker_one_in, "slow marker",
                   step_of(what.decider, commit))) {
      time += std::chrono::milliseconds(
          loop.rng().below(static_cast<uint64_t>(context_.faults.slow_marker_most.count()) + 1));
    }
    loop.at(time, [this, &transaction, partition, marker] {
      write_marker(transaction, *partition, marker);
    });
  }
  marker_done(transaction);
}

void TransactionCoordinator::write_marker(SimulatedTransaction& transaction,
                                          SimulatedPartition& partition,
                                          const TransactionMarker& marker) {
  if (!partition.deleted && partition.leader == kNobody) {
    context_.loop.at(
        context_.loop.now() + kLeaderlessRetry,
        [this, &transaction, &partition, marker] { write_marker(transaction, partition, marker); });
    return;
  }
  if (!partition.deleted && partition.log.append_marker(marker, partition.leader_epoch))
    partition.changed();
  marker_done(transaction);
}

void TransactionCoordinator::marker_done(SimulatedTransaction& transaction) {
  if (--transaction.num_markers_missing > 0) return;
  if (transaction.partitions.empty()) return complete(transaction);
  // Readers see the transaction before its coordinator has written down that it is complete.
  const std::chrono::microseconds most = context_.options.marker_least;
  const std::chrono::microseconds delay(
      context_.loop.rng().below(static_cast<uint64_t>(most.count()) + 1));
  context_.loop.at(context_.loop.now() + delay, [this, &transaction] { complete(transaction); });
}

void TransactionCoordinator::complete(SimulatedTransaction& transaction) {
  transaction.status = transaction.status == TransactionStatus::kPrepareCommit
                           ? TransactionStatus::kCompleteCommit
                           : TransactionStatus::kCompleteAbort;
  transaction.partitions.clear();
  if (transaction.next_producer_id < 0) return;
  transaction.producer = {std::exchange(transaction.next_producer_id, -1), 0};
}

void TransactionCoordinator::arm_sweep() {
  if (std::exchange(sweep_armed_, true)) return;
  context_.loop.at(context_.loop.now() + context_.options.timeout_sweep, [this] { sweep(); });
}

void TransactionCoordinator::sweep() {
  sweep_armed_ = false;
  for (SimulatedTransaction& transaction : transactions_) {
    if (transaction.status != TransactionStatus::kOngoing) continue;
    if (transaction.started + std::chrono::milliseconds(transaction.timeout_ms) <
        context_.loop.now()) {
      fence(transaction, Decider::kTimeout);
    } else {
      arm_sweep();
    }
  }
}

}  // namespace penstock::connect::kafka
