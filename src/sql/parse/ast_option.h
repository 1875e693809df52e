// What CREATE and ALTER statements are full of: option lists `( NAME [=] value, … )`, formats and
// envelopes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sql/parse/ast_expression.h"
#include "sql/parse/ast_name.h"
#include "sql/parse/ast_type.h"
#include "sql/parse/box.h"

namespace penstock::sql {

struct OptionValue;
struct Option;

struct SecretRef {  // SECRET name
  ItemName name;
  friend bool operator==(const SecretRef&, const SecretRef&) = default;
};
struct OptionSequence {  // (a, b) or [a, b]
  std::vector<OptionValue> items;
  friend bool operator==(const OptionSequence&, const OptionSequence&) = default;
};
struct OptionMap {  // MAP['k' => v, …], sorted by key.
  std::vector<std::pair<std::string, OptionValue>> entries;
  friend bool operator==(const OptionMap&, const OptionMap&) = default;
};
struct SshTunnelRef {  // USING SSH TUNNEL connection
  ItemName connection;
  friend bool operator==(const SshTunnelRef&, const SshTunnelRef&) = default;
};
struct PrivatelinkRef {  // [USING] AWS PRIVATELINK connection [(AVAILABILITY ZONE …, PORT …)]
  ItemName connection;
  std::vector<Option> options;
  friend bool operator==(const PrivatelinkRef&, const PrivatelinkRef&) = default;
};
// Value of BROKER and item of BROKERS: 'host:port' [tunnel], or MATCHING 'pattern' tunnel.
struct BrokerValue {
  std::string address;
  bool matching = false;
  std::variant<std::monostate, SshTunnelRef, PrivatelinkRef> tunnel;
  friend bool operator==(const BrokerValue&, const BrokerValue&) = default;
};
enum class RefreshKind { kOnCommit, kAtCreation, kAt, kEvery };
struct RefreshValue {  // REFRESH [=] ON COMMIT | AT CREATION | AT t | EVERY 'i' [ALIGNED TO t]
  RefreshKind kind = RefreshKind::kOnCommit;
  std::string interval;           // Of kEvery.
  std::optional<Box<Expr>> time;  // Of kAt; the alignment of kEvery.
  friend bool operator==(const RefreshValue&, const RefreshValue&) = default;
};
struct ScheduleOnRefresh {  // SCHEDULE = ON REFRESH [(HYDRATION TIME ESTIMATE = 'i')]
  std::optional<std::string> hydration_time_estimate;
  friend bool operator==(const ScheduleOnRefresh&, const ScheduleOnRefresh&) = default;
};
struct ReplicaDefinition {  // Item of REPLICAS (r1 (SIZE 's'), …)
  Identifier name;
  std::vector<Option> options;
  friend bool operator==(const ReplicaDefinition&, const ReplicaDefinition&) = default;
};

// A single bare word is an Identifier; options whose value is always an object (SSH TUNNEL, AWS
// CONNECTION, REFERENCE, columns of TEXT COLUMNS) and dotted names are an ItemName.
struct OptionValue {
  ByteRange range;
  std::variant<NullLiteral, BoolLiteral, NumberLiteral, StringLiteral, IntervalLiteral, Identifier,
               ItemName, SecretRef, OptionSequence, OptionMap, PrivatelinkRef, BrokerValue,
               RefreshValue, ScheduleOnRefresh, ReplicaDefinition, Box<Expr>, TypeName>
      kind;
  friend bool operator==(const OptionValue&, const OptionValue&) = default;
};

// One option. Repeated ones are kept: the planner reports them.
struct Option {
  std::string name;                  // Upper case, words separated by one blank: "SASL PASSWORD".
  std::optional<OptionValue> value;  // Absent: the implied value.
  std::optional<ItemName> target;    // Of [KEY|VALUE] DOC ON TYPE item | COLUMN item.column,
  std::optional<Identifier> target_column;  // and there the column.
  ByteRange range;
  friend bool operator==(const Option&, const Option&) = default;
};

// --- formats ---
enum class SchemaStrategyKind { kLatest, kId, kInline };
struct SchemaStrategy {
  SchemaStrategyKind kind = SchemaStrategyKind::kLatest;
  std::string value;  // Digits of kId, text of kInline.
  friend bool operator==(const SchemaStrategy&, const SchemaStrategy&) = default;
};
struct SchemaSeed {  // SEED [KEY SCHEMA 'k'] VALUE SCHEMA 'v'
  std::optional<std::string> key_schema;
  std::string value_schema;
  friend bool operator==(const SchemaSeed&, const SchemaSeed&) = default;
};
struct CsrReference {  // CONFLUENT SCHEMA REGISTRY CONNECTION c [(…)] [KEY STRATEGY s] …
  ItemName connection;
  std::vector<Option> options;
  std::optional<SchemaStrategy> key_strategy;
  std::optional<SchemaStrategy> value_strategy;
  std::optional<SchemaSeed> seed;
  friend bool operator==(const CsrReference&, const CsrReference&) = default;
};
struct GlueReference {  // AWS GLUE SCHEMA REGISTRY CONNECTION c [(…)]
  ItemName connection;
  std::vector<Option> options;
  friend bool operator==(const GlueReference&, const GlueReference&) = default;
};
struct InlineSchema {  // SCHEMA '…' [(…)]
  std::string schema;
  std::vector<Option> options;
  friend bool operator==(const InlineSchema&, const InlineSchema&) = default;
};
struct AvroFormat {
  std::variant<CsrReference, GlueReference, InlineSchema> schema;
  friend bool operator==(const AvroFormat&, const AvroFormat&) = default;
};
struct ProtobufFormat {  // USING CONFLUENT … | MESSAGE 'm' USING SCHEMA '…'
  std::string message;   // Empty with a registry.
  std::variant<CsrReference, InlineSchema> schema;
  friend bool operator==(const ProtobufFormat&, const ProtobufFormat&) = default;
};
struct RegexFormat {
  std::string pattern;
  friend bool operator==(const RegexFormat&, const RegexFormat&) = default;
};
struct CsvFormat {  // WITH HEADER [(columns)] | WITH n COLUMNS, [DELIMITED BY 'c']
  bool header = false;
  std::vector<Identifier> columns;
  std::uint64_t column_count = 0;
  std::string delimiter = ",";
  friend bool operator==(const CsvFormat&, const CsvFormat&) = default;
};
struct JsonFormat {
  bool array = false;
  friend bool operator==(const JsonFormat&, const JsonFormat&) = default;
};
struct TextFormat {
  friend bool operator==(const TextFormat&, const TextFormat&) = default;
};
struct BytesFormat {
  friend bool operator==(const BytesFormat&, const BytesFormat&) = default;
};
struct Format {
  ByteRange range;
  std::variant<AvroFormat, ProtobufFormat, RegexFormat, CsvFormat, JsonFormat, TextFormat,
               BytesFormat>
      kind;
  friend bool operator==(const Format&, const Format&) = default;
};
struct FormatClause {  // FORMAT value | KEY FORMAT key VALUE FORMAT value
  std::optional<Format> key;
  Format value;
  friend bool operator==(const FormatClause&, const FormatClause&) = default;
};

// --- envelopes ---
enum class EnvelopeKind { kNone, kUpsert, kDebezium, kMaterialize, kAppend };
struct Envelope {
  EnvelopeKind kind = EnvelopeKind::kNone;
  bool inline_errors = false;  // UPSERT (VALUE DECODING ERRORS = INLINE [AS name])
  std::optional<Identifier> inline_errors_alias;
  std::vector<Option> options;  // Of a sink.
  ByteRange range;
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

}  // namespace penstock::sql
