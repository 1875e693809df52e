// From a connection as it is declared to what its client needs, with the secrets' present values.
#pragma once

#include <string>

#include "base/result.h"
#include "connect/kafka/kafka_client.h"
#include "connect/postgres/postgres_connection.h"
#include "coordinator/outside/secret_store.h"
#include "defs/connection_def.h"

namespace penstock::coordinator {

connect::KafkaClientOptions kafka_client_options(const defs::KafkaConnectionDef& connection,
                                                 const std::string& client_id);
// Error: a secret is gone.
Result<connect::PostgresOptions> postgres_client_options(
    const defs::PostgresConnectionDef& connection, const SecretStore& secrets);

}  // namespace penstock::coordinator
