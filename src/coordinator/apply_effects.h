// Carries out what a DDL statement amounts to, in the one order that is safe: stop what goes, write
// everything in one durable batch, apply it to the catalog, start what comes.
#pragma once

#include "base/result.h"
#include "coordinator/catalog_keeper.h"
#include "coordinator/outside/cleanup.h"
#include "coordinator/outside/secret_store.h"
#include "coordinator/outside/sink_fleet.h"
#include "coordinator/outside/source_fleet.h"
#include "coordinator/sequence/sequenced.h"
#include "coordinator/table_locks.h"

namespace penstock::coordinator {

struct EffectTargets {
  CatalogKeeper& catalog;
  engine::Engine& engine;
  SecretStore& secrets;
  SourceFleet& sources;
  SinkFleet& sinks;
  Cleanup& cleanup;
  const std::string& environment_id;
};

// Error 40001: a sink that shall read something else is in the middle of what is only half sent.
// The statement can be tried again at once: whoever does waits for the sink first.
inline constexpr const char* kLargeChangeBegun =
    "the sink has begun a large change meanwhile, which it must finish first";

// What nobody may be writing to while it is dropped: later writers find it gone.
std::vector<CollectionId> dropped_collections(const Sequenced& sequenced);

// Coordinator's thread only. An error leaves the catalog as it was. `dropped`: alone on all that is
// dropped, until it is gone.
Status apply_effects(const Sequenced& sequenced, const EffectTargets& targets,
                     TableLocks::Guard dropped);

}  // namespace penstock::coordinator
