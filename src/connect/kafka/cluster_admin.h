// Topics of a cluster and their configuration. Calls take at most the client's metadata or admin
// timeout, and give up soon after a stop. One owner thread. Never creates a topic by asking for it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/kafka_error.h"

namespace penstock::connect {

struct BrokerAddress {
  int32_t id = 0;
  std::string host;
  int port = 0;
};

struct NewTopic {
  std::string name;
  int32_t partitions = -1;   // -1 = the broker's default.
  int32_t replication = -1;  // -1 = the broker's default.
  std::map<std::string, std::string> config = {};
};

enum class CreateTopicState { kCreated, kExisted };

class ClusterAdmin {
 public:
  virtual ~ClusterAdmin() = default;

  // The cluster's brokers; an answer proves that the cluster can be reached.
  virtual KafkaResult<std::vector<BrokerAddress>> brokers(const StopToken& stop) = 0;
  // The number of a topic's partitions; none when there is no such topic.
  virtual KafkaResult<std::optional<int32_t>> partition_count(const std::string& topic,
                                                              const StopToken& stop) = 0;
  // Returns before every broker knows the topic: ask partition_count() until it shows.
  virtual KafkaResult<CreateTopicState> create_topic(const NewTopic& topic,
                                                     const StopToken& stop) = 0;
  virtual KafkaResult<std::map<std::string, std::string>> topic_config(const std::string& topic,
                                                                       const StopToken& stop) = 0;
  virtual KafkaResult<std::map<std::string, std::string>> broker_config(int32_t broker,
                                                                        const StopToken& stop) = 0;
};

}  // namespace penstock::connect
