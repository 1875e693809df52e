// What brokers allow somebody to do with what, in the terms of Kafka's access control lists. Plain
// values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace penstock::connect {

// The protocol's codes.
enum class AclOperation : int8_t {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDelete = 6,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12,
  kCreateTokens = 13,
  kDescribeTokens = 14,
  kTwoPhaseCommit = 15,
};

struct AclResource {
  enum class Kind { kTopic, kGroup, kCluster, kTransactionalId };

  Kind kind = Kind::kCluster;
  std::string name = {};  // Empty: the cluster.

  bool operator==(const AclResource&) const = default;
  auto operator<=>(const AclResource&) const = default;
};

// "DescribeConfigs"
std::string_view acl_operation_name(AclOperation operation);
// "topic orders", "the cluster"
std::string acl_resource_text(const AclResource& resource);

// None: the broker was not asked, or is too old to say (KIP-430). Operations that we do not know
// are left out.
using AuthorizedOperations = std::optional<std::set<AclOperation>>;
AuthorizedOperations authorized_operations(int32_t bits);

}  // namespace penstock::connect
