// Two passes: the markers first, then the records whose batch is committed by the next marker of
// its producer.
#include "connect/kafka/simulated/log/committed_records.h"

#include <map>
#include <string_view>

#include "base/check.h"
#include "connect/kafka/records/batch_reader.h"
#include "connect/kafka/records/control_marker.h"

namespace penstock::connect::kafka {
namespace {

constexpr size_t kBatchLimitBytes = 256 << 20;

std::optional<std::string> owned(std::optional<std::string_view> view) {
  if (!view) return std::nullopt;
  return std::string(*view);
}

// Per producer, by offset: whether the marker there commits.
using Fates = std::map<int64_t, std::map<int64_t, bool>>;

bool is_committed(const Fates& fates, const BatchHeader& batch) {
  if (!batch.transactional) return true;
  const auto markers = fates.find(batch.producer_id);
  if (markers == fates.end()) return false;
  const auto next = markers->second.upper_bound(batch.last_offset);
  return next != markers->second.end() && next->second;
}

void add_records(BatchReader& reader, int64_t from, std::vector<CommittedRecord>& records) {
  while (reader.next_record()) {
    const RecordView& record = reader.record();
    if (record.offset < from) continue;
    records.push_back({record.offset,
                       record.timestamp_ms,
                       owned(record.key),
                       owned(record.value),
                       {reader.header().producer_id, reader.header().producer_epoch}});
  }
}

}  // namespace

std::vector<LogMarker> log_markers(const PartitionLog& log) {
  Compression compression;
  BatchReader reader(compression, kBatchLimitBytes);
  std::vector<LogMarker> markers;
  reader.reset(log.bytes());
  while (reader.next_batch()) {
    if (!reader.header().control) continue;
    CHECK(reader.next_record());
    const auto marker = decode_control(reader.record());
    CHECK(marker.has_value());
    markers.push_back({reader.header().base_offset,
                       {reader.header().producer_id, reader.header().producer_epoch},
                       marker->type == ControlType::kCommit});
  }
  CHECK(!reader.error());
  return markers;
}

std::vector<CommittedRecord> committed_records(const PartitionLog& log) {
  Fates fates;
  for (const LogMarker& marker : log_markers(log))
    fates[marker.producer.id][marker.offset] = marker.commit;
  Compression compression;
  BatchReader reader(compression, kBatchLimitBytes);
  std::vector<CommittedRecord> records;
  reader.reset(log.bytes());
  while (reader.next_batch()) {
    const BatchHeader& batch = reader.header();
    if (batch.base_offset >= log.last_stable_offset()) break;
    if (batch.control || !is_committed(fates, batch)) continue;
    add_records(reader, log.start_offset(), records);
  }
  CHECK(!reader.error());
  return records;
}

std::optional<TimedOffset> first_since(const PartitionLog& log, int64_t timestamp_ms) {
  Compression compression;
  BatchReader reader(compression, kBatchLimitBytes);
  reader.reset(log.first_batch_since(timestamp_ms));
  if (!reader.next_batch()) return std::nullopt;
  while (reader.next_record()) {
    const RecordView& record = reader.record();
    if (record.offset >= log.start_offset() && record.timestamp_ms >= timestamp_ms)
      return TimedOffset{record.offset, record.timestamp_ms};
  }
  return std::nullopt;
}

}  // namespace penstock::connect::kafka
