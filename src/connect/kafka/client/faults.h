// What Kafka's error codes and lost calls mean to those above the seams (kafka_error.h). Pure
// functions.
#pragma once

#include <string>

#include "connect/kafka/client/call.h"
#include "connect/kafka/kafka_error.h"
#include "connect/kafka/protocol/error_code.h"

namespace penstock::connect::kafka {

// "Topic authorization failed"
std::string error_text(ErrorCode code);

// Another producer of the transactional id has begun, or the coordinator ended our epoch.
bool is_fencing(ErrorCode code);
// It stands until somebody changes a permission, a setting or the data. An unknown topic does not:
// a broker that has just started may not know its topics yet.
bool is_refusal(ErrorCode code);

// Of a call that changes nothing, or nothing that a repetition would change again: kFatal or
// kRetriable. `said`: the broker's own words, may be empty.
KafkaError question_error(ErrorCode code, const std::string& said);
KafkaError question_error(const CallFailure& failure);

}  // namespace penstock::connect::kafka
