// Records, errors and topics as JSON. Bytes are base64 (RFC 4648, chapter 4), null is null.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "connect/kafka/kafka_client.h"

namespace penstock::connect {

using Json = nlohmann::json;

// What was asked of the probe is wrong; the text says how.
struct WrongInput : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ProbeHeader {
  std::string name;
  std::optional<std::string> value;
};

// A line of the producer's input.
struct ProbeRecord {
  std::string topic;
  int32_t partition = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<ProbeHeader> headers;
  bool marked = false;
};

// {"topic", "partition", "key", "value", "headers": [[name, value]], "marked"}; all but the topic
// may be missing. Throws WrongInput.
ProbeRecord record_of(const Json& json);

Json json_of(const IncomingMessage& message);
// {"error": {"fault", "message", "code"}}, and "remedy" where there is one.
Json json_of(const KafkaError& error);

// One line on the standard output, which is there when the call returns.
void print_line(const Json& json);
// Prints it; the exit status that goes with it.
int report(const KafkaError& error);

}  // namespace penstock::connect
