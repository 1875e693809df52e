// The checks of sequences and epochs in the order in which a broker makes them.
#include "connect/kafka/simulated/log/producer_state.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace penstock::connect::kafka {
namespace {

bool follows(int32_t last, int32_t next) {
  return next == last + int64_t{1} || (next == 0 && last == std::numeric_limits<int32_t>::max());
}

std::optional<ProducerState::Batch> kept_duplicate(const ProducerState& state,
                                                   const StoredBatch& batch) {
  const size_t kept = std::min(state.num_batches, ProducerState::kBatchesKept);
  for (size_t i = 0; i < kept; ++i) {
    const ProducerState::Batch& old = state.batches[i];
    if (old.first_sequence == batch.base_sequence && old.last_sequence == batch.last_sequence())
      return old;
  }
  return std::nullopt;
}

ErrorCode check_unknown(const StoredBatch& batch, bool v2, const SequenceRules& rules) {
  if (batch.base_sequence == 0) return ErrorCode::kNone;
  if (rules.unknown_producer_error) return ErrorCode::kUnknownProducerId;
  // Version 2 has a new epoch for every transaction, so its first batch is known (KIP-890).
  return v2 ? ErrorCode::kOutOfOrderSequenceNumber : ErrorCode::kNone;
}

}  // namespace

const ProducerState* ProducerStates::find(int64_t producer_id) const {
  const auto found = states_.find(producer_id);
  return found == states_.end() ? nullptr : &found->second;
}

ProducerStates::Verdict ProducerStates::check(const StoredBatch& batch, bool v2,
                                              const SequenceRules& rules) const {
  if (batch.producer.id < 0) return {};
  const ProducerState* const state = find(batch.producer.id);
  if (!state && is_behind_verified(batch)) return {ErrorCode::kOutOfOrderSequenceNumber, {}};
  if (!state) return {check_unknown(batch, v2, rules), {}};
  if (batch.producer.epoch < state->epoch) return {ErrorCode::kInvalidProducerEpoch, {}};
  if (batch.producer.epoch > state->epoch) {
    if (batch.base_sequence != 0) return {ErrorCode::kOutOfOrderSequenceNumber, {}};
  } else if (const auto duplicate = kept_duplicate(*state, batch)) {
    return {ErrorCode::kNone, duplicate};
  } else if (is_behind_verified(batch)) {
    return {ErrorCode::kOutOfOrderSequenceNumber, {}};
  } else if (!follows(state->last_sequence(), batch.base_sequence)) {
    if (state->num_batches == 0 && rules.unknown_producer_error)
      return {ErrorCode::kUnknownProducerId, {}};
    return {ErrorCode::kOutOfOrderSequenceNumber, {}};
  }
  if (state->open_since && !batch.transactional) return {ErrorCode::kInvalidTxnState, {}};
  return {};
}

bool ProducerStates::is_behind_verified(const StoredBatch& batch) const {
  const auto found = verified_.find(batch.producer.id);
  return found != verified_.end() && batch.base_sequence > found->second.lowest_sequence;
}

void ProducerStates::verified(const StoredBatch& batch) {
  const auto [entry, made] =
      verified_.try_emplace(batch.producer.id, batch.producer.epoch, batch.base_sequence);
  Verified& known = entry->second;
  const bool lower =
      batch.producer.epoch == known.epoch && batch.base_sequence < known.lowest_sequence;
  if (lower || batch.producer.epoch > known.epoch)
    known = {batch.producer.epoch, batch.base_sequence};
}

void ProducerStates::append(const StoredBatch& batch, int64_t base_offset) {
  if (batch.producer.id < 0) return;
  ProducerState& state = states_[batch.producer.id];
  if (state.epoch != batch.producer.epoch) {
    state.epoch = batch.producer.epoch;
    state.num_batches = 0;
  }
  state.batches[state.num_batches++ % ProducerState::kBatchesKept] = {
      batch.base_sequence, batch.last_sequence(), base_offset, batch.max_timestamp_ms};
  state.last_timestamp_ms = batch.max_timestamp_ms;
  if (batch.transactional) verified_.erase(batch.producer.id);
  if (!batch.transactional || state.open_since) return;
  state.open_since = base_offset;
  open_offsets_.push_back(base_offset);
}

bool ProducerStates::fences(const ProducerIdAndEpoch& producer) const {
  const ProducerState* const state = find(producer.id);
  return state && producer.epoch < state->epoch;
}

bool ProducerStates::has_open(const ProducerIdAndEpoch& producer) const {
  const ProducerState* const state = find(producer.id);
  return state && state->open_since && state->epoch == producer.epoch;
}

std::optional<int64_t> ProducerStates::end_transaction(const TransactionMarker& marker) {
  verified_.erase(marker.producer.id);
  ProducerState& state = states_[marker.producer.id];
  if (state.epoch != marker.producer.epoch) {
    state.epoch = marker.producer.epoch;
    state.num_batches = 0;
  }
  state.last_timestamp_ms = marker.timestamp_ms;
  state.coordinator_epoch = marker.coordinator_epoch;
  const std::optional<int64_t> began = std::exchange(state.open_since, std::nullopt);
  if (began) open_offsets_.erase(std::ranges::lower_bound(open_offsets_, *began));
  return began;
}

std::optional<int64_t> ProducerStates::first_open_offset() const {
  if (open_offsets_.empty()) return std::nullopt;
  return open_offsets_.front();
}

}  // namespace penstock::connect::kafka
