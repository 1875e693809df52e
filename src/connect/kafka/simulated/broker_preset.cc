// The ranges are those of the releases' message definitions, for the APIs that we speak.
#include "connect/kafka/simulated/broker_preset.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::connect::kafka {
namespace {

BrokerPreset kafka_2_1() {
  BrokerPreset preset{.name = "2.1", .apis = {}};
  preset.unknown_producer_error = true;
  preset.forwards_to_controller = false;
  preset.apis = {
      {ApiKey::kProduce, {0, 7}},
      {ApiKey::kFetch, {0, 10}},
      {ApiKey::kListOffsets, {0, 4}},
      {ApiKey::kMetadata, {0, 7}},
      {ApiKey::kOffsetCommit, {0, 6}},
      {ApiKey::kOffsetFetch, {0, 5}},
      {ApiKey::kFindCoordinator, {0, 2}},
      {ApiKey::kSaslHandshake, {0, 1}},
      {ApiKey::kApiVersions, {0, 2}},
      {ApiKey::kCreateTopics, {0, 3}},
      {ApiKey::kDeleteTopics, {0, 3}},
      {ApiKey::kDeleteRecords, {0, 1}},
      {ApiKey::kInitProducerId, {0, 1}},
      {ApiKey::kOffsetForLeaderEpoch, {0, 2}},
      {ApiKey::kAddPartitionsToTxn, {0, 1}},
      {ApiKey::kEndTxn, {0, 1}},
      {ApiKey::kDescribeConfigs, {0, 2}},
      {ApiKey::kSaslAuthenticate, {0, 0}},
      {ApiKey::kCreatePartitions, {0, 1}},
  };
  return preset;
}

BrokerPreset kafka_2_8() {
  BrokerPreset preset{.name = "2.8", .apis = {}};
  preset.forwards_to_controller = false;
  preset.apis = {
      {ApiKey::kProduce, {0, 9}},
      {ApiKey::kFetch, {0, 12}},
      {ApiKey::kListOffsets, {0, 6}},
      {ApiKey::kMetadata, {0, 11}},
      {ApiKey::kOffsetCommit, {0, 8}},
      {ApiKey::kOffsetFetch, {0, 7}},
      {ApiKey::kFindCoordinator, {0, 3}},
      {ApiKey::kSaslHandshake, {0, 1}},
      {ApiKey::kApiVersions, {0, 3}},
      {ApiKey::kCreateTopics, {0, 7}},
      {ApiKey::kDeleteTopics, {0, 6}},
      {ApiKey::kDeleteRecords, {0, 2}},
      {ApiKey::kInitProducerId, {0, 4}},
      {ApiKey::kOffsetForLeaderEpoch, {0, 4}},
      {ApiKey::kAddPartitionsToTxn, {0, 3}},
      {ApiKey::kEndTxn, {0, 3}},
      {ApiKey::kDescribeConfigs, {0, 4}},
      {ApiKey::kSaslAuthenticate, {0, 2}},
      {ApiKey::kCreatePartitions, {0, 3}},
      {ApiKey::kIncrementalAlterConfigs, {0, 1}},
      {ApiKey::kDescribeCluster, {0, 0}},
      {ApiKey::kDescribeProducers, {0, 0}},
  };
  return preset;
}

BrokerPreset kafka_3_9() {
  BrokerPreset preset{.name = "3.9", .apis = {}};
  preset.verifies_partitions = true;
  preset.apis = {
      {ApiKey::kProduce, {0, 11}},
      {ApiKey::kFetch, {0, 17}},
      {ApiKey::kListOffsets, {0, 9}},
      {ApiKey::kMetadata, {0, 12}},
      {ApiKey::kOffsetCommit, {0, 9}},
      {ApiKey::kOffsetFetch, {0, 9}},
      {ApiKey::kFindCoordinator, {0, 6}},
      {ApiKey::kSaslHandshake, {0, 1}},
      {ApiKey::kApiVersions, {0, 4}},
      {ApiKey::kCreateTopics, {0, 7}},
      {ApiKey::kDeleteTopics, {0, 6}},
      {ApiKey::kDeleteRecords, {0, 2}},
      {ApiKey::kInitProducerId, {0, 5}},
      {ApiKey::kOffsetForLeaderEpoch, {0, 4}},
      {ApiKey::kAddPartitionsToTxn, {0, 5}},
      {ApiKey::kEndTxn, {0, 4}},
      {ApiKey::kDescribeConfigs, {0, 4}},
      {ApiKey::kSaslAuthenticate, {0, 2}},
      {ApiKey::kCreatePartitions, {0, 3}},
      {ApiKey::kIncrementalAlterConfigs, {0, 1}},
      {ApiKey::kDescribeCluster, {0, 1}},
      {ApiKey::kDescribeProducers, {0, 0}},
      {ApiKey::kDescribeTransactions, {0, 0}},
      {ApiKey::kListTransactions, {0, 1}},
  };
  return preset;
}

// What our tables of messages were made from.
BrokerPreset kafka_4_3() {
  BrokerPreset preset{.name = "4.3", .apis = {}};
  preset.verifies_partitions = true;
  preset.transaction_version = 2;
  for (const ApiInfo& api : all_apis()) {
    VersionRange versions = api.versions;
    // It says so for old clients' sake and refuses versions 0 to 2 all the same (KAFKA-18659).
    if (api.key == ApiKey::kProduce) versions.first = 0;
    // Version 6 (KIP-939) is not yet on offer.
    if (api.key == ApiKey::kInitProducerId) versions.last = 5;
    preset.apis.push_back({api.key, versions});
  }
  return preset;
}

}  // namespace

VersionRange BrokerPreset::range(ApiKey api) const {
  const auto found = std::ranges::find(apis, api, &ApiRange::api);
  return found == apis.end() ? VersionRange{} : found->versions;
}

std::span<const BrokerPreset> broker_presets() {
  static const std::vector<BrokerPreset> kPresets = {kafka_2_1(), kafka_2_8(), kafka_3_9(),
                                                     kafka_4_3()};
  return kPresets;
}

const BrokerPreset& broker_preset(std::string_view name) {
  const auto found = std::ranges::find(broker_presets(), name, &BrokerPreset::name);
  CHECK(found != broker_presets().end());
  return *found;
}

}  // namespace penstock::connect::kafka
