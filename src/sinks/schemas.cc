// Schemas generated from a sink's definition, and published.
#include "sinks/schemas.h"

#include <numeric>

#include "base/check.h"
#include "format/avro/avro_schema.h"

namespace penstock::sinks {
namespace {

std::optional<std::string> schema_of(const defs::SinkFormat& format, const defs::SinkDef& def,
                                     const std::vector<size_t>& columns, bool of_changes) {
  if (!format.avro) return std::nullopt;
  format::AvroSchemaOptions options{.full_name = format.avro->full_name,
                                    .of_changes = of_changes,
                                    .null_defaults = format.avro->null_defaults,
                                    .doc = format.avro->doc,
                                    .column_docs = format.avro->column_docs};
  for (const auto& [type, docs] : format.avro->type_docs) {
    options.type_docs[type] = {docs.doc, docs.field_docs};
  }
  return format::avro_schema(def.relation, columns, options);
}

Step<std::string> publish(const defs::SinkFormat& format, const std::optional<std::string>& schema,
                          connect::SchemaRegistry* registry, const StopToken& stop) {
  if (!schema) return "";
  CHECK(registry != nullptr);
  auto head = registry->publish({format.avro->subject, *schema, format.avro->compatibility}, stop);
  if (head) return *head;
  const connect::RegistryError& error = head.error();
  if (error.fault == connect::RegistryFault::kStopped) return stopped();
  const bool refused = error.fault == connect::RegistryFault::kRefused;
  return trouble(refused ? Trouble::Kind::kRefused : Trouble::Kind::kRetry,
                 "kafka: error publishing kafka schemas for sink: " + error.cause,
                 refused ? "The schema is that of subject " + format.avro->subject +
                               ": EXPLAIN SCHEMA shows it, and the registry what was there before."
                         : "");
}

}  // namespace

std::optional<std::string> key_schema(const defs::SinkDef& def) {
  if (!def.key) return std::nullopt;
  return schema_of(def.key_format, def, *def.key, false);
}

std::optional<std::string> value_schema(const defs::SinkDef& def) {
  std::vector<size_t> all(def.relation.columns.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return schema_of(def.value_format, def, all, def.envelope == defs::SinkEnvelope::kDebezium);
}

Step<MessageHeads> publish_schemas(const defs::SinkDef& def, const SchemaRegistries& registries,
                                   const StopToken& stop) {
  auto key = publish(def.key_format, key_schema(def), registries.key, stop);
  if (!key) return std::unexpected(key.error());
  auto value = publish(def.value_format, value_schema(def), registries.value, stop);
  if (!value) return std::unexpected(value.error());
  return MessageHeads{*std::move(key), *std::move(value)};
}

}  // namespace penstock::sinks
