// The names are those of Kafka's own tools.
#include "connect/kafka/acl.h"

#include <limits>

namespace penstock::connect {
namespace {

constexpr std::string_view kNames[] = {
    "Read",         "Write",          "Create",          "Delete",       "Alter",
    "Describe",     "ClusterAction",  "DescribeConfigs", "AlterConfigs", "IdempotentWrite",
    "CreateTokens", "DescribeTokens", "TwoPhaseCommit",
};
constexpr int kFirst = static_cast<int>(AclOperation::kRead);
constexpr int kLast = static_cast<int>(AclOperation::kTwoPhaseCommit);

}  // namespace

std::string_view acl_operation_name(AclOperation operation) {
  return kNames[static_cast<int>(operation) - kFirst];
}

std::string acl_resource_text(const AclResource& resource) {
  switch (resource.kind) {
    case AclResource::Kind::kTopic:
      return "topic " + resource.name;
    case AclResource::Kind::kGroup:
      return "group " + resource.name;
    case AclResource::Kind::kTransactionalId:
      return "transactional id " + resource.name;
    case AclResource::Kind::kCluster:
      break;
  }
  return "the cluster";
}

AuthorizedOperations authorized_operations(int32_t bits) {
  constexpr int32_t kNotSaid = std::numeric_limits<int32_t>::min();
  if (bits == kNotSaid) return std::nullopt;
  std::set<AclOperation> operations;
  for (int code = kFirst; code <= kLast; ++code)
    if ((static_cast<uint32_t>(bits) >> code & 1) != 0) operations.insert(AclOperation(code));
  return operations;
}

}  // namespace penstock::connect
