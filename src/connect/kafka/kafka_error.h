// What a Kafka call can fail with. Callers branch on the fault; the text and the broker's name of
// the code are for people.
//
// The faults say what is known about the transaction, not what went wrong: whatever is not known
// for certain is kOutcomeUnknown.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace penstock::connect {

enum class KafkaFault {
  // No transaction was changed. The same call may be made again; what was asked of a cluster
  // (cluster_operations.h) may have been carried out all the same.
  kRetriable,
  kAbort,           // Nothing of the transaction was committed, for certain; send it again.
  kOutcomeUnknown,  // Nobody knows. Throw the producer away and read what was committed.
  kFenced,          // Our epoch is over: another producer, or an expired transaction.
  kFatal,           // Refused, for a reason that will stand until somebody changes something.
};

struct KafkaError {
  KafkaFault fault;
  std::string message;      // "Broker: Topic authorization failed"
  std::string code;         // The protocol's name: "TOPIC_AUTHORIZATION_FAILED". May be empty.
  std::string remedy = {};  // What to do, in sentences, where only its finder knows that.
};

template <typename T>
using KafkaResult = std::expected<T, KafkaError>;

// A call that may need several turns: call it again while it is pending.
enum class CallState { kDone, kPending };

inline std::unexpected<KafkaError> kafka_fail(KafkaFault fault, std::string message,
                                              std::string code) {
  return std::unexpected<KafkaError>(KafkaError{fault, std::move(message), std::move(code)});
}

}  // namespace penstock::connect
