// Which version of an API both sides speak.
#include "connect/kafka/client/broker_features.h"

#include <algorithm>

namespace penstock::connect::kafka {

void BrokerFeatures::take(const ApiVersionsResponse& response) {
  ranges_.clear();
  finalized_.clear();
  for (const auto& api : response.api_keys)
    ranges_[ApiKey{api.api_key}] = {api.min_version, api.max_version};
  for (const auto& feature : response.finalized_features)
    finalized_[feature.name] = feature.max_version_level;
}

VersionRange BrokerFeatures::range(ApiKey api) const {
  const auto found = ranges_.find(api);
  return found == ranges_.end() ? VersionRange() : found->second;
}

std::optional<int16_t> BrokerFeatures::pick(const ApiInfo& api, VersionRange callers) const {
  const VersionRange theirs = range(api.key);
  const int16_t first = std::max({api.versions.first, theirs.first, callers.first});
  const int16_t last = std::min({api.versions.last, theirs.last, callers.last});
  if (first > last) return std::nullopt;
  return last;
}

int16_t BrokerFeatures::finalized(const std::string& feature) const {
  const auto found = finalized_.find(feature);
  return found == finalized_.end() ? int16_t{0} : found->second;
}

}  // namespace penstock::connect::kafka
