// Who may do what: everybody everything, but for what was forbidden. One thread.
#pragma once

#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "connect/kafka/acl.h"
#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {

class SimulatedAcls {
 public:
  void forbid(AclOperation operation, const AclResource& resource) {
    forbidden_.insert({operation, resource});
  }
  bool allow(AclOperation operation, const AclResource& resource) const {
    return !forbidden_.contains({operation, resource});
  }
  bool allow_on_topic(AclOperation operation, const std::string& topic) const {
    return allow(operation, {AclResource::Kind::kTopic, topic});
  }

  // KIP-430: of those that there are for the resource; the smallest number if nobody asked.
  int32_t bits(bool asked, const AclResource& resource,
               std::initializer_list<AclOperation> there_are) const {
    if (!asked) return std::numeric_limits<int32_t>::min();
    int32_t bits = 0;
    for (const AclOperation operation : there_are)
      if (allow(operation, resource)) bits |= 1 << static_cast<int>(operation);
    return bits;
  }

 private:
  std::set<std::pair<AclOperation, AclResource>> forbidden_;
};

}  // namespace penstock::connect::kafka
