// Offsets of a consumer group, written for those who watch how far behind a reader is, by one who
// is no member of the group. Nothing of ours begins where they say.
//
// The group must have no members that commit, or is refused by the broker. A commit whose answer
// was lost is sent again; a late copy of an earlier one may set an offset back until the next. One
// owner thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/kafka_error.h"

namespace penstock::connect {

class OffsetCommitter {
 public:
  virtual ~OffsetCommitter() = default;
  // By partition: the offset of the next record to be read. Waits for the broker's answer, at most
  // the admin timeout.
  virtual KafkaResult<void> commit(const std::map<int32_t, int64_t>& offsets,
                                   const StopToken& stop) = 0;
  // What the group has committed of these partitions; those of which it has nothing are left out.
  virtual KafkaResult<std::map<int32_t, int64_t>> committed(const std::vector<int32_t>& partitions,
                                                            const StopToken& stop) = 0;
};

}  // namespace penstock::connect
