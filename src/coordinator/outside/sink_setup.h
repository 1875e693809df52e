// From a sink's definition to what it runs with: its configuration, its Kafka client, its
// registries.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/catalog_state.h"
#include "connect/kafka/kafka_client.h"
#include "coordinator/outside/secret_store.h"
#include "sinks/schemas.h"
#include "sinks/sink_config.h"

namespace penstock::coordinator {

struct SinkSetup {
  const catalog::CatalogState& catalog;
  const SecretStore& secrets;
  const std::string& environment_id;
};

// `partition_by` and where it spills are the caller's to fill in.
sinks::SinkConfig sink_config(ObjectId sink, const std::string& name, const defs::SinkDef& def,
                              const SinkSetup& setup);

// Error: a secret is gone, or the connection of AWS is.
Result<connect::KafkaClientOptions> sink_client_options(ObjectId sink, const defs::SinkDef& def,
                                                        const SinkSetup& setup);

struct OwnedRegistries {
  std::unique_ptr<connect::SchemaRegistry> key;
  std::unique_ptr<connect::SchemaRegistry> value;

  sinks::SchemaRegistries view() const { return {key.get(), value.get()}; }
};
// Null for a format without schemas. Error: as above.
Result<OwnedRegistries> sink_registries(const defs::SinkDef& def, const SinkSetup& setup);

}  // namespace penstock::coordinator
