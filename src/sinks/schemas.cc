// Schemas generated from a sink's definition, and published.
#include "sinks/schemas.h"

#include "base/check.h"
#include "format/avro/avro_schema.h"
#include "format/json/connect_schema.h"

namespace penstock::sinks {
namespace {

format::ChangeFields change_fields(const defs::SinkChangeFields& fields) {
  return {.source = fields.source,
          .transaction = fields.transaction,
          .op = fields.op,
          .ts_ms = fields.ts_ms};
}

format::AvroSchemaOptions options_of(const defs::AvroSinkFormat& format) {
  format::AvroSchemaOptions out{.full_name = format.full_name,
                                .null_defaults = format.null_defaults,
                                .doc = format.doc,
                                .column_docs = format.column_docs};
  for (const auto& [type, docs] : format.type_docs) {
    out.type_docs[type] = {docs.doc, docs.field_docs};
  }
  return out;
}

bool carries_schemas(const defs::SinkFormat& format, const defs::SinkDef& def) {
  return def.json_schemas && format.kind == defs::SinkFormatKind::kJson;
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
  if (!def.key || !def.key_format.avro) return std::nullopt;
  return format::avro_schema(def.relation, *def.key, options_of(*def.key_format.avro));
}

std::optional<std::string> value_schema(const defs::SinkDef& def) {
  if (!def.value_format.avro) return std::nullopt;
  format::AvroSchemaOptions options = options_of(*def.value_format.avro);
  options.of_changes = def.envelope == defs::SinkEnvelope::kDebezium;
  options.row_name = def.row_record();
  options.change_fields = change_fields(def.change_fields);
  if (def.envelope == defs::SinkEnvelope::kAppend) options.last_text_field = def.op_name;
  return format::avro_schema(def.relation, def.value_columns(), options);
}

std::optional<std::string> carried_key_schema(const defs::SinkDef& def) {
  if (!def.key || !carries_schemas(def.key_format, def)) return std::nullopt;
  return format::connect_schema(def.relation, *def.key, {.name = def.topic + ".Key"});
}

std::optional<std::string> carried_value_schema(const defs::SinkDef& def) {
  if (!carries_schemas(def.value_format, def)) return std::nullopt;
  const std::string row_name = def.topic + ".Value";
  format::ConnectSchemaOptions options{.name = row_name};
  if (def.envelope == defs::SinkEnvelope::kAppend) options.last_text_field = def.op_name;
  if (def.envelope == defs::SinkEnvelope::kDebezium) {
    options = {.name = def.topic + ".Envelope",
               .of_changes = true,
               .row_name = row_name,
               .change_fields = change_fields(def.change_fields)};
  }
  return format::connect_schema(def.relation, def.value_columns(), options);
}

Step<MessageHeads> publish_schemas(const defs::SinkDef& def, const SchemaRegistries& registries,
                                   const StopToken& stop) {
  auto key = publish(def.key_format, key_schema(def), registries.key, stop);
  if (!key) return std::unexpected(key.error());
  auto value = publish(def.value_format, value_schema(def), registries.value, stop);
  if (!value) return std::unexpected(value.error());
  MessageHeads heads{.key = *std::move(key), .value = *std::move(value)};
  if (auto carried = carried_key_schema(def)) {
    heads.key = format::schema_head(*carried);
    heads.key_tail = format::kSchemaTail;
  }
  if (auto carried = carried_value_schema(def)) {
    heads.value = format::schema_head(*carried);
    heads.value_tail = format::kSchemaTail;
  }
  return heads;
}

}  // namespace penstock::sinks
