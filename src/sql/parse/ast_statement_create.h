// CREATE statements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/ast_option.h"
#include "sql/parse/ast_query.h"
#include "sql/parse/ast_type.h"

namespace penstock::sql {

struct CreateDatabase {
  bool if_not_exists = false;
  Identifier name;
  friend bool operator==(const CreateDatabase&, const CreateDatabase&) = default;
};
struct CreateSchema {
  bool if_not_exists = false;
  ItemName name;
  friend bool operator==(const CreateSchema&, const CreateSchema&) = default;
};
struct CreateRole {
  Identifier name;
  std::vector<Option> attributes;  // INHERIT, NOINHERIT, LOGIN, SUPERUSER, PASSWORD, …
  friend bool operator==(const CreateRole&, const CreateRole&) = default;
};
struct CreateCluster {
  bool if_not_exists = false;
  Identifier name;
  std::vector<Option> options;  // REPLICAS is a sequence of ReplicaDefinition.
  friend bool operator==(const CreateCluster&, const CreateCluster&) = default;
};
struct CreateClusterReplica {
  Identifier cluster;
  Identifier name;
  std::vector<Option> options;
  friend bool operator==(const CreateClusterReplica&, const CreateClusterReplica&) = default;
};
struct CreateSecret {
  bool if_not_exists = false;
  ItemName name;
  Expr value;
  friend bool operator==(const CreateSecret&, const CreateSecret&) = default;
};

enum class ConnectionType {
  kKafka,
  kConfluentSchemaRegistry,
  kPostgres,
  kSshTunnel,
  kAws,
  kAwsPrivatelink,
  kAwsGlueSchemaRegistry,
  kMysql,
  kSqlServer,
  kGcp,
  kIcebergCatalog
};
struct CreateConnection {
  bool if_not_exists = false;
  ItemName name;
  ConnectionType type = ConnectionType::kKafka;
  std::vector<Option> options;  // USERNAME is reported as USER.
  std::vector<Option> with;     // VALIDATE
  friend bool operator==(const CreateConnection&, const CreateConnection&) = default;
};

// --- columns of tables and sources ---
enum class ConstraintKind { kNotNull, kNull, kDefault, kPrimaryKey, kUnique, kCheck, kReferences };
struct ColumnConstraint {
  std::optional<Identifier> name;
  ConstraintKind kind = ConstraintKind::kNotNull;
  std::optional<Expr> expr;                  // Of kDefault and kCheck.
  std::optional<ItemName> referenced_table;  // Of kReferences.
  std::vector<Identifier> referenced_columns;
  ByteRange range;
  friend bool operator==(const ColumnConstraint&, const ColumnConstraint&) = default;
};
struct ColumnDefinition {
  Identifier name;
  std::optional<TypeName> type;  // Absent where only names may be given.
  std::optional<ItemName> collation;
  std::vector<ColumnConstraint> constraints;
  ByteRange range;
  friend bool operator==(const ColumnDefinition&, const ColumnDefinition&) = default;
};
struct TableConstraint {
  std::optional<Identifier> name;
  ConstraintKind kind = ConstraintKind::kPrimaryKey;
  std::vector<Identifier> columns;
  bool not_enforced = false;
  bool nulls_not_distinct = false;
  std::optional<Expr> expr;
  std::optional<ItemName> referenced_table;
  std::vector<Identifier> referenced_columns;
  ByteRange range;
  friend bool operator==(const TableConstraint&, const TableConstraint&) = default;
};
struct CreateTable {
  bool temporary = false;
  bool if_not_exists = false;
  ItemName name;
  std::vector<ColumnDefinition> columns;
  std::vector<TableConstraint> constraints;
  std::vector<Option> with;
  friend bool operator==(const CreateTable&, const CreateTable&) = default;
};

// --- sources ---
enum class IncludeKind { kKey, kPartition, kOffset, kTimestamp, kHeaders, kHeader };
struct IncludeItem {  // INCLUDE KEY [AS n] | … | HEADER 'k' AS n [BYTES]
  IncludeKind kind = IncludeKind::kKey;
  std::string header_key;
  bool bytes = false;
  std::optional<Identifier> alias;
  ByteRange range;
  friend bool operator==(const IncludeItem&, const IncludeItem&) = default;
};
struct ExternalReference {  // upstream [AS name] of FOR TABLES (…)
  ItemName upstream;
  std::optional<ItemName> alias;
  friend bool operator==(const ExternalReference&, const ExternalReference&) = default;
};
struct ForAllTables {
  friend bool operator==(const ForAllTables&, const ForAllTables&) = default;
};
struct ForSchemas {
  std::vector<Identifier> schemas;
  friend bool operator==(const ForSchemas&, const ForSchemas&) = default;
};
struct ForTables {
  std::vector<ExternalReference> tables;
  friend bool operator==(const ForTables&, const ForTables&) = default;
};
enum class SourceSystem { kKafka, kPostgres, kMysql, kSqlServer };
struct ConnectionSource {  // FROM KAFKA CONNECTION c (…)
  SourceSystem system = SourceSystem::kKafka;
  ItemName connection;
  std::vector<Option> options;
  friend bool operator==(const ConnectionSource&, const ConnectionSource&) = default;
};
enum class LoadGenerator { kAuction, kMarketing, kTpch, kCounter, kClock, kDatums, kKeyValue };
struct GeneratorSource {  // FROM LOAD GENERATOR g [(…)]
  LoadGenerator generator = LoadGenerator::kCounter;
  std::vector<Option> options;
  friend bool operator==(const GeneratorSource&, const GeneratorSource&) = default;
};
struct CreateSource {
  bool if_not_exists = false;
  ItemName name;
  std::vector<ColumnDefinition> columns;
  std::vector<TableConstraint> constraints;
  std::optional<Identifier> in_cluster;
  std::variant<ConnectionSource, GeneratorSource> from;
  std::optional<FormatClause> format;
  std::vector<IncludeItem> include;
  std::optional<Envelope> envelope;
  std::variant<std::monostate, ForAllTables, ForSchemas, ForTables> references;
  std::optional<ItemName> expose_progress_as;
  std::vector<Option> with;
  friend bool operator==(const CreateSource&, const CreateSource&) = default;
};
struct CreateTableFromSource {
  bool if_not_exists = false;
  ItemName name;
  std::vector<ColumnDefinition> columns;
  std::vector<TableConstraint> constraints;
  ItemName source;
  std::vector<Option> options;  // REFERENCE is an ItemName.
  std::optional<FormatClause> format;
  std::vector<IncludeItem> include;
  std::optional<Envelope> envelope;
  std::vector<Option> with;
  friend bool operator==(const CreateTableFromSource&, const CreateTableFromSource&) = default;
};

// --- webhooks ---
struct WebhookHeaderFilter {  // [NOT] 'header' of INCLUDE HEADERS (…)
  bool excluded = false;
  std::string header;
  friend bool operator==(const WebhookHeaderFilter&, const WebhookHeaderFilter&) = default;
};
enum class WebhookInputKind { kBody, kHeaders, kSecret };
struct WebhookInput {  // BODY | HEADERS | SECRET s, [AS name] [BYTES], of CHECK (WITH (…) …)
  WebhookInputKind kind = WebhookInputKind::kBody;
  std::optional<ItemName> secret;
  std::optional<Identifier> alias;
  bool bytes = false;
  friend bool operator==(const WebhookInput&, const WebhookInput&) = default;
};
struct WebhookCheck {
  std::vector<WebhookInput> inputs;
  Expr condition;
  friend bool operator==(const WebhookCheck&, const WebhookCheck&) = default;
};
struct CreateWebhook {  // CREATE SOURCE | TABLE n FROM WEBHOOK …
  bool is_table = false;
  bool if_not_exists = false;
  ItemName name;
  std::optional<Identifier> in_cluster;
  Format body_format;
  std::vector<IncludeItem> header_columns;
  bool include_headers = false;
  std::vector<WebhookHeaderFilter> header_filters;
  std::optional<WebhookCheck> check;
  friend bool operator==(const CreateWebhook&, const CreateWebhook&) = default;
};

// --- views and indexes ---
struct CreateView {
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  ItemName name;
  std::vector<Identifier> columns;
  Query query;
  friend bool operator==(const CreateView&, const CreateView&) = default;
};
struct CreateMaterializedView {
  bool or_replace = false;
  bool if_not_exists = false;
  ItemName name;
  std::optional<ItemName> replacement_for;  // CREATE REPLACEMENT MATERIALIZED VIEW n FOR mv
  std::vector<Identifier> columns;
  std::optional<Identifier> in_cluster;
  std::vector<Option> with;
  Query query;
  std::optional<AsOf> as_of;
  friend bool operator==(const CreateMaterializedView&, const CreateMaterializedView&) = default;
};
struct CreateIndex {
  bool is_default = false;  // CREATE DEFAULT INDEX: no key given.
  bool if_not_exists = false;
  std::optional<Identifier> name;
  std::optional<Identifier> in_cluster;
  ItemName on;
  std::optional<Identifier> method;  // USING arrangement
  std::vector<Expr> key;             // ON v() is an empty key.
  std::vector<Option> with;
  friend bool operator==(const CreateIndex&, const CreateIndex&) = default;
};

// --- sinks ---
struct SinkKey {  // KEY (columns) [NOT ENFORCED]
  std::vector<Identifier> columns;
  bool not_enforced = false;
  ByteRange range;
  friend bool operator==(const SinkKey&, const SinkKey&) = default;
};
struct CreateSink {
  bool if_not_exists = false;
  std::optional<ItemName> name;
  std::optional<Identifier> in_cluster;
  ItemName from;
  ItemName connection;          // INTO KAFKA CONNECTION
  std::vector<Option> options;  // TOPIC, …
  std::optional<SinkKey> key;
  std::optional<Identifier> headers;
  std::optional<FormatClause> format;
  std::optional<Identifier> mode;    // MODE word: not for Kafka, the planner says so.
  std::optional<Envelope> envelope;  // kUpsert, kDebezium or kAppend
  std::vector<Option> with;
  friend bool operator==(const CreateSink&, const CreateSink&) = default;
};

// --- types ---
enum class TypeDefinitionKind { kList, kMap, kRecord };
struct CreateType {
  ItemName name;
  TypeDefinitionKind kind = TypeDefinitionKind::kRecord;
  std::vector<Option> options;           // ELEMENT TYPE | KEY TYPE, VALUE TYPE
  std::vector<ColumnDefinition> fields;  // Of kRecord.
  friend bool operator==(const CreateType&, const CreateType&) = default;
};

}  // namespace penstock::sql
