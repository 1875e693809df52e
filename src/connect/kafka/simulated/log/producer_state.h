// What a partition's leader knows of each producer: the newest epoch, the last five batches, by
// which a repeated one is recognised (KIP-98), and where its open transaction begins.
//
// Rebuilt from the log by every new leader, so all brokers have the same. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "connect/kafka/simulated/log/stored_batch.h"

namespace penstock::connect::kafka {

// Where brokers of different ages answer differently.
struct SequenceRules {
  // Before KIP-360 (2.5) a producer of whom nothing is known had to begin with sequence 0.
  bool unknown_producer_error = false;
};

struct ProducerState {
  struct Batch {
    int32_t first_sequence;
    int32_t last_sequence;
    int64_t base_offset;
    int64_t max_timestamp_ms;
  };
  static constexpr size_t kBatchesKept = 5;

  int16_t epoch = -1;
  std::array<Batch, kBatchesKept> batches = {};  // A ring.
  size_t num_batches = 0;                        // Of this epoch, ever.
  std::optional<int64_t> open_since;             // Offset of its open transaction's first record.
  int64_t last_timestamp_ms = -1;
  int32_t coordinator_epoch = -1;

  int32_t last_sequence() const {
    return num_batches == 0 ? -1 : batches[(num_batches - 1) % kBatchesKept].last_sequence;
  }
};

class ProducerStates {
 public:
  struct Verdict {
    ErrorCode error = ErrorCode::kNone;
    std::optional<ProducerState::Batch> duplicate_of;  // What it is already.
  };

  // Whether a producer's batch may be appended. `v2`: it came as transactions of version 2 do.
  Verdict check(const StoredBatch& batch, bool v2, const SequenceRules& rules) const;
  // KIP-890: the coordinator was asked about a batch that would open a transaction. Until one of
  // the producer has opened it, a later sequence than the lowest of these is out of order.
  void verified(const StoredBatch& batch);
  // REQUIRES: check() found nothing.
  void append(const StoredBatch& batch, int64_t base_offset);

  bool fences(const ProducerIdAndEpoch& producer) const;
  bool has_open(const ProducerIdAndEpoch& producer) const;
  // Ends the producer's open transaction, if there is one, and returns where it began. The marker's
  // epoch may be new: then it fences the one before (KIP-98), and ends its sequences.
  std::optional<int64_t> end_transaction(const TransactionMarker& marker);

  // The offset before which every transaction is decided.
  std::optional<int64_t> first_open_offset() const;

  const std::unordered_map<int64_t, ProducerState>& all() const { return states_; }

 private:
  struct Verified {
    int16_t epoch;
    int32_t lowest_sequence;
  };

  const ProducerState* find(int64_t producer_id) const;
  bool is_behind_verified(const StoredBatch& batch) const;

  std::unordered_map<int64_t, ProducerState> states_;
  std::unordered_map<int64_t, Verified> verified_;
  std::vector<int64_t> open_offsets_;  // Ascending, as transactions begin at the log's end.
};

}  // namespace penstock::connect::kafka
