// What a transaction coordinator knows of one transactional id, and what it decided. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/simulated/log/stored_batch.h"
#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

struct SimulatedPartition;

// Prepared: decided, and some of its markers are not yet written.
enum class TransactionStatus {
  kEmpty,
  kOngoing,
  kPrepareCommit,
  kPrepareAbort,
  kCompleteCommit,
  kCompleteAbort,
};

// "PrepareCommit".
std::string_view transaction_status_name(TransactionStatus status);

struct SimulatedTransaction {
  std::string id;
  TransactionStatus status = TransactionStatus::kEmpty;
  ProducerIdAndEpoch producer;
  // Whose last bump it was that led to `producer` (KIP-360, KIP-890): a request of this one is
  // a repeated one whose answer was lost.
  ProducerIdAndEpoch previous;
  int64_t next_producer_id = -1;  // After completion, when the epochs have run out.
  int32_t timeout_ms = 0;
  EventLoop::Time started = {};
  int64_t started_ms = -1;
  std::vector<SimulatedPartition*> partitions;
  size_t num_markers_missing = 0;

  bool prepared() const {
    return status == TransactionStatus::kPrepareCommit ||
           status == TransactionStatus::kPrepareAbort;
  }
};

enum class Decider { kClient, kNewProducer, kTimeout };

struct DecidedTransaction {
  uint64_t number = 0;  // From 1, in the order of decision.
  std::string transactional_id;
  ProducerIdAndEpoch producer;  // Of its batches.
  bool committed = false;
  Decider decider = Decider::kClient;
  size_t num_partitions = 0;

  bool operator==(const DecidedTransaction&) const = default;
};

}  // namespace penstock::connect::kafka
