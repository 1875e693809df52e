// Which steps of the protocol which faults can befall, and whether all of them were met. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/simulated/protocol_step.h"

namespace penstock::connect::kafka::simulation {

struct FaultRow {
  std::string_view fault;
  std::vector<ProtocolStep> steps;  // That it can befall.
};

// Of a client that writes in transactions and reads.
inline std::vector<FaultRow> possible_faults() {
  using enum ProtocolStep;
  const std::vector<ProtocolStep> requests = {
      kApiVersions,  kMetadata, kFindCoordinator, kInitProducerId, kAddPartitions, kProduceFirst,
      kProduceLater, kCommit,   kAbort,           kListOffsets,    kFetch};
  std::vector<ProtocolStep> between = requests;
  between.push_back(kConnect);
  std::vector<FaultRow> rows;
  for (const std::string_view fault :
       {"request delayed", "request cut", "request to nowhere", "answer delayed", "answer cut",
        "answer to nowhere", "die", "drop request", "lose answer", "slow request", "slow answer",
        "throttle", "move leader", "move coordinator", "carried out late", "stalled"})
    rows.push_back({fault, requests});
  // After the last request that the process has sent.
  for (const std::string_view fault : {"process died", "process paused", "clock jumped"})
    rows.push_back({fault, between});
  rows.push_back({"refused", {kConnect}});
  rows.push_back({"stale metadata", {kMetadata}});
  rows.push_back({"forget session", {kFetch}});
  for (const std::string_view fault : {"unsure answer", "unsure refusal"})
    rows.push_back({fault, {kProduceFirst, kProduceLater, kCommit, kAbort}});
  // By the client, by who fences it, by the coordinator.
  rows.push_back({"slow marker", {kCommit, kAbort, kInitProducerId, kOther}});
  return rows;
}

// "die at commit, ...": those that were never met.
inline std::vector<std::string> missing_cells(const FaultTable& table,
                                              const std::vector<FaultRow>& rows) {
  std::vector<std::string> missing;
  for (const FaultRow& row : rows)
    for (const ProtocolStep step : row.steps)
      if (table.at(row.fault, step) == 0)
        missing.push_back(std::string(row.fault) + " at " + std::string(protocol_step_name(step)));
  return missing;
}

}  // namespace penstock::connect::kafka::simulation
