// What CREATE SINK ... INTO KAFKA declares. The PARTITION BY expression is planned beside it: a def
// knows no expressions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "types/sql_type.h"

namespace penstock::defs {

enum class SinkEnvelope { kUpsert, kDebezium, kAppend };
// What a consumer that reads committed sees of each change.
enum class DeliveryGuarantee { kExactlyOnce, kAtLeastOnce };
// What is done with rows that have the same KEY: each is sent, and counted, or one of them is.
enum class KeyViolations { kCount, kResolve };
// What is done with a message that is too large, or whose row the format has no room for.
enum class RefusedMessages { kStall, kSkip, kDeadLetter };
enum class SinkFormatKind { kJson, kAvro, kText, kBytes };

// How a schema is generated, and where it is published.
struct AvroSinkFormat {
  ObjectId registry;      // The connection to it.
  std::string subject;    // What the schema is called there: "topic-value".
  std::string full_name;  // Of the schema's record: "a.b.Name".
  bool null_defaults = false;
  std::optional<std::string> doc;             // Of the record of rows.
  std::map<size_t, std::string> column_docs;  // By position in the relation.
  struct TypeDocs {
    std::optional<std::string> doc;
    std::map<size_t, std::string> field_docs;
  };
  std::map<ObjectId, TypeDocs> type_docs;  // Of named types.
  std::string compatibility;               // Set where the registry has none; empty: never set.
};

struct SinkFormat {
  SinkFormatKind kind = SinkFormatKind::kJson;
  std::optional<AvroSinkFormat> avro;  // Of kAvro only.
};

struct KafkaTopicOptions {
  std::optional<int32_t> partition_count;     // Absent: the broker's default.
  std::optional<int32_t> replication_factor;  // Absent: the broker's default.
  std::map<std::string, std::string> config;
};

// How a sink's producer works. Times in milliseconds.
struct SinkTuning {
  int64_t commit_interval_ms =
      0;  // A transaction gathers changes so long; 0: while there are some.
  int64_t transaction_timeout_ms = 60'000;  // After which the broker aborts one.
  int32_t message_bytes_max = 1'000'000;    // Key and value.
  int64_t linger_ms = 1;                    // A batch that is not full waits so long for more.
  std::optional<int32_t> snapshot_bytes_per_second;  // Absent: as fast as it goes.
  // Absent: as usual.
  std::optional<int32_t> batch_bytes;
  std::optional<int32_t> buffer_bytes;  // Of messages that are not acknowledged.
  std::optional<int32_t> request_timeout_ms;
  std::optional<int32_t> retry_backoff_ms;
  std::optional<int32_t> retry_backoff_max_ms;
  std::optional<int32_t> reconnect_backoff_ms;
  std::optional<int32_t> reconnect_backoff_max_ms;
};

// What a change says beside the rows before and after it, under kDebezium.
struct SinkChangeFields {
  bool source = false;
  bool transaction = false;
  bool op = false;
  bool ts_ms = false;

  bool any() const { return source || transaction || op || ts_ms; }
};

struct SinkDef {
  ObjectId from;
  ObjectId connection;
  std::string topic;
  KafkaTopicOptions topic_options;
  std::string compression;  // none, gzip, snappy, lz4 (default), zstd
  std::string transactional_id_prefix;
  // Those of another system's sink that is taken over; absent: the sink's own, see names.h.
  std::optional<std::string> transactional_id;
  std::optional<std::string> progress_id;  // "u42", of the keys of progress records.
  std::string progress_group_id_prefix;
  int64_t metadata_refresh_ms = 30000;
  std::optional<std::vector<size_t>> key;  // KEY columns, in clause order.
  bool key_is_proven = false;              // Some known unique key is within KEY, or it is made so.
  KeyViolations key_violations = KeyViolations::kCount;
  // Holds one row of each key, where KEY VIOLATIONS 'resolve' has something to do.
  std::optional<CollectionId> resolved;
  // What takes its place once ALTER SINK ... SET FROM can change over; not kept on disk.
  std::optional<CollectionId> pending;
  // What pairs before with after when KEY is absent: the relation's first natural key, if any.
  std::optional<std::vector<size_t>> natural_key;
  SinkFormat key_format;  // Of use with KEY only.
  SinkFormat value_format;
  bool json_schemas = false;  // Keys and values in JSON carry theirs, as Kafka Connect's do.
  SinkEnvelope envelope = SinkEnvelope::kUpsert;
  SinkChangeFields change_fields;
  bool tombstones = false;        // Of kDebezium: a deletion is followed by one.
  std::string op_name;            // Of kAppend: the member that says what a change is.
  std::optional<size_t> headers;  // The column of headers.
  std::vector<size_t> excluded;   // Columns that values do not have, ascending.
  bool with_snapshot = true;
  DeliveryGuarantee delivery = DeliveryGuarantee::kExactlyOnce;
  RefusedMessages refused_messages = RefusedMessages::kStall;
  std::string dead_letter_topic;  // Of kDeadLetter.
  SinkTuning tuning;
  uint64_t version = 0;
  types::RelationType relation;  // Of the rows it reads.

  // What a row is called within an Avro schema of changes. Debezium's own name is for whoever wants
  // more of Debezium's.
  const char* row_record() const { return change_fields.any() ? "Value" : "row"; }
  // What it reads.
  CollectionId collection() const { return resolved.value_or(CollectionId{from.value}); }
  // The columns that values have.
  std::vector<size_t> value_columns() const {
    std::vector<size_t> out;
    for (size_t i = 0; i < relation.columns.size(); ++i) {
      if (std::ranges::find(excluded, i) == excluded.end()) out.push_back(i);
    }
    return out;
  }
};

}  // namespace penstock::defs
