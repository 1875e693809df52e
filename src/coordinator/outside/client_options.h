// From a connection as it is declared to what its client needs, with the secrets' present values
// and the server's present parameters.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "catalog/catalog_state.h"
#include "connect/kafka/kafka_client.h"
#include "connect/postgres/postgres_connection.h"
#include "connect/registry/schema_registry.h"
#include "coordinator/outside/secret_store.h"
#include "defs/connection_def.h"

namespace penstock::coordinator {

// A Kafka connection with the connection that its tokens come from.
struct KafkaEndpoint {
  defs::KafkaConnectionDef connection;
  std::optional<defs::AwsConnectionDef> aws = {};
};
// As the catalog has it now. Nothing of AWS when that connection is gone.
KafkaEndpoint kafka_endpoint(const defs::KafkaConnectionDef& connection,
                             const catalog::CatalogView& catalog);

// `client_id` is extended by kafka_client_id_enrichment_rules. Error: a secret is gone, or the
// connection of AWS is.
Result<connect::KafkaClientOptions> kafka_client_options(const KafkaEndpoint& endpoint,
                                                         const std::string& client_id,
                                                         const SecretStore& secrets,
                                                         const catalog::CatalogState& catalog);
// Error: a secret is gone.
Result<connect::PostgresOptions> postgres_client_options(
    const defs::PostgresConnectionDef& connection, const SecretStore& secrets);

// A client of the registry behind a connection. Error: a secret is gone, or the connection of AWS.
Result<std::unique_ptr<connect::SchemaRegistry>> make_registry(
    const defs::SchemaRegistryConnectionDef& connection, const SecretStore& secrets);
Result<std::unique_ptr<connect::SchemaRegistry>> make_registry(
    const defs::GlueRegistryConnectionDef& connection, const catalog::CatalogView& catalog,
    const SecretStore& secrets);

}  // namespace penstock::coordinator
