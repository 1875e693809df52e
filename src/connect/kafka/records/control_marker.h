// The record of a control batch: where a transaction of one producer ends in a partition.
//
//   key    [i16 version][i16 type: 0 = abort, 1 = commit]
//   value  [i16 version][i32 epoch of the coordinator]
//
// Later versions may append fields. Other types belong to the brokers and are skipped by everybody.
#pragma once

#include <cstdint>

#include "connect/kafka/records/records_error.h"

namespace penstock::connect::kafka {

struct RecordView;

enum class ControlType { kAbort, kCommit, kOther };

struct ControlMarker {
  ControlType type = ControlType::kOther;
  int32_t coordinator_epoch = -1;  // Not read from a kOther.

  bool operator==(const ControlMarker&) const = default;
};

// Of a record of a batch whose header says `control`.
RecordsResult<ControlMarker> decode_control(const RecordView& record);

}  // namespace penstock::connect::kafka
