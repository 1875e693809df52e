// The table of what Kafka's error codes mean.
#include "connect/kafka/client/faults.h"

#include <algorithm>
#include <cctype>

namespace penstock::connect::kafka {

std::string error_text(ErrorCode code) {
  if (code == ErrorCode::kTransactionalIdAuthorizationFailed)
    return "Transactional Id authorization failed";
  std::string text = error_name(code);
  std::transform(text.begin() + 1, text.end(), text.begin() + 1, [](unsigned char c) {
    return c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  });
  return text;
}

bool is_fencing(ErrorCode code) {
  return code == ErrorCode::kInvalidProducerEpoch || code == ErrorCode::kProducerFenced;
}

bool is_refusal(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTopicAuthorizationFailed:
    case ErrorCode::kGroupAuthorizationFailed:
    case ErrorCode::kClusterAuthorizationFailed:
    case ErrorCode::kTransactionalIdAuthorizationFailed:
    case ErrorCode::kSaslAuthenticationFailed:
    case ErrorCode::kUnsupportedVersion:
    case ErrorCode::kUnsupportedForMessageFormat:
    case ErrorCode::kUnsupportedCompressionType:
    case ErrorCode::kInvalidTransactionTimeout:
    case ErrorCode::kMessageTooLarge:
    case ErrorCode::kRecordListTooLarge:
    case ErrorCode::kInvalidRecord:
    case ErrorCode::kInvalidRequiredAcks:
    case ErrorCode::kInvalidTimestamp:
    case ErrorCode::kInvalidConfig:
    case ErrorCode::kInvalidTopicException:
    case ErrorCode::kInvalidRequest:
    case ErrorCode::kPolicyViolation:
    case ErrorCode::kInvalidPartitions:
    case ErrorCode::kInvalidReplicationFactor:
    case ErrorCode::kInvalidReplicaAssignment:
    case ErrorCode::kTopicAlreadyExists:
    case ErrorCode::kTopicDeletionDisabled:
    case ErrorCode::kOffsetOutOfRange:
      return true;
    default:
      return false;
  }
}

KafkaError question_error(ErrorCode code, const std::string& said) {
  const std::string text = error_text(code);
  return {is_refusal(code) ? KafkaFault::kFatal : KafkaFault::kRetriable,
          "Broker: " + text + (said.empty() ? "" : ": " + said), error_name(code)};
}

KafkaError question_error(const CallFailure& failure) {
  const bool stands = failure.fate == CallFate::kRefused || failure.fate == CallFate::kUnsupported;
  return {stands ? KafkaFault::kFatal : KafkaFault::kRetriable, failure.cause, failure.code};
}

}  // namespace penstock::connect::kafka
