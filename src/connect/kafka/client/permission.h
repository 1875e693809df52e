// Errors of what was asked of a broker, with the operation and the resource that it needs, for when
// it is not allowed. Pure functions.
#pragma once

#include <string>

#include "connect/kafka/acl.h"
#include "connect/kafka/client/faults.h"

namespace penstock::connect::kafka {

struct Permission {
  AclOperation operation;
  AclResource resource;
};

bool is_authorization_error(ErrorCode code);

// As question_error(); one of an authorization names the permission that is wanting.
KafkaError question_error(ErrorCode code, const std::string& said, const Permission& needed);

}  // namespace penstock::connect::kafka
