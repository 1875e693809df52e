// Columns of the system's relations, one line each: `schema.name: column type[!], ...` where !
// means NOT NULL; and the views over them. New entries go at the end, so that ids stay.
#include "catalog/builtin/builtin_relations.h"

#include <string>
#include <string_view>

#include "base/check.h"
#include "types/type_name.h"

namespace penstock::catalog {
namespace {

constexpr std::string_view kRelations[] = {
    "mz_catalog.mz_databases: id text!, oid oid!, name text!, owner_id text!",
    "mz_catalog.mz_schemas: id text!, oid oid!, database_id text, name text!, owner_id text!",
    "mz_catalog.mz_objects: id text!, oid oid!, schema_id text!, name text!, type text!, "
    "owner_id text!, cluster_id text",
    "mz_catalog.mz_columns: id text!, name text!, position uint8!, nullable bool!, type text!, "
    "default text, type_oid oid!, type_mod int4!",
    "mz_catalog.mz_connections: id text!, oid oid!, schema_id text!, name text!, type text!, "
    "owner_id text!, create_sql text!, redacted_create_sql text!",
    "mz_catalog.mz_kafka_connections: id text!, brokers text[]!, sink_progress_topic text!",
    "mz_catalog.mz_secrets: id text!, oid oid!, schema_id text!, name text!, owner_id text!",
    "mz_catalog.mz_sources: id text!, oid oid!, schema_id text!, name text!, type text!, "
    "connection_id text, size text, envelope_type text, key_format text, value_format text, "
    "cluster_id text, owner_id text!, create_sql text, redacted_create_sql text",
    "mz_catalog.mz_sinks: id text!, oid oid!, schema_id text!, name text!, type text!, "
    "connection_id text, size text, envelope_type text, format text, key_format text, "
    "value_format text, cluster_id text!, owner_id text!, create_sql text!, "
    "redacted_create_sql text!",
    "mz_catalog.mz_kafka_sinks: id text!, topic text!",
    "mz_catalog.mz_tables: id text!, oid oid!, schema_id text!, name text!, owner_id text!, "
    "create_sql text, redacted_create_sql text, source_id text",
    "mz_catalog.mz_views: id text!, oid oid!, schema_id text!, name text!, definition text!, "
    "owner_id text!, create_sql text!, redacted_create_sql text!",
    "mz_catalog.mz_materialized_views: id text!, oid oid!, schema_id text!, name text!, "
    "cluster_id text!, definition text!, owner_id text!, create_sql text!, "
    "redacted_create_sql text!",
    "mz_catalog.mz_indexes: id text!, oid oid!, name text!, on_id text!, cluster_id text!, "
    "owner_id text!, create_sql text!, redacted_create_sql text!",
    "mz_catalog.mz_index_columns: index_id text!, index_position uint8!, on_position uint8, "
    "on_expression text, nullable bool!",
    "mz_catalog.mz_clusters: id text!, name text!, owner_id text!, managed bool!, size text, "
    "replication_factor uint4",
    "mz_catalog.mz_cluster_replicas: id text!, name text!, cluster_id text!, size text, "
    "owner_id text!",
    "mz_catalog.mz_roles: id text!, oid oid!, name text!, inherit bool!, rolcanlogin bool, "
    "rolsuper bool",
    "mz_catalog.mz_types: id text!, oid oid!, schema_id text!, name text!, category text!, "
    "owner_id text!, create_sql text, redacted_create_sql text",
    "mz_internal.mz_source_statuses: id text!, name text!, type text!, "
    "last_status_change_at timestamptz, status text!, error text, details jsonb",
    "mz_internal.mz_sink_statuses: id text!, name text!, type text!, "
    "last_status_change_at timestamptz, status text!, error text, details jsonb",
    "mz_internal.mz_source_status_history: occurred_at timestamptz!, source_id text!, "
    "status text!, error text, details jsonb, replica_id text",
    "mz_internal.mz_sink_status_history: occurred_at timestamptz!, sink_id text!, "
    "status text!, error text, details jsonb, replica_id text",
    "mz_internal.mz_source_statistics: id text!, replica_id text, messages_received uint8!, "
    "bytes_received uint8!, updates_staged uint8!, updates_committed uint8!, "
    "records_indexed uint8!, bytes_indexed uint8!, rehydration_latency interval, "
    "snapshot_records_known uint8, snapshot_records_staged uint8, snapshot_committed bool!, "
    "offset_known uint8, offset_committed uint8",
    "mz_internal.mz_sink_statistics: id text!, replica_id text, messages_staged uint8!, "
    "messages_committed uint8!, bytes_staged uint8!, bytes_committed uint8!",
    "mz_internal.mz_kafka_client_statistics: object_id text!, connects uint8!, "
    "disconnects uint8!, sent_bytes uint8!, received_bytes uint8!, requests_in_flight uint8!, "
    "throttled_ms uint8!, batches uint8!, batch_records uint8!, batch_record_bytes uint8!, "
    "batch_bytes uint8!, batches_sent_again uint8!",
    "mz_internal.mz_kafka_request_statistics: object_id text!, api text!, requests uint8!, "
    "answered uint8!, lost uint8!, in_flight uint8!, latency_total_us uint8!, "
    "latency_max_us uint8!",
    "mz_internal.mz_frontiers: object_id text!, read_frontier mz_timestamp, "
    "write_frontier mz_timestamp",
    "mz_internal.mz_object_dependencies: object_id text!, referenced_object_id text!",
    "mz_internal.mz_comments: id text!, object_type text!, object_sub_id int4, comment text!",
    "mz_internal.mz_postgres_sources: id text!, replication_slot text!, timeline_id uint8",
    "mz_internal.mz_postgres_source_tables: id text!, schema_name text!, table_name text!",
    "mz_internal.mz_sessions: id uuid!, connection_id uint4!, role_id text!, client_ip text, "
    "connected_at timestamptz!",
    "mz_internal.mz_hydration_statuses: object_id text!, replica_id text, hydrated bool!",
    "mz_internal.mz_retention_holders: object_id text!, collection_id text!, holder text!, "
    "since mz_timestamp!, retained_bytes uint8!, max_retained_bytes uint8!",
    "mz_internal.mz_source_slots: id text!, slot_name text!, acknowledged_lsn uint8, "
    "received_lsn uint8, upstream_lsn uint8, retained_upstream_bytes uint8",
    "pg_catalog.pg_type: oid oid!, typname text!, typnamespace oid!, typowner oid!, typlen int2!, "
    "typtype text!, typcategory text!, typdelim text!, typrelid oid!, typelem oid!, "
    "typarray oid!, typinput oid!, typreceive oid!, typnotnull bool!, typbasetype oid!, "
    "typtypmod int4!, typcollation oid!, typdefault text",
    "pg_catalog.pg_namespace: oid oid!, nspname text!, nspowner oid!",
    "pg_catalog.pg_class: oid oid!, relname text!, relnamespace oid!, reloftype oid!, "
    "relowner oid!, relkind text!, relnatts int2!, relhasindex bool!, relpersistence text!",
    "pg_catalog.pg_attribute: attrelid oid!, attname text!, atttypid oid!, attlen int2!, "
    "attnum int2!, atttypmod int4!, attnotnull bool!, atthasdef bool!, attidentity text!, "
    "attgenerated text!, attisdropped bool!, attcollation oid!",
    "pg_catalog.pg_database: oid oid!, datname text!, datdba oid!, encoding int4!, "
    "datistemplate bool!, datallowconn bool!, datcollate text, datctype text",
    "pg_catalog.pg_range: rngtypid oid!, rngsubtype oid!",
    "pg_catalog.pg_roles: oid oid!, rolname text!, rolsuper bool!, rolcanlogin bool!",
    "pg_catalog.pg_settings: name text!, setting text!",
    "pg_catalog.pg_description: objoid oid!, classoid oid!, objsubid int4!, description text!",
    "pg_catalog.pg_shdescription: objoid oid!, classoid oid!, description text!",
    "mz_internal.mz_sink_transactions: id text!, state text!, open_since timestamptz, "
    "open_age_ms uint8, open_messages uint8, open_bytes uint8, open_first_timestamp mz_timestamp, "
    "committed uint8!, last_commit_at timestamptz, last_commit_latency_us uint8, "
    "last_commit_messages uint8, last_commit_bytes uint8, last_commit_frontier mz_timestamp, "
    "aborted uint8!, last_abort_at timestamptz, last_abort_cause text, refused uint8!",
    "mz_internal.mz_sink_partitions: id text!, partition int4!, last_offset int8, "
    "messages uint8!, last_written_at timestamptz!",
    "mz_internal.mz_sink_lag: id text!, frontier mz_timestamp, input_frontier mz_timestamp, "
    "lag_ms uint8, wallclock_lag_ms uint8, rows_behind uint8, bytes_behind uint8",
    "mz_internal.mz_sink_snapshots: id text!, state text!, snapshot_timestamp mz_timestamp!, "
    "rows_total uint8, rows_done uint8!, open_rows uint8!, transactions uint8!, "
    "started_at timestamptz, finished_at timestamptz, rows_per_second float8, time_left_ms uint8, "
    "rate_limit_bytes uint8",
    "mz_internal.mz_sink_statistics_raw: id text!, replica_id text, messages_staged uint8!, "
    "messages_committed uint8!, bytes_staged uint8!, bytes_committed uint8!",
    "mz_catalog.mz_cluster_replica_frontiers: object_id text!, replica_id text!, "
    "write_frontier mz_timestamp",
};

struct View {
  const char* schema;
  const char* name;
  const char* query;
};

constexpr View kViews[] = {
    {"mz_catalog", "mz_relations",
     "SELECT id, oid, schema_id, name, type, owner_id, cluster_id FROM mz_catalog.mz_objects "
     "WHERE type IN ('table', 'source', 'view', 'materialized-view')"},
    {"pg_catalog", "pg_tables",
     "SELECT n.nspname AS schemaname, c.relname AS tablename FROM pg_catalog.pg_class c "
     "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"},
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

types::SqlType column_type(std::string_view name) {
  if (name.ends_with("[]")) {
    return types::SqlType::array_of(column_type(name.substr(0, name.size() - 2)));
  }
  std::optional<types::SqlType> type = types::type_from_name(name);
  CHECK(type.has_value());
  return *type;
}

types::RelationType parse_columns(std::string_view text) {
  types::RelationType relation;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view column = trimmed(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    size_t blank = column.find(' ');
    std::string_view type = column.substr(blank + 1);
    bool nullable = !type.ends_with('!');
    if (!nullable) type.remove_suffix(1);
    relation.columns.push_back(
        {std::string(column.substr(0, blank)), {column_type(type), nullable}});
  }
  return relation;
}

}  // namespace

std::vector<ItemRef> builtin_items() {
  std::vector<ItemRef> items;
  uint64_t id = 1000;
  for (std::string_view line : kRelations) {
    size_t dot = line.find('.');
    size_t colon = line.find(':');
    CatalogItem item;
    item.id = ObjectId{id};
    item.oid = static_cast<uint32_t>(10000 + id);
    item.kind = ItemKind::kTable;
    item.name = {"", std::string(line.substr(0, dot)),
                 std::string(line.substr(dot + 1, colon - dot - 1))};
    item.owner = "mz_system";
    item.relation = parse_columns(line.substr(colon + 1));
    item.facts = BuiltinFacts{};
    items.push_back(std::make_shared<const CatalogItem>(std::move(item)));
    ++id;
  }
  id = 3000;
  for (const View& view : kViews) {
    CatalogItem item;
    item.id = ObjectId{id};
    item.oid = static_cast<uint32_t>(10000 + id);
    item.kind = ItemKind::kView;
    item.name = {"", view.schema, view.name};
    item.owner = "mz_system";
    item.facts = ViewFacts{view.query};
    items.push_back(std::make_shared<const CatalogItem>(std::move(item)));
    ++id;
  }
  return items;
}

}  // namespace penstock::catalog
