// OffsetCommitter on a client of our own. See offset_committer.h for the contract.
#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "connect/kafka/client/coordinator_lookup.h"
#include "connect/kafka/kafka_client.h"

namespace penstock::connect::kafka {

class NativeOffsetCommitter : public OffsetCommitter {
 public:
  // `cluster` must outlive the committer. `timeout`: of each call.
  NativeOffsetCommitter(Cluster& cluster, CommitterOptions options,
                        std::chrono::milliseconds timeout);

  KafkaResult<void> commit(const std::map<int32_t, int64_t>& offsets,
                           const StopToken& stop) override;
  KafkaResult<std::map<int32_t, int64_t>> committed(const std::vector<int32_t>& partitions,
                                                    const StopToken& stop) override;

 private:
  // `operation`: which both the group and the topic have to allow.
  KafkaError named(ErrorCode code, AclOperation operation) const;

  Cluster& cluster_;
  const CommitterOptions options_;
  const std::chrono::milliseconds timeout_;
  CoordinatorLookup coordinator_;
};

}  // namespace penstock::connect::kafka
