// Connection definitions as client options.
#include "coordinator/outside/client_options.h"

#include <algorithm>

#include "base/check.h"
#include "catalog/facts_of.h"
#include "connect/kafka/auth/msk_token_source.h"
#include "connect/registry/confluent_registry.h"
#include "connect/registry/glue_registry.h"
#include "coordinator/system_parameters.h"
#include "expr/regex.h"

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

Result<std::string> text_of(const std::optional<defs::TextOrSecret>& value,
                            const SecretStore& secrets) {
  return value ? text_of(*value, secrets) : Result<std::string>("");
}
Result<SecretString> secret_of(const std::optional<ObjectId>& secret, const SecretStore& secrets) {
  return secret ? secrets.get(*secret) : Result<SecretString>(SecretString());
}

connect::KafkaProtocol kafka_protocol(const std::string& name) {
  using enum connect::KafkaProtocol;
  if (name == "ssl") return kSsl;
  if (name == "sasl_plaintext") return kSaslPlaintext;
  if (name == "sasl_ssl") return kSaslSsl;
  CHECK(name == "plaintext");
  return kPlaintext;
}

Result<connect::AwsCredentials> aws_credentials(const defs::AwsConnectionDef& aws,
                                                const SecretStore& secrets) {
  connect::AwsCredentials out;
  ASSIGN_OR_RETURN(out.access_key_id, text_of(aws.access_key_id, secrets));
  ASSIGN_OR_RETURN(out.secret_access_key, secrets.get(aws.secret_access_key));
  ASSIGN_OR_RETURN(std::string session_token, text_of(aws.session_token, secrets));
  out.session_token = SecretString(std::move(session_token));
  return out;
}

// The tokens of IAM at MSK are computed, so there is nothing to be patient for.
Result<connect::TokenSourceFactory> msk_tokens(const defs::AwsConnectionDef& aws,
                                               const SecretStore& secrets) {
  connect::kafka::MskOptions options{.region = aws.region.value_or(""), .credentials = {}};
  ASSIGN_OR_RETURN(options.credentials, aws_credentials(aws, secrets));
  return connect::TokenSourceFactory([options](connect::EventLoop&, std::chrono::milliseconds) {
    return std::make_unique<connect::kafka::MskTokenSource>(options);
  });
}

Result<connect::KafkaSecurity> kafka_security(const KafkaEndpoint& endpoint,
                                              const SecretStore& secrets) {
  const defs::KafkaConnectionDef& connection = endpoint.connection;
  connect::KafkaSecurity security;
  security.protocol = kafka_protocol(connection.security_protocol);
  security.sasl_mechanism = connection.sasl_mechanism;
  ASSIGN_OR_RETURN(security.sasl_username, text_of(connection.sasl_username, secrets));
  ASSIGN_OR_RETURN(security.sasl_password, secret_of(connection.sasl_password, secrets));
  ASSIGN_OR_RETURN(security.ca_pem, text_of(connection.ssl_certificate_authority, secrets));
  ASSIGN_OR_RETURN(security.certificate_pem, text_of(connection.ssl_certificate, secrets));
  ASSIGN_OR_RETURN(security.key_pem, secret_of(connection.ssl_key, secrets));
  if (!connection.aws_connection) return security;
  if (!endpoint.aws) return fail(sql_state::kUndefinedObject, "the AWS connection is gone");
  ASSIGN_OR_RETURN(security.oauth_tokens, msk_tokens(*endpoint.aws, secrets));
  return security;
}

std::string enriched(std::string client_id, const std::vector<std::string>& brokers,
                     const catalog::CatalogState& catalog) {
  for (const ClientIdRule& rule : client_id_rules(catalog)) {
    Result<expr::Regex> pattern = expr::Regex::compile(rule.pattern, false);
    CHECK(pattern.has_value());
    const bool matches = std::ranges::any_of(
        brokers, [&](const std::string& broker) { return pattern->matches(broker); });
    if (matches) client_id += "-" + rule.payload;
  }
  return client_id;
}

}  // namespace

KafkaEndpoint kafka_endpoint(const defs::KafkaConnectionDef& connection,
                             const catalog::CatalogView& catalog) {
  KafkaEndpoint endpoint{connection};
  if (!connection.aws_connection) return endpoint;
  const auto* aws =
      catalog::find_facts<defs::AwsConnectionDef>(catalog, *connection.aws_connection);
  if (aws != nullptr) endpoint.aws = *aws;
  return endpoint;
}

Result<connect::KafkaClientOptions> kafka_client_options(const KafkaEndpoint& endpoint,
                                                         const std::string& client_id,
                                                         const SecretStore& secrets,
                                                         const catalog::CatalogState& catalog) {
  connect::KafkaClientOptions options;
  for (const std::string& broker : endpoint.connection.brokers) {
    options.bootstrap_servers += (options.bootstrap_servers.empty() ? "" : ",") + broker;
  }
  options.client_id = enriched(client_id, endpoint.connection.brokers, catalog);
  ASSIGN_OR_RETURN(options.security, kafka_security(endpoint, secrets));
  options.metadata_timeout = duration_of(kKafkaMetadataTimeout, catalog);
  options.socket_timeout = duration_of(kKafkaSocketTimeout, catalog);
  options.connect_timeout = duration_of(kKafkaSetupTimeout, catalog);
  options.keep_alive = is_on(kKafkaKeepAlive, catalog);
  // Each pair may have been set one by one: a first pause longer than the longest is that.
  options.retry_backoff = duration_of(kKafkaRetryBackoff, catalog);
  options.retry_backoff_max =
      std::max(options.retry_backoff, duration_of(kKafkaRetryBackoffMax, catalog));
  options.reconnect_backoff = duration_of(kKafkaReconnectBackoff, catalog);
  options.reconnect_backoff_max =
      std::max(options.reconnect_backoff, duration_of(kKafkaReconnectBackoffMax, catalog));
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

Result<std::unique_ptr<connect::SchemaRegistry>> make_registry(
    const defs::SchemaRegistryConnectionDef& connection, const SecretStore& secrets) {
  connect::ConfluentRegistryOptions options;
  options.url = connection.url;
  if (connection.user) {
    ASSIGN_OR_RETURN(options.user, text_of(*connection.user, secrets));
    ASSIGN_OR_RETURN(options.password, secret_of(connection.password, secrets));
  }
  ASSIGN_OR_RETURN(options.authorities, text_of(connection.ssl_certificate_authority, secrets));
  ASSIGN_OR_RETURN(options.certificate, text_of(connection.ssl_certificate, secrets));
  ASSIGN_OR_RETURN(options.key, secret_of(connection.ssl_key, secrets));
  return connect::make_confluent_registry(options);
}

Result<std::unique_ptr<connect::SchemaRegistry>> make_registry(
    const defs::GlueRegistryConnectionDef& connection, const catalog::CatalogView& catalog,
    const SecretStore& secrets) {
  const auto* aws = catalog::find_facts<defs::AwsConnectionDef>(catalog, connection.aws_connection);
  if (aws == nullptr) return fail(sql_state::kUndefinedObject, "the AWS connection is gone");
  connect::GlueRegistryOptions options;
  options.region = aws->region.value_or("us-east-1");
  options.endpoint = aws->endpoint.value_or("https://glue." + options.region + ".amazonaws.com");
  options.registry = connection.registry;
  ASSIGN_OR_RETURN(options.credentials, aws_credentials(*aws, secrets));
  return connect::make_glue_registry(options);
}

}  // namespace penstock::coordinator
