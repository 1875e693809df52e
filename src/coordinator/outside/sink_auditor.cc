// The time of an audit, held readable while the collection is read; and a Kafka client of its own.
#include "coordinator/outside/sink_auditor.h"

#include <fmt/core.h>

#include <array>

#include "catalog/facts_of.h"
#include "connect/kafka/cluster_operations.h"
#include "coordinator/outside/client_options.h"
#include "coordinator/outside/sink_setup.h"
#include "coordinator/outside/stored_ledger.h"
#include "coordinator/sequence/item_facts.h"
#include "defs/names.h"
#include "sinks/sink_audit.h"

namespace penstock::coordinator {
namespace {

using catalog::facts_of;

std::unexpected<Error> not_now(std::string message, std::string hint) {
  return fail(Error(sql_state::kObjectNotInState, std::move(message)).with_hint(std::move(hint)));
}

class RealSinkAuditor final : public SinkAuditor {
 public:
  RealSinkAuditor(storage::Storage& storage, const SecretStore& secrets, std::string environment_id,
                  std::string spill_directory)
      : storage_(storage),
        secrets_(secrets),
        environment_id_(std::move(environment_id)),
        spill_directory_(std::move(spill_directory)) {}

  Result<sinks::AuditReport> audit(const AuditRequest& request) override {
    const catalog::CatalogState& catalog = request.catalog;
    RETURN_IF_ERROR(check_alone(request.sink, catalog, request.cancelled));
    ASSIGN_OR_RETURN(sql::SinkPlan plan, sink_plan(request.sink, catalog));
    sinks::SinkConfig config = sink_config(request.sink.id, request.sink.name.item, plan.def,
                                           {catalog, secrets_, environment_id_});
    config.partition_by = plan.partition_by;
    config.spill_directory = spill_directory_;
    const CollectionId collection = config.def.collection();
    ASSIGN_OR_RETURN(std::unique_ptr<data::UpdateStream> stream, storage_.open_stream(collection));
    ASSIGN_OR_RETURN(auto kafka, make_client(config.def.connection, request));
    ASSIGN_OR_RETURN(Chosen chosen, choose_time(collection, request));
    return sinks::audit_sink(config, chosen.time,
                             {.kafka = *kafka,
                              .stream = *stream,
                              .stop = request.cancelled,
                              .may_go_on = request.may_go_on,
                              .collection_read = [&chosen] { chosen.hold.reset(); },
                              .since = chosen.since});
  }

  Status check_alone(const catalog::CatalogItem& sink, const catalog::CatalogState& catalog,
                     const StopToken& cancelled) override {
    const auto& def = std::get<defs::SinkDef>(sink.facts);
    for (const auto& [id, item] : catalog.items()) {
      const auto* other = std::get_if<defs::SinkDef>(&item->facts);
      if (id == sink.id || other == nullptr || other->topic != def.topic) continue;
      const Connections two{def.connection, other->connection};
      ASSIGN_OR_RETURN(const bool one_cluster, lead_to_one_cluster(two, catalog, cancelled));
      if (!one_cluster) continue;
      return fail(
          sql_state::kObjectNotInState,
          fmt::format("topic \"{}\" has the messages of sink \"{}\", too, and they do not say "
                      "whose they are",
                      def.topic, item->name.item));
    }
    return {};
  }

 private:
  using Connections = std::array<ObjectId, 2>;

  Result<bool> lead_to_one_cluster(const Connections& connections,
                                   const catalog::CatalogState& catalog,
                                   const StopToken& cancelled) {
    const auto brokers = [&](ObjectId connection) {
      return facts_of<defs::KafkaConnectionDef>(catalog, connection).brokers;
    };
    const auto& [one, other] = connections;
    if (one == other || brokers(one) == brokers(other)) return true;
    ASSIGN_OR_RETURN(const std::optional<std::string> id, cluster_id(one, catalog, cancelled));
    if (!id) return false;
    ASSIGN_OR_RETURN(const std::optional<std::string> other_id,
                     cluster_id(other, catalog, cancelled));
    return id == other_id;
  }

  // None if nobody answers who knows.
  Result<std::optional<std::string>> cluster_id(ObjectId connection,
                                                const catalog::CatalogState& catalog,
                                                const StopToken& cancelled) {
    const auto& kafka = facts_of<defs::KafkaConnectionDef>(catalog, connection);
    ASSIGN_OR_RETURN(
        connect::KafkaClientOptions options,
        kafka_client_options(kafka_endpoint(kafka, catalog),
                             "materialize-" + environment_id_ + "-audit", secrets_, catalog));
    auto cluster = connect::make_cluster_operations(options);
    if (!cluster) return std::nullopt;
    auto described = (*cluster)->describe_cluster({}, cancelled);
    if (!described || described->cluster_id.empty()) return std::nullopt;
    return described->cluster_id;
  }

  struct Chosen {
    Timestamp time;
    std::unique_ptr<storage::ReadHold> hold;
    std::optional<Timestamp> since;  // When the sink changed over to the collection.
  };

  Result<std::unique_ptr<connect::KafkaClient>> make_client(ObjectId connection,
                                                            const AuditRequest& request) {
    const auto& kafka = facts_of<defs::KafkaConnectionDef>(request.catalog, connection);
    const std::string client_id =
        defs::client_identity(environment_id_, connection, request.sink.id) + "-audit";
    ASSIGN_OR_RETURN(connect::KafkaClientOptions options,
                     kafka_client_options(kafka_endpoint(kafka, request.catalog), client_id,
                                          secrets_, request.catalog));
    return connect::make_kafka_client(options);
  }

  // Everything stamped before R is committed (rule K1).
  Result<sinks::SinkPlace> place_of(const catalog::CatalogItem& sink) {
    ASSIGN_OR_RETURN(std::optional<std::string> stored,
                     storage_.meta().get(sink_place_key(sink.id)));
    std::optional<sinks::SinkPlace> place =
        stored ? sinks::SinkPlace::decode(*stored) : std::nullopt;
    if (!place || place->snapshot_due) {
      return not_now(fmt::format("sink \"{}\" has not sent its snapshot yet", sink.name.item),
                     "Its status is in mz_internal.mz_sink_statuses.");
    }
    return *place;
  }

  Result<Chosen> choose_time(CollectionId collection, const AuditRequest& request) {
    const std::string& name = request.sink.name.item;
    while (true) {
      RETURN_IF_ERROR(request.may_go_on());
      ASSIGN_OR_RETURN(const sinks::SinkPlace place, place_of(request.sink));
      const Timestamp frontier = place.next.previous();
      const Timestamp time = request.at.value_or(frontier);
      std::optional<Timestamp> since;
      if (place.changed_over) since = place.changed_over->time;
      if (since && time < since->previous()) {
        return not_now(fmt::format("sink \"{}\" read another relation at {}", name, time.ms),
                       fmt::format("It reads this one from {} on.", since->ms));
      }
      if (time > frontier) {
        return not_now(fmt::format("sink \"{}\" has not sent everything up to {}", name, time.ms),
                       fmt::format("It has up to {}.", frontier.ms));
      }
      const std::string holder = "audit of sink " + defs::object_id_text(request.sink.id);
      ASSIGN_OR_RETURN(std::unique_ptr<storage::ReadHold> hold,
                       storage_.holds().acquire(collection, holder, time));
      if (hold->time() <= time) return Chosen{time, std::move(hold), since};
      // The sink's own hold is there as long as its place, which may have moved on just now.
      if (request.at || place.history_released) {
        return not_now(
            fmt::format("what sink \"{}\" reads is no longer known at {}", name, time.ms),
            fmt::format("It is from {} on.", hold->time().ms));
      }
      request.cancelled.wait_for(std::chrono::milliseconds(5));
    }
  }

  storage::Storage& storage_;
  const SecretStore& secrets_;
  const std::string environment_id_;
  const std::string spill_directory_;
};

}  // namespace

std::unique_ptr<SinkAuditor> make_sink_auditor(storage::Storage& storage,
                                               const SecretStore& secrets,
                                               std::string environment_id,
                                               std::string spill_directory) {
  return std::make_unique<RealSinkAuditor>(storage, secrets, std::move(environment_id),
                                           std::move(spill_directory));
}

}  // namespace penstock::coordinator
