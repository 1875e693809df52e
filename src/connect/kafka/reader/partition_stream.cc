// Records out of fetched batches, and the position after them.
#include "connect/kafka/reader/partition_stream.h"

#include <algorithm>
#include <utility>

#include "connect/kafka/records/control_marker.h"

namespace penstock::connect::kafka {
namespace {

// Of one batch, decompressed: a hundred times what a broker takes by default.
constexpr size_t kMostBatchBytes = 128 << 20;

}  // namespace

PartitionStream::PartitionStream(int32_t partition, KafkaIsolation isolation,
                                 Compression& compression)
    : partition_(partition),
      isolation_(isolation),
      batches_(compression, kMostBatchBytes, Checksums::kTrusted),
      scan_(compression, kMostBatchBytes) {}

void PartitionStream::seek(int64_t offset) {
  pieces_.clear();
  open_ = in_batch_ = false;
  queued_bytes_ = 0;
  position_ = fetch_offset_ = offset;
  fetched_epoch_ = -1;
}

KafkaError PartitionStream::corrupt(const std::string& why) const {
  return {KafkaFault::kRetriable,
          "partition " + std::to_string(partition_) + " at offset " + std::to_string(position_) +
              ": " + why,
          error_name(ErrorCode::kCorruptMessage)};
}

KafkaResult<void> PartitionStream::add(FetchedPiece piece) {
  // Where the next fetch begins is in the headers: the records need not be looked at for it.
  scan_.reset(piece.records);
  bool some = false;
  int64_t end = fetch_offset_;
  int32_t epoch = fetched_epoch_;
  while (scan_.next_batch()) {
    some = true;
    // A leader that was asked before the present one may answer after it.
    if (scan_.header().last_offset < end) continue;
    end = scan_.header().last_offset + 1;
    epoch = scan_.header().leader_epoch;
  }
  // A piece is taken whole or fetched again: what is before its fault was not given out.
  if (scan_.error()) return std::unexpected(corrupt(scan_.error()->message));
  // A broker sends the first batch whole, however large it is.
  if (!some && scan_.truncated())
    return std::unexpected(corrupt("a batch that is cut off comes first"));
  if (end == fetch_offset_) return {};
  fetch_offset_ = end;
  fetched_epoch_ = epoch;
  queued_bytes_ += piece.records.size();
  pieces_.push_back(std::move(piece));
  return {};
}

KafkaResult<bool> PartitionStream::next_batch() {
  while (batches_.next_batch()) {
    const BatchHeader& header = batches_.header();
    bool skip = header.control || header.last_offset < position_;
    if (isolation_ == KafkaIsolation::kReadCommitted) skip = filter_.skips(header) || skip;
    if (!skip) return true;
    if (header.control && batches_.next_record()) {
      const auto marker = decode_control(batches_.record());
      if (!marker) return std::unexpected(corrupt(marker.error().message));
      filter_.see_marker(header, *marker);
    }
    if (batches_.error()) break;
    position_ = std::max(position_, header.last_offset + 1);
  }
  if (batches_.error()) return std::unexpected(corrupt(batches_.error()->message));
  return false;
}

KafkaResult<std::optional<IncomingMessage>> PartitionStream::next() {
  while (!pieces_.empty()) {
    if (!open_) {
      batches_.reset(pieces_.front().records);
      filter_.reset(pieces_.front().aborted);
      open_ = true;
    }
    if (in_batch_) {
      if (const RecordView* record = next_in_batch()) return message_of(partition_, *record);
      if (batches_.error()) return std::unexpected(corrupt(batches_.error()->message));
      in_batch_ = false;
      // Compaction may have taken the batch's last records away.
      position_ = std::max(position_, batches_.header().last_offset + 1);
    }
    auto more = next_batch();
    if (!more) return std::unexpected(more.error());
    in_batch_ = *more;
    if (in_batch_) continue;
    queued_bytes_ -= pieces_.front().records.size();
    pieces_.pop_front();
    open_ = false;
  }
  return std::nullopt;
}

}  // namespace penstock::connect::kafka
