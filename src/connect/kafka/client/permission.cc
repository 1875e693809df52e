// The broker says "not authorized"; whoever asked knows for what.
#include "connect/kafka/client/permission.h"

namespace penstock::connect::kafka {

bool is_authorization_error(ErrorCode code) {
  return code == ErrorCode::kTopicAuthorizationFailed ||
         code == ErrorCode::kGroupAuthorizationFailed ||
         code == ErrorCode::kClusterAuthorizationFailed ||
         code == ErrorCode::kTransactionalIdAuthorizationFailed;
}

KafkaError question_error(ErrorCode code, const std::string& said, const Permission& needed) {
  if (!is_authorization_error(code)) return question_error(code, said);
  const std::string wanting = std::string(acl_operation_name(needed.operation)) + " on " +
                              acl_resource_text(needed.resource);
  KafkaError error = question_error(code, "it needs " + wanting);
  error.remedy = "Allow the operation " + wanting + ".";
  return error;
}

}  // namespace penstock::connect::kafka
