// Versions above 0 are read as far as they are known.
#include "connect/kafka/records/control_marker.h"

#include "connect/kafka/protocol/wire.h"
#include "connect/kafka/records/batch_reader.h"

namespace penstock::connect::kafka {

namespace {

constexpr int16_t kAbortType = 0;
constexpr int16_t kCommitType = 1;

}  // namespace

RecordsResult<ControlMarker> decode_control(const RecordView& record) {
  WireReader key(record.key.value_or(std::string_view()));
  const int16_t key_version = key.int16();
  const int16_t type = key.int16();
  if (key.failed() || key_version < 0)
    return records_fail(RecordsFault::kCorrupt, "a control record's key is damaged");
  if (type != kAbortType && type != kCommitType) return ControlMarker{};
  WireReader value(record.value.value_or(std::string_view()));
  const int16_t value_version = value.int16();
  const int32_t coordinator_epoch = value.int32();
  if (value.failed() || value_version < 0)
    return records_fail(RecordsFault::kCorrupt, "a transaction marker's value is damaged");
  return ControlMarker{type == kAbortType ? ControlType::kAbort : ControlType::kCommit,
                       coordinator_epoch};
}

}  // namespace penstock::connect::kafka
