// What a broker said of itself in ApiVersions: the versions that it speaks, and the features that
// the cluster has finalized (KIP-584).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "connect/kafka/protocol/messages.h"

namespace penstock::connect::kafka {

class BrokerFeatures {
 public:
  void take(const ApiVersionsResponse& response);

  // The highest version that the broker, we, and the caller speak.
  std::optional<int16_t> pick(const ApiInfo& api, VersionRange callers) const;
  // The broker's range of an API; empty if it does not speak it.
  VersionRange range(ApiKey api) const;
  // The finalized level of a feature; 0 if it has none.
  int16_t finalized(const std::string& feature) const;

 private:
  std::map<ApiKey, VersionRange> ranges_;
  std::map<std::string, int16_t> finalized_;
};

}  // namespace penstock::connect::kafka
