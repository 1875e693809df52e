// What CREATE SINK ... INTO KAFKA declares. The PARTITION BY expression is planned beside it: a def
// knows no expressions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "types/sql_type.h"

namespace penstock::defs {

enum class SinkEnvelope { kUpsert, kDebezium };
enum class SinkFormat { kJson };

struct KafkaTopicOptions {
  std::optional<int32_t> partition_count;     // Absent: the broker's default.
  std::optional<int32_t> replication_factor;  // Absent: the broker's default.
  std::map<std::string, std::string> config;
};

struct SinkDef {
  ObjectId from;
  ObjectId connection;
  std::string topic;
  KafkaTopicOptions topic_options;
  std::string compression;  // none, gzip, snappy, lz4 (default), zstd
  std::string transactional_id_prefix;
  std::string progress_group_id_prefix;
  int64_t metadata_refresh_ms = 30000;
  std::optional<std::vector<size_t>> key;  // KEY columns, in clause order.
  bool key_is_proven = false;              // Some known unique key is within KEY.
  // What pairs before with after when KEY is absent: the relation's first natural key, if any.
  std::optional<std::vector<size_t>> natural_key;
  SinkFormat format = SinkFormat::kJson;
  SinkEnvelope envelope = SinkEnvelope::kUpsert;
  bool with_snapshot = true;
  uint64_t version = 0;
  types::RelationType relation;  // Of the rows it reads.
};

}  // namespace penstock::defs
