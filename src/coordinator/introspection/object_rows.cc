// Rows about items: one relation for each kind, and mz_objects for all.
#include "coordinator/introspection/builtin_rows.h"
#include "coordinator/introspection/cells.h"
#include "coordinator/introspection/identity.h"
#include "types/array_value.h"

namespace penstock::coordinator {
namespace {

using catalog::CatalogItem;
using catalog::ItemKind;
using types::Datum;
using Rows = std::vector<BuiltinRow>;

template <typename MakeRow>
Rows of_kind(const IntrospectionSources& s, ItemKind kind, const MakeRow& make) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    if (item->kind == kind && !item->is_system()) rows.push_back(make(*item));
  }
  return rows;
}

Datum schema_id(const IntrospectionSources& s, const CatalogItem& item) {
  return text(plain_id(schema_id_of(s.catalog, item)));
}

Rows objects(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    rows.push_back({id(item_id), number(item->oid), schema_id(s, *item), text(item->name.item),
                    text(catalog::item_type_id(item->kind)), owner(item->owner),
                    id_or_null(item->cluster)});
  }
  return rows;
}

std::string connection_type(const CatalogItem& item) {
  if (std::holds_alternative<defs::KafkaConnectionDef>(item.facts)) return "kafka";
  if (std::holds_alternative<defs::AwsConnectionDef>(item.facts)) return "aws";
  if (std::holds_alternative<defs::SchemaRegistryConnectionDef>(item.facts))
    return "confluent-schema-registry";
  if (std::holds_alternative<defs::GlueRegistryConnectionDef>(item.facts))
    return "aws-glue-schema-registry";
  return "postgres";
}

Rows connections(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kConnection, [&](const CatalogItem& item) -> BuiltinRow {
    return {id(item.id),
            number(item.oid),
            schema_id(s, item),
            text(item.name.item),
            text(connection_type(item)),
            owner(item.owner),
            text(item.create_sql),
            text(redacted_sql(item))};
  });
}

Rows kafka_connections(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    const auto* kafka = std::get_if<defs::KafkaConnectionDef>(&item->facts);
    if (!kafka) continue;
    std::vector<Datum> brokers;
    for (const std::string& broker : kafka->brokers) brokers.push_back(text(broker));
    rows.push_back({id(item_id),
                    Datum::bytes(types::encode_array(types::SqlType::of(types::TypeId::kText),
                                                     types::ArrayValue::one_dimensional(brokers))),
                    text(defs::progress_topic(*kafka, s.environment_id, item_id))});
  }
  return rows;
}

Rows secrets(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kSecret, [&](const CatalogItem& item) -> BuiltinRow {
    return {id(item.id), number(item.oid), schema_id(s, item), text(item.name.item),
            owner(item.owner)};
  });
}

// Only what CREATE TYPE made: the system's types are no objects.
Rows types_of_users(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kType, [&](const CatalogItem& item) -> BuiltinRow {
    types::TypeId type = std::get<catalog::TypeFacts>(item.facts).type.id;
    return {id(item.id),
            number(item.oid),
            schema_id(s, item),
            text(item.name.item),
            text(type == types::TypeId::kRecord ? "composite"
                 : type == types::TypeId::kList ? "list"
                                                : "map"),
            owner(item.owner),
            text(item.create_sql),
            text(redacted_sql(item))};
  });
}

Rows sources(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kSource, [&](const CatalogItem& item) -> BuiltinRow {
    const auto* postgres = std::get_if<defs::PostgresSourceDef>(&item.facts);
    return {id(item.id),
            number(item.oid),
            schema_id(s, item),
            text(item.name.item),
            text("postgres"),
            postgres ? id(postgres->connection) : null(),
            null(),
            null(),
            null(),
            null(),
            id_or_null(item.cluster),
            owner(item.owner),
            text(item.create_sql),
            text(redacted_sql(item))};
  });
}

std::string_view format_name(const defs::SinkFormat& format) {
  switch (format.kind) {
    case defs::SinkFormatKind::kJson:
      return "json";
    case defs::SinkFormatKind::kAvro:
      return "avro";
    case defs::SinkFormatKind::kText:
      return "text";
    case defs::SinkFormatKind::kBytes:
      return "bytes";
  }
  return "";
}

std::string_view envelope_name(defs::SinkEnvelope envelope) {
  switch (envelope) {
    case defs::SinkEnvelope::kUpsert:
      return "upsert";
    case defs::SinkEnvelope::kDebezium:
      return "debezium";
    case defs::SinkEnvelope::kAppend:
      return "append";
  }
  return "";
}

// One word where one is enough.
std::string formats_of(const defs::SinkDef& sink) {
  const std::string value(format_name(sink.value_format));
  if (!sink.key) return value;
  const std::string key(format_name(sink.key_format));
  const bool one = key == value && (value == "json" || value == "avro");
  return one ? value : "key-" + key + "-value-" + value;
}

Rows sinks(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kSink, [&](const CatalogItem& item) -> BuiltinRow {
    const auto& sink = std::get<defs::SinkDef>(item.facts);
    return {id(item.id),
            number(item.oid),
            schema_id(s, item),
            text(item.name.item),
            text("kafka"),
            id(sink.connection),
            null(),
            text(std::string(envelope_name(sink.envelope))),
            text(formats_of(sink)),
            sink.key ? text(std::string(format_name(sink.key_format))) : null(),
            text(std::string(format_name(sink.value_format))),
            text(cluster_text(item.cluster)),
            owner(item.owner),
            text(item.create_sql),
            text(redacted_sql(item))};
  });
}

Rows kafka_sinks(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kSink, [&](const CatalogItem& item) -> BuiltinRow {
    return {id(item.id), text(std::get<defs::SinkDef>(item.facts).topic)};
  });
}

Rows tables(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kTable, [&](const CatalogItem& item) -> BuiltinRow {
    const auto* ingested = std::get_if<defs::SourceTableDef>(&item.facts);
    return {id(item.id),
            number(item.oid),
            schema_id(s, item),
            text(item.name.item),
            owner(item.owner),
            text(item.create_sql),
            text(redacted_sql(item)),
            ingested ? id(ingested->source) : null()};
  });
}

std::string definition_of(const CatalogItem& item) {
  const auto* view = std::get_if<catalog::ViewFacts>(&item.facts);
  return view ? view->query_sql + ";" : "";
}

Rows views(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kView, [&](const CatalogItem& item) -> BuiltinRow {
    return {id(item.id),           number(item.oid),          schema_id(s, item),
            text(item.name.item),  text(definition_of(item)), owner(item.owner),
            text(item.create_sql), text(redacted_sql(item))};
  });
}

Rows materialized_views(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kMaterializedView, [&](const CatalogItem& item) -> BuiltinRow {
    return {id(item.id),
            number(item.oid),
            schema_id(s, item),
            text(item.name.item),
            text(cluster_text(item.cluster)),
            text(definition_of(item)),
            owner(item.owner),
            text(item.create_sql),
            text(redacted_sql(item))};
  });
}

Rows indexes(const IntrospectionSources& s) {
  return of_kind(s, ItemKind::kIndex, [&](const CatalogItem& item) -> BuiltinRow {
    return {id(item.id),
            number(item.oid),
            text(item.name.item),
            id(std::get<catalog::IndexFacts>(item.facts).on),
            text(cluster_text(item.cluster)),
            owner(item.owner),
            text(item.create_sql),
            text(redacted_sql(item))};
  });
}

Rows index_columns(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    const auto* index = std::get_if<catalog::IndexFacts>(&item->facts);
    if (!index) continue;
    catalog::ItemRef on = s.catalog.item(index->on);
    for (size_t i = 0; i < index->key.size(); ++i) {
      rows.push_back({id(item_id), number(i + 1), number(index->key[i] + 1), null(),
                      flag(on->relation->columns[index->key[i]].type.nullable)});
    }
  }
  return rows;
}

Rows postgres_sources(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    const auto* source = std::get_if<defs::PostgresSourceDef>(&item->facts);
    if (!source) continue;
    rows.push_back({id(item_id), text(source->slot_name), number(source->identity.timeline)});
  }
  return rows;
}

Rows postgres_source_tables(const IntrospectionSources& s) {
  Rows rows;
  for (const auto& [item_id, item] : s.catalog.items()) {
    const auto* table = std::get_if<defs::SourceTableDef>(&item->facts);
    if (!table) continue;
    rows.push_back(
        {id(item_id), text(table->upstream.schema_name), text(table->upstream.table_name)});
  }
  return rows;
}

}  // namespace

RowsFunction object_rows(const std::string& name) {
  static const std::map<std::string, RowsFunction> makers = {
      {"mz_catalog.mz_objects", objects},
      {"mz_catalog.mz_connections", connections},
      {"mz_catalog.mz_kafka_connections", kafka_connections},
      {"mz_catalog.mz_secrets", secrets},
      {"mz_catalog.mz_types", types_of_users},
      {"mz_catalog.mz_sources", sources},
      {"mz_catalog.mz_sinks", sinks},
      {"mz_catalog.mz_kafka_sinks", kafka_sinks},
      {"mz_catalog.mz_tables", tables},
      {"mz_catalog.mz_views", views},
      {"mz_catalog.mz_materialized_views", materialized_views},
      {"mz_catalog.mz_indexes", indexes},
      {"mz_catalog.mz_index_columns", index_columns},
      {"mz_internal.mz_postgres_sources", postgres_sources},
      {"mz_internal.mz_postgres_source_tables", postgres_source_tables},
  };
  auto found = makers.find(name);
  return found == makers.end() ? nullptr : found->second;
}

}  // namespace penstock::coordinator
