// Reading for an audit.
#include "sinks/sink_audit.h"

#include <fmt/core.h>

#include "data/row_error.h"
#include "sinks/audit_comparison.h"
#include "sinks/topic_replay.h"

namespace penstock::sinks {
namespace {

Status check_errors(Timestamp time, const AuditWorld& world) {
  ASSIGN_OR_RETURN(const std::vector<std::string> errors, world.stream.errors_at(time));
  if (errors.empty()) return {};
  return fail(Error(sql_state::kObjectNotInState,
                    fmt::format("the collection has errors at {}, so no message of that time was "
                                "sent",
                                time.ms))
                  .with_detail(data::RowError::decode(errors.front()).message));
}

Status read_collection(Timestamp time, const AuditWorld& world, AuditComparison& comparison) {
  ASSIGN_OR_RETURN(std::unique_ptr<data::OrderedRows> rows, world.stream.snapshot(time, ""));
  while (true) {
    RETURN_IF_ERROR(world.may_go_on());
    ASSIGN_OR_RETURN(std::optional<data::OrderedRows::Chunk> chunk, rows->next());
    if (!chunk) return {};
    RETURN_IF_ERROR(comparison.add_rows(*chunk->rows));
  }
}

}  // namespace

Result<AuditReport> audit_sink(const SinkConfig& config, Timestamp time, const AuditWorld& world) {
  RETURN_IF_ERROR(check_errors(time, world));
  const ReplayWorld replay_world{world.kafka, world.stop, world.may_go_on, world.patience};
  TopicReplay topic(config.def.topic, replay_world);
  RETURN_IF_ERROR(topic.open());
  const AuditScope scope{
      .time = time,
      .is_whole = config.def.with_snapshot && topic.has_beginning() && !world.since,
      .is_compacted = topic.is_compacted(),
      .since = world.since};
  RETURN_IF_ERROR(check_auditable(config, scope));
  AuditComparison comparison(config, scope, world.stop);
  RETURN_IF_ERROR(read_collection(time, world, comparison));
  world.collection_read();
  RETURN_IF_ERROR(topic.read(
      [&](const connect::IncomingMessage& message) { return comparison.add_message(message); }));
  ASSIGN_OR_RETURN(AuditReport report, comparison.finish());
  report.partitions = topic.partitions();
  return report;
}

}  // namespace penstock::sinks
