// What must still be removed outside after a DROP, as durable rows of the meta store: a replication
// slot upstream; in Kafka an open transaction and progress records. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog_view.h"
#include "defs/connection_def.h"
#include "sinks/progress.h"

namespace penstock::coordinator {

struct SlotCleanup {
  ObjectId source;
  std::string slot_name;
  ObjectId connection_id;
  defs::PostgresConnectionDef connection;  // As it was known last.
};

struct SinkCleanup {
  ObjectId sink;
  ObjectId connection_id;
  defs::KafkaConnectionDef connection;             // As it was known last.
  std::optional<defs::AwsConnectionDef> aws = {};  // Where its tokens came from last.
  std::string progress_topic;
  std::string transactional_id;            // Empty: it used no transactions.
  std::optional<std::string> progress_id;  // If its records were not called after the sink.
  sinks::SinkPlace place;                  // As it was written last.
};

using CleanupTask = std::variant<SlotCleanup, SinkCleanup>;

inline constexpr std::string_view kCleanupPrefix = "cleanup/";
std::string cleanup_key(const CleanupTask& task);
std::string encode_cleanup(const CleanupTask& task);
// Error: the row is damaged.
Result<CleanupTask> decode_cleanup(const std::string& key, const std::string& value);

// Takes the connection over as it is declared now, which may lead elsewhere than at the DROP: the
// server moved. One that was dropped, too, is left as it was known last. True when the row is
// another now.
bool renew_connection(CleanupTask& task, const catalog::CatalogView& catalog);

// Whether the clean-up has to log in with this secret.
bool uses_secret(const CleanupTask& task, ObjectId secret);

}  // namespace penstock::coordinator
