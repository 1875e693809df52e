// A snapshot's units, from chunks that were encoded ahead.
#include "sinks/snapshot_bulk.h"

namespace penstock::sinks {

SnapshotBulk::SnapshotBulk(const BulkCursor& cursor, data::UpdateStream& stream,
                           ChangeEncoder& encoder, const SinkConfig& config, const StopToken& stop)
    : Bulk(cursor, encoder, stop), stream_(stream), config_(config) {
  marks_.emplace_back();
}

void SnapshotBulk::pause() {
  chunk_ = nullptr;
  ahead_.reset();
}

void SnapshotBulk::forget_before(const BulkCursor& cursor) {
  while (marks_.size() > 1 && marks_[1].units <= cursor.units) marks_.pop_front();
}

Step<void> SnapshotBulk::open() {
  const Mark& mark = marks_.back();
  auto rows = stream_.snapshot(cursor_.time, mark.position);
  if (!rows) return storage_trouble(rows.error());
  ahead_ = std::make_unique<EncodeAhead>(
      std::make_unique<SnapshotEncoder>(config_, encoder_.heads(), std::move(*rows),
                                        SnapshotPlace{cursor_.time, mark.previous}),
      config_.limits.ahead_bytes);
  return {};
}

Step<void> SnapshotBulk::next_chunk() {
  if (!ahead_) {
    auto opened = open();
    if (!opened) return opened;
  } else if (chunk_ != nullptr) {
    marks_.push_back({chunk_->position, cursor_.units, cursor_.hash, messages_, chunk_->last});
  }
  chunk_ = ahead_->next(stop_);
  if (chunk_ == nullptr) return stopped();
  encoder_.add_partition_errors(chunk_->partition_errors);
  row_ = 0;
  return {};
}

Step<bool> SnapshotBulk::read_unit(BulkUnit& unit) {
  while (chunk_ == nullptr || row_ == chunk_->size()) {
    if (stop_.stopped()) return stopped();
    if (chunk_ != nullptr && chunk_->trouble) return std::unexpected(*chunk_->trouble);
    if (chunk_ != nullptr && chunk_->at_end) return false;
    auto read = next_chunk();
    if (!read) return std::unexpected(read.error());
  }
  const size_t row = row_++;
  unit.messages.assign(1, chunk_->message(row));
  unit.changes = chunk_->row(row).changes;
  unit.violation = chunk_->violation(row);
  cursor_.hash = hash_message(cursor_.hash, unit.messages.front(), encoder_.heads());
  return true;
}

Step<void> SnapshotBulk::rewind(uint64_t units) {
  while (marks_.size() > 1 && marks_.back().units > units) marks_.pop_back();
  pause();
  cursor_.units = marks_.back().units;
  cursor_.hash = marks_.back().hash;
  messages_ = marks_.back().messages;
  return {};
}

}  // namespace penstock::sinks
