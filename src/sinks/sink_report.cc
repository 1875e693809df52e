// Transactions, partitions and the snapshot, as they go on.
#include "sinks/sink_report.h"

#include <algorithm>

namespace penstock::sinks {
namespace {

// A part takes up to two seconds: the rate is that of the last half minute.
constexpr size_t kSamples = 16;

}  // namespace

void SinkReport::begin_transaction(uint64_t at_us) {
  std::lock_guard lock(mutex_);
  transactions_.open.emplace().begun_at_us = at_us;
}

void SinkReport::stage(uint64_t messages, uint64_t bytes, Timestamp time) {
  std::lock_guard lock(mutex_);
  statistics_.messages_staged += messages;
  statistics_.bytes_staged += bytes;
  OpenTransaction& open = *transactions_.open;
  open.messages += messages;
  open.bytes += bytes;
  if (!open.first) open.first = time;
}

void SinkReport::ask_for_commit() {
  std::lock_guard lock(mutex_);
  transactions_.open->state = OpenTransaction::State::kCommitting;
}

void SinkReport::doubt(const std::string& cause) {
  std::lock_guard lock(mutex_);
  transactions_.open->state = OpenTransaction::State::kInDoubt;
  transactions_.open->doubt = cause;
}

void SinkReport::commit(const CommittedTransaction& done,
                        std::span<const connect::WrittenPartition> written) {
  std::lock_guard lock(mutex_);
  statistics_.messages_committed += done.messages;
  statistics_.bytes_committed += done.bytes;
  ++statistics_.transactions;
  transactions_.open.reset();
  transactions_.last_commit = done;
  ++transactions_.committed;
  for (const connect::WrittenPartition& each : written) {
    PartitionProgress& partition = partitions_[each.partition];
    partition.last_offset = each.last_offset;
    partition.messages += each.messages;
    partition.at_us = done.at_us;
  }
}

void SinkReport::abort(const AbortedTransaction& done) {
  std::lock_guard lock(mutex_);
  statistics_.messages_staged -= done.messages;
  statistics_.bytes_staged -= done.bytes;
  transactions_.open.reset();
  transactions_.last_abort = done;
  ++transactions_.aborted;
}

SinkTransactions SinkReport::transactions() const {
  std::lock_guard lock(mutex_);
  return transactions_;
}

std::map<int32_t, PartitionProgress> SinkReport::partitions() const {
  std::lock_guard lock(mutex_);
  return partitions_;
}

void SinkReport::expect_snapshot(const SnapshotProgress& progress) {
  std::lock_guard lock(mutex_);
  snapshot_ = progress;
}

void SinkReport::begin_snapshot_part(uint64_t at_us, uint64_t rows_done) {
  std::lock_guard lock(mutex_);
  if (!snapshot_ || snapshot_->begun_at_us) return;
  snapshot_->begun_at_us = at_us;
  snapshot_->rows_done = rows_done;
  snapshot_->samples.push_back({at_us, rows_done});
}

void SinkReport::end_snapshot_part(uint64_t at_us, uint64_t rows_done) {
  std::lock_guard lock(mutex_);
  if (!snapshot_) return;
  ++snapshot_->transactions;
  snapshot_->rows_done = rows_done;
  snapshot_->samples.push_back({at_us, rows_done});
  if (snapshot_->samples.size() > kSamples) snapshot_->samples.pop_front();
}

void SinkReport::end_snapshot(uint64_t at_us) {
  std::lock_guard lock(mutex_);
  if (snapshot_) snapshot_->finished_at_us = at_us;
}

std::optional<SnapshotProgress> SinkReport::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

}  // namespace penstock::sinks
