// Whom to ask what only a partition's leader can answer. For the time of one question.
#pragma once

#include <string>

#include "connect/kafka/client/permission.h"
#include "connect/kafka/client/questions.h"

namespace penstock::connect::kafka {

class PartitionLeaderLookup {
 public:
  struct Partition {
    std::string topic;
    int32_t index;
  };
  // `cluster` must outlive the object.
  PartitionLeaderLookup(Cluster& cluster, Partition partition)
      : cluster_(cluster), partition_(std::move(partition)) {
    cluster_.watch(partition_.topic);
  }
  ~PartitionLeaderLookup() { cluster_.unwatch(partition_.topic); }
  PartitionLeaderLookup(const PartitionLeaderLookup&) = delete;
  PartitionLeaderLookup& operator=(const PartitionLeaderLookup&) = delete;

  // Both must outlive the questions, who are told why there is nobody.
  Questions::Whom whom(Questions& questions) const;

 private:
  void tell_why(Questions& questions) const;

  Cluster& cluster_;
  const Partition partition_;
};

}  // namespace penstock::connect::kafka
