// Everything that can go wrong with a sink later, tried now, without leaving anything behind.
//
// Asks; creates, fences and sends nothing. In the calling thread; bounded by the clients' timeouts,
// and gives up soon after a stop.
#pragma once

#include <string>
#include <vector>

#include "base/stop_token.h"
#include "connect/kafka/cluster_operations.h"
#include "sinks/schemas.h"
#include "sinks/sink_config.h"

namespace penstock::sinks {

enum class Concern {
  kNone,     // As it should be.
  kWarning,  // It will work; under some fault it may lose or repeat what it should not.
  kError,    // It will not work.
  kUnknown,  // We may not know: a permission to look is missing, or the broker is too old to say.
};

struct SinkFinding {
  Concern concern = Concern::kNone;
  std::string check;   // "progress topic"
  std::string object;  // "_materialize-progress-..."
  std::string text;    // Of kNone what was found.
  std::string remedy;
};

// What is looked at: the broker's side only, or schemas, too.
enum class CheckScope { kBroker, kAll };

// In the order in which a sink would meet them. Registries that are null are not asked.
std::vector<SinkFinding> check_sink(const SinkConfig& config, connect::ClusterOperations& cluster,
                                    const SchemaRegistries& registries, const StopToken& stop);

}  // namespace penstock::sinks
