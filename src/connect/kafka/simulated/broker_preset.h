// What brokers of different ages speak and how they behave. Constant tables.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {

struct ApiRange {
  ApiKey api;
  VersionRange versions;
};

struct BrokerPreset {
  std::string_view name;  // Kafka's version.
  std::vector<ApiRange> apis;
  // Finalized level of the feature transaction.version; 0: the feature is not there.
  int16_t transaction_version = 0;
  // KIP-890 part 1 (3.6): a transactional batch is accepted only for a partition which the
  // transaction has. Before, it opens a transaction in the log that the coordinator knows nothing
  // of, and that nobody may ever end.
  bool verifies_partitions = false;
  // KIP-360 (2.5) did away with UNKNOWN_PRODUCER_ID.
  bool unknown_producer_error = false;
  // With ZooKeeper only the controller changes topics, and others answer NOT_CONTROLLER.
  bool forwards_to_controller = true;

  VersionRange range(ApiKey api) const;
};

// 2.1, 2.8, 3.9, 4.3.
std::span<const BrokerPreset> broker_presets();
// REQUIRES: there is one of that name.
const BrokerPreset& broker_preset(std::string_view name);

}  // namespace penstock::connect::kafka
