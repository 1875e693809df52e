// OffsetCommitter on a client of our own. See offset_committer.h for the contract.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "connect/kafka/client/coordinator_lookup.h"
#include "connect/kafka/offset_committer.h"

namespace penstock::connect::kafka {

class NativeOffsetCommitter : public OffsetCommitter {
 public:
  struct Options {
    std::string group;
    std::string topic;
    std::chrono::milliseconds timeout;  // Of each call.
  };
  // `cluster` must outlive the committer.
  NativeOffsetCommitter(Cluster& cluster, Options options);

  KafkaResult<void> commit(const std::map<int32_t, int64_t>& offsets,
                           const StopToken& stop) override;
  KafkaResult<std::map<int32_t, int64_t>> committed(const std::vector<int32_t>& partitions,
                                                    const StopToken& stop) override;

 private:
  // `operation`: which both the group and the topic have to allow.
  KafkaError named(ErrorCode code, AclOperation operation) const;

  Cluster& cluster_;
  const Options options_;
  CoordinatorLookup coordinator_;
};

}  // namespace penstock::connect::kafka
