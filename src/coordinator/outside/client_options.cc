// Connection definitions as client options.
#include "coordinator/outside/client_options.h"

namespace penstock::coordinator {
namespace {

Result<std::string> text_of(const defs::TextOrSecret& value, const SecretStore& secrets) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  ASSIGN_OR_RETURN(SecretString secret, secrets.get(std::get<ObjectId>(value)));
  return secret.reveal();
}

connect::PostgresSslMode ssl_mode(defs::TlsMode mode) {
  switch (mode) {
    case defs::TlsMode::kDisable:
      return connect::PostgresSslMode::kDisable;
    case defs::TlsMode::kRequire:
      return connect::PostgresSslMode::kRequire;
    case defs::TlsMode::kVerifyCa:
      return connect::PostgresSslMode::kVerifyCa;
    case defs::TlsMode::kVerifyFull:
      return connect::PostgresSslMode::kVerifyFull;
  }
  return connect::PostgresSslMode::kDisable;
}

}  // namespace

connect::KafkaClientOptions kafka_client_options(const defs::KafkaConnectionDef& connection,
                                                 const std::string& client_id) {
  connect::KafkaClientOptions options;
  for (const std::string& broker : connection.brokers) {
    options.bootstrap_servers += (options.bootstrap_servers.empty() ? "" : ",") + broker;
  }
  options.client_id = client_id;
  return options;
}

Result<connect::PostgresOptions> postgres_client_options(
    const defs::PostgresConnectionDef& connection, const SecretStore& secrets) {
  connect::PostgresOptions options;
  options.host = connection.host;
  options.port = connection.port;
  options.database = connection.database;
  options.ssl_mode = ssl_mode(connection.tls);
  ASSIGN_OR_RETURN(options.user, text_of(connection.user, secrets));
  if (connection.password) {
    ASSIGN_OR_RETURN(options.password, secrets.get(*connection.password));
  }
  if (connection.ssl_certificate_authority) {
    ASSIGN_OR_RETURN(options.ca_pem, text_of(*connection.ssl_certificate_authority, secrets));
  }
  if (connection.ssl_certificate) {
    ASSIGN_OR_RETURN(options.certificate_pem, text_of(*connection.ssl_certificate, secrets));
  }
  if (connection.ssl_key) {
    ASSIGN_OR_RETURN(options.key_pem, secrets.get(*connection.ssl_key));
  }
  return options;
}

}  // namespace penstock::coordinator
