// Where the conformance suite runs: a cluster of one broker, simulated or real, and what is to be
// expected of it. The tests know nothing else about the ground that they stand on.
//
// The real one is that of PENSTOCK_KAFKA ("host:port", no TLS, no SASL, topics are not created by
// asking for them); PENSTOCK_KAFKA_PRESET names the broker preset that it must be like ("4.3").
// Without them the grounds are one simulated cluster for each preset.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/simulated/broker_preset.h"
#include "connect/net/event_loop.h"

namespace penstock::connect::kafka {

struct GroundChoice {
  const BrokerPreset* preset;
  std::optional<HostAndPort> real_broker = {};
};

// All loops' and brokers' lives are the ground's: it outlives whatever uses it. One thread.
class ConformanceGround {
 public:
  virtual ~ConformanceGround() = default;
  virtual EventLoop& loop() = 0;
  virtual HostAndPort address() const = 0;
};

std::unique_ptr<ConformanceGround> make_ground(const GroundChoice& choice);
// A word that no other test uses, on no ground and in no run.
std::string fresh_name();

// Those that have what a suite is about: chosen here, so that no test has to skip itself.
using Feature = bool (*)(const BrokerPreset& preset);
std::vector<GroundChoice> grounds_with(Feature feature);
std::string ground_name(const GroundChoice& choice);

// Features.
inline bool any_broker(const BrokerPreset&) {
  return true;
}
inline bool has_topic_ids(const BrokerPreset& preset) {
  return preset.range(ApiKey::kFetch).last >= 13;
}
inline bool has_transactions_v2(const BrokerPreset& preset) {
  return preset.transaction_version >= 2;
}
inline bool verifies_partitions(const BrokerPreset& preset) {
  return preset.verifies_partitions;
}

}  // namespace penstock::connect::kafka
