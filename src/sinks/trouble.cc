// Texts and remedies of troubles.
#include "sinks/trouble.h"

namespace penstock::sinks {
namespace {

std::string remedy_of(const connect::KafkaError& error) {
  if (!error.remedy.empty()) return error.remedy;
  if (error.code == "MESSAGE_TOO_LARGE") {
    return "A message may be as large as MAX MESSAGE BYTES of the sink says, and max.message.bytes "
           "of the topic. Raise what is lower (ALTER SINK ... SET (MAX MESSAGE BYTES = ...)), or "
           "make the row smaller; or, with MAX MESSAGE BYTES below what the topic takes, ALTER "
           "SINK "
           "... SET (REFUSED MESSAGES = 'skip') goes on without the message.";
  }
  if (error.code == "TOPIC_AUTHORIZATION_FAILED") {
    return "Grant Write on the topic, and Read and Write on the progress topic, to the user of the "
           "connection.";
  }
  if (error.code == "CLUSTER_AUTHORIZATION_FAILED") {
    return "Before Kafka 3.0 the user of the connection needs IdempotentWrite on the cluster.";
  }
  if (error.code == "TRANSACTIONAL_ID_AUTHORIZATION_FAILED") {
    return "Grant Write on the transactional id to the user of the connection.";
  }
  bool late = error.fault == connect::KafkaFault::kOutcomeUnknown ||
              error.code == "COORDINATOR_NOT_AVAILABLE";
  if (late) {
    return "With fewer than three brokers, transaction.state.log.replication.factor, "
           "transaction.state.log.min.isr and offsets.topic.replication.factor must not exceed "
           "their number.";
  }
  return "";
}

}  // namespace

std::unexpected<Trouble> kafka_trouble(const std::string& doing, const connect::KafkaError& error) {
  if (error.message == "stopped") return stopped();
  bool refused = error.fault == connect::KafkaFault::kFatal;
  std::string text = doing + ": ";
  text += error.code.empty() ? error.message : error.code + " (" + error.message + ")";
  return trouble(refused ? Trouble::Kind::kRefused : Trouble::Kind::kRetry, "kafka: " + text,
                 remedy_of(error));
}

std::unexpected<Trouble> storage_trouble(const Error& error) {
  return trouble(Trouble::Kind::kRetry, "internal: " + error.message, error.hint);
}

}  // namespace penstock::sinks
