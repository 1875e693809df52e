// Appending and reading.
#include "connect/kafka/simulated/log/partition_log.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::connect::kafka {

int64_t PartitionLog::store(std::string_view bytes, const StoredBatch& batch,
                            int32_t leader_epoch) {
  const int64_t base = end_offset_;
  if (epochs_.empty() || epochs_.back().epoch < leader_epoch)
    epochs_.push_back({leader_epoch, base});
  entries_.push_back({base, batch.max_timestamp_ms, bytes_.size()});
  bytes_.append(bytes);
  set_place(bytes_.data() + entries_.back().position, base, leader_epoch);
  end_offset_ += int64_t{batch.last_delta} + 1;
  return base;
}

int64_t PartitionLog::append(std::string_view bytes, const StoredBatch& batch,
                             int32_t leader_epoch) {
  const int64_t base = store(bytes, batch, leader_epoch);
  producers_.append(batch, base);
  return base;
}

bool PartitionLog::append_marker(const TransactionMarker& marker, int32_t leader_epoch) {
  if (producers_.fences(marker.producer)) return false;
  StoredBatch batch;
  batch.max_timestamp_ms = marker.timestamp_ms;
  const int64_t offset = store(marker_batch(marker), batch, leader_epoch);
  const std::optional<int64_t> began = producers_.end_transaction(marker);
  if (began && !marker.commit)
    aborted_.push_back({marker.producer.id, *began, offset, last_stable_offset()});
  return true;
}

void PartitionLog::delete_before(int64_t offset) {
  CHECK_OP(<=, offset, end_offset_);
  start_offset_ = std::max(start_offset_, offset);
}

void PartitionLog::lose_from(int64_t offset) {
  CHECK_OP(==, last_stable_offset(), end_offset_);
  bytes_.resize(position_of(offset));
  std::erase_if(entries_, [offset](const Entry& entry) { return entry.base_offset >= offset; });
  std::erase_if(epochs_, [offset](const EpochStart& start) { return start.offset >= offset; });
  std::erase_if(aborted_, [offset](const Aborted& each) { return each.marker_offset >= offset; });
  producers_ = {};
  end_offset_ = offset;
}

int64_t PartitionLog::last_stable_offset() const {
  return std::max(start_offset_, producers_.first_open_offset().value_or(end_offset_));
}

int64_t PartitionLog::end_of(LogIsolation isolation) const {
  return isolation == LogIsolation::kReadCommitted ? last_stable_offset() : end_offset_;
}

size_t PartitionLog::entry_of(int64_t offset) const {
  const auto after = std::ranges::upper_bound(entries_, offset, {}, &Entry::base_offset);
  return static_cast<size_t>(after - entries_.begin()) - 1;
}

size_t PartitionLog::end_position(size_t entry) const {
  return entry + 1 == entries_.size() ? bytes_.size() : entries_[entry + 1].position;
}

size_t PartitionLog::position_of(int64_t offset) const {
  return offset >= end_offset_ ? bytes_.size() : entries_[entry_of(offset)].position;
}

int64_t PartitionLog::readable_bytes(int64_t offset, LogIsolation isolation) const {
  const int64_t end = end_of(isolation);
  if (offset >= end) return 0;
  return static_cast<int64_t>(position_of(end) - position_of(offset));
}

std::string_view PartitionLog::read(int64_t offset, LogIsolation isolation,
                                    ReadLimits limits) const {
  const int64_t end = end_of(isolation);
  if (offset >= end) return {};
  const size_t first = entry_of(offset);
  const size_t begin = entries_[first].position;
  const size_t first_bytes = end_position(first) - begin;
  auto size = static_cast<size_t>(std::max<int64_t>(limits.max_bytes, 0));
  // KIP-74: a batch larger than the limits must not stop its reader for ever.
  if (size < first_bytes) size = limits.at_least_one ? first_bytes : 0;
  return std::string_view(bytes_).substr(begin, std::min(size, position_of(end) - begin));
}

std::vector<PartitionLog::Aborted> PartitionLog::aborted_in(int64_t first_offset,
                                                            int64_t end_offset) const {
  std::vector<Aborted> found;
  auto each = std::ranges::lower_bound(aborted_, first_offset, {}, &Aborted::marker_offset);
  for (; each != aborted_.end(); ++each) {
    if (each->first_offset < end_offset) found.push_back(*each);
    // Those after it began behind what was stable then.
    if (each->stable_offset >= end_offset) break;
  }
  return found;
}

PartitionLog::EpochEnd PartitionLog::end_of_epoch(int32_t epoch) const {
  const auto next = std::ranges::upper_bound(epochs_, epoch, {}, &EpochStart::epoch);
  if (next == epochs_.begin()) return {};
  // A later epoch than any here: not known, rather than the end.
  if (next == epochs_.end() && epochs_.back().epoch < epoch) return {};
  return {std::prev(next)->epoch, next == epochs_.end() ? end_offset_ : next->offset};
}

int32_t PartitionLog::epoch_at(int64_t offset) const {
  const auto next = std::ranges::upper_bound(epochs_, offset, {}, &EpochStart::offset);
  return next == epochs_.begin() ? -1 : std::prev(next)->epoch;
}

std::string_view PartitionLog::first_batch_since(int64_t timestamp_ms) const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const int64_t next = i + 1 == entries_.size() ? end_offset_ : entries_[i + 1].base_offset;
    if (next <= start_offset_ || entries_[i].max_timestamp_ms < timestamp_ms) continue;
    return std::string_view(bytes_).substr(entries_[i].position,
                                           end_position(i) - entries_[i].position);
  }
  return {};
}

std::optional<int64_t> PartitionLog::greatest_timestamp_ms() const {
  std::optional<int64_t> greatest;
  for (const Entry& entry : entries_) {
    if (entry.base_offset >= start_offset_ && (!greatest || entry.max_timestamp_ms > *greatest))
      greatest = entry.max_timestamp_ms;
  }
  return greatest;
}

}  // namespace penstock::connect::kafka
