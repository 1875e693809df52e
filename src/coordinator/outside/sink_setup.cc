// Definitions as configurations.
#include "coordinator/outside/sink_setup.h"

#include <algorithm>

#include "catalog/facts_of.h"
#include "coordinator/outside/client_options.h"
#include "defs/names.h"

namespace penstock::coordinator {
namespace {

void tune(const defs::SinkTuning& tuning, connect::KafkaClientOptions& options) {
  auto set = [](const std::optional<int32_t>& given, std::chrono::milliseconds& option) {
    if (given) option = std::chrono::milliseconds(*given);
  };
  set(tuning.request_timeout_ms, options.socket_timeout);
  set(tuning.retry_backoff_ms, options.retry_backoff);
  set(tuning.retry_backoff_max_ms, options.retry_backoff_max);
  set(tuning.reconnect_backoff_ms, options.reconnect_backoff);
  set(tuning.reconnect_backoff_max_ms, options.reconnect_backoff_max);
  // Of a pair one may have been set alone: a first pause longer than the longest is that.
  options.retry_backoff_max = std::max(options.retry_backoff_max, options.retry_backoff);
  options.reconnect_backoff_max =
      std::max(options.reconnect_backoff_max, options.reconnect_backoff);
}

Result<std::unique_ptr<connect::SchemaRegistry>> registry_of(const defs::SinkFormat& format,
                                                             const SinkSetup& setup) {
  if (!format.avro) return nullptr;
  const ObjectId id = format.avro->registry;
  const auto* glue = catalog::find_facts<defs::GlueRegistryConnectionDef>(setup.catalog, id);
  if (glue != nullptr) return make_registry(*glue, setup.catalog, setup.secrets);
  return make_registry(catalog::facts_of<defs::SchemaRegistryConnectionDef>(setup.catalog, id),
                       setup.secrets);
}

std::optional<connect::HeadForm> head_of(const defs::SinkFormat& format, const SinkSetup& setup) {
  if (!format.avro) return std::nullopt;
  const bool is_glue = catalog::find_facts<defs::GlueRegistryConnectionDef>(
                           setup.catalog, format.avro->registry) != nullptr;
  return is_glue ? connect::HeadForm::kGlue : connect::HeadForm::kConfluent;
}

}  // namespace

sinks::SinkConfig sink_config(ObjectId sink, const std::string& name, const defs::SinkDef& def,
                              const SinkSetup& setup) {
  const auto& kafka = catalog::facts_of<defs::KafkaConnectionDef>(setup.catalog, def.connection);
  sinks::SinkConfig config;
  config.id = sink;
  config.name = name;
  const catalog::FullName& from = setup.catalog.item(def.from)->name;
  config.from = {from.database, from.schema, from.item};
  if (def.key) config.key_head = head_of(def.key_format, setup);
  config.value_head = head_of(def.value_format, setup);
  config.progress_topic = defs::progress_topic(kafka, setup.environment_id, def.connection);
  config.progress_replication_factor = kafka.progress_topic_replication_factor;
  if (def.delivery == defs::DeliveryGuarantee::kExactlyOnce) {
    config.transactional_id = defs::transactional_id(def, setup.environment_id, sink);
  }
  config.limits = sinks::tuned_limits(def.tuning);
  config.def = def;
  return config;
}

Result<connect::KafkaClientOptions> sink_client_options(ObjectId sink, const defs::SinkDef& def,
                                                        const SinkSetup& setup) {
  const auto& kafka = catalog::facts_of<defs::KafkaConnectionDef>(setup.catalog, def.connection);
  ASSIGN_OR_RETURN(
      connect::KafkaClientOptions options,
      kafka_client_options(kafka_endpoint(kafka, setup.catalog),
                           defs::client_identity(setup.environment_id, def.connection, sink),
                           setup.secrets, setup.catalog));
  tune(def.tuning, options);
  return options;
}

Result<OwnedRegistries> sink_registries(const defs::SinkDef& def, const SinkSetup& setup) {
  OwnedRegistries out;
  if (def.key) {
    ASSIGN_OR_RETURN(out.key, registry_of(def.key_format, setup));
  }
  ASSIGN_OR_RETURN(out.value, registry_of(def.value_format, setup));
  return out;
}

}  // namespace penstock::coordinator
