// The two records that a sink writes into its connection's progress topic as the last messages of a
// transaction (rule K2).
//
//   key mz-sink-{id}        {"frontier":[17],"version":0}
//   key penstock-sink-{id}  {"frontier":[17],"version":0,"life":"0123...","bulk":{...}}
//
// The first is the compatible one, written when a frontier is complete. The second, written in
// every transaction and last, names the life that wrote it; its offset is K's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sinks/progress.h"

namespace penstock::sinks {

struct ProgressRecord {
  ProgressClaim claim;
  uint64_t version = 0;
  std::optional<LifeId> life;  // None in the compatible record.
};

std::string compatible_record(Timestamp frontier, uint64_t version);
std::string own_record(const ProgressClaim& claim, uint64_t version, const LifeId& life);

// Reads either, and the older forms {"timestamp":16} and {"timestamp":null}. An empty frontier,
// "finished", is Timestamp::max().
Result<ProgressRecord> parse_progress_record(std::string_view payload);

}  // namespace penstock::sinks
