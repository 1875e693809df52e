// Contacts through the room that knows each system.
#include "coordinator/outside/contacts.h"

#include <fmt/core.h>

#include "coordinator/outside/client_options.h"
#include "coordinator/outside/sink_setup.h"
#include "defs/names.h"
#include "sources/postgres/postgres_describe.h"

namespace penstock::coordinator {
namespace {

constexpr std::chrono::seconds kSurveyPatience{5};

class RealContacts final : public OutsideContacts {
 public:
  RealContacts(const SecretStore& secrets, std::string environment_id)
      : secrets_(secrets), environment_id_(std::move(environment_id)) {}

  Result<PostgresFindings> describe_postgres(const catalog::CatalogItem& connection,
                                             const std::string& publication,
                                             const StopToken& cancelled) override {
    ASSIGN_OR_RETURN(
        connect::PostgresOptions options,
        postgres_client_options(std::get<defs::PostgresConnectionDef>(connection.facts), secrets_));
    ASSIGN_OR_RETURN(sources::PostgresDescription description,
                     sources::describe_postgres(options, publication, cancelled));
    PostgresFindings findings;
    findings.database = description.database;
    findings.identity = description.identity;
    findings.published = description.upstream_tables();
    findings.check = [description](std::span<const defs::UpstreamTable> tables) {
      return sources::check_published_tables(description, tables);
    };
    return findings;
  }

  Status validate(const defs::ConnectionDef& connection, const catalog::CatalogState& catalog,
                  const StopToken& cancelled) override {
    if (const auto* kafka = std::get_if<defs::KafkaConnectionDef>(&connection)) {
      return validate_kafka(kafka_endpoint(*kafka, catalog), catalog, cancelled);
    }
    if (std::holds_alternative<defs::AwsConnectionDef>(connection)) {
      return fail(sql_state::kFeatureNotSupported,
                  "validation of AWS connections not yet supported");
    }
    if (const auto* registry = std::get_if<defs::SchemaRegistryConnectionDef>(&connection)) {
      ASSIGN_OR_RETURN(auto client, make_registry(*registry, secrets_));
      return validate_registry(*client, cancelled);
    }
    if (const auto* glue = std::get_if<defs::GlueRegistryConnectionDef>(&connection)) {
      ASSIGN_OR_RETURN(auto client, make_registry(*glue, catalog, secrets_));
      return validate_registry(*client, cancelled);
    }
    return validate_postgres(std::get<defs::PostgresConnectionDef>(connection), cancelled);
  }

  Result<std::vector<sinks::SinkFinding>> check_sink(const defs::SinkDef& def,
                                                     const std::optional<ObjectId>& sink,
                                                     sinks::CheckScope scope,
                                                     const catalog::CatalogState& catalog,
                                                     const StopToken& cancelled) override {
    const SinkSetup setup{catalog, secrets_, environment_id_};
    // One that is not there yet has no id, and so not quite its transactional id: permissions are
    // given by prefix.
    const ObjectId id = sink.value_or(ObjectId{defs::kFirstUserId});
    const sinks::SinkConfig config = sink_config(id, "", def, setup);
    ASSIGN_OR_RETURN(connect::KafkaClientOptions options, sink_client_options(id, def, setup));
    OwnedRegistries registries;
    if (scope == sinks::CheckScope::kAll) {
      ASSIGN_OR_RETURN(registries, sink_registries(def, setup));
    }
    auto cluster = connect::make_cluster_operations(options);
    if (!cluster) return fail(sql_state::kSystemError, cluster.error().message);
    return sinks::check_sink(config, **cluster, registries.view(), cancelled);
  }

  Result<sinks::ProgressSurvey> survey_progress(const catalog::CatalogItem& sink,
                                                const catalog::CatalogState& catalog,
                                                const StopToken& cancelled) override {
    const SinkSetup setup{catalog, secrets_, environment_id_};
    const auto& def = std::get<defs::SinkDef>(sink.facts);
    const sinks::SinkConfig config = sink_config(sink.id, sink.name.item, def, setup);
    ASSIGN_OR_RETURN(connect::KafkaClientOptions options, sink_client_options(sink.id, def, setup));
    auto kafka = connect::make_kafka_client(options);
    auto survey = sinks::survey_progress(config, *kafka, cancelled, kSurveyPatience);
    if (survey) return *std::move(survey);
    return fail(Error(sql_state::kSystemError, survey.error().cause)
                    .with_hint(std::string(survey.error().remedy)));
  }

 private:
  Status validate_kafka(const KafkaEndpoint& endpoint, const catalog::CatalogState& catalog,
                        const StopToken& cancelled) {
    const std::string client_id = "materialize-" + environment_id_ + "-validation";
    ASSIGN_OR_RETURN(connect::KafkaClientOptions options,
                     kafka_client_options(endpoint, client_id, secrets_, catalog));
    auto client = connect::make_kafka_client(options);
    auto admin = client->make_admin();
    if (!admin) return fail(sql_state::kSystemError, admin.error().message);
    auto brokers = (*admin)->brokers(cancelled);
    if (!brokers) {
      return fail(Error(sql_state::kSystemError, brokers.error().message)
                      .with_hint("Check that the broker runs at this address and speaks the "
                                 "connection's security protocol."));
    }
    if (brokers->empty()) {
      return fail(sql_state::kSystemError, "zero brokers discovered in metadata request");
    }
    return {};
  }

  static Status validate_registry(connect::SchemaRegistry& registry, const StopToken& cancelled) {
    auto checked = registry.check(cancelled);
    if (!checked) return fail(sql_state::kSystemError, checked.error().cause);
    return {};
  }

  Status validate_postgres(const defs::PostgresConnectionDef& connection,
                           const StopToken& cancelled) {
    ASSIGN_OR_RETURN(connect::PostgresOptions options,
                     postgres_client_options(connection, secrets_));
    auto opened = connect::PostgresConnection::connect(options, cancelled);
    if (!opened) return fail(sql_state::kSystemError, opened.error().message);
    auto facts = (*opened)->query(
        "SELECT current_setting('wal_level'), current_setting('max_wal_senders')::int, "
        "current_setting('max_replication_slots')::int - (SELECT count(*) FROM "
        "pg_replication_slots)");
    if (!facts) return fail(sql_state::kSystemError, facts.error().message);
    const auto& row = facts->rows.at(0);
    if (row[0] != "logical") {
      return fail(
          sql_state::kSystemError,
          fmt::format("server must have wal_level >= logical, but has {}", row[0].value_or("")));
    }
    if (std::stoi(row[1].value_or("0")) < 1) {
      return fail(Error(sql_state::kSystemError, "replication disabled on server")
                      .with_hint("set max_wal_senders to a value > 0"));
    }
    if (std::stoi(row[2].value_or("0")) < 2) {
      return fail(Error(sql_state::kSystemError,
                        "PostgreSQL server has insufficient number of replication slots available")
                      .with_detail("executing this statement requires 2 replication slots"));
    }
    return {};
  }

  const SecretStore& secrets_;
  const std::string environment_id_;
};

}  // namespace

std::unique_ptr<OutsideContacts> make_outside_contacts(const SecretStore& secrets,
                                                       std::string environment_id) {
  return std::make_unique<RealContacts>(secrets, std::move(environment_id));
}

}  // namespace penstock::coordinator
