// What the probe can do. Each command returns the process' exit status: 0, or 1 when the client
// reported an error, which is printed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "connect/kafka/kafka_client.h"

namespace penstock::connect {

// Takes records and ends of transactions from the standard input, until it ends. A transaction
// begins with its first record. {"commit": true} and {"abort": true} are answered by {"committed":
// true} and {"aborted": true}, with "marked_offset" when a record was marked; {"flush": true} by
// {"flushed": true}, when all is acknowledged, or false after ten seconds. What is open at the
// input's end stays open. While there is no input, the client is served.
int produce(KafkaClient& client, const ProducerOptions& options);

struct ReadCommand {
  ReaderOptions reader;
  int32_t partition = 0;
  std::string offset = "earliest";  // A number, "earliest", "latest" or "time:MS".
  bool until_end = false;           // Of the watermark taken before the first record.
  std::chrono::milliseconds at_most{30'000};
};

// Prints records, then {"position", "low", "high"}.
int read(KafkaClient& client, const ReadCommand& command);

// "brokers", "partition-count" TOPIC, "create-topic" JSON, "topic-config" TOPIC, "broker-config"
// ID: prints what the call returned. Throws WrongInput.
int administer(KafkaClient& client, const std::string& question, const std::string& argument);

}  // namespace penstock::connect
